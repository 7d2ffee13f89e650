import asyncio
from dataclasses import replace

import pytest

from bot.notify import TradeNotices
from bot.outbox import Outbox
from domain.accounts import Environment, LinkedAccount
from domain.events import Event, EventKind
from domain.ids import TradeId
from sim.clock import DrivenClock
from store import open_store
from tests.support import eventually
from tests.unit.bot.desk import FakeDesk
from tests.unit.trading.builders import NOW, REF, trade
from trading.views import TradeView


class Stage:
    """Be one running notifier on a real store; ``restart`` makes the next process."""

    def __init__(self, store, clock, desk) -> None:
        self.store, self.clock, self.desk = store, clock, desk
        self.restart()

    def restart(self) -> None:
        self.notices = TradeNotices(
            store=self.store,
            clock=self.clock,
            desk=self.desk,
            look=self._look,
            draw=self._draw,
            say=lambda text, account: text,
        )
        self.outbox = Outbox(self.store, self.notices, self.clock)

    async def _look(self, user, trade_id):
        found = await self.store.trades.get(trade_id)
        return TradeView(trade=found, orders=()) if found and found.ref.user == user else None

    def _draw(self, view):
        return view.trade.reason or view.trade.state.value

    async def happens(self, key: str, reason: str, *, told: bool = True) -> None:
        """Journal one event of a trade, and hand it over as the hub does unless the process died first."""
        stored = await self.store.trades.get(key)
        if stored is None:
            stored = trade(id=TradeId(key), reason=reason)
            await self.store.trades.insert(stored)
        else:
            stored = await self.store.trades.compare_and_set(replace(stored, reason=reason))
        event = Event(
            id=f"{key}-{reason}", account_key=REF.key, kind=EventKind.ORDER_WORKING, at=NOW, trade=key
        )
        events = await self.store.events.append([event])
        if told:
            await self.notices.trade_changed(stored, (), events)

    async def settle(self) -> None:
        for _ in range(400):
            if self.notices.idle:
                return
            await self.clock.advance(0.05)
            await asyncio.sleep(0.002)
        raise AssertionError("still drawing")

    @property
    def shown(self) -> list[list[str]]:
        return list(self.desk.messages.values())


@pytest.fixture
async def stage(tmp_path):
    store = await open_store(data_dir=tmp_path)
    account = LinkedAccount(
        id=REF.account,
        user=REF.user,
        broker=REF.broker,
        name="Main *1*",
        environment=Environment.PAPER,
        linked_at=NOW,
    )
    await store.accounts.insert(account)
    yield Stage(store, DrivenClock(), FakeDesk())
    await store.close()


async def test_one_trade_is_one_message_that_is_edited(stage):
    await stage.happens("t1", "planned")
    await stage.settle()
    await stage.happens("t1", "filled")
    await stage.settle()
    assert stage.shown == [["planned", "filled"]]


async def test_a_burst_of_events_is_drawn_once_as_it_stands(stage):
    for reason in ("planned", "sending", "working", "filled"):
        await stage.happens("t1", reason)
    await stage.settle()
    assert stage.shown == [["filled"]]


async def test_what_happens_while_a_message_is_being_sent_is_shown_after_it(stage):
    await stage.happens("t1", "planned")
    sent = asyncio.Event()
    original = stage.desk.send

    async def slow(*args):
        place = await original(*args)
        await stage.happens("t1", "filled")
        sent.set()
        return place

    stage.desk.send = slow
    await stage.settle()
    assert sent.is_set()
    assert stage.shown == [["planned", "filled"]]


async def test_trades_do_not_share_a_message(stage):
    await stage.happens("t1", "one")
    await stage.happens("t2", "two")
    await stage.settle()
    assert sorted(stage.shown) == [["one"], ["two"]]


async def test_an_outage_is_waited_out(stage):
    stage.desk.down = 4
    await stage.happens("t1", "planned")
    await stage.settle()
    assert stage.shown == [["planned"]]
    assert stage.desk.tries == 5


async def test_a_deleted_message_is_sent_anew(stage):
    await stage.happens("t1", "planned")
    await stage.settle()
    stage.desk.delete_all()
    await stage.happens("t1", "filled")
    await stage.settle()
    assert stage.shown == [["filled"]]


async def test_closed_direct_messages_are_left_alone_for_a_while(stage):
    stage.desk.closed.add(REF.user)
    for key in ("t1", "t2", "t3"):
        await stage.happens(key, "planned")
        await stage.settle()
    assert stage.desk.tries == 1
    stage.desk.closed.clear()
    await stage.clock.advance(601)
    await stage.happens("t4", "planned")
    await stage.settle()
    assert stage.shown == [["planned"]]


async def test_what_was_journaled_but_not_shown_is_shown_at_the_next_start(stage):
    await stage.happens("t1", "planned")
    await stage.settle()
    await stage.happens("t1", "filled", told=False)
    await stage.happens("t2", "denied", told=False)
    stage.restart()
    assert await stage.outbox.catch_up() == 2
    await stage.settle()
    assert stage.shown == [["planned", "filled"], ["denied"]]


async def test_a_restart_with_nothing_new_says_nothing(stage):
    await stage.happens("t1", "planned")
    await stage.settle()
    stage.restart()
    assert await stage.outbox.catch_up() == 0
    await stage.outbox.save()
    stage.restart()
    assert await stage.outbox.catch_up() == 0
    assert stage.shown == [["planned"]]


async def test_a_mark_never_passes_what_is_still_to_be_shown(stage):
    stage.desk.down = 1000
    await stage.happens("t1", "planned")
    await stage.outbox.save()  # as at shutdown, while Discord is away
    await stage.notices.flush(0)
    stage.desk.down = 0
    stage.restart()
    assert await stage.outbox.catch_up() == 1
    await stage.settle()
    assert stage.shown == [["planned"]]


async def test_a_crash_between_sending_and_remembering_shows_no_second_message(stage):
    await stage.happens("t1", "planned")
    kept = stage.store.notices
    remembered = asyncio.Event()

    class Dying:
        get = staticmethod(kept.get)

        async def insert(self, notice):
            remembered.set()
            await asyncio.Event().wait()

    stage.store.notices = Dying()
    while not remembered.is_set():
        await stage.clock.advance(0.05)
        await asyncio.sleep(0.002)
    await stage.notices.flush(0)
    stage.store.notices = kept
    stage.restart()
    assert await stage.outbox.catch_up() == 1
    await stage.settle()
    assert len(stage.shown) == 1


async def test_a_blocked_account_is_told_with_its_reason_and_marks_up_nothing(stage):
    event = Event(
        id="e1",
        account_key=REF.key,
        kind=EventKind.ACCOUNT_BLOCKED,
        at=NOW,
        data={"reason": "Alpaca refused the key."},
    )
    await stage.notices.account_changed(REF.user, event)
    await eventually(lambda: stage.notices.idle)
    ((text,),) = stage.shown
    assert "Alpaca refused the key." in text
    assert r"Main \*1\*" in text
