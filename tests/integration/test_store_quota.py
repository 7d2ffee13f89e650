"""Two processes share one rule through a real Valkey, judged by a strict broker; and live on without it."""

import asyncio
import random
import time

import pytest

from adapters.kit.errors import Errors
from adapters.kit.sharing import SharedLimiter
from domain.broker import Lane, RateRule, Scope
from domain.clock import SystemClock
from domain.errors import StoreUnavailable, Throttled
from store.bus.valkey import RedisBus
from store.quota import PREFIX
from tests.servers import ValkeyServer
from tests.support import eventually

ERRORS = Errors(broker="pretend", operation="read")
SEED = 20261122


@pytest.fixture
async def two(redis_url):
    """Give the shared count as two processes see it."""
    buses = [await RedisBus.open(redis_url) for _ in range(2)]
    await buses[0]._redis.delete(*[key async for key in buses[0]._redis.scan_iter(f"{PREFIX}*")] or ["none"])
    yield [bus.quota for bus in buses]
    for bus in buses:
        await bus.close()


def limiter(quota, count=20, window=0.4, name="app"):
    rule = RateRule(scope=Scope.APP_KEY, count=count, window=window)
    return SharedLimiter(SystemClock(), (rule,), quota=quota, name=name)


async def at_once(limiter, lane, tries):
    """Count how many get leave without waiting."""
    tasks = [asyncio.create_task(limiter.acquire(lane, ERRORS, 0.2)) for _ in range(tries)]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, Throttled) for one in done if isinstance(one, Exception))
    return [one for one in done if not isinstance(one, Exception)]


async def test_two_processes_share_a_rule_and_the_broker_never_sees_one_too_many(two):
    print(f"seed {SEED}")  # noqa: T201
    chance, stamps = random.Random(SEED), []
    limiters = [limiter(quota) for quota in two]

    async def one(mine):
        slot = await mine.acquire(Lane.ENTRY, ERRORS)
        await asyncio.sleep(chance.lognormvariate(0, 0.5) * 0.002)
        stamps.append(time.monotonic())
        await asyncio.sleep(chance.lognormvariate(0, 0.5) * 0.002)
        slot.done()

    await asyncio.gather(*(one(limiters[n % 2]) for n in range(100)))
    stamps.sort()
    gaps = [late - early for early, late in zip(stamps, stamps[20:], strict=False)]
    print(f"least {min(gaps):.4f} s to the 20th after; {stamps[-1] - stamps[0]:.2f} s")  # noqa: T201
    assert min(gaps) >= 0.4
    assert len(stamps) == 100


async def test_reading_leaves_a_tenth_for_every_process(two):
    first, second = (limiter(quota, window=30.0) for quota in two)
    assert len(await at_once(first, Lane.READ, 30)) == 18
    assert len(await at_once(second, Lane.READ, 5)) == 0
    assert len(await at_once(second, Lane.EXIT, 5)) == 2


async def test_a_request_that_was_not_sent_gives_its_slot_back_to_all(two):
    first, second = (limiter(quota, count=1, window=30.0) for quota in two)
    (slot,) = await at_once(first, Lane.EXIT, 1)
    assert await at_once(second, Lane.EXIT, 1) == []
    slot.unsent()
    assert await second.acquire(Lane.EXIT, ERRORS, 5)


async def test_slots_of_a_process_that_died_come_back(two):
    taken = await two[0].take("app", limit=1, window=0.1, hold=0.2)
    assert taken.ticket
    refused = await two[1].take("app", limit=1, window=0.1, hold=0.2)
    assert refused.ticket == ""
    assert 0 < refused.wait <= 0.1
    assert refused.processes == 2

    async def again():
        return (await two[1].take("app", limit=1, window=0.1, hold=0.2)).ticket

    asked = time.monotonic()
    await eventually(again)
    assert time.monotonic() - asked > 0.2


async def test_a_429_told_to_one_process_holds_them_all(two):
    first, second = (limiter(quota, window=2.0) for quota in two)
    first.throttled(0.5)
    await eventually(lambda: held(two[1]))
    asked = time.monotonic()
    assert await second.acquire(Lane.CANCEL, ERRORS, 5)
    assert time.monotonic() - asked > 0.2


async def held(quota):
    leave = await quota.take("app", limit=100, window=0.01, hold=0.01)
    return leave.ticket == "" and leave.wait > 0.2


async def test_other_rules_are_counted_apart(two):
    assert len(await at_once(limiter(two[0], 3, 30.0, "one"), Lane.EXIT, 3)) == 3
    assert len(await at_once(limiter(two[1], 3, 30.0, "two"), Lane.EXIT, 3)) == 3


async def test_without_redis_exits_keep_the_whole_rule_and_entries_a_share(tmp_path):
    server = ValkeyServer(tmp_path).start()
    bus = await RedisBus.open(server.url)
    try:
        alone = limiter(bus.quota, count=20, window=30.0)
        assert len(await at_once(alone, Lane.ENTRY, 1)) == 1
        server.kill()
        with pytest.raises(StoreUnavailable):
            await bus.quota.take("app", limit=1, window=1.0, hold=1.0)
        started = time.monotonic()
        assert len(await at_once(alone, Lane.ENTRY, 20)) == 9
        assert len(await at_once(alone, Lane.EXIT, 20)) == 10
        assert time.monotonic() - started < 3
    finally:
        await bus.close()
