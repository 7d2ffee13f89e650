"""Cut journal writes on MongoDB off between their steps: whoever comes next finishes them, once."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pymongo import AsyncMongoClient

from domain.orders import OrderState
from store import open_store
from tests.servers import MongoServer, fresh_name
from tests.store_support import Place, event, order, trade

ACCOUNT = "42/alpaca/main"


@pytest.fixture
async def place(mongo_uri, tmp_path):
    here = Place(tmp_path, mongo_uri, fresh_name())
    yield here
    await here.clear()


@pytest.fixture
async def raw(place):
    async with AsyncMongoClient(place.mongodb_uri, tz_aware=True) as client:
        yield client[place.database]


async def cut_off(raw, key, token, *events, appended=0):
    """Bring the database to what a crash leaves after a record: some of its events not in the log yet."""
    kept = [await raw.events.find_one({"_id": one}) for one in events]
    await raw.events.delete_many({"_id": {"$in": list(events[appended:])}})
    outbox = {"token": token, "events": [{**one, "sequence": 0} for one in kept]}
    await raw.orders.update_one({"_id": key}, {"$set": {"outbox": outbox, "written": token}})


async def log_of(store):
    return [(one.id, one.sequence) for one in await store.events.since(ACCOUNT, 0)]


async def left(raw):
    return await raw.orders.count_documents({"outbox": {"$ne": None}})


@asynccontextmanager
async def crashed(place, raw, *, state=OrderState.READY, appended=0):
    """Give a store opened before another process died in the middle of recording e2 and e3."""
    store = await place.open()
    dying = await place.open()
    await dying.orders.record([(order("o1"), [event("e1")])])
    moved = order("o1", state=state)
    await dying.orders.record([(moved, [event("e2"), event("e3")])])
    await cut_off(raw, "o1", "a" * 24, "e2", "e3", appended=appended)
    assert len(await log_of(store)) == 1 + appended
    yield store


@pytest.mark.parametrize("appended", [0, 1, 2])
async def test_opening_finishes_what_was_cut_off_wherever_that_was(place, raw, appended):
    async with crashed(place, raw, appended=appended):
        opened = await place.open()
        assert await left(raw) == 0
        assert await log_of(opened) == [("e1", 1), ("e2", 2), ("e3", 3)]
        assert (await opened.orders.get("o1")).version == 1


@pytest.mark.parametrize(
    "look",
    [
        lambda store: store.orders.get("o1"),
        lambda store: store.orders.find({"trade": "t1"}),
        lambda store: store.orders.find({"account_key": ACCOUNT, "active": True}),
    ],
)
@pytest.mark.parametrize("state", [OrderState.READY, OrderState.FILLED])
async def test_whoever_loads_an_order_sees_its_events_too(place, raw, look, state):
    async with crashed(place, raw, state=state) as store:
        await look(store)
        assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]
        assert await left(raw) == 0


async def test_the_next_record_of_the_order_comes_after_what_was_cut_off(place, raw):
    async with crashed(place, raw, appended=1) as store:
        known = replace(order("o1", state=OrderState.SENDING), version=1)
        (moved,) = await store.orders.record([(known, [event("e4")])])
        assert moved.version == 2
        assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3), ("e4", 4)]


async def test_other_events_that_came_first_leave_no_gap(place, raw):
    async with crashed(place, raw, appended=1) as store:
        await store.events.append([event("x1")])
        await store.orders.record([(order("o2"), [event("x2")])])
        await store.orders.get("o1")
        assert await log_of(store) == [("e1", 1), ("e2", 2), ("x1", 3), ("x2", 4), ("e3", 5)]


async def test_many_finishing_the_same_at_once_finish_it_once(place, raw):
    async with crashed(place, raw) as store:
        others = [await place.open() for _ in range(3)]
        for number in range(1, 30):
            await cut_off(raw, "o1", f"{number:024}", "e2", "e3", appended=number % 3)
            await asyncio.gather(*(one.orders.get("o1") for one in (store, *others)))
            assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]
        assert await left(raw) == 0


async def test_what_several_orders_left_is_appended_in_the_order_it_was_written(place, raw):
    async with crashed(place, raw) as store:
        happened = [(order(f"n{n}"), [event(f"f{n}")]) for n in range(9)]
        await store.orders.record(happened)
        for number in range(9):
            await cut_off(raw, f"n{number}", f"b{number:023}", f"f{number}")
        opened = await place.open()
        assert [key for key, _ in await log_of(opened)][-9:] == [f"f{n}" for n in range(9)]


async def test_an_order_is_deleted_only_after_its_events_are_in_the_log(place, raw):
    async with crashed(place, raw) as store:
        assert await store.orders.delete("o1")
        assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]


async def test_a_write_of_which_nobody_knows_is_finished_before_the_account_goes_on(place, raw):
    store = await place.open()
    await store.orders.record([(order("o1"), [event("e1")]), (order("o2"), [])])
    append = store.engine._journal._numbers.append

    async def broken(events):
        raise ConnectionResetError

    store.engine._journal._numbers.append = broken
    with pytest.raises(ConnectionResetError):
        await store.orders.record([(order("o1", state=OrderState.READY), [event("e2")])])
    store.engine._journal._numbers.append = append
    await store.orders.record([(order("o2", state=OrderState.READY), [event("e3")])])
    assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]


async def test_a_record_repeated_by_the_driver_is_known_as_won(place, raw):
    """A server that restarts may apply a write, lose the answer, and be asked again."""
    store = await place.open()
    await store.orders.insert(order("o1"))
    update = store.engine._journal._outbox._update

    async def twice(*asked):
        await update(*asked)
        return await update(*asked)

    store.engine._journal._outbox._update = twice
    (moved,) = await store.orders.record([(order("o1", state=OrderState.READY), [event("e1")])])
    assert moved.version == 1
    assert await log_of(store) == [("e1", 1)]


@asynccontextmanager
async def half_open(place, raw, *, orders=0, appended=0):
    """Give a store opened before another process died in the middle of opening t1 with o1, o2, e1 and e2."""
    store = await place.open()
    dying = await place.open()
    assert await dying.orders.open(trade("t1"), [(order("o1"), [event("e1")]), (order("o2"), [event("e2")])])
    kept = [await raw.orders.find_one({"_id": one}) for one in ("o1", "o2")]
    happened = [{**await raw.events.find_one({"_id": one}), "sequence": 0} for one in ("e1", "e2")]
    await raw.orders.delete_many({"_id": {"$in": ["o1", "o2"][orders:]}})
    await raw.events.delete_many({"_id": {"$in": ["e1", "e2"][appended:]}})
    outbox = {"token": "a" * 24, "orders": kept, "events": happened}
    await raw.trades.update_one({"_id": "t1"}, {"$set": {"outbox": outbox}})
    assert len(await log_of(store)) == appended
    yield store


async def is_whole(store, raw):
    assert [one.id for one in await store.orders.find({"trade": "t1"})] == ["o1", "o2"]
    assert await log_of(store) == [("e1", 1), ("e2", 2)]
    assert await raw.trades.count_documents({"outbox": {"$ne": None}}) == 0


@pytest.mark.parametrize("orders", [0, 1, 2])
@pytest.mark.parametrize("appended", [0, 1, 2])
async def test_opening_the_store_finishes_a_trade_that_was_half_open(place, raw, orders, appended):
    async with half_open(place, raw, orders=orders, appended=appended):
        await is_whole(await place.open(), raw)


@pytest.mark.parametrize(
    "look",
    [
        lambda store: store.trades.get("t1"),
        lambda store: store.trades.find({"account_key": ACCOUNT, "active": True}),
        lambda store: store.trades.find({"signal": "s1"}),
    ],
)
async def test_whoever_reads_a_trade_sees_all_its_orders(place, raw, look):
    async with half_open(place, raw) as store:
        await look(store)
        await is_whole(store, raw)


async def test_what_is_half_open_cannot_be_opened_again_and_is_finished_by_who_looks(place, raw):
    async with half_open(place, raw) as store:
        assert not await store.orders.open(trade("t1"), [(order("o1", seen=7), [event("other")])])
        await store.trades.get("t1")
        await is_whole(store, raw)


async def test_finishing_a_half_open_trade_leaves_an_order_that_moved_on_as_it_is(place, raw):
    async with half_open(place, raw, orders=2, appended=2) as store:
        (moved,) = await store.orders.record([(order("o1", state=OrderState.READY), [event("e3")])])
        await store.trades.get("t1")
        assert await store.orders.get("o1") == moved
        assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]


async def test_an_opening_of_which_nobody_knows_is_finished_before_the_account_goes_on(place, raw):
    store = await place.open()
    append = store.engine._journal._numbers.append

    async def broken(events):
        raise ConnectionResetError

    store.engine._journal._numbers.append = broken
    with pytest.raises(ConnectionResetError):
        await store.orders.open(trade("t1"), [(order("o1"), [event("e1")]), (order("o2"), [event("e2")])])
    store.engine._journal._numbers.append = append
    await store.orders.record([(order("x1"), [event("e3")])])
    assert await log_of(store) == [("e1", 1), ("e2", 2), ("e3", 3)]


async def test_a_standalone_server_is_enough(tmp_path):
    server = MongoServer(tmp_path).start(standalone=True)
    try:
        store = await open_store(data_dir=tmp_path, mongodb_uri=server.uri)
        assert "setName" not in await store.engine._client.admin.command("hello")
        await store.orders.record([(order("o1"), [event("e1")])])
        (moved,) = await store.orders.record([(order("o1", state=OrderState.READY), [event("e2")])])
        assert moved.version == 1
        assert await store.leases.acquire("account", "one", ttl=10) == 1
        assert await log_of(store) == [("e1", 1), ("e2", 2)]
        await store.close()
    finally:
        server.kill()
