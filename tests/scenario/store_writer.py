"""Write journal entries as fast as fifty tasks can, telling a pipe what was acknowledged, until killed.

Run as a program by the kill tests: ``python -m tests.scenario.store_writer DATA_DIR ROUND [HOW]``.
``HOW`` may be a MongoDB address, to write there, or ``early``: a writer that answers before it commits, the
mistake the kill tests must be able to see.
"""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from domain.errors import StoreUnavailable
from domain.orders import OrderState
from store import open_store
from store.opening import OpenStore, wrap
from store.sqlite.engine import SqliteEngine
from store.sqlite.writer import Writer
from tests.store_support import event, order, trade

TASKS = 50
ACCOUNTS = 5
DATABASE = "kills"
STATES = (OrderState.NEW, OrderState.READY, OrderState.SENDING, OrderState.WORKING, OrderState.FILLED)


async def write(store, key: str, account: str, acknowledge) -> None:
    """Open a trade of one order and take it through its states; each step is one write with two events."""
    current = order(key, account=account, trade=f"trade-{key}")
    for step in range(len(STATES)):
        current = await move(store, current, step, acknowledge)
        assert current is not None, key


async def move(store, current, step: int, acknowledge):
    """Take an order one step further; give it, or None where somebody else moved it."""
    key, account = current.id, current.intent.ref.account
    wanted = replace(current, state=STATES[step])
    happened = [event(f"{key}.{step}.{n}", account=account) for n in range(2)]
    if step == 0:
        opened = await store.orders.open(trade(current.trade, account=account), [(wanted, happened)])
        written = wanted if opened else None
    else:
        (written,) = await store.orders.record([(wanted, happened)])
    if written is not None:
        acknowledge(f"{key} {account} {step}\n")
    return written


async def work(store, mark: str, acknowledge, *, stop=lambda: False) -> None:
    """Keep fifty tasks writing order after order; return when the store is gone."""

    async def task(number: int) -> None:
        count = 0
        while not stop():
            await write(store, f"{mark}-{number}-{count}", f"a{number % ACCOUNTS}", acknowledge)
            count += 1

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(TASKS):
                group.create_task(task(number))
    except* StoreUnavailable:
        pass


class EarlyWriter(Writer):
    """Answer first and commit later, as a writer must not."""

    def _write(self, batch):
        connection = self._connection
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
            self._since = 0
        self._answer([(done, job(connection), None) for job, done in batch])
        self._since += 1
        if self._since >= 20:
            connection.execute("COMMIT")


async def opened(directory: str, how: str) -> OpenStore:
    if how.startswith("mongodb://"):
        return await open_store(data_dir=Path(directory), mongodb_uri=how, database=DATABASE)
    engine = await SqliteEngine.open(Path(directory), EarlyWriter if how == "early" else Writer)
    # Reads would not see what is not committed, so the early one is opened on a store already migrated.
    return OpenStore(engine, engine.now) if how == "early" else await wrap(engine)


async def main(directory: str, mark: str, how: str = "") -> None:
    store = await opened(directory, how)
    out = sys.stdout.fileno()
    os.write(out, b"ready\n")
    await work(store, mark, lambda line: os.write(out, line.encode()))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
