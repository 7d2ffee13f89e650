"""Check what only the MongoDB engine promises: native values, strict guarantees, no passwords."""

import asyncio
import gc
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from bson.decimal128 import Decimal128
from pymongo import AsyncMongoClient

from domain.errors import StoreUnavailable
from domain.orders import OrderState
from store import open_store
from store.errors import UnreadableRecord
from tests.servers import MongoServer, free_port, fresh_name
from tests.store_support import AT, Place, event, order

ACCOUNT = "42/alpaca/main"
# PyMongo 4.20 forgets a socket when it is closed while still connecting; the collector closes it and says so.
UNFINISHED = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)


@pytest.fixture
async def place(mongo_uri, tmp_path):
    here = Place(tmp_path, mongo_uri, fresh_name())
    yield here
    await here.clear()


@pytest.fixture
async def raw(place):
    async with AsyncMongoClient(place.mongodb_uri, tz_aware=True) as client:
        yield client[place.database]


async def test_money_times_and_indexes_are_native(place, raw):
    store = await place.open()
    await store.orders.insert(order("o1", average_price=Decimal("1.230"), send_by=AT.replace(microsecond=0)))
    found = await raw.orders.find_one({"_id": "o1"})
    assert found["body"]["average_price"] == Decimal128("1.230")
    assert found["body"]["send_by"] == AT.replace(microsecond=0)
    assert found["body"]["updated_at"] == [AT - timedelta(microseconds=456), 456]
    assert (found["state"], found["active"], found["account_key"]) == ("new", True, ACCOUNT)
    indexes = await raw.orders.index_information()
    assert indexes["state__id"]["key"] == [("state", 1), ("_id", 1)]
    assert (await raw.accounts.index_information())["user_name"]["unique"]


async def test_a_document_with_a_field_nobody_knows_is_refused(place, raw):
    store = await place.open()
    await store.orders.insert(order("o1"))
    await raw.orders.update_one({"_id": "o1"}, {"$set": {"invented": 1}})
    with pytest.raises(UnreadableRecord, match="another version"):
        await store.orders.get("o1")


async def test_two_processes_on_one_database_share_one_gapless_log(place):
    first, second = await place.open(), await place.open()

    async def work(store, mark):
        for step in range(10):
            await store.orders.record([(order(f"{mark}{step}"), [event(f"{mark}{step}")])])
            await store.events.append([event(f"both{step}")])

    await asyncio.gather(*(work(store, mark) for store, mark in ((first, "a"), (second, "b"), (first, "c"))))
    log = await second.events.since(ACCOUNT, 0)
    assert [one.sequence for one in log] == list(range(1, 41))
    assert await first.events.last_sequence(ACCOUNT) == 40


async def test_of_two_processes_one_wins_each_transition(place):
    first, second = await place.open(), await place.open()
    await first.orders.insert(order("o1"))

    async def work(store, mark):
        won = 0
        for _ in range(15):
            current = await store.orders.get("o1")
            change = (replace(current, seen=current.seen + 1), [event(f"{mark}-{current.version}")])
            won += (await store.orders.record([change]))[0] is not None
        return won

    wins = sum(await asyncio.gather(work(first, "a"), work(second, "b")))
    assert (await first.orders.get("o1")).version == wins
    assert (await first.orders.get("o1")).seen == wins
    assert await first.events.last_sequence(ACCOUNT) == wins


@UNFINISHED
async def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path):
    port = free_port()
    uri = f"mongodb://bot:hunter2@127.0.0.1:{port}/?timeoutMS=300"
    with pytest.raises(StoreUnavailable, match=f"MongoDB at 127.0.0.1:{port}") as refused:
        await open_store(data_dir=tmp_path, mongodb_uri=uri)
    assert "hunter2" not in str(refused.value)
    del refused
    gc.collect()


@pytest.mark.parametrize("uri", ["mongodb://bot:hun@ter2@host", "postgres://bot:hunter2@host", "mongodb://"])
async def test_an_address_nobody_can_read_is_said_without_the_password(tmp_path, uri):
    with pytest.raises(StoreUnavailable, match="MONGODB_URI") as refused:
        await open_store(data_dir=tmp_path, mongodb_uri=uri)
    assert "hun" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_a_weaker_write_concern_in_the_address_changes_nothing(place):
    place.mongodb_uri += "&w=1&journal=false&readPreference=secondary"
    store = await place.open()
    database = store.engine._database
    assert database.write_concern.document == {"w": "majority", "j": True}
    assert database.read_preference.name == "Primary"
    await store.ping()


@UNFINISHED
async def test_a_server_that_dies_is_said_and_serves_again_when_it_is_back(tmp_path):
    server = MongoServer(tmp_path).start()
    try:
        uri = f"{server.uri}&timeoutMS=1000"
        store = await open_store(data_dir=tmp_path, mongodb_uri=uri)
        await store.orders.record([(order("o1"), [event("e1")])])
        server.kill()
        writes = (store.ping(), store.orders.record([(order("o2"), [event("e2")])]), store.orders.get("o1"))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
        assert "No new trades are opened until then" in str(outcomes[0])
        server.start()
        await store.ping()
        (moved,) = await store.orders.record([(order("o1", state=OrderState.READY), [event("e3")])])
        assert moved.version == 1
        await store.close()
    finally:
        server.kill()
    gc.collect()
