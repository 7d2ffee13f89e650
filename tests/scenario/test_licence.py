"""Watch an entry's licence: on disk with its plan before the broker hears of it, and as things stand."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.accounts import SwitchMode
from domain.errors import StoreUnavailable
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.orders import OrderState
from domain.signals import Reading, ReadingKind
from tests.scenario.world import world

D = Decimal
READINGS = {
    "buy msft": Reading(
        kind=ReadingKind.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        price=D("412.50"),
        stop=D(405),
        targets=(D(420), D(430)),
    )
}


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        await made.source()
        made.market.set("MSFT", D("412.00"), D("412.10"))
        await made.member("7")
        yield made


async def actor_of(scene):
    (account,) = await scene.verbs.accounts.accounts(UserId("7"))
    return scene.verbs.trading._executor.get(account.id)


def watch(session, store):
    """Note what the store holds of an order at the moment the broker is handed it."""
    seen, submit = [], session.submit

    async def watched(request):
        stored = [o for o in await store.orders.find() if o.intent.request == request]
        seen.append([(o.state, o.send_by is not None, o.version) for o in stored])
        return await submit(request)

    session.submit = watched
    return seen


async def log_of(scene):
    actor = await actor_of(scene)
    return await scene.store.events.since(actor.account.ref.key, 0)


async def have_filled(scene, count):
    async def probe():
        return sum(event.kind.value == "order.filled" for event in await log_of(scene)) == count

    await scene.until(probe)


async def test_every_order_is_licensed_in_the_store_before_the_broker_is_handed_it(scene):
    seen = watch((await actor_of(scene)).session, scene.store)
    await scene.say("buy msft")
    await scene.until(lambda: len(seen) == 2)
    assert seen == [[(OrderState.SENDING, True, 1)]] * 2


async def test_plan_and_first_licence_are_one_write_and_the_account_s_events_have_no_gap(scene):
    opened = []
    write = scene.store.orders.open

    async def noted(trade, changes):
        opened.append([(order.state, len(events)) for order, events in changes])
        return await write(trade, changes)

    scene.store.orders.open = noted
    await scene.say("buy msft")
    await have_filled(scene, 2)
    assert opened == [[(OrderState.SENDING, 1), (OrderState.READY, 0)]]
    log = await log_of(scene)
    assert [event.sequence for event in log] == list(range(1, len(log) + 1))
    by_order = {}
    for event in log:
        by_order.setdefault(event.order, []).append(event.kind.value)
    assert all(kinds[0] == "order.sending" and "order.filled" in kinds for kinds in by_order.values())
    assert len(by_order) == 2


async def test_a_switch_raised_after_the_plan_was_made_stops_the_order(scene):
    """The planner looks first; what it saw is not what the licence is given on."""
    find, looks = scene.store.switches.find, []

    async def raised_in_between(*asked, **more):
        looks.append(await find(*asked, **more))
        if len(looks) == 1:
            await scene.verbs.trading.halt("global", SwitchMode.HALT, by=UserId("1"), reason="news")
        return looks[-1]

    seen = watch((await actor_of(scene)).session, scene.store)
    scene.store.switches.find = raised_in_between
    await scene.say("buy msft")
    view = await scene.state("7", "denied")
    assert "news" in view.trade.reason
    assert seen == []


async def test_a_licence_that_took_too_long_to_write_is_given_back_and_asked_for_again(scene):
    write, seen = scene.store.orders.open, watch((await actor_of(scene)).session, scene.store)

    async def slow(trade, changes):
        done = await write(trade, changes)
        await scene.clock.advance(5)  # longer than the licence lasts, not longer than the signal
        return done

    scene.store.orders.open = slow
    await scene.say("buy msft")
    await have_filled(scene, 2)
    assert len(seen) == 2
    assert sorted(one[0][2] for one in seen) == [1, 3]  # planned with a licence, given back, licensed anew
    kinds = [event.kind.value for event in await log_of(scene)]
    assert kinds[:2] == ["order.sending", "order.planned"]


async def test_with_something_more_urgent_in_the_queue_the_entry_is_planned_and_waits_its_turn(scene):
    actor = await actor_of(scene)
    quiet = actor._queue.empty
    actor._queue.empty = lambda: False
    opened, write = [], scene.store.orders.open

    async def noted(trade, changes):
        opened.extend(order.state for order, _ in changes)
        return await write(trade, changes)

    scene.store.orders.open = noted
    seen = watch(actor.session, scene.store)
    await scene.say("buy msft")
    await scene.until(lambda: len(seen) == 2)
    actor._queue.empty = quiet
    assert opened == [OrderState.READY] * 2
    assert [one[0][0] for one in seen] == [OrderState.SENDING] * 2


async def test_nothing_is_written_or_sent_before_the_message_itself_is_kept(scene):
    gate, keep, opened = asyncio.Event(), scene.store.inbox.insert, []
    write = scene.store.orders.open

    async def held(message):
        await gate.wait()
        return await keep(message)

    async def noted(trade, changes):
        opened.append(trade)
        return await write(trade, changes)

    scene.store.inbox.insert, scene.store.orders.open = held, noted
    saying = asyncio.create_task(scene.say("buy msft"))
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert opened == []
    gate.set()
    await saying
    await scene.state("7", "open")
    assert len(opened) == 1


async def test_a_message_taken_before_by_another_process_writes_nothing(scene):
    async def taken(message):
        return False

    keep, scene.store.inbox.insert = scene.store.inbox.insert, taken
    assert await scene.verbs.trading.on_message(scene.message("buy msft", id="1")) is None
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert await scene.store.trades.find() == []
    scene.store.inbox.insert = keep
    await scene.say("buy msft")
    await scene.state("7", "open")


async def test_a_message_that_could_not_be_kept_trades_nothing(scene):
    async def away(message):
        raise StoreUnavailable("The disk is full.")

    scene.store.inbox.insert = away
    with pytest.raises(StoreUnavailable):
        await scene.say("buy msft")
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert await scene.store.trades.find() == []


async def test_a_trade_that_is_there_although_its_message_is_new_is_gone_on_with_and_not_repeated(scene):
    seen = watch((await actor_of(scene)).session, scene.store)
    raw = await scene.say("buy msft")
    await have_filled(scene, 2)
    await scene.store.inbox.delete(f"{raw.guild}/{raw.channel}/{raw.message}/0")
    assert await scene.verbs.trading.on_message(raw) is not None
    await scene.verbs.trading._intake.drain()
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert len(seen) == 2
    assert len(await scene.store.trades.find()) == 1
    assert len(await scene.store.orders.find()) == 2


async def test_an_order_left_alone_by_an_earlier_version_is_given_its_trade_and_sent_once(scene):
    write, left = scene.store.orders.open, []

    async def only_the_order(trade, changes):
        """Leave what a kill between two writes left, before trades were opened whole."""
        if not left:
            left.extend(order for order, _ in changes)
            plain = [order if order.version == 0 else unlicensed(order) for order in left]
            await scene.store.orders.insert_many(plain)
        return await write(trade, changes)

    scene.store.orders.open = only_the_order
    seen = watch((await actor_of(scene)).session, scene.store)
    await scene.say("buy msft")
    await have_filled(scene, 2)
    assert [one[0][0] for one in seen] == [OrderState.SENDING] * 2


def unlicensed(order):
    return replace(order, version=0, state=OrderState.READY, send_by=None)
