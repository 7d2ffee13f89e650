"""Every kind of order through the real SDK, judged by the bytes that arrived and what became of them."""

from decimal import Decimal

import pytest

from domain.broker import HistoryFilter
from domain.errors import Denied, InsufficientFunds, NotFound, NotTradable, Rejected
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import LegRole, OrderState, OrderType, PositionEffect, Side, TimeInForce
from tests.integration.alpaca_world import KEY, coin, limit, order, stock, world

D = Decimal


@pytest.mark.parametrize(
    ("changes", "wire"),
    [
        ({}, {"type": "market", "qty": "10"}),
        (
            {"order_type": OrderType.LIMIT, "limit_price": D(90), "time_in_force": TimeInForce.GTC},
            {"type": "limit", "limit_price": "90", "time_in_force": "gtc"},
        ),
        ({"order_type": OrderType.STOP, "stop_price": D(110)}, {"type": "stop", "stop_price": "110"}),
        (
            {"order_type": OrderType.STOP_LIMIT, "stop_price": D(110), "limit_price": D("110.5")},
            {"type": "stop_limit", "stop_price": "110", "limit_price": "110.5"},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "trail_percent": D("1.5")},
            {"type": "trailing_stop", "trail_percent": "1.5"},
        ),
        (
            {"order_type": OrderType.TRAILING_STOP, "trail_amount": D("2.25")},
            {"type": "trailing_stop", "trail_price": "2.25"},
        ),
        ({"quantity": None, "notional": D("150.559")}, {"type": "market", "notional": "150.55"}),
        ({"quantity": D("0.5")}, {"qty": "0.5", "time_in_force": "day"}),
        (
            {"take_profit": D(120), "stop_loss": D(80), "stop_loss_limit": D(79)},
            {
                "order_class": "bracket",
                "take_profit": {"limit_price": "120"},
                "stop_loss": {"stop_price": "80", "limit_price": "79"},
            },
        ),
        ({"stop_loss": D(80)}, {"order_class": "oto", "stop_loss": {"stop_price": "80"}}),
    ],
)
async def test_an_order_arrives_as_asked(changes, wire):
    async with world() as w, w.open() as session:
        request = order(await stock(session), **changes)
        sent = await session.submit(request)
        (body,) = w.bodies()
        assert body["client_order_id"] == request.client_order_id == sent.client_order_id
        assert {name: body.get(name) for name in wire} == wire
        assert ("qty" in body) != ("notional" in body)


async def test_a_market_order_is_accepted_first_and_filled_by_the_next_look():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        sent = await session.submit(request)
        assert (sent.state, sent.filled_quantity) == (OrderState.WORKING, 0)
        done = await session.order(sent.broker_order_id)
        assert (done.state, done.filled_quantity, done.average_price) == (OrderState.FILLED, D(10), D(100))


async def test_a_bracket_is_one_request_and_its_target_ends_its_stop():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await stock(session), take_profit=D(120), stop_loss=D(80)))
        assert [leg.role for leg in sent.legs] == [LegRole.TAKE_PROFIT, LegRole.STOP_LOSS]
        w.market.set("AAPL", D(121), D(122))
        after = await session.order(sent.broker_order_id)
        assert [leg.state for leg in after.legs] == [OrderState.FILLED, OrderState.CANCELLED]
        assert list(await session.positions()) == []
        assert len(w.sim.posted()) == 1


async def test_an_oco_ties_a_target_and_a_stop_to_a_position():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        oco = order(
            instrument,
            side=Side.SELL,
            effect=PositionEffect.CLOSE,
            order_type=OrderType.LIMIT,
            limit_price=D(120),
            take_profit=D(120),
            stop_loss=D(80),
            time_in_force=TimeInForce.GTC,
        )
        sent = await session.submit(oco)
        assert w.bodies()[1]["order_class"] == "oco"
        assert "limit_price" not in w.bodies()[1]
        assert (sent.role, sent.legs[0].role) == (LegRole.TAKE_PROFIT, LegRole.STOP_LOSS)
        w.market.set("AAPL", D(79), D(80))
        after = await session.order(sent.broker_order_id)
        assert (after.state, after.legs[0].state) == (OrderState.CANCELLED, OrderState.FILLED)


async def test_a_changed_order_gets_a_new_id_and_the_old_one_names_it():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        new = await session.replace(sent.broker_order_id, limit_price=D("91.129"), quantity=D(7))
        assert new.broker_order_id != sent.broker_order_id
        assert (new.limit_price, new.quantity) == (D("91.13"), D(7))
        old = await session.order(sent.broker_order_id)
        assert old.replaced_by == new.broker_order_id
        assert old.state is OrderState.WORKING  # the change ended nothing
        (working,) = await session.open_orders()
        assert working.broker_order_id == new.broker_order_id


async def test_a_stop_of_a_filled_bracket_can_be_moved():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await stock(session), take_profit=D(120), stop_loss=D(80)))
        stop = next(leg for leg in sent.legs if leg.role is LegRole.STOP_LOSS)
        await session.replace(stop.broker_order_id, stop_price=D(95))
        (parent,) = await session.open_orders()
        assert {leg.stop_price for leg in parent.legs if leg.role is LegRole.STOP_LOSS} == {D(95)}
        w.market.set("AAPL", D(94), D(95))
        assert list(await session.positions()) == []


async def test_an_order_that_is_over_cannot_be_changed():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await stock(session)))
        with pytest.raises(Rejected):
            await session.replace(sent.broker_order_id, quantity=D(3))
        with pytest.raises(Denied):
            await session.replace(sent.broker_order_id)


async def test_cancelling_what_is_over_is_success_and_an_unknown_order_is_not():
    async with world() as w, w.open() as session:
        done = await session.submit(order(await stock(session)))
        await session.cancel(done.broker_order_id)
        with pytest.raises(NotFound):
            await session.cancel("6e2f1c1e-0000-4000-8000-000000000000")


async def test_coins_trade_by_quantity_and_by_amount():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument, "0.123456789123"))
        await session.submit(order(instrument, None, notional=D(500)))
        await session.submit(limit(instrument, "45000.123", "0.1"))
        first, second, third = w.bodies()
        assert (first["symbol"], first["qty"]) == ("BTC/USD", "0.123456789")
        assert second["notional"] == "500"
        assert third["limit_price"] == "45000.12"
        (position,) = await session.positions()
        assert (position.instrument.symbol, position.instrument.broker_symbol) == ("BTCUSD", "BTC/USD")


async def test_a_coins_stop_is_a_stop_limit_with_room():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        await session.submit(order(instrument, "0.1"))
        await session.set_stop_loss(instrument, D("0.1"), D(48000), "stop-1")
        body = w.bodies()[1]
        assert (body["type"], body["stop_price"], body["limit_price"]) == ("stop_limit", "48000", "47040")
        assert (body["side"], body["time_in_force"]) == ("sell", "gtc")


async def test_protection_of_a_short_buys_back():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument, side=Side.SELL))
        (position,) = await session.positions()
        assert position.quantity == D(-10)
        stop = await session.set_stop_loss(instrument, D(-10), D(110), "stop-1")
        assert (stop.side, stop.order_type) == (Side.BUY, OrderType.STOP)
        await session.cancel(stop.broker_order_id)
        target = await session.set_take_profit(instrument, D(-10), D(90), "target-1")
        assert (target.side, target.limit_price) == (Side.BUY, D(90))


async def test_a_position_is_closed_under_our_own_id():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        await session.close_position(instrument, "close-part", D(4))
        await session.close_position(instrument, "close-rest")
        assert [(b["client_order_id"], b["qty"]) for b in w.bodies()[1:]] == [
            ("close-part", "4"),
            ("close-rest", "6"),
        ]
        assert list(await session.positions()) == []
        with pytest.raises(NotFound):
            await session.close_position(instrument, "close-nothing")
        assert not w.seen("DELETE", "/v2/positions/AAPL")


async def test_closing_a_position_that_orders_hold_says_so_and_sends_nothing():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument, take_profit=D(120), stop_loss=D(80)))
        with pytest.raises(InsufficientFunds) as refused:
            await session.close_position(instrument, "close-1")
        assert refused.value.code == "held_for_orders"
        assert len(w.sim.posted()) == 1


async def test_a_part_of_a_share_is_closed_whole():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument, "0.75"))
        await session.close_position(instrument, "close-1")
        assert w.bodies()[1]["qty"] == "0.75"
        assert list(await session.positions()) == []


@pytest.mark.parametrize("written", ["BTC", "BTCUSD", "BTCUSDT", "BTCUSDC"])
async def test_a_coin_is_found_however_it_is_written(written):
    async with world() as w, w.open() as session:
        for kind in (None, AssetClass.CRYPTO):
            found = await session.resolve(InstrumentQuery(symbol=written, asset_class=kind))
            assert (found.symbol, found.broker_symbol) == ("BTCUSD", "BTC/USD")
        assert len(w.seen("GET", "/v2/assets")) == 1


@pytest.mark.parametrize("written", ["NOSUCHUSDT", "HALT", "ZZZZ", "..", "A/B", "AAPL?x=1"])
async def test_what_alpaca_does_not_trade_is_not_resolved(written):
    async with world() as w, w.open() as session:
        with pytest.raises(NotTradable):
            await session.resolve(InstrumentQuery(symbol=written))


async def test_fees_are_nothing_on_buys_and_something_on_sells_and_coins():
    async with world() as w, w.open() as session:
        instrument, bitcoin = await stock(session), await coin(session)
        assert (await session.fees(order(instrument))).amount == 0
        sell = await session.fees(limit(instrument, "100", "1000", side=Side.SELL))
        assert D(1) < sell.amount < D(10)
        bought = await session.fees(order(bitcoin, "1"))
        assert D(120) < bought.amount < D(130)
        assert sell.estimated
        assert bought.note


async def test_history_goes_back_over_more_than_one_page():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        for number in range(520):
            w.sim.engine.place(
                KEY, limit(w.market.instrument("AAPL"), "50", "1", client_order_id=f"o{number}")
            )
        last = await session.submit(limit(instrument, "90"))
        found = await session.history(HistoryFilter(limit=510))
        assert len({r.broker_order_id for r in found}) == 510
        assert found[0].broker_order_id == last.broker_order_id
        pages = w.seen("GET", "/v2/orders")
        assert len(pages) == 2


async def test_a_restricted_account_is_shown_as_such():
    async with world() as w, w.open() as session:
        w.sim.account(KEY).blocked = True
        assert "does not let this account trade" in (await session.verify()).state.restricted


async def test_live_keys_on_paper_are_caught_before_anything_is_sent():
    async with world() as w, w.open(key="AKLIVELIVELIVELIVE01") as session:
        with pytest.raises(Denied) as refused:
            await session.verify()
        assert refused.value.code == "wrong_environment"
        assert not w.sim.requests


async def test_orders_wait_for_the_session_when_the_market_is_closed():
    from datetime import UTC, datetime

    from sim.clock import DrivenClock

    clock = DrivenClock(datetime(2026, 3, 7, 15, 0, tzinfo=UTC))  # a Saturday
    async with world(clock, always_open=False) as w, w.open() as session:
        sent = await session.submit(order(await stock(session)))
        assert (await session.order(sent.broker_order_id)).state is OrderState.WORKING
        await clock.advance(2 * 86400)
        w.market.set("AAPL", D(99), D(100))
        assert (await session.order(sent.broker_order_id)).state is OrderState.FILLED
