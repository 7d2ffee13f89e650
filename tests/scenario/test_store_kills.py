"""Kill what writes, and what is written to, by -9 under load: what was acknowledged is there, and whole."""

import asyncio
import logging
import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from domain.orders import Order
from store import open_store
from tests.scenario.store_writer import ACCOUNTS, DATABASE, STATES, move, work
from tests.servers import MongoServer

LOG = logging.getLogger(__name__)
SOAK = bool(os.environ.get("SOAK"))
SQLITE_KILLS = 50 if SOAK else 10
MONGO_KILLS = 20 if SOAK else 3
CLIENT_KILLS = 20 if SOAK else 4
PROMPT = 4.0
"""Seconds a fresh process may need to move on every order that a killed one left, on a busy machine. Usual is
half a second; what a dead process's transaction locks, a MongoDB server holds for up to a minute."""
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)


async def broken(store, acknowledged: list[str]) -> list[str]:
    """List every way in which the store breaks its promises; empty when it keeps them all."""
    faults = []
    trades = {one.id for one in await store.trades.find(limit=10_000_000)}
    orders: dict[str, Order] = {one.id: one for one in await store.orders.find(limit=10_000_000)}
    whole = {one.trade for one in orders.values()}
    faults += [f"a trade without its order, or an order without its trade: {key}" for key in trades ^ whole]
    seen: Counter[str] = Counter()
    for account in range(ACCOUNTS):
        key = f"42/alpaca/a{account}"
        log = await store.events.since(key, 0, limit=10_000_000)
        if [one.sequence for one in log] != list(range(1, len(log) + 1)):
            faults.append(f"the sequence of {key} has a gap or a repeat")
        seen.update(one.id for one in log)
    for line in acknowledged:
        key, _, step = line.split()
        if key not in orders or orders[key].version < int(step):
            faults.append(f"acknowledged and lost: {line}")
    promised = {
        f"{key}.{step}.{n}" for key, one in orders.items() for step in range(one.version + 1) for n in (0, 1)
    }
    faults += [f"an event without its transition: {key}" for key in seen.keys() - promised]
    faults += [f"a transition without its event: {key}" for key in promised - seen.keys()]
    faults += [f"{key} appears {count} times" for key, count in seen.items() if count > 1]
    faults += [
        f"{key} is at {one.version} but {one.state}"
        for key, one in orders.items()
        if one.state is not STATES[one.version]
    ]
    return faults


def run_and_kill(
    directory, mark: str, rng: random.Random, *how: str, within: tuple[float, float] = (0.02, 0.15)
) -> list[str]:
    """Let a process write for a moment, kill it, and give the lines it acknowledged."""
    command = [sys.executable, "-m", "tests.scenario.store_writer", str(directory), mark, *how]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        os.set_blocking(child.stdout.fileno(), False)
        deadline = time.monotonic() + rng.uniform(*within)
        parts = []
        while time.monotonic() < deadline:
            parts.append(child.stdout.read() or b"")
            time.sleep(0.001)
        child.kill()
        child.wait()
        os.set_blocking(child.stdout.fileno(), True)
        parts.append(child.stdout.read())
    # A line cut short was never fully said.
    return b"".join(parts).decode().rpartition("\n")[0].split("\n")


async def inspect(directory, acknowledged: list[str]) -> list[str]:
    store = await open_store(data_dir=directory)
    try:
        return await broken(store, acknowledged)
    finally:
        await store.close()


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path):
    rng = random.Random(SEED)
    LOG.warning("SEED=%s", SEED)
    total = 0
    directory = tmp_path / "0"
    for number in range(SQLITE_KILLS):
        if number % 5 == 0:
            # A fresh file now and then keeps the inspection quick; between, kills hit recovered files.
            directory = tmp_path / str(number)
            earlier = []
        acknowledged = [line for line in run_and_kill(directory, f"r{number}", rng) if line]
        earlier += acknowledged
        total += len(acknowledged)
        assert await inspect(directory, earlier) == []
    LOG.warning("%s kills, %s acknowledged writes, 0 lost", SQLITE_KILLS, total)
    assert total > SQLITE_KILLS * 10


async def test_the_check_sees_a_writer_that_answers_before_it_commits(tmp_path):
    LOG.warning("SEED=%s", SEED)
    rng = random.Random(SEED)
    await (await open_store(data_dir=tmp_path)).close()
    for number in range(20):
        lines = [line for line in run_and_kill(tmp_path, f"r{number}", rng, "early") if line]
        if any("acknowledged and lost" in fault for fault in await inspect(tmp_path, lines)):
            return
    pytest.fail("twenty kills lost nothing: the check would not notice either")


@pytest.mark.timeout(600)
async def test_nothing_acknowledged_is_lost_when_the_mongodb_server_is_killed(tmp_path):
    rng = random.Random(SEED)
    LOG.warning("SEED=%s", SEED)
    server = MongoServer(tmp_path).start()
    acknowledged: list[str] = []
    try:
        for number in range(MONGO_KILLS):
            store = await open_store(data_dir=tmp_path, mongodb_uri=server.uri, database=DATABASE)
            writing = asyncio.create_task(work(store, f"r{number}", acknowledged.append))
            await asyncio.sleep(rng.uniform(0.3, 1.0))
            server.kill()
            restarting = asyncio.create_task(asyncio.to_thread(server.start))
            # What was cut off may be repeated by the driver against the server that came back.
            await asyncio.sleep(rng.uniform(0.0, 0.5))
            await restarting
            writing.cancel()
            await asyncio.wait([writing])
            # Closing ends the repeats: while they go on, orders and events are read at different moments.
            await store.close()
            fresh = await open_store(data_dir=tmp_path, mongodb_uri=server.uri, database=DATABASE)
            assert await broken(fresh, acknowledged) == []
            await fresh.close()
    finally:
        server.kill()
    LOG.warning("%s kills, %s acknowledged writes, 0 lost", MONGO_KILLS, len(acknowledged))
    assert len(acknowledged) > MONGO_KILLS * 10


async def move_on(store, left: Order, acknowledged: list[str]) -> None:
    """Take an order one step further. The dead one's last words may reach the server until then."""
    while left.active:
        moved = await move(store, left, left.version + 1, acknowledged.append)
        if moved is not None:
            return
        left = await store.orders.get(left.id)


@pytest.mark.timeout(600)
async def test_a_client_killed_in_mid_write_holds_nobody_up_and_loses_nothing(tmp_path):
    rng = random.Random(SEED)
    LOG.warning("SEED=%s", SEED)
    server = MongoServer(tmp_path).start()
    acknowledged: list[str] = []
    slowest = 0.0
    try:
        for number in range(CLIENT_KILLS):
            how = (tmp_path, f"k{number}", rng, server.uri)
            lines = await asyncio.to_thread(run_and_kill, *how, within=(0.1, 0.6))
            acknowledged += [line for line in lines if line]
            fresh = await open_store(data_dir=tmp_path, mongodb_uri=server.uri, database=DATABASE)
            start = time.monotonic()
            active = await fresh.orders.find({"active": True}, limit=10_000)
            left = [one for one in active if one.id.startswith(f"k{number}-")]
            await asyncio.gather(*(move_on(fresh, one, acknowledged) for one in left))
            took = time.monotonic() - start
            slowest = max(slowest, took)
            assert took < PROMPT, f"{len(left)} orders could be moved on only after {took:.1f} s"
            assert await broken(fresh, acknowledged) == []
            await fresh.close()
    finally:
        server.kill()
    LOG.warning(
        "%s kills, %s acknowledged, slowest recovery %.2f s", CLIENT_KILLS, len(acknowledged), slowest
    )
    assert len(acknowledged) > CLIENT_KILLS * 10
