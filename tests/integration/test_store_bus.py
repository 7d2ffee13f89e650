"""Hold both buses to one contract: who listens hears, who is slow is told, nobody waits for anybody."""

import asyncio
import gc
import time
from dataclasses import replace

import pytest

from domain.errors import StoreUnavailable
from domain.events import EventKind
from store import open_bus
from store.bus.memory import MemoryBus
from store.bus.valkey import RedisBus
from tests.servers import ValkeyServer
from tests.store_support import event
from tests.support import eventually

ACCOUNT = "42/alpaca/main"


@pytest.fixture(params=["in process", "valkey", "across processes"])
async def buses(request):
    """Give a bus to publish on and one to listen to, and a way to make both with another capacity."""
    opened = []

    async def make(capacity=1000):
        if request.param == "in process":
            bus = MemoryBus(capacity)
            opened.append(bus)
            return bus, bus
        url = request.getfixturevalue("redis_url")
        first = await RedisBus.open(url, capacity)
        second = first if request.param == "valkey" else await RedisBus.open(url, capacity)
        opened.extend({first, second})
        return first, second

    yield make
    for bus in opened:
        await bus.close()


async def heard(listener, count):
    return [await asyncio.wait_for(anext(listener), 5) for _ in range(count)]


async def test_a_listener_hears_events_in_order_as_they_were_published(buses):
    here, there = await buses()
    listener = there.subscribe()
    sent = [replace(event(f"e{n}"), sequence=n) for n in range(1, 301)]
    for start in range(0, 300, 3):
        await here.publish(sent[start : start + 3])
    assert await heard(listener, 300) == sent


async def test_a_listener_hears_only_of_the_accounts_it_asked_for(buses):
    here, there = await buses()
    mine = there.subscribe(frozenset({ACCOUNT, "7/paper/x"}))
    nothing = there.subscribe(frozenset())
    everything = there.subscribe()
    await here.publish([event("e1", account="other"), event("e2")])
    assert [one.id for one in await heard(mine, 1)] == ["e2"]
    assert [one.id for one in await heard(everything, 2)] == ["e1", "e2"]
    await there.close()
    assert [one async for one in nothing] == []


async def test_listening_begins_when_asked_for_and_not_before(buses):
    here, there = await buses()
    marker = there.subscribe()
    await here.publish([event("before")])
    await heard(marker, 1)
    listener = there.subscribe()
    await here.publish([event("after")])
    assert [one.id for one in await heard(listener, 1)] == ["after"]


async def test_a_slow_listener_is_told_of_a_gap_and_holds_nobody_up(buses):
    here, there = await buses(capacity=100)
    slow, quick = there.subscribe(), there.subscribe()
    for n in range(250):
        await here.publish([event(f"e{n}")])
        assert [one.id for one in await heard(quick, 1)] == [f"e{n}"]
    first, *rest = await heard(slow, 51)
    assert first.kind is EventKind.FEED_GAP
    assert first.data == {"missed": "200"}
    assert [one.id for one in rest] == [f"e{n}" for n in range(200, 250)]


async def test_closing_ends_every_subscription_after_what_it_holds(buses):
    here, there = await buses()
    listener, waiting = there.subscribe(), there.subscribe()
    ended = asyncio.create_task(heard_to_the_end(waiting))
    await here.publish([event("last")])
    await heard(listener, 1)
    await asyncio.wait_for(there.close(), 5)
    assert await asyncio.wait_for(ended, 5) == ["last"]
    assert await heard_to_the_end(listener) == []
    assert await heard_to_the_end(there.subscribe()) == []


async def heard_to_the_end(listener):
    return [one.id async for one in listener]


async def test_a_listener_that_stopped_is_forgotten(buses):
    here, there = await buses()
    gone = there.subscribe(frozenset({ACCOUNT}))
    await gone.aclose()
    assert await heard_to_the_end(gone) == []
    del gone
    gc.collect()
    there.subscribe()
    local = getattr(there, "_local", there)
    assert ACCOUNT not in local._listeners
    await here.publish([event("e1")])


async def test_publishing_nothing_is_nothing(buses):
    here, there = await buses()
    listener = there.subscribe()
    await here.publish([])
    await here.publish([event("e1")])
    assert [one.id for one in await heard(listener, 1)] == ["e1"]


async def test_the_in_process_bus_is_what_opens_without_redis():
    bus = await open_bus(None)
    assert isinstance(bus, MemoryBus)
    await bus.close()


async def test_redis_that_does_not_answer_is_said_without_the_password():
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as refused:
        await open_bus("redis://user:hunter2@127.0.0.1:1/0")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(StoreUnavailable, match="REDIS_URL"):
        await open_bus("postgres://user:hunter2@x")


async def test_redis_dying_and_coming_back_costs_a_gap_and_nothing_else(tmp_path):
    server = ValkeyServer(tmp_path).start()
    here, there = await RedisBus.open(server.url), await RedisBus.open(server.url)
    try:
        near, far = here.subscribe(), there.subscribe()
        await here.publish([event("e1")])
        assert [one.id for one in await heard(far, 1)] == ["e1"]
        server.kill()
        began = time.monotonic()
        for n in range(50):
            await here.publish([event(f"lost{n}")])
        assert time.monotonic() - began < 1
        assert len(await heard(near, 51)) == 51
        server.start()
        (gap,) = await heard(far, 1)
        assert gap.kind is EventKind.FEED_GAP

        seen = []

        async def arrives():
            await here.publish([event("back")])
            while far._waiting:
                seen.append((await anext(far)).id)
            return "back" in seen

        assert await eventually(arrives)
    finally:
        await here.close()
        await there.close()
        server.kill()


async def test_what_strangers_publish_on_the_channel_is_told_as_a_gap(redis_url):
    bus = await RedisBus.open(redis_url)
    listener = bus.subscribe()
    for junk in (b"not json", b"[]", b'{"from":"x","lost":false,"events":[{"id":1}]}'):
        await bus._redis.publish("discord-trade-exec:events", junk)
        assert (await heard(listener, 1))[0].kind is EventKind.FEED_GAP
    await bus.close()
