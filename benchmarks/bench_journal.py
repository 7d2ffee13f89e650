"""Measure durable intents a second, beside plain sqlite3 with one commit for each insert.

Baseline and ours alternate, so that a noisy machine disturbs both; each figure is the median of the rounds.
Run: python benchmarks/bench_journal.py [DIRECTORY]   (the directory decides which disk is measured)
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from domain.events import Event, EventKind
from domain.ids import AccountRef
from domain.instruments import AssetClass, Instrument
from domain.orders import Order, OrderIntent, OrderRequest, OrderState, OrderType, Side
from store import open_store
from store.opening import OpenStore

ROUNDS = 5
ALONE = 400
TOGETHER = 6000
NOW = datetime.now(UTC)
INSTRUMENT = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")
REQUEST = OrderRequest(
    client_order_id="4f1c7b1e-7d0a-8a3e-9d3b-0a1b2c3d4e5f",
    instrument=INSTRUMENT,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=Decimal(10),
    limit_price=Decimal("187.10"),
)


def order(key: str) -> Order:
    intent = OrderIntent(
        id=key,
        trade="t" * 32,
        signal="s" * 32,
        ref=AccountRef(user="424242424242424242", broker="alpaca", account=key[:4]),
        leg="entry",
        slice=0,
        request=REQUEST,
        created_at=NOW,
    )
    return Order(id=key, intent=intent, state=OrderState.NEW, updated_at=NOW)


def event(key: str, account: str) -> Event:
    return Event(id=key, account_key=account, kind=EventKind.ORDER_PLANNED, at=NOW, trade="t" * 32)


def plain_sqlite(directory: Path, count: int) -> float:
    """Give inserts a second of sqlite3 alone: WAL, synchronous=FULL, one 314-byte row to a commit."""
    connection = sqlite3.connect(directory / "plain.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS intents (id TEXT PRIMARY KEY, body TEXT)")
    start = time.perf_counter()
    for number in range(count):
        connection.execute("INSERT INTO intents VALUES (?, ?)", (f"{start}-{number}", "x" * 314))
    elapsed = time.perf_counter() - start
    connection.close()
    return count / elapsed


async def together(tasks: int, count: int, write: Callable[[Order], Awaitable[object]], mark: str) -> float:
    """Give writes a second with so many tasks; the orders are made beforehand."""
    batches = [[order(f"{task:04}-{mark}-{n}") for n in range(count // tasks)] for task in range(tasks)]

    async def one(batch: list[Order]) -> None:
        for value in batch:
            await write(value)

    start = time.perf_counter()
    await asyncio.gather(*(one(batch) for batch in batches))
    return sum(map(len, batches)) / (time.perf_counter() - start)


async def bulk(store: OpenStore, mark: str) -> float:
    """Give intents a second when a signal's thousand followers are written in one call."""
    batch = [order(f"{n:04}-{mark}") for n in range(1000)]
    start = time.perf_counter()
    await store.orders.insert_many(batch)
    return 1000 / (time.perf_counter() - start)


async def rounds(directory: Path) -> dict[str, list[float]]:
    store = await open_store(data_dir=directory)
    figures: dict[str, list[float]] = {}

    async def record(value: Order) -> None:
        (done,) = await store.orders.record([(value, [event(f"{value.id}.e", value.account_key)])])
        assert done is not None

    async def move(value: Order) -> None:
        await record(replace(value, state=OrderState.READY))

    for number in range(ROUNDS):
        mark = f"r{number}"
        for name, figure in (
            ("plain sqlite3, insert + commit", plain_sqlite(directory, ALONE)),
            ("insert, 1 task", await together(1, ALONE, store.orders.insert, f"{mark}i1")),
            ("record with event, 1 task", await together(1, ALONE, move, f"{mark}m1")),
            ("insert, 50 tasks", await together(50, TOGETHER, store.orders.insert, f"{mark}i50")),
            ("record with event, 50 tasks", await together(50, TOGETHER, record, f"{mark}m50")),
            ("insert_many of 1,000", await bulk(store, f"{mark}b")),
        ):
            figures.setdefault(name, []).append(figure)
    await store.close()
    return figures


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as directory:
        figures = asyncio.run(rounds(Path(directory)))
    base = statistics.median(figures["plain sqlite3, insert + commit"])
    print(f"{'durable intents a second':34} {'min':>8} {'median':>8} {'max':>8} {'x plain':>8}")
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"{name:34} {min(values):8,.0f} {middle:8,.0f} {max(values):8,.0f} {middle / base:8.2f}")


if __name__ == "__main__":
    main()
