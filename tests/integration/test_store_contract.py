"""Hold both engines to one contract: repositories, journal, event log, leases, migrations."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.accounts import Environment, FlowState, GuildSettings, LinkedAccount, PaperBook, RiskLimits
from domain.errors import InvalidValue, StoreUnavailable
from domain.orders import OrderState
from domain.signals import InboxMessage, MessageOutcome, RawMessage, Reading, ReadingKind
from sim.clock import DrivenClock
from tests.servers import fresh_name
from tests.store_support import AT, Place, event, order, trade

ACCOUNT = "42/alpaca/main"


@pytest.fixture(params=["sqlite", "mongo"])
async def place(request, tmp_path):
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else None
    here = Place(tmp_path / "data", uri, fresh_name())
    yield here
    await here.clear()


@pytest.fixture
async def store(place):
    return await place.open()


def linked(key, name, **more):
    return LinkedAccount(
        id=key, user="42", broker="alpaca", name=name, environment=Environment.PAPER, linked_at=AT, **more
    )


def flow(key, minutes, user="42"):
    until = AT + timedelta(minutes=minutes)
    return FlowState(id=key, user=user, flow="link", step="key", created_at=AT, expires_at=until)


def inbox(key, **more):
    raw = RawMessage(guild="1", channel="2", message=key, author="3", content="BTO", posted_at=AT, **more)
    return InboxMessage(id=f"1/2/{key}/0", raw=raw, signal=f"s-{key}", content_key="3/x", received_at=AT)


# Repositories


async def test_what_was_inserted_is_read_back_equal(store):
    wanted = order("o1", send_by=AT, average_price=Decimal("1.2300"))
    assert await store.orders.insert(wanted)
    found = await store.orders.get("o1")
    assert found == wanted
    assert str(found.average_price) == "1.2300"


async def test_a_second_copy_of_a_message_is_refused(store):
    assert await store.inbox.insert(inbox("m1"))
    assert not await store.inbox.insert(inbox("m1"))
    assert len(await store.inbox.find()) == 1


async def test_of_many_concurrent_copies_exactly_one_is_taken(store):
    taken = await asyncio.gather(*(store.inbox.insert(inbox("m1")) for _ in range(20)))
    assert sorted(taken) == [False] * 19 + [True]


async def test_a_repeated_unique_tuple_is_refused(store):
    assert await store.accounts.insert(linked("a1", "Main"))
    assert not await store.accounts.insert(linked("a2", "Main"))
    assert await store.accounts.get("a2") is None


async def test_renaming_onto_a_taken_unique_tuple_is_refused(store):
    await store.accounts.insert_many([linked("a1", "Main"), linked("a2", "Second")])
    assert await store.accounts.compare_and_set(linked("a2", "Main")) is None
    assert (await store.accounts.get("a2")).name == "Second"


async def test_inserting_many_passes_over_those_already_there(store):
    await store.orders.insert(order("o1", state=OrderState.WORKING))
    assert await store.orders.insert_many([order("o1"), order("o2"), order("o3"), order("o2")]) == 2
    assert (await store.orders.get("o1")).state is OrderState.WORKING
    assert await store.orders.insert_many([]) == 0


async def test_only_version_zero_can_be_inserted(store):
    with pytest.raises(InvalidValue):
        await store.orders.insert(order("o1", version=3))


async def test_a_missing_record_is_none(store):
    assert await store.trades.get("nope") is None


async def test_compare_and_set_raises_the_version_and_lets_one_writer_win(store):
    first = order("o1")
    await store.orders.insert(first)
    writers = [replace(first, seen=number) for number in range(10)]
    outcomes = await asyncio.gather(*(store.orders.compare_and_set(writer) for writer in writers))
    (winner,) = [outcome for outcome in outcomes if outcome is not None]
    assert winner.version == 1
    assert await store.orders.get("o1") == winner


async def test_compare_and_set_of_something_absent_loses(store):
    assert await store.orders.compare_and_set(order("o1")) is None


async def test_deleting_tells_whether_it_was_there(store):
    await store.guilds.insert(GuildSettings(id="1"))
    assert await store.guilds.delete("1")
    assert not await store.guilds.delete("1")
    assert await store.guilds.get("1") is None


async def test_sealed_bytes_and_mappings_come_back_to_the_byte(store):
    sealed = {"key": bytes(range(256)), "secret": b""}
    wanted = linked("a1", "Main", sealed=sealed, options={"$host": "a.b", "": "empty", "ü": "\0"})
    await store.accounts.insert(wanted)
    assert await store.accounts.get("a1") == wanted


async def test_embeds_of_strangers_are_kept_as_they_came(store):
    embeds = ({"$where": {"a.b": [1, 2.5, None, True, {"": "x"}]}, "title": "\U0001f680 \0"},)
    wanted = inbox("m1", embeds=embeds)
    await store.inbox.insert(wanted)
    assert await store.inbox.get(wanted.id) == wanted


async def test_a_reading_of_several_signals_comes_back(store):
    inner = Reading(kind=ReadingKind.ENTRY, symbol="AAPL", stop_to=Decimal("1.10"), spans={"symbol": (0, 4)})
    outer = Reading(kind=ReadingKind.MULTI, signals=(inner, replace(inner, stop_to="breakeven", spans={})))
    wanted = replace(inbox("m1"), reading=outer)
    await store.inbox.insert(wanted)
    found = await store.inbox.get(wanted.id)
    assert found == wanted
    assert [type(part.stop_to) for part in found.reading.signals] == [Decimal, str]


async def test_text_that_no_database_can_hold_is_refused_with_a_sentence(store):
    with pytest.raises(InvalidValue):
        await store.inbox.insert(replace(inbox("m1"), reason="\ud800"))


async def test_a_float_where_money_belongs_is_refused(store):
    with pytest.raises(InvalidValue, match="max_order_notional"):
        await store.limits.insert(RiskLimits(id="42", max_order_notional=0.1))


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity")])
async def test_a_number_that_is_none_is_refused(store, bad):
    with pytest.raises(InvalidValue, match="finite"):
        await store.limits.insert(RiskLimits(id="42", max_order_notional=bad))


async def test_a_number_of_36_digits_loses_none(store):
    long = Decimal("123456789012345678.123456789012345678")
    await store.limits.insert(RiskLimits(id="42", max_order_notional=long))
    assert (await store.limits.get("42")).max_order_notional == long


async def test_a_megabyte_of_text_is_kept(store):
    await store.paper_books.insert(PaperBook(id="p1", state="ü" * 500_000))
    assert len((await store.paper_books.get("p1")).state) == 500_000


# Finding


async def test_finding_by_several_fields(store):
    await store.orders.insert_many(
        [
            order("o1", state=OrderState.WORKING, broker_order_id="b1"),
            order("o2", state=OrderState.FILLED),
            order("o3", state=OrderState.WORKING, account="other"),
        ]
    )
    found = await store.orders.find({"account_key": ACCOUNT, "active": True})
    assert [one.id for one in found] == ["o1"]
    assert [one.id for one in await store.orders.find({"broker_order_id": "b1"})] == ["o1"]
    assert [one.id for one in await store.orders.find({"broker_order_id": None})] == ["o2", "o3"]
    assert [one.id for one in await store.orders.find({"active": False})] == ["o2"]


async def test_finding_any_of_several_values(store):
    states = [OrderState.NEW, OrderState.READY, OrderState.FILLED, OrderState.UNKNOWN]
    await store.orders.insert_many([order(f"o{n}", state=state) for n, state in enumerate(states)])
    found = await store.orders.find({"state": (OrderState.READY, OrderState.UNKNOWN, "rejected")})
    assert [one.state for one in found] == [OrderState.READY, OrderState.UNKNOWN]
    assert [one.id for one in await store.orders.find({"id": {"o0", "o3", "gone"}})] == ["o0", "o3"]
    assert await store.orders.find({"state": ()}) == []
    many = tuple(f"x{n}" for n in range(40_000))
    assert [one.id for one in await store.orders.find({"trade": (*many, "t1"), "state": "new"})] == ["o0"]


async def test_any_of_may_hold_nothing(store):
    await store.orders.insert_many(
        [order("o1"), order("o2", broker_order_id="b"), order("o3", broker_order_id="c")]
    )
    assert [one.id for one in await store.orders.find({"broker_order_id": (None, "b")})] == ["o1", "o2"]


async def test_finding_follows_order_and_limit_with_ties_by_id(store):
    await store.flows.insert_many([flow("c", 1), flow("a", 2), flow("b", 1), flow("d", 0)])
    assert [one.id for one in await store.flows.find(order_by="expires_at")] == ["d", "b", "c", "a"]
    backwards = await store.flows.find(order_by="expires_at", descending=True, limit=3)
    assert [one.id for one in backwards] == ["a", "c", "b"]
    assert [one.id for one in await store.flows.find({"expires_at": AT})] == ["d"]
    assert await store.flows.find(limit=0) == []


async def test_times_are_told_apart_to_the_microsecond(store):
    await store.flows.insert_many(
        [flow("a", 0), replace(flow("b", 0), expires_at=AT + timedelta(microseconds=1))]
    )
    assert [one.id for one in await store.flows.find({"expires_at": AT})] == ["a"]


async def test_text_is_ordered_by_its_bytes(store):
    await store.guilds.insert_many([GuildSettings(id=key) for key in ("b", "B", "a", "é", "10", "9")])
    assert [one.id for one in await store.guilds.find()] == ["10", "9", "B", "a", "b", "é"]


async def test_a_thousand_and_more_are_found(store):
    await store.guilds.insert_many([GuildSettings(id=f"{n:05}") for n in range(1500)])
    assert len(await store.guilds.find()) == 1000
    assert len(await store.guilds.find(limit=5000)) == 1500


@pytest.mark.parametrize(
    ("where", "more"),
    [
        ({"leg": "entry"}, {}),
        ({"state; DROP TABLE orders": "x"}, {}),
        ({"active": "yes"}, {}),
        ({"state": 1}, {}),
        ({}, {"order_by": "leg"}),
        ({}, {"limit": -1}),
    ],
)
async def test_asking_for_what_is_not_declared_is_refused(store, where, more):
    with pytest.raises(InvalidValue):
        await store.orders.find(where, **more)


async def test_a_lookup_cannot_be_bent_by_what_it_looks_for(store):
    await store.orders.insert(order("o1"))
    assert await store.orders.find({"trade": "' OR 1=1 --"}) == []
    with pytest.raises(InvalidValue):
        await store.orders.find({"trade": {"$ne": "x"}})


async def test_a_change_of_an_indexed_value_moves_the_record(store):
    first = inbox("m1")
    await store.inbox.insert(first)
    await store.inbox.compare_and_set(replace(first, outcome=MessageOutcome.PLANNED))
    assert await store.inbox.find({"outcome": MessageOutcome.RECEIVED}) == []
    assert len(await store.inbox.find({"outcome": MessageOutcome.PLANNED})) == 1


# Journal and events


async def test_an_order_and_its_events_are_written_together(store):
    first = order("o1")
    (inserted,) = await store.orders.record([(first, [event("e1"), event("e2")])])
    assert inserted == first
    (moved,) = await store.orders.record([(replace(first, state=OrderState.READY), [event("e3")])])
    assert moved.version == 1
    assert await store.orders.get("o1") == moved
    log = await store.events.since(ACCOUNT, 0)
    assert [(one.id, one.sequence) for one in log] == [("e1", 1), ("e2", 2), ("e3", 3)]
    assert log[0] == replace(event("e1"), sequence=1)


async def test_a_lost_compare_and_set_appends_nothing(store):
    await store.orders.record([(order("o1"), [])])
    await store.orders.record([(order("o1"), [event("e1")])])
    stale = [
        (order("o1"), [event("stale")]),
        (order("o2"), [event("e2")]),
        (order("o3", version=5), [event("x")]),
    ]
    lost, won, absent = await store.orders.record(stale)
    assert lost is None
    assert absent is None
    assert won.id == "o2"
    assert [one.id for one in await store.events.since(ACCOUNT, 0)] == ["e1", "e2"]


async def test_one_call_may_move_the_same_order_twice(store):
    first = order("o1")
    changes = [(first, [event("e1")]), (first, [event("e2")]), (replace(first, version=1), [event("e3")])]
    assert [one.version for one in await store.orders.record(changes)] == [0, 1, 2]
    assert await store.events.last_sequence(ACCOUNT) == 3
    assert await store.orders.record([]) == []


async def test_an_event_is_appended_once_however_often_it_is_sent(store):
    first = await store.events.append([event("e1"), event("e2")])
    again = await store.events.append([event("e2"), event("e3"), event("e1"), event("e3")])
    assert [one.sequence for one in first] == [1, 2]
    assert [one.sequence for one in again] == [2, 3, 1, 3]
    assert await store.events.last_sequence(ACCOUNT) == 3
    assert await store.events.append([]) == []


async def test_a_replayed_record_neither_repeats_nor_renumbers_events(store):
    await store.orders.record([(order("o1"), [event("e1")])])
    await store.orders.record([(order("o1"), [event("e1"), event("e2")])])
    assert [(one.id, one.sequence) for one in await store.events.since(ACCOUNT, 0)] == [("e1", 1), ("e2", 2)]


async def test_every_account_counts_for_itself(store):
    await store.events.append([event("e1"), event("e2", account="other"), event("e3")])
    assert await store.events.last_sequence(ACCOUNT) == 2
    assert await store.events.last_sequence("42/alpaca/other") == 1
    assert await store.events.last_sequence("nobody") == 0


async def test_events_are_read_from_any_place_in_order(store):
    await store.events.append([event(f"e{n:03}") for n in range(30)])
    assert [one.sequence for one in await store.events.since(ACCOUNT, 27)] == [28, 29, 30]
    assert [one.sequence for one in await store.events.since(ACCOUNT, 3, limit=2)] == [4, 5]
    assert await store.events.since(ACCOUNT, 30) == []
    assert await store.events.since("42/alpaca", 0) == []


async def test_a_trade_has_its_own_events(store):
    await store.events.append([event("e1"), event("e2", trade="t2"), event("e3")])
    assert [one.id for one in await store.events.for_trade("t1")] == ["e1", "e3"]


async def test_sequences_have_no_gaps_and_no_repeats_under_load(store):
    async def work(worker: int) -> None:
        for step in range(5):
            key = f"o{worker}"
            before = replace(order(key, account=f"a{worker % 3}"), version=max(0, step - 1))
            happened = [event(f"{key}-{step}-{n}", account=f"a{worker % 3}") for n in range(2)]
            (after,) = await store.orders.record([(before, happened)])
            assert after is not None

    await asyncio.gather(*(work(worker) for worker in range(30)))
    for account in range(3):
        log = await store.events.since(f"42/alpaca/a{account}", 0)
        assert [one.sequence for one in log] == list(range(1, 101))
        assert len({one.id for one in log}) == 100


async def test_one_bad_change_does_not_fail_its_neighbours(store):
    async def bad():
        with pytest.raises(InvalidValue):
            await store.orders.record([(order("bad", seen=1 << 70), [event("bad")])])

    async def good(number):
        return await store.orders.record([(order(f"o{number}"), [event(f"e{number}")])])

    outcomes = await asyncio.gather(*(good(n) for n in range(10)), bad(), *(good(n) for n in range(10, 20)))
    assert all(outcome[0] is not None for outcome in outcomes if outcome is not None)
    assert await store.events.last_sequence(ACCOUNT) == 20
    assert await store.orders.get("bad") is None


# Opening a trade


async def test_a_trade_its_orders_and_their_events_are_written_together(store):
    first, second = order("o1"), order("o2")
    assert await store.orders.open(trade("t1"), [(first, [event("e1"), event("e2")]), (second, [])])
    assert await store.trades.get("t1") == trade("t1")
    assert list(await store.orders.find({"trade": "t1"})) == [first, second]
    assert [(one.id, one.sequence) for one in await store.events.since(ACCOUNT, 0)] == [("e1", 1), ("e2", 2)]


async def test_an_order_is_opened_at_the_version_it_has_and_moves_on_from_there(store):
    licensed = order("o1", state=OrderState.SENDING, version=1)
    assert await store.orders.open(trade("t1"), [(licensed, [event("e1")])])
    assert await store.orders.get("o1") == licensed
    assert await store.orders.record([(order("o1"), [event("stale")])]) == [None]
    (moved,) = await store.orders.record([(replace(licensed, state=OrderState.WORKING), [event("e2")])])
    assert moved.version == 2
    assert [(one.id, one.sequence) for one in await store.events.since(ACCOUNT, 0)] == [("e1", 1), ("e2", 2)]


async def test_opening_a_trade_that_is_there_already_writes_nothing(store):
    assert await store.orders.open(trade("t1"), [(order("o1"), [event("e1")])])
    assert not await store.orders.open(trade("t1", reason="other"), [(order("o2"), [event("e2")])])
    assert await store.trades.get("t1") == trade("t1")
    assert await store.orders.get("o2") is None
    assert await store.events.last_sequence(ACCOUNT) == 1


async def test_opening_a_trade_one_of_whose_orders_is_there_already_writes_nothing(store):
    await store.orders.insert(order("o2"))
    changes = [
        (order("o1"), [event("e1")]),
        (order("o2", state=OrderState.SENDING, version=1), [event("e2")]),
    ]
    assert not await store.orders.open(trade("t1"), changes)
    assert await store.trades.get("t1") is None
    assert await store.orders.get("o1") is None
    assert await store.orders.get("o2") == order("o2")
    assert await store.events.last_sequence(ACCOUNT) == 0


async def test_of_many_opening_the_same_trade_at_once_exactly_one_does(place):
    stores = [await place.open()] if place.mongodb_uri is None else [await place.open() for _ in range(3)]
    opened = await asyncio.gather(
        *(
            stores[n % len(stores)].orders.open(
                trade("t1", code=f"n{n}"), [(order("o1", seen=n), [event(f"e{n}")])]
            )
            for n in range(12)
        )
    )
    assert sorted(opened) == [False] * 11 + [True]
    winner = opened.index(True)
    assert (await stores[0].trades.get("t1")).code == f"n{winner}"
    assert (await stores[0].orders.get("o1")).seen == winner
    assert [one.id for one in await stores[0].events.since(ACCOUNT, 0)] == [f"e{winner}"]


async def test_many_trades_opened_at_once_number_their_events_without_gaps(store):
    async def one(number):
        account = f"a{number % 3}"
        happened = [event(f"e{number}.{n}", account=account) for n in range(2)]
        leg = order(f"o{number}", trade=f"t{number}", account=account)
        assert await store.orders.open(trade(f"t{number}", account=account), [(leg, happened)])
        await store.orders.record([(leg, [event(f"x{number}", account=account)])])

    await asyncio.gather(*(one(number) for number in range(30)))
    for account in range(3):
        log = await store.events.since(f"42/alpaca/a{account}", 0)
        assert [one.sequence for one in log] == list(range(1, 31))


async def test_an_opening_that_cannot_be_stored_leaves_nothing_and_fails_nobody_else(store):
    async def bad():
        with pytest.raises(InvalidValue):
            await store.orders.open(trade("bad"), [(order("bad", seen=1 << 70), [event("bad")])])

    good = [store.orders.open(trade(f"t{n}"), [(order(f"o{n}"), [event(f"e{n}")])]) for n in range(5)]
    await asyncio.gather(*good, bad())
    assert await store.trades.get("bad") is None
    assert len(await store.trades.find()) == 5
    assert await store.events.last_sequence(ACCOUNT) == 5


async def test_only_a_new_trade_can_be_opened(store):
    with pytest.raises(InvalidValue):
        await store.orders.open(trade("t1", version=2), [])


# Leases


async def test_a_lease_is_owned_by_one_at_a_time_and_its_epoch_only_rises(place):
    clock = DrivenClock()
    store = await place.open(clock=clock)
    assert await store.leases.acquire("account", "one", ttl=10) == 1
    assert await store.leases.acquire("account", "two", ttl=10) is None
    await clock.advance(5)
    assert await store.leases.acquire("account", "one", ttl=10) == 1
    await clock.advance(9)
    assert await store.leases.acquire("account", "two", ttl=10) is None
    await clock.advance(2)
    assert await store.leases.acquire("account", "two", ttl=10) == 2
    assert await store.leases.acquire("account", "one", ttl=10) is None


async def test_a_released_lease_is_free_at_once_with_a_higher_epoch(store):
    assert await store.leases.acquire("account", "one", ttl=1000) == 1
    await store.leases.release("account", "two")
    assert await store.leases.acquire("account", "two", ttl=1000) is None
    await store.leases.release("account", "one")
    assert await store.leases.acquire("account", "two", ttl=1000) == 2
    await store.leases.release("nobody", "one")


async def test_of_many_asking_at_once_one_gets_the_lease(store):
    epochs = await asyncio.gather(*(store.leases.acquire("account", f"p{n}", ttl=1000) for n in range(10)))
    assert [epoch for epoch in epochs if epoch is not None] == [1]


async def test_the_epoch_survives_a_restart(place):
    store = await place.open()
    await store.leases.acquire("account", "one", ttl=0.0)
    await store.close()
    store = await place.open()
    assert await store.leases.acquire("account", "one", ttl=10) == 2


# Opening and closing


async def test_everything_is_there_after_closing_and_opening_again(place):
    store = await place.open()
    await store.orders.record([(order("o1"), [event("e1")])])
    await store.close()
    store = await place.open()
    assert await store.orders.get("o1") == order("o1")
    await store.orders.record([(order("o1"), [event("e2")])])
    assert [one.sequence for one in await store.events.since(ACCOUNT, 0)] == [1, 2]


async def test_a_ping_writes(store):
    await store.ping()
    await store.ping()


async def test_a_closed_store_says_so(store):
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.orders.record([(order("o1"), [])])
    await store.close()


async def test_work_asked_for_before_closing_is_finished(store, place):
    writes = [
        asyncio.create_task(store.orders.record([(order(f"o{n}"), [event(f"e{n}")])])) for n in range(50)
    ]
    await asyncio.sleep(0)
    await store.close()
    assert all([(await write)[0] is not None for write in writes])
    assert await (await place.open()).events.last_sequence(ACCOUNT) == 50
