"""Options at Alpaca from the name in a signal to the exit, through the real SDK."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.broker import BracketKind, HistoryFilter
from domain.errors import Denied, InsufficientFunds, MarketClosed, NotTradable, OutcomeUnknown, Rejected
from domain.instruments import AssetClass, InstrumentQuery, OptionContract, OptionRight
from domain.orders import OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.alpaca_world import KEY, limit, order, world
from tests.integration.examples import alpaca as examples

D = Decimal
OCC = "AAPL260619C00100000"
CALL = OptionContract.from_occ(OCC)
LAST_DAY = datetime(2026, 6, 19, 14, 0, tzinfo=UTC)


def driven(at=None, **options):
    return world(DrivenClock(at) if at else DrivenClock(), **options)


async def option(session, contract=CALL):
    query = InstrumentQuery(symbol=contract.underlying, asset_class=AssetClass.OPTION, option=contract)
    return await session.resolve(query)


async def long_two(w, session):
    w.market.set(OCC, D("4.90"), D("5.00"))
    instrument = await option(session)
    await session.submit(order(instrument, "2"))
    return instrument


def other(**changes):
    facts = {"underlying": "AAPL", "expiry": CALL.expiry, "strike": CALL.strike, "right": OptionRight.CALL}
    return OptionContract(**{**facts, **changes})


# Names


async def test_a_contract_is_looked_up_once_and_kept():
    async with driven() as w, w.open() as session:
        found = await option(session)
        assert (found.symbol, found.multiplier, found.quantity_increment) == (OCC, D(100), D(1))
        assert (found.option, found.tradable) == (CALL, True)
        assert not found.shortable
        assert not found.fractionable
        await option(session)
        assert len(w.seen("GET", f"/v2/options/contracts/{OCC}")) == 1


async def test_a_strike_nobody_lists_is_answered_with_the_nearest_ones():
    async with driven() as w, w.open() as session:
        with pytest.raises(NotTradable) as refused:
            await option(session, other(strike=D(101)))
        assert refused.value.code == "unknown_option"
        assert "nearest strikes that day: 97.5, 100, 102.5, 105" in refused.value.text
        assert "AAPL 2026-06-19 101 call" in refused.value.text


async def test_an_expiry_nobody_lists_is_answered_with_the_nearest_ones():
    async with driven() as w, w.open() as session:
        with pytest.raises(NotTradable) as refused:
            await option(session, other(expiry=date(2026, 6, 18)))
        assert "nearest expiries: 2026-06-05, 2026-06-12, 2026-06-19, 2026-06-26" in refused.value.text
        # Without a last day Alpaca would have stopped at the coming weekend and shown none.
        assert all(r.query["expiration_date_lte"] for r in w.seen("GET", "/v2/options/contracts"))


async def test_an_option_of_nothing_known_is_not_tradable():
    async with driven() as w, w.open() as session:
        with pytest.raises(NotTradable) as refused:
            await option(session, other(underlying="ZZZZ"))
        assert "nor is anything near it" in refused.value.text


async def test_an_option_that_has_expired_asks_nobody():
    async with driven() as w, w.open() as session:
        with pytest.raises(NotTradable) as refused:
            await option(session, other(expiry=date(2026, 2, 27)))
        assert (refused.value.code, w.sim.requests) == ("option_expired", [])
        assert "expired on 2026-02-27" in refused.value.text


async def test_an_option_without_its_strike_is_asked_for():
    async with driven() as w, w.open() as session:
        with pytest.raises(Denied) as refused:
            await session.resolve(InstrumentQuery(symbol="AAPL", asset_class=AssetClass.OPTION))
        assert refused.value.code == "option_incomplete"


@pytest.mark.parametrize("changes", [{"strike_price": "105"}, {"type": "put"}, {"expiration_date": "x"}, {}])
async def test_an_answer_about_another_contract_is_not_believed(changes):
    body = {**examples.CONTRACT, "symbol": OCC, "expiration_date": "2026-06-19", "strike_price": "100"}
    body = {**body, **changes} if changes else examples.CONTRACT
    async with driven() as w, w.open() as session:
        w.faults.add("GET /v2/options/contracts/*", FaultAction.STATUS, times=9, status=200, body=body)
        with pytest.raises(OutcomeUnknown):
            await option(session)


async def test_a_contract_alpaca_does_not_trade_now_is_not_tradable():
    body = {**examples.CONTRACT, "symbol": OCC, "expiration_date": "2026-06-19", "strike_price": "100"}
    async with driven() as w, w.open() as session:
        body["tradable"] = False
        w.faults.add("GET /v2/options/contracts/*", FaultAction.STATUS, status=200, body=body)
        with pytest.raises(NotTradable) as refused:
            await option(session)
        assert refused.value.code == "not_tradable"


# Prices and money


async def test_a_contract_is_quoted_and_its_cost_is_a_hundred_times_its_price():
    async with driven() as w, w.open() as session:
        before = (await session.account()).cash
        instrument = await long_two(w, session)
        quote = await session.quote(instrument)
        assert (quote.symbol, quote.bid, quote.ask) == (OCC, D("4.90"), D("5.00"))
        assert before - (await session.account()).cash == D(1000)
        (held,) = await session.positions()
        assert (held.instrument.symbol, held.instrument.multiplier, held.quantity) == (OCC, D(100), D(2))
        assert held.unrealised == (held.mark - D(5)) * 200


async def test_a_documented_position_is_read_with_its_multiplier():
    async with driven() as w, w.open() as session:
        w.faults.add("GET /v2/positions", FaultAction.STATUS, status=200, body=[examples.POSITION])
        (held,) = await session.positions()
        assert (held.instrument.symbol, held.quantity) == ("PTON240126C00000500", D(2))
        assert held.unrealised == D(-142)
        assert held.instrument.option.strike == D("0.5")


async def test_an_adjusted_contract_does_not_hide_the_other_positions():
    adjusted = {**examples.POSITION, "symbol": "AAPL1260619C00100000"}
    async with driven() as w, w.open() as session:
        body = [adjusted, examples.POSITION]
        w.faults.add("GET /v2/positions", FaultAction.STATUS, status=200, body=body)
        first, second = await session.positions()
        assert (first.instrument.symbol, first.instrument.option) == ("AAPL1260619C00100000", None)
        assert second.instrument.option is not None


async def test_fees_of_options_are_counted_by_the_contract_and_a_buy_asks_for_no_price():
    async with driven() as w, w.open() as session:
        instrument = await option(session)
        bought = await session.fees(limit(instrument, "5", "10"))
        assert D("0.40") < bought.amount < D("0.70")
        sale = {"side": Side.SELL, "effect": PositionEffect.CLOSE}
        assert bought.amount < (await session.fees(limit(instrument, "5", "10", **sale))).amount < D(1)
        await session.fees(order(instrument, "10"))
        assert not w.seen("GET", "/v1beta1/options/quotes/latest")


# Orders


@pytest.mark.parametrize(
    ("changes", "wire"),
    [
        ({}, {"type": "market", "time_in_force": "day"}),
        (
            {"order_type": OrderType.LIMIT, "limit_price": D("4.55"), "time_in_force": TimeInForce.GTC},
            {"type": "limit", "limit_price": "4.55", "time_in_force": "gtc"},
        ),
        ({"order_type": OrderType.STOP, "stop_price": D(6)}, {"type": "stop", "stop_price": "6"}),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop_price": D(6), "limit_price": D("6.2")},
            {"type": "stop_limit", "stop_price": "6", "limit_price": "6.2"},
        ),
    ],
)
async def test_an_order_in_options_arrives_as_asked(changes, wire):
    async with driven() as w, w.open() as session:
        w.market.set(OCC, D("4.90"), D("5.00"))
        sent = await session.submit(order(await option(session), "2", **changes))
        (body,) = w.bodies()
        assert (body["symbol"], body["qty"], body["position_intent"]) == (OCC, "2", "buy_to_open")
        assert {name: body[name] for name in wire} == wire
        assert not {"order_class", "extended_hours", "notional"} & body.keys()
        assert (sent.symbol, sent.quantity) == (OCC, D(2))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"take_profit": D(8), "stop_loss": D(3)}, "no_option_brackets"),
        ({"stop_loss": D(3)}, "no_option_brackets"),
        (
            {"side": Side.SELL, "effect": PositionEffect.CLOSE, "take_profit": D(8), "stop_loss": D(3)},
            "no_option_brackets",
        ),
        ({"quantity": None, "notional": D(500)}, "option_notional"),
        ({"quantity": "0.9"}, "too_small"),
        ({"side": Side.SELL}, "no_option_writing"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_percent": D(5)}, "unsupported_type"),
        ({"time_in_force": TimeInForce.IOC}, "unsupported_tif"),
        ({"time_in_force": TimeInForce.OPG}, "unsupported_tif"),
        (
            {"order_type": OrderType.LIMIT, "limit_price": D(5), "extended_hours": True},
            "extended_hours",
        ),
    ],
)
async def test_what_options_do_not_have_is_denied_before_it_is_sent(changes, code):
    async with driven() as w, w.open() as session:
        with pytest.raises(Denied) as refused:
            await session.submit(order(await option(session), **{"quantity": "2", **changes}))
        assert refused.value.code == code
        assert not w.sim.posted()


@pytest.mark.parametrize("level", [0, 1])
async def test_an_account_that_may_not_buy_options_is_told_so_before_anything_is_sent(level):
    async with driven() as w, w.open() as session:
        w.sim.account(KEY).options_level = level
        instrument = await option(session)
        with pytest.raises(Denied) as refused:
            await session.submit(order(instrument, "1"))
        assert refused.value.code == "options_level"
        assert f"options level {level}" in refused.value.text
        assert not w.sim.posted()
        assert any("Options cannot be bought" in note for note in (await session.verify()).notes)
        # Approved a moment later: a refusal is never remembered.
        w.sim.account(KEY).options_level = 2
        await session.submit(order(instrument, "1"))


async def test_the_level_is_asked_for_once_and_never_for_an_exit():
    async with driven() as w, w.open() as session:
        instrument = await long_two(w, session)
        await session.submit(order(instrument, "1"))
        assert len(w.seen("GET", "/v2/account")) == 1
        await w.clock.advance(700)
        w.sim.account(KEY).options_level = 1
        await session.close_position(instrument, "close-1")
        assert len(w.seen("GET", "/v2/account")) == 1


@pytest.mark.parametrize("action", [FaultAction.DROP_BEFORE_EXECUTE, FaultAction.GARBAGE_BODY])
async def test_a_level_that_cannot_be_read_makes_no_order_unknown(action):
    async with driven() as w, w.open() as session:
        instrument = await option(session)
        w.faults.add("GET /v2/account", action, times=9)
        sent = await session.submit(order(instrument, "1"))
        assert sent.state is OrderState.WORKING
        assert len(w.sim.orders(KEY)) == len(w.sim.posted()) == 1


async def test_a_level_refused_by_alpaca_is_named():
    async with driven() as w, w.open() as session:
        instrument = await option(session)
        w.faults.add("POST /v2/orders", FaultAction.STATUS, status=403, body=examples.LEVEL_REFUSAL)
        with pytest.raises(Rejected) as refused:
            await session.submit(order(instrument, "1"))
        assert refused.value.code == "options_level"


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "name"),
    [
        (403, 40310000, "account not authorized to trade options", Rejected, "options_level"),
        (
            403,
            40310000,
            "account not eligible to trade uncovered option contracts",
            InsufficientFunds,
            "insufficient_quantity",
        ),
        (
            403,
            40310000,
            "insufficient options buying power (required: 20310, available: 9395)",
            InsufficientFunds,
            "insufficient_funds",
        ),
        (
            403,
            40310000,
            "exceeded account limit for contracts expiring today (requested: 1, held+open: 9, limit: 9)",
            Rejected,
            "expires_today",
        ),
        (
            403,
            40310000,
            "active assignment lock on AAPL260619C00100000, cannot close all long options",
            Rejected,
            "assignment_lock",
        ),
        (422, 42210000, f'contract "{OCC}" expires soon, unable to open', Rejected, "expires_today"),
        (422, 42210000, f'contract "{OCC}" not found', NotTradable, "not_tradable"),
        (422, 42210000, f'contract "{OCC}" is expired', NotTradable, "not_tradable"),
        (
            422,
            42210000,
            "options market orders are only allowed during market hours",
            MarketClosed,
            "market_closed",
        ),
    ],
)
async def test_documented_refusals_are_told_apart(status, code, message, kind, name):
    async with driven() as w, w.open() as session:
        instrument = await option(session)
        body = {"code": code, "message": message}
        w.faults.add("POST /v2/orders", FaultAction.STATUS, status=status, body=body)
        with pytest.raises(kind) as refused:
            await session.submit(order(instrument, "1"))
        assert (type(refused.value), refused.value.code) == (kind, name)


# The last day


async def test_on_its_last_day_an_option_is_opened_until_half_past_three_and_closed_after():
    async with driven(LAST_DAY) as w, w.open() as session:
        instrument = await long_two(w, session)
        await w.clock.advance(5.5 * 3600)  # 15:30 in New York
        with pytest.raises(Denied) as refused:
            await session.submit(order(instrument, "1"))
        assert refused.value.code == "expires_today"
        await session.close_position(instrument, "close-1")
        assert list(await session.positions()) == []


async def test_an_option_that_is_over_is_neither_bought_nor_sold():
    async with driven(LAST_DAY) as w, w.open() as session:
        instrument = await long_two(w, session)
        await w.clock.advance(24 * 3600)
        sale = order(instrument, "1", side=Side.SELL, effect=PositionEffect.CLOSE)
        for request in (order(instrument, "1"), sale):
            with pytest.raises(Denied) as refused:
                await session.submit(request)
            assert refused.value.code == "option_expired"
        assert len(w.sim.posted()) == 1


async def test_a_market_close_outside_hours_says_that_the_market_is_closed():
    start = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
    async with driven(start, always_open=False) as w, w.open() as session:
        instrument = await long_two(w, session)
        await w.clock.advance(3600)
        with pytest.raises(MarketClosed):
            await session.close_position(instrument, "close-1")


# Exits


async def test_a_stop_rests_on_an_option_position_until_it_is_touched():
    async with driven() as w, w.open() as session:
        instrument = await long_two(w, session)
        assert session.manifest.classes[AssetClass.OPTION].bracket is BracketKind.SOFTWARE
        stop = await session.set_stop_loss(instrument, D(2), D("3.50"), "stop-1")
        body = w.bodies()[1]
        assert (body["type"], body["stop_price"], body["time_in_force"]) == ("stop", "3.5", "gtc")
        assert (body["side"], body["position_intent"]) == ("sell", "sell_to_close")
        moved = await session.replace(stop.broker_order_id, stop_price=D("3.80"))
        assert moved.stop_price == D("3.80")
        w.sim.end_day()
        assert [o.broker_order_id for o in await session.open_orders()] == [moved.broker_order_id]
        w.market.set(OCC, D("3.70"), D("3.80"))
        assert list(await session.positions()) == []
        assert (await session.order(moved.broker_order_id)).state is OrderState.FILLED


async def test_a_target_rests_on_an_option_position_and_holds_its_contracts():
    async with driven() as w, w.open() as session:
        instrument = await long_two(w, session)
        await session.set_take_profit(instrument, D(2), D(8), "target-1")
        assert w.bodies()[1]["position_intent"] == "sell_to_close"
        with pytest.raises(InsufficientFunds) as refused:
            await session.set_stop_loss(instrument, D(2), D(3), "stop-1")
        assert refused.value.code == "insufficient_quantity"
        w.market.set(OCC, D("8.10"), D("8.20"))
        assert list(await session.positions()) == []


async def test_an_exit_of_contracts_that_are_gone_never_becomes_a_short():
    async with driven() as w, w.open() as session:
        instrument = await long_two(w, session)
        await session.close_position(instrument, "close-1")
        late = order(instrument, "2", side=Side.SELL, effect=PositionEffect.CLOSE)
        with pytest.raises(InsufficientFunds) as refused:
            await session.submit(late)
        assert refused.value.code == "insufficient_quantity"
        assert list(await session.positions()) == []


# History


async def test_exercises_assignments_and_expiries_are_shown_and_are_not_ours():
    async with driven() as w, w.open() as session:
        w.sim.account(KEY).activities = list(examples.ACTIVITIES)
        sent = await session.submit(limit(await option(session), "1", "1"))
        mine, *rest = await session.history(HistoryFilter())
        assert mine.broker_order_id == sent.broker_order_id
        assert [r.client_order_id for r in rest] == [None] * 4
        assert [(r.symbol, r.side, r.quantity, r.average_price) for r in rest] == [
            ("QS240301C00010500", Side.SELL, D(1), None),
            ("QS240301C00004500", Side.BUY, D(1), None),
            ("QS", Side.SELL, D(100), D("4.5")),
            ("QS240301C00006500", Side.SELL, D(1), None),
        ]
        assert all("no order of this bot" in r.reason for r in rest)
        assert await session.history(HistoryFilter(states=frozenset({OrderState.CANCELLED}))) == []
        (only,) = await session.history(HistoryFilter(symbol="QS"))
        assert only.symbol == "QS"
        assert len(await session.history(HistoryFilter(limit=2))) == 2


async def test_a_server_without_activities_still_has_a_history():
    async with driven() as w, w.open() as session:
        missing = {"code": 40410000, "message": "endpoint not found."}
        w.faults.add("GET /v2/account/activities", FaultAction.STATUS, status=404, body=missing)
        assert await session.history(HistoryFilter(since=w.clock.now() - timedelta(days=1))) == []


async def test_orders_of_several_legs_made_elsewhere_are_passed_over():
    async with driven() as w, w.open() as session:
        mleg = {"id": "x", "order_class": "mleg", "symbol": None, "side": None, "status": "new", "legs": []}
        w.faults.add("GET /v2/orders", FaultAction.STATUS, times=2, status=200, body=[mleg])
        assert await session.open_orders() == []
