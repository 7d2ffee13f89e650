"""Close each trap of trading at Schwab: no client ids, 201 for what is rejected, silent statuses, floats."""

import asyncio
import json
from datetime import timedelta

import pytest

from domain.broker import HistoryFilter
from domain.errors import (
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    MarketClosed,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import LegRole, OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.market import HARD_TO_BORROW, UNTRADABLE
from tests.integration.schwab_world import NUMBER, D, limit, option, order, stock, world
from tests.support import eventually

CALL = "AAPL270115C00100000"


async def test_prices_leave_as_text_and_quantities_as_whole_numbers():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90.10", "3.9"))
        (body,) = w.bodies()
        assert body["price"] == "90.1"
        assert body["orderLegCollection"][0]["quantity"] == 3
        assert body["session"] == "NORMAL"
        assert body["orderStrategyType"] == "SINGLE"


async def test_a_bracket_leaves_as_a_trigger_with_an_oco_that_rests_until_cancelled():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80)))
        (body,) = w.bodies()
        assert body["orderStrategyType"] == "TRIGGER"
        (oco,) = body["childOrderStrategies"]
        assert oco["orderStrategyType"] == "OCO"
        target, stop = oco["childOrderStrategies"]
        assert (target["orderType"], target["price"]) == ("LIMIT", "110")
        assert (stop["orderType"], stop["stopPrice"]) == ("STOP", "80")
        assert {leg["duration"] for leg in (target, stop)} == {"GOOD_TILL_CANCEL"}
        assert {leg["orderLegCollection"][0]["instruction"] for leg in (target, stop)} == {"SELL"}


async def test_an_order_taken_with_201_and_then_rejected_is_a_refusal():
    async with world() as w, w.open() as session:
        with pytest.raises(InsufficientFunds):
            await session.submit(limit(await stock(session), "100", "100000"))
        assert w.sim.posted()[0].status == 201
        (dead,) = await session.history(HistoryFilter())
        assert dead.state is OrderState.REJECTED
        assert "buying power" in dead.reason


async def test_a_location_that_names_another_order_is_not_believed():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        other = await session.submit(limit(instrument, "80", "1"))
        w.sim.world.wrong_location.append(int(other.broker_order_id))
        request = limit(instrument, "90")
        with pytest.raises(OutcomeUnknown) as told:
            await session.submit(request)
        assert told.value.code == "wrong_location"
        found = await session.find_order(request.client_order_id)
        assert (found.quantity, found.limit_price) == (D(10), D(90))
        assert found.broker_order_id != other.broker_order_id


async def test_an_answer_without_a_location_is_looked_up():
    async with world() as w, w.open() as session:
        w.sim.world.omit_location.append(True)
        request = limit(await stock(session), "90")
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert found.state is OrderState.WORKING
        assert found.client_order_id == request.client_order_id


async def test_an_order_that_cannot_be_read_back_is_unknown_and_found_by_its_number():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add(f"GET {w.base}/orders/*", FaultAction.STATUS, times=3, status=503)
        with pytest.raises(OutcomeUnknown) as told:
            await session.submit(request)
        assert told.value.code == "unverified"
        assert (await session.find_order(request.client_order_id)).quantity == 10
        assert w.seen("GET", f"{w.base}/orders") == []


async def test_an_order_not_yet_readable_after_its_201_is_asked_for_again():
    async with world() as w, w.open() as session:
        body = {"message": "Order not found"}
        w.faults.add(f"GET {w.base}/orders/*", FaultAction.STATUS, status=404, body=body)
        assert (await session.submit(limit(await stock(session), "90"))).quantity == 10


async def test_no_twin_is_sent_while_an_order_is_in_doubt():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.faults.add(f"POST {w.base}/orders", FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(limit(instrument, "90"))
        with pytest.raises(Denied) as told:
            await session.submit(limit(instrument, "90"))
        assert told.value.code == "twin_in_doubt"
        await session.submit(limit(instrument, "90.01"))
        assert len(w.sim.posted()) == 2


async def test_a_twin_is_sent_again_once_the_doubt_can_land_no_more():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        instrument = await stock(session)
        w.faults.add(f"POST {w.base}/orders", FaultAction.DROP_BEFORE_EXECUTE)
        lost = limit(instrument, "90")
        with pytest.raises(OutcomeUnknown):
            await session.submit(lost)
        await clock.advance(120)
        twin = await session.submit(limit(instrument, "90"))
        with pytest.raises(NotFound):
            await session.find_order(lost.client_order_id)
        assert twin.state is OrderState.WORKING


async def test_a_twin_may_follow_as_soon_as_the_first_was_found():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.faults.add(f"POST {w.base}/orders", FaultAction.EXECUTE_THEN_DROP)
        first, second = limit(instrument, "90"), limit(instrument, "90")
        with pytest.raises(OutcomeUnknown):
            await session.submit(first)
        sent = await session.submit(second)
        found = await session.find_order(first.client_order_id)
        assert found.broker_order_id != sent.broker_order_id
        assert len(w.sim.orders(NUMBER)) == 2


async def test_twins_sent_together_are_told_apart():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.faults.add(f"POST {w.base}/orders", FaultAction.EXECUTE_THEN_DROP)
        requests = [limit(instrument, "90") for _ in range(4)]
        await asyncio.gather(*(session.submit(r) for r in requests), return_exceptions=True)
        numbers = set()
        for request in requests:
            try:
                numbers.add((await session.find_order(request.client_order_id)).broker_order_id)
            except NotFound:
                continue
        assert len(numbers) == len(w.sim.orders(NUMBER)) == len(w.sim.posted())


async def test_an_order_placed_by_hand_before_is_not_taken_for_ours():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        w.sim.engine.place(NUMBER, limit(w.market.instrument("AAPL"), "90"))
        await clock.advance(60)
        request = limit(await stock(session), "90")
        w.faults.add(f"POST {w.base}/orders", FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        with pytest.raises(NotFound):
            await session.find_order(request.client_order_id)
        assert [r.client_order_id for r in await session.open_orders()] == [None]


async def test_two_orders_that_fit_are_left_to_a_person():
    async with world() as w, w.open() as session:
        w.sim.engine.place(NUMBER, limit(w.market.instrument("AAPL"), "90"))
        request = limit(await stock(session), "90")
        w.faults.add(f"POST {w.base}/orders", FaultAction.EXECUTE_THEN_DROP)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        with pytest.raises(OutcomeUnknown) as told:
            await session.find_order(request.client_order_id)
        assert told.value.code == "ambiguous"


async def test_what_this_process_knows_of_its_orders_outlives_a_reconnect():
    async with world() as w:
        async with w.open() as session:
            request = limit(await stock(session), "90")
            sent = await session.submit(request)
        async with w.open() as session:
            found = await session.find_order(request.client_order_id)
            assert found.broker_order_id == sent.broker_order_id
            with pytest.raises(DuplicateClientId):
                await session.submit(request)


@pytest.mark.parametrize("status", [429, 400, 500, 403, 404, 302])
async def test_every_status_that_is_no_success_is_an_error_though_the_sdk_raises_none(status):
    kinds = {429: Throttled, 500: OutcomeUnknown, 302: OutcomeUnknown, 400: Rejected, 404: Rejected}
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.account()
        w.faults.add(f"POST {w.base}/orders", FaultAction.STATUS, status=status)
        with pytest.raises(Exception) as told:
            await session.submit(limit(instrument, "90"))
        assert type(told.value).__name__ == getattr(kinds.get(status), "__name__", "AuthFailed")
        assert w.sim.orders(NUMBER) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("You do not have enough available cash/buying power for this order.", InsufficientFunds),
        ("This order may result in an oversold/overbought position in your account.", InsufficientFunds),
        ("The market is closed for this trading session", MarketClosed),
        ("Invalid symbol", NotTradable),
        ("Something nobody has read before", Rejected),
    ],
)
async def test_a_refusal_at_once_is_named_by_its_sentence_and_never_shown(said, kind):
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        body = {"message": said}
        w.faults.add(f"POST {w.base}/orders", FaultAction.STATUS, status=400, body=body)
        with pytest.raises(kind) as told:
            await session.submit(limit(instrument, "90"))
        assert said not in told.value.text


async def test_a_page_of_a_proxy_is_no_refusal():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add(f"POST {w.base}/orders", FaultAction.GARBAGE_BODY, status=400)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        assert (await session.find_order(request.client_order_id)).quantity == 10


async def test_selling_what_is_held_and_selling_short_are_two_words():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument, side=Side.SELL))
        await session.close_position(instrument, "c-1")
        await session.submit(order(instrument))
        await session.submit(order(instrument, "4", side=Side.SELL))
        with pytest.raises(Denied) as told:
            await session.submit(order(instrument, "7", side=Side.SELL))
        assert told.value.code == "sell_beyond"
        words = [body["orderLegCollection"][0]["instruction"] for body in w.bodies()]
        assert words == ["SELL_SHORT", "BUY_TO_COVER", "BUY", "SELL"]


async def test_an_option_is_named_with_its_root_padded():
    async with world() as w, w.open() as session:
        w.market.set(CALL, D("4.90"), D("5.00"))
        instrument = await option(session, CALL)
        assert instrument.broker_symbol == "AAPL  270115C00100000"
        await session.submit(order(instrument, "2"))
        (position,) = await session.positions()
        assert (position.instrument.symbol, position.quantity) == (CALL, D(2))
        assert position.mark == D("4.95")
        await session.close_position(position.instrument, "c-2")
        assert list(await session.positions()) == []
        words = [body["orderLegCollection"][0]["instruction"] for body in w.bodies()]
        assert words == ["BUY_TO_OPEN", "SELL_TO_CLOSE"]


async def test_an_option_is_not_written():
    async with world() as w, w.open() as session:
        w.market.set(CALL, D("4.90"), D("5.00"))
        with pytest.raises(Denied):
            await session.submit(order(await option(session, CALL), "1", side=Side.SELL))
        assert w.sim.posted() == []


async def test_share_classes_are_written_with_a_slash_and_read_with_a_dot():
    async with world() as w, w.open() as session:
        instrument = await stock(session, "BRK.B")
        assert (instrument.symbol, instrument.broker_symbol) == ("BRK.B", "BRK/B")
        await session.submit(order(instrument, "1"))
        (position,) = await session.positions()
        assert position.instrument.symbol == "BRK.B"


async def test_an_unknown_symbol_is_listed_inside_a_200_and_halted_ones_are_told():
    async with world() as w, w.open() as session:
        for symbol, code in (
            ("ZZZZZ", "unknown_symbol"),
            (UNTRADABLE, "halted"),
            ("BTCUSD", "unknown_symbol"),
        ):
            with pytest.raises(NotTradable) as told:
                await stock(session, symbol)
            assert told.value.code == code
        assert not (await stock(session, HARD_TO_BORROW)).shortable
        with pytest.raises(Denied):
            await session.resolve(InstrumentQuery(symbol="BTCUSD", asset_class=AssetClass.CRYPTO))


async def test_an_oco_is_one_order_with_one_leg_and_cancels_whole():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        facts = {"side": Side.SELL, "effect": PositionEffect.CLOSE, "time_in_force": TimeInForce.GTC}
        sent = await session.submit(limit(instrument, "110", take_profit=D(110), stop_loss=D(90), **facts))
        (leg,) = sent.legs
        assert (sent.role, leg.role) == (LegRole.TAKE_PROFIT, LegRole.STOP_LOSS)
        moved = await session.replace(leg.broker_order_id, stop_price=D(95))
        assert moved.stop_price == D(95)
        await session.cancel(sent.broker_order_id)
        assert (await session.order(sent.broker_order_id)).state is OrderState.CANCELLED
        assert list(await session.open_orders()) == []


async def test_a_replaced_order_is_found_under_its_new_number_by_our_id():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        changed = await session.replace(sent.broker_order_id, limit_price=D(91))
        assert changed.broker_order_id != sent.broker_order_id
        assert (await session.find_order(request.client_order_id)).limit_price == D(91)
        assert (await session.order(sent.broker_order_id)).replaced_by == changed.broker_order_id


async def test_a_replace_whose_answer_was_lost_leads_to_its_successor():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        w.faults.add(f"PUT {w.base}/orders/*", FaultAction.EXECUTE_THEN_DROP)
        with pytest.raises(OutcomeUnknown):
            await session.replace(sent.broker_order_id, limit_price=D(91))
        old = await session.order(sent.broker_order_id)
        assert old.replaced_by is not None
        assert (await session.order(old.replaced_by)).limit_price == D(91)


async def test_an_order_replaced_elsewhere_is_never_called_cancelled():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        engine_id = w.sim.world.numbers.name(int(sent.broker_order_id))
        w.sim.engine.replace(engine_id, limit_price=D(91))
        with pytest.raises(OutcomeUnknown) as told:
            await session.order(sent.broker_order_id)
        assert told.value.code == "replaced_elsewhere"


async def test_a_partly_filled_order_is_not_replaced():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.market.set("AAPL", D(99), D(100), D(4), D(4))
        sent = await session.submit(limit(instrument, "100"))
        assert sent.filled_quantity == D(4)
        with pytest.raises(Denied) as told:
            await session.replace(sent.broker_order_id, limit_price=D(101))
        assert told.value.code == "partly_filled"


async def test_a_replaced_bracket_takes_its_legs_along():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80))
        sent = await session.submit(request)
        changed = await session.replace(sent.broker_order_id, limit_price=D(91))
        prices = {(leg.limit_price, leg.stop_price) for leg in changed.legs}
        assert prices == {(D(110), None), (None, D(80))}
        body = json.loads(w.seen("PUT", f"{w.base}/orders/{sent.broker_order_id}")[0].body)
        assert body["price"] == "91"
        assert body["childOrderStrategies"][0]["orderStrategyType"] == "OCO"


async def test_an_unknown_order_status_fails_loudly():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        raw = {"orderId": int(sent.broker_order_id), "status": "TELEPORTED"}
        raw |= {
            "orderType": "LIMIT",
            "price": 90.0,
            "quantity": 10.0,
            "enteredTime": "2026-03-02T15:00:00+0000",
        }
        leg = {
            "instruction": "BUY",
            "instrument": {"assetType": "EQUITY", "symbol": "AAPL"},
            "quantity": 10.0,
        }
        raw |= {"orderLegCollection": [leg], "orderStrategyType": "SINGLE"}
        where = f"GET {w.base}/orders/*"
        w.faults.add(where, FaultAction.STATUS, status=200, body=raw)
        with pytest.raises(OutcomeUnknown) as told:
            await session.order(sent.broker_order_id)
        assert told.value.code == "unreadable"
        for foreign in ({**raw, "orderLegCollection": [leg, leg]}, {**raw, "orderType": "NET_DEBIT"}):
            w.faults.add(f"GET {w.base}/orders", FaultAction.STATUS, status=200, body=[foreign])
            assert list(await session.open_orders()) == []


async def test_both_ends_of_a_list_are_asked_by_our_clock():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        await session.open_orders()
        (seen,) = w.seen("GET", f"{w.base}/orders")
        assert seen.query["fromEnteredTime"] == "2026-01-01T16:00:00Z"
        assert seen.query["toEnteredTime"] == "2026-03-02T15:05:00Z"


async def test_an_account_restricted_to_closing_says_so_and_refuses():
    async with world() as w, w.open() as session:
        w.login.accounts[0].closing_only = True
        assert (await session.account()).restricted
        with pytest.raises(Rejected):
            await session.submit(order(await stock(session)))


async def test_a_cash_account_has_its_buying_power_under_another_name():
    async with world() as w, w.open() as session:
        w.login.accounts[0].cash_only = True
        assert (await session.account()).buying_power > 0


async def test_reads_of_one_app_share_120_a_minute_and_orders_are_counted_apart():
    clock = DrivenClock()
    async with world(clock, app_limit=120, order_limit=120) as w, w.open() as session:
        instrument = await stock(session)
        asked = [asyncio.ensure_future(session.quote(instrument)) for _ in range(130)]

        async def all_over():
            await clock.advance(1)
            return all(task.done() for task in asked)

        await eventually(all_over, timeout=20)
        assert {type(task.exception()) for task in asked} <= {type(None), Throttled}
        assert [r for r in w.sim.requests if r.status == 429] == []
        assert len(w.seen("GET", "/marketdata/v1/quotes")) > 100


async def test_a_trailing_stop_leaves_with_its_offset_as_a_number():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        facts = {"side": Side.SELL, "effect": PositionEffect.CLOSE, "order_type": OrderType.TRAILING_STOP}
        await session.submit(order(instrument, trail_percent=D("2.5"), **facts))
        body = w.bodies()[-1]
        assert (body["stopPriceLinkType"], body["stopPriceLinkBasis"]) == ("PERCENT", "BID")
        assert body["stopPriceOffset"] == "2.5"


async def test_the_stream_is_a_bell_and_a_mute_or_garbled_one_loses_nothing():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        heard, ended = [], []

        async def listen():
            try:
                async for report in session.events():
                    heard.append(report)  # noqa: PERF401 - looked at while it grows
            except OutcomeUnknown as error:
                ended.append(error)

        task = asyncio.create_task(listen())
        await eventually(w.sim.streams.listening)
        w.sim.streams.mute = True
        missed = await session.submit(limit(instrument, "90"))
        w.sim.streams.mute = False
        told = await session.submit(limit(instrument, "91"))
        await eventually(lambda: len(heard) == 2)
        assert {r.broker_order_id for r in heard} == {missed.broker_order_id, told.broker_order_id}
        assert all(r.client_order_id for r in heard)
        w.sim.streams.send_raw("this is no JSON {")
        await asyncio.wait_for(task, 5)
        assert ended[0].code == "stream_lost"
        assert not session.is_connected()


async def test_a_closed_session_says_so_whatever_is_asked():
    async with world() as w, w.open() as session:
        await session.account()
        await session.disconnect()
        for ask in (session.account, session.positions, session.open_orders):
            with pytest.raises(Unreachable):
                await ask()


async def test_the_socket_asks_for_no_compression_which_would_cost_sixty_kilobytes_an_account():
    async with world() as w:
        async with w.open() as session:
            listening = asyncio.create_task(anext(aiter(session.events())))
            await eventually(w.sim.streams.listening)
            (asked,) = w.seen("GET", "/ws")
            assert "Sec-WebSocket-Extensions" not in asked.headers
        # It ends with its session. Before Python 3.12 a task that just heard something may forget a cancel.
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_stream_that_refuses_the_token_ends_unknown_and_renews_for_the_next_try():
    async with world() as w, w.open() as session:
        w.sim.streams.refuse_login = True
        with pytest.raises(OutcomeUnknown):
            await anext(session.events())
        await session.account()
        assert w.renewals() == 1


async def test_a_clock_that_is_five_minutes_slow_asks_for_no_more_than_schwab_lists():
    clock = DrivenClock()
    async with world(clock) as w:
        w.clock = DrivenClock(clock.now() - timedelta(minutes=5))
        async with w.open() as session:
            assert await session.open_orders() == []
