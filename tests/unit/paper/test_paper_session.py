"""What the paper broker promises beyond the contract: durability, honest prices, and its own field."""

import asyncio
import json
import multiprocessing
import os
import signal
import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters import paper
from adapters.paper.adapter import PaperAdapter
from adapters.paper.hours import day_ends
from adapters.paper.keeper import KEPT
from adapters.paper.prices import Prices
from domain.accounts import Environment, PaperBook
from domain.broker import Credentials, SessionDeps
from domain.errors import (
    BrokerError,
    Denied,
    DuplicateClientId,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Unreachable,
)
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery, OptionContract
from domain.orders import OrderState, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.market import Market
from tests.contract.cards import ask_for, limit, position_becomes, settled, stock
from tests.contract.paper_harness import MarketPrices, PaperHarness
from tests.support import eventually

Dec = Decimal


async def test_the_book_is_written_before_a_submit_is_answered() -> None:
    world = PaperHarness()
    seen: list[tuple[str, int]] = []
    request = None

    def look(point: str) -> None:
        orders = world.book()["orders"]
        seen.append((point, sum(o["request"]["client_order_id"] == request.client_order_id for o in orders)))

    async with world.open(adapter=PaperAdapter(on_point=look)) as session:
        request = ask_for(await stock(session), "1")
        await session.submit(request)
    assert seen == [("paper.before_persist", 0), ("paper.after_persist", 1)]


class Killed(BaseException):
    """End the session as a kill would: nothing after it runs."""


@pytest.mark.parametrize(("point", "there"), [("paper.before_persist", 0), ("paper.after_persist", 1)])
async def test_a_session_that_dies_at_a_point_leaves_the_order_once_or_not_at_all(
    point: str, there: int
) -> None:
    world = PaperHarness()

    def die(passed: str) -> None:
        if passed == point:
            raise Killed

    async def doomed() -> None:
        nonlocal request
        async with world.open(adapter=PaperAdapter(on_point=die)) as session:
            request = ask_for(await stock(session), "1")
            await session.submit(request)

    request = None
    with pytest.raises(Killed):
        await doomed()
    assert await world.orders_at_broker(request.client_order_id) == there
    async with world.open() as session:
        if there:
            assert (await session.find_order(request.client_order_id)).state is OrderState.FILLED
            with pytest.raises(DuplicateClientId):
                await session.submit(request)
        else:
            with pytest.raises(NotFound):
                await session.find_order(request.client_order_id)
            await session.submit(request)
        await position_becomes(session, "1")
    assert await world.orders_at_broker(request.client_order_id) == 1


async def test_nothing_is_told_before_it_is_written() -> None:
    world = PaperHarness()
    async with world.open() as session:
        heard = []

        async def listen() -> None:
            async for report in session.events():
                heard.append(report)  # noqa: PERF401 - it is read while it grows

        task = asyncio.create_task(listen())
        await asyncio.sleep(0)
        request = ask_for(await stock(session), "1")
        world.plan("submit", FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        assert not session.is_connected()
        await asyncio.sleep(0)
        assert heard == []
        await session.submit(request)
        await eventually(lambda: heard)
        assert session.is_connected()
        await session.disconnect()
        await task


async def test_a_second_writer_is_noticed_and_the_book_is_read_again() -> None:
    world = PaperHarness()
    async with world.open() as first, world.open() as second:
        instrument = await stock(first)
        await first.submit(limit(instrument, "90"))
        await second.submit(limit(instrument, "91"))
        lost = limit(instrument, "92")
        with pytest.raises(OutcomeUnknown):
            await first.submit(lost)
        with pytest.raises(NotFound):
            await first.find_order(lost.client_order_id)
        assert len(await first.open_orders()) == 2


async def test_a_cancelled_submit_is_settled_by_looking() -> None:
    world = PaperHarness()
    async with world.open() as session:
        request = limit(await stock(session), "90")
        hold = asyncio.Event()
        write = world.books.insert

        async def slow(value: PaperBook) -> bool:
            done = await write(value)
            await hold.wait()
            return done

        world.books.insert = slow
        task = asyncio.create_task(session.submit(request))
        await eventually(lambda: world.orders_at_broker(request.client_order_id))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await session.find_order(request.client_order_id)).state is OrderState.WORKING
        assert len(await session.open_orders()) == 1


async def test_an_account_only_looked_at_leaves_nothing_in_the_store() -> None:
    world = PaperHarness()
    async with world.open() as session:
        await session.verify()
        await session.positions()
    assert world.books.books == {}


async def test_a_market_order_without_a_price_waits_and_says_so() -> None:
    world = PaperHarness()
    async with world.open() as session:
        instrument = await stock(session)
        world.prices.silent.add("AAPL")
        sent = await session.submit(ask_for(instrument, "1"))
        assert (sent.state, sent.reason) == (OrderState.WORKING, "Waiting for a price of AAPL.")
        with pytest.raises(NotTradable):
            await session.quote(instrument)
        await world.advance(5)
        assert (await session.order(sent.broker_order_id)).filled_quantity == 0
        world.prices.silent.clear()
        await world.set_price("AAPL", "104", "105")
        done = await settled(session, sent.broker_order_id, OrderState.FILLED)
        assert (done.average_price, done.reason) == (Dec(105), "")


async def test_an_old_price_fills_nothing_and_still_values_positions() -> None:
    world = PaperHarness()
    async with world.open() as session:
        instrument = await stock(session)
        await session.submit(ask_for(instrument, "10"))
        await world.set_price("AAPL", "119", "121")
        await world.advance(3600)
        sent = await session.submit(ask_for(instrument, "1"))
        assert (sent.state, sent.reason) == (OrderState.WORKING, "Waiting for a price of AAPL.")
        assert (await session.account()).equity == 100_000 - 1000 + 1200
        await world.set_price("AAPL", "119", "121")
        await settled(session, sent.broker_order_id, OrderState.FILLED)


async def test_a_feed_that_fails_is_a_feed_without_a_price() -> None:
    class Broken:
        async def quote(self, instrument: object) -> None:
            raise RuntimeError("the feed is down")

    world = PaperHarness()
    async with world.open() as session:
        instrument = await stock(session)
    world.prices = Broken()
    async with world.open() as session:
        sent = await session.submit(ask_for(instrument, "1"))
        assert sent.state is OrderState.WORKING
        await world.advance(2)
        assert session.is_connected()


async def test_a_crossed_or_worthless_quote_is_no_price() -> None:
    world = PaperHarness()
    good = await MarketPrices(world.market).quote(await _instrument(world))

    class Crossed:
        async def quote(self, instrument: object) -> object:
            return replace(good, bid=Dec(101), ask=Dec(100))

    assert await Prices(Crossed(), world.clock, 900).latest(None) is None


async def _instrument(world: PaperHarness) -> object:
    async with world.open() as session:
        return await stock(session)


async def test_without_any_price_source_everything_well_formed_exists_and_waits() -> None:
    world = PaperHarness()
    world.prices = None
    async with world.open() as session:
        sent = await session.submit(ask_for(await stock(session, "ANY"), "1"))
        assert sent.state is OrderState.WORKING


async def test_a_day_order_expires_at_the_close_and_is_told() -> None:
    world = PaperHarness()  # starts on a Monday at 15:00 UTC, 10:00 in New York
    async with world.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        stays = await session.submit(
            limit(await stock(session), "90", time_in_force=TimeInForce.GTC, extended_hours=True)
        )
        await world.advance(6 * 3600 - 10)
        assert (await session.order(sent.broker_order_id)).state is OrderState.WORKING
        await world.advance(20)
        await settled(session, sent.broker_order_id, OrderState.EXPIRED)
        assert (await session.order(stays.broker_order_id)).state is OrderState.WORKING


@pytest.mark.parametrize(
    ("placed", "kind", "extended", "ends"),
    [
        ("2026-03-02T15:00", AssetClass.EQUITY, False, "2026-03-02T21:00"),
        ("2026-03-02T15:00", AssetClass.EQUITY, True, "2026-03-03T01:00"),
        ("2026-03-02T21:00", AssetClass.EQUITY, False, "2026-03-03T21:00"),
        ("2026-03-06T22:00", AssetClass.OPTION, False, "2026-03-09T20:00"),  # summer time began between
        ("2026-07-04T12:00", AssetClass.EQUITY, False, "2026-07-06T20:00"),
        ("2026-10-30T21:00", AssetClass.EQUITY, False, "2026-11-02T21:00"),  # and ended between
        ("2026-03-07T23:59", AssetClass.CRYPTO, False, "2026-03-08T00:00"),
    ],
)
def test_the_day_ends_when_new_york_closes(placed: str, kind: AssetClass, extended: bool, ends: str) -> None:
    at = datetime.fromisoformat(placed).replace(tzinfo=UTC)
    assert day_ends(at, kind, extended=extended) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


async def test_options_coins_and_penny_stocks_get_their_steps() -> None:
    world = PaperHarness()
    world.market.set("F", Dec("0.50"), Dec("0.51"))
    async with world.open() as session:
        penny = await session.resolve(InstrumentQuery(symbol="F"))
        assert penny.price_increment == Dec("0.0001")
        for name in ("BTCUSD", "BTCUSDT", "BTC"):
            found = await session.resolve(InstrumentQuery(symbol=name))
            assert (found.symbol, found.asset_class) == ("BTCUSD", AssetClass.CRYPTO)
        doge = await session.resolve(InstrumentQuery(symbol="DOGEUSD", asset_class=AssetClass.CRYPTO))
        assert doge.price_increment == Dec("0.00000001")
        over = OptionContract.from_occ("AAPL260227C00100000")
        with pytest.raises(NotTradable, match="expired"):
            await session.resolve(InstrumentQuery(symbol="AAPL", option=over))
        with pytest.raises(NotTradable):
            await session.resolve(InstrumentQuery(symbol="EURUSD", asset_class=AssetClass.FOREX))


async def test_the_starting_cash_is_the_members_choice() -> None:
    world = PaperHarness()
    deps = SessionDeps(
        ref=world.ref,
        environment=Environment.PAPER,
        clock=world.clock,
        prices=world.prices,
        books=world.books,
    )
    async with PaperAdapter().open(Credentials({"start_cash": "2500.50"}), deps) as session:
        assert (await session.account()).cash == Dec("2500.50")
        await session.submit(limit(await stock(session), "90", "1"))
    async with PaperAdapter(start_cash=Dec(1)).open(Credentials({}), deps) as session:
        assert (await session.account()).cash == Dec("2500.50")
    for wrong in ("lots", "-5", "0", "1e9", "NaN"):
        with pytest.raises(Denied) as caught:
            async with PaperAdapter().open(Credentials({"start_cash": wrong}), deps):
                pass
        assert wrong not in caught.value.text.replace("100000 or 2500.50", "")


async def test_real_money_is_refused() -> None:
    world = PaperHarness()
    with pytest.raises(Denied, match="no real money"):
        async with world.open(environment=Environment.LIVE):
            pass


async def test_a_place_for_books_is_needed() -> None:
    deps = SessionDeps(
        ref=AccountRef(user=UserId("1"), broker="paper", account="x"),
        environment=Environment.PAPER,
        clock=DrivenClock(),
    )
    with pytest.raises(ValueError, match="books"):
        async with PaperAdapter().open(Credentials({}), deps):
            pass


async def test_a_book_nobody_can_read_is_not_overwritten() -> None:
    world = PaperHarness()
    for state in ("not json", "{}", '{"format": 99}'):
        world.books.books[world.ref.key] = PaperBook(id=world.ref.key, state=state)
        async with world.open() as session:
            with pytest.raises(Unreachable):
                await session.account()
            with pytest.raises(BrokerError):
                await session.submit(ask_for(await stock(session), "1"))
            assert not session.is_connected()
        assert world.books.books[world.ref.key].state == state


async def test_the_book_keeps_a_bounded_number_of_closed_orders() -> None:
    world = PaperHarness()
    async with world.open() as session:
        instrument = await stock(session)
        first = limit(instrument, "90", "1")
        sent = await session.submit(first)
        await session.cancel(sent.broker_order_id)
        for _ in range(KEPT + 30):
            sent = await session.submit(limit(instrument, "50", "1", time_in_force=TimeInForce.IOC))
        kept = world.book()["orders"]
        assert KEPT <= len(kept) <= KEPT + 21
        with pytest.raises(DuplicateClientId):
            await session.submit(first)
    async with world.open() as session:
        with pytest.raises(DuplicateClientId):
            await session.submit(first)


async def test_a_closed_session_refuses_without_touching_the_book() -> None:
    world = PaperHarness()
    async with world.open() as session:
        instrument = await stock(session)
        await session.disconnect()
        with pytest.raises(Unreachable):
            await session.submit(ask_for(instrument, "1"))
        assert [report async for report in session.events()] == []
    assert world.books.books == {}


def test_the_adapter_is_made_when_asked_for_and_once() -> None:
    assert paper.ADAPTER is paper.ADAPTER
    assert paper.ADAPTER.manifest.slug == "paper"
    assert not any(field.secret for field in paper.ADAPTER.manifest.fields)
    with pytest.raises(AttributeError):
        _ = paper.NOTHING


# A real kill -9, with the book in a file.


class FileBooks:
    """Keep one book in SQLite, written through to the disk."""

    def __init__(self, path: str) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("CREATE TABLE IF NOT EXISTS books (id TEXT PRIMARY KEY, version INT, state TEXT)")

    async def get(self, key: str) -> PaperBook | None:
        with closing(sqlite3.connect(self.path)) as db:
            row = db.execute("SELECT version, state FROM books WHERE id = ?", (key,)).fetchone()
        return PaperBook(id=key, version=row[0], state=row[1]) if row else None

    async def insert(self, value: PaperBook) -> bool:
        with closing(sqlite3.connect(self.path)) as db, db:
            row = (value.id, value.version, value.state)
            return db.execute("INSERT OR IGNORE INTO books VALUES (?, ?, ?)", row).rowcount == 1

    async def compare_and_set(self, value: PaperBook) -> PaperBook | None:
        with closing(sqlite3.connect(self.path)) as db, db:
            changed = db.execute(
                "UPDATE books SET version = version + 1, state = ? WHERE id = ? AND version = ?",
                (value.state, value.id, value.version),
            )
            return replace(value, version=value.version + 1) if changed.rowcount else None


def _world(path: str) -> SessionDeps:
    clock = DrivenClock()
    return SessionDeps(
        ref=AccountRef(user=UserId("1"), broker="paper", account="killed"),
        environment=Environment.PAPER,
        clock=clock,
        prices=MarketPrices(Market(clock=clock)),
        books=FileBooks(path),
    )


def _die_at(path: str, client_id: str, point: str) -> None:
    async def run() -> None:
        def kill(passed: str) -> None:
            if passed == point:
                os.kill(os.getpid(), signal.SIGKILL)

        async with PaperAdapter(on_point=kill).open(Credentials({}), _world(path)) as session:
            await session.submit(ask_for(await stock(session), "1", client_order_id=client_id))

    asyncio.run(run())


@pytest.mark.parametrize("point", ["paper.before_persist", "paper.after_persist"])
async def test_kill_9_between_accept_and_reply_neither_loses_nor_doubles(
    point: str, tmp_path: object
) -> None:
    path, client_id = f"{tmp_path}/books.db", str(uuid.uuid4())
    spawn = multiprocessing.get_context("spawn")
    child = spawn.Process(target=_die_at, args=(path, client_id, point))
    child.start()
    await asyncio.to_thread(child.join, 60)
    assert child.exitcode == -signal.SIGKILL
    deps = _world(path)
    async with PaperAdapter().open(Credentials({}), deps) as session:
        request = ask_for(await stock(session), "1", client_order_id=client_id)
        try:
            await session.find_order(client_id)
        except NotFound:
            assert point == "paper.before_persist"
            await session.submit(request)
        else:
            assert point == "paper.after_persist"
            with pytest.raises(DuplicateClientId):
                await session.submit(request)
        await position_becomes(session, "1")
    book = json.loads((await deps.books.get(deps.ref.key)).state)
    assert len(book["orders"]) == 1
