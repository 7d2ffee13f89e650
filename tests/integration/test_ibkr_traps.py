"""Each trap of TWS and of its SDK, closed: shared/reference/brokers.md section 3."""

import asyncio
import logging
import time

import pytest

from adapters.ibkr import link as link_module
from domain.accounts import Environment
from domain.errors import (
    AuthFailed,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    MarketClosed,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Sent,
    Throttled,
    Unreachable,
)
from domain.orders import LegRole, OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.faults import FaultAction
from sim.ibkr import messages
from tests.integration.ibkr_world import ACCOUNT, D, limit, order, stock, world
from tests.support import eventually

WORKING, FILLED, CANCELLED, REJECTED = (
    OrderState.WORKING,
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
)


def row(w, ref):
    return next(o for o in w.sim.orders() if o.ref == ref)


# Orders on the wire


async def test_every_order_carries_a_time_in_force_so_that_no_preset_fills_it_in():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        await session.submit(limit(stocks, "90", take_profit=D(110), stop_loss=D(80)))
        await session.submit(limit(stocks, "91", time_in_force=TimeInForce.GTC))
        assert [f[21] for f in w.placed()] == ["DAY", "GTC", "GTC", "GTC"]


async def test_numbers_go_out_exactly_as_text():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90.10", "3"))
        (fields,) = w.placed()
        assert (fields[17], fields[19], fields[20]) == ("3", "90.1", "")


async def test_our_id_and_the_account_travel_with_every_order():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80))
        await session.submit(request)
        mine = request.client_order_id
        assert [f[26] for f in w.placed()] == [mine, f"{mine}:tp", f"{mine}:sl"]
        assert {f[23] for f in w.placed()} == {ACCOUNT}


async def test_a_bracket_is_released_by_its_last_leg_only():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80)))
        entry, target, stop = w.placed()
        assert [f[27] for f in (entry, target, stop)] == ["0", "0", "1"]
        assert [f[28] for f in (entry, target, stop)] == ["0", entry[1], entry[1]]


async def test_of_a_pair_the_stop_is_sent_first_and_shrinks_with_the_target():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        await session.submit(order(stocks))
        await session.submit(
            limit(
                stocks,
                "110",
                side=Side.SELL,
                effect=PositionEffect.CLOSE,
                take_profit=D(110),
                stop_loss=D(90),
                time_in_force=TimeInForce.GTC,
            )
        )
        stop, target = w.placed()[1:]
        assert (stop[18], target[18]) == ("STP", "LMT")
        assert stop[22] == target[22] != ""
        assert (stop[47], target[47]) == ("2", "2")


async def test_the_contract_id_names_the_stock_and_a_dot_becomes_a_space():
    async with world() as w, w.open() as session:
        found = await stock(session, "BRK.B")
        assert found.symbol == "BRK.B"
        (asked,) = w.seen("reqContractDetails")
        assert asked.fields[4] == "BRK B"
        await session.submit(limit(found, "400", "1"))
        assert f"{w.placed()[0][2]}@SMART" == found.broker_symbol


# False cancels and refusals


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 10999, 105])
async def test_a_code_nobody_knows_does_not_cancel_a_working_order(code):
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        w.sim.notice(
            code, "Order TIF was set to DAY based on order preset.", row(w, request.client_order_id).order_id
        )
        await asyncio.sleep(0.02)
        assert (await session.order(sent.broker_order_id)).state is WORKING
        assert len(await session.open_orders()) == 1


async def test_an_unknown_code_in_place_of_an_answer_is_unknown_and_not_a_rejection():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=10999, text="Something new.")
        with pytest.raises(OutcomeUnknown) as caught:
            await session.submit(request)
        assert caught.value.code == "ibkr_10999"


@pytest.mark.parametrize(
    ("code", "text", "kind", "name"),
    [
        (201, "Order rejected - reason:INITIAL MARGIN insufficient", InsufficientFunds, "insufficient_funds"),
        (201, "Order rejected - reason:The exchange is closed.", MarketClosed, "market_closed"),
        (201, "Order rejected - reason:whatever", Rejected, "ibkr_201"),
        (200, "No security definition has been found for the request", NotTradable, "not_tradable"),
        (110, "The price does not conform to the minimum price variation", Rejected, "ibkr_110"),
        (321, "The API interface is currently in Read-Only mode.", Rejected, "read_only"),
        (201, "Order rejected - reason:not available for short sale", Rejected, "no_shorting"),
    ],
)
async def test_a_listed_code_is_a_proven_refusal(code, text, kind, name):
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=code, text=text)
        with pytest.raises(kind) as caught:
            await session.submit(request)
        assert (caught.value.code, caught.value.sent) == (name, Sent.YES)
        assert text not in caught.value.text


async def test_an_order_refused_after_it_was_first_shown_becomes_rejected():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        placed = row(w, request.client_order_id)
        w.sim.notice(201, "Order rejected - reason:margin", placed.order_id)
        placed.refused = "margin"
        w.sim.desk.tell(placed)
        await eventually(lambda: _is(session, sent, REJECTED))


async def _is(session, sent, state):
    return (await session.order(sent.broker_order_id)).state is state


async def test_a_refused_change_leaves_the_order_as_it_was():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        w.faults.add("TWS /modifyOrder", FaultAction.STATUS, code=201, text="Order rejected - reason:price")
        with pytest.raises(Rejected):
            await session.replace(sent.broker_order_id, limit_price=D(91))
        assert (await session.order(sent.broker_order_id)).limit_price == D(90)
        await session.cancel(sent.broker_order_id)
        assert (await session.order(sent.broker_order_id)).state is CANCELLED


async def test_too_many_messages_is_throttled_and_may_have_been_taken():
    async with world() as w, w.open() as session:
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=100)
        with pytest.raises(Throttled) as caught:
            await session.submit(limit(await stock(session), "90"))
        assert caught.value.sent is Sent.MAYBE


async def test_who_sent_tws_too_much_leaves_it_alone_for_a_second():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=100)
        with pytest.raises(Throttled):
            await session.submit(limit(instrument, "90"))
        told = time.monotonic()
        await session.submit(limit(instrument, "91"))
        assert time.monotonic() - told > 0.5


async def test_an_order_whose_status_nobody_knows_is_unreadable_and_not_over():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        placed = row(w, (await session.order(sent.broker_order_id)).client_order_id)
        odd = messages.status(placed).replace(b"Submitted", b"Suspended")
        w.sim.send(71, odd)
        await asyncio.sleep(0.02)
        with pytest.raises(OutcomeUnknown):
            await session.order(sent.broker_order_id)


# Unknown outcomes


async def test_after_a_lost_answer_the_order_is_found_by_our_id_and_not_sent_again():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add("TWS /placeOrder", FaultAction.EXECUTE_THEN_DROP)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert (found.state, found.filled_quantity, found.average_price) == (FILLED, D(10), D(100))
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        assert len(w.seen("placeOrder")) == 1


async def test_what_never_arrived_is_sent_again_under_the_same_order_number():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add("TWS /placeOrder", FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        await session.submit(request)
        first, second = w.seen("placeOrder")
        assert first.fields[1] == second.fields[1]
        assert len(w.sim.orders()) == 1


async def test_a_number_that_tws_has_used_is_a_duplicate_and_buys_nothing():
    async with world() as w, w.open() as session:
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=103, text="Duplicate order id")
        with pytest.raises(DuplicateClientId):
            await session.submit(limit(await stock(session), "90"))


async def test_an_order_that_is_never_answered_is_unknown_within_our_own_time():
    async with world(patience=0.1) as w, w.open() as session:
        w.sim.mute.add("placeOrder")
        with pytest.raises(OutcomeUnknown) as caught:
            await session.submit(limit(await stock(session), "90"))
        assert caught.value.code == "timeout"


async def test_a_frame_without_an_end_is_noticed_before_the_time_is_over():
    async with world(patience=5) as w, w.open() as session:
        w.faults.add("TWS /placeOrder", FaultAction.GARBAGE_BODY, body=b"<html>Welcome to the portal</html>")
        with pytest.raises(OutcomeUnknown) as caught:
            async with asyncio.timeout(2):
                await session.submit(limit(await stock(session), "90"))
        assert caught.value.code == "dropped"


async def test_a_second_process_finds_our_order_by_its_reference():
    async with world() as w:
        async with w.open() as session:
            request = limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80))
            sent = await session.submit(request)
        async with w.open(client_id="72") as other:
            found = await other.find_order(request.client_order_id)
            assert (found.broker_order_id, len(found.legs)) == (sent.broker_order_id, 2)
            with pytest.raises(DuplicateClientId):
                await other.submit(request)
            with pytest.raises(Denied, match="another program"):
                await other.cancel(sent.broker_order_id)


async def test_a_finished_order_has_no_number_and_is_joined_by_its_permanent_id():
    async with world() as w:
        async with w.open() as session:
            request = order(await stock(session), take_profit=D(110), stop_loss=D(90))
            sent = await session.submit(request)
        async with w.open() as session:
            found = await session.order(sent.broker_order_id)
            assert (found.state, found.quantity, found.average_price) == (FILLED, D(10), D(100))
            assert {leg.role for leg in found.legs} == {LegRole.TAKE_PROFIT, LegRole.STOP_LOSS}
            assert not any(leg.held for leg in found.legs)
            assert [f.quantity for f in found.fills] == [D(10)]


async def test_a_corrected_execution_is_one_execution():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        sent = await session.submit(request)
        placed = row(w, request.client_order_id)
        again = messages.execution(placed, placed.fills[0], 1, ACCOUNT)
        w.sim.send(71, again.replace(b".01.01\0", b".01.02\0"))
        await asyncio.sleep(0.02)
        found = await session.order(sent.broker_order_id)
        assert [f.quantity for f in found.fills] == [D(10)]
        assert found.filled_quantity == D(10)


async def test_an_execution_says_what_a_skipped_status_did_not():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        placed = row(w, request.client_order_id)
        kept = w.sim.clients.pop(71)
        w.market.set("AAPL", D(89), D(90))
        w.sim.clients[71] = kept
        w.sim.send(71, messages.execution(placed, placed.fills[0], 1, ACCOUNT))
        await eventually(lambda: _is(session, sent, FILLED))


# The connection


async def test_paper_reaches_no_live_port_whoever_names_it():
    async with world() as w:
        for fields in ({"endpoint": "127.0.0.1:7496"}, {"endpoint": "127.0.0.1:4001"}):
            with pytest.raises(Denied):
                async with w.open(**fields):
                    pass
        for port in ("7496", "4001", "9999"):
            with pytest.raises(Denied):
                async with w.open(endpoint="", port=port):
                    pass


async def test_paper_does_not_trade_in_a_login_that_turns_out_live():
    async with world(accounts=("U7654321",)) as w:
        with pytest.raises(Denied) as caught:
            async with w.open():
                pass
        assert caught.value.code == "wrong_environment"
        assert not w.placed()


async def test_live_does_not_trade_in_a_paper_login():
    async with world() as w:
        with pytest.raises(Denied):
            async with w.open(environment=Environment.LIVE):
                pass


async def test_an_account_the_login_does_not_hold_is_refused():
    async with world() as w:
        with pytest.raises(AuthFailed):
            async with w.open(account="DU9999999"):
                pass


async def test_a_login_of_several_accounts_must_name_one():
    async with world(accounts=("DU1234567", "DU7654321")) as w:
        with pytest.raises(Denied):
            async with w.open():
                pass
        async with w.open(account="DU1234567") as session:
            assert (await session.verify()).accounts == ("…4567", "…4321")


async def test_a_client_id_in_use_is_told_at_once():
    async with world() as w, w.open():
        with pytest.raises(Unreachable) as caught:
            async with asyncio.timeout(1), w.open():
                pass
        assert caught.value.code == "client_id_in_use"


async def test_nothing_listening_is_unreachable_and_nothing_was_sent():
    async with world() as w:
        address = w.sim.address
        await w.sim.stop()
        with pytest.raises(Unreachable) as caught:
            async with w.open(endpoint=address):
                pass
        assert caught.value.sent is Sent.NO


async def test_a_socket_that_never_greets_is_unreachable_in_time(monkeypatch):
    monkeypatch.setattr(link_module, "CONNECT_TIMEOUT", 0.2)
    kept = []
    silent = await asyncio.start_server(lambda _, writer: kept.append(writer), "127.0.0.1", 0)
    async with silent, world() as w:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable) as caught:
            async with w.open(endpoint=f"127.0.0.1:{port}"):
                pass
        assert caught.value.code == "no_handshake"
        for writer in kept:
            writer.close()
            await writer.wait_closed()


async def test_a_missing_end_marker_costs_no_wrong_positions(monkeypatch):
    async with world(patience=2) as w:
        async with w.open() as session:
            await session.submit(order(await stock(session)))
        monkeypatch.setattr(link_module, "CONNECT_TIMEOUT", 0.5)
        await eventually(lambda: not w.sim.clients)
        w.sim.mute.add("reqPositions")
        async with w.open() as session:
            w.sim.mute.clear()
            assert [p.quantity for p in await session.positions()] == [D(10)]


async def test_while_tws_has_lost_its_broker_nothing_is_sent():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        w.sim.notice(1100, "Connectivity between IB and Trader Workstation has been lost.")
        await eventually(lambda: not session.is_connected())
        with pytest.raises(Unreachable):
            await session.submit(limit(stocks, "90"))
        assert not w.placed()
        w.sim.notice(1102, "Connectivity restored - data maintained.")
        await eventually(session.is_connected)
        await session.submit(limit(stocks, "90"))


@pytest.mark.parametrize("code", [1101, 1102])
async def test_a_restored_link_is_a_gap_and_everything_is_read_again(code):
    async with world() as w, w.open() as session:
        await stock(session)
        stream = session.events()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.02)
        before = len(w.seen("reqAllOpenOrders"))
        w.sim.notice(code, "Connectivity restored.")
        with pytest.raises(OutcomeUnknown):
            await waiting
        again = asyncio.ensure_future(anext(session.events()))
        await eventually(lambda: len(w.seen("reqAllOpenOrders")) > before)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        assert not w.seen("reqAccountSummary")


async def test_what_changed_while_the_link_was_down_is_told_after_it():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        await session.submit(request)
        waiting = asyncio.ensure_future(anext(session.events()))
        await asyncio.sleep(0.02)
        w.sim.drop()
        with pytest.raises(OutcomeUnknown):
            await waiting
        w.market.set("AAPL", D(89), D(90))
        async for report in session.events():
            if report.state is FILLED:
                assert report.client_order_id == request.client_order_id
                break


async def test_disconnecting_frees_the_client_id():
    async with world() as w:
        for _ in range(3):
            async with w.open() as session:
                await session.account()
            await eventually(lambda: not w.sim.clients)


# Reads


async def test_the_account_can_be_asked_more_often_than_tws_allows_subscriptions():
    async with world() as w, w.open() as session:
        for _ in range(5):
            assert (await session.account()).cash == D(100_000)


async def test_two_readings_at_once_do_not_steal_each_others_answer():
    async with world() as w, w.open() as session:
        await session.submit(limit(await stock(session), "90"))
        calls = [session.open_orders() for _ in range(4)] + [session.positions() for _ in range(3)]
        async with asyncio.timeout(3):
            answers = await asyncio.gather(*calls)
        assert [len(a) for a in answers] == [1, 1, 1, 1, 0, 0, 0]


async def test_a_missing_market_data_subscription_is_no_price():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        w.sim.silent.add("AAPL")
        with pytest.raises(NotTradable) as caught:
            await session.quote(stocks)
        assert caught.value.code == "no_quote"


async def test_quotes_leave_nothing_behind_in_the_sdk():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        for _ in range(5):
            await session.quote(stocks)
        wrapper = session._link.ib.wrapper
        assert not wrapper.tickers
        assert not wrapper.reqId2Ticker


async def test_fees_are_previewed_without_an_order():
    async with world() as w, w.open() as session:
        fees = await session.fees(order(await stock(session), "1000"))
        assert (fees.amount, fees.currency, fees.estimated) == (D("5.00"), "USD", True)
        assert not w.placed()
        assert not w.sim.orders()


async def test_fees_are_estimated_where_tws_gives_no_preview():
    async with world(patience=0.1) as w, w.open() as session:
        w.sim.mute.add("whatIf")
        assert (await session.fees(order(await stock(session), "1000"))).amount == D("5.00")


# What would do harm


async def test_closing_more_than_is_held_would_sell_short_and_is_not_sent():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        await session.submit(order(stocks))
        before = len(w.placed())
        with pytest.raises(InsufficientFunds):
            await session.submit(limit(stocks, "120", "11", side=Side.SELL, effect=PositionEffect.CLOSE))
        with pytest.raises(InsufficientFunds):
            await session.submit(order(stocks, "1", side=Side.BUY, effect=PositionEffect.CLOSE))
        assert len(w.placed()) == before


async def test_the_twenty_first_order_on_a_side_is_not_sent():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        for cents in range(20):
            await session.submit(limit(stocks, f"80.{cents:02d}", "1"))
        with pytest.raises(Denied):
            await session.submit(limit(stocks, "81", "1"))
        assert len(w.placed()) == 20


async def test_a_trailing_stop_is_not_moved_by_overwriting_its_distance():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        await session.submit(order(stocks))
        sent = await session.submit(
            order(
                stocks,
                side=Side.SELL,
                order_type=OrderType.TRAILING_STOP,
                trail_percent=D(10),
                effect=PositionEffect.CLOSE,
            )
        )
        with pytest.raises(Denied):
            await session.replace(sent.broker_order_id, stop_price=D(95))


async def test_an_entry_is_not_resized_away_from_its_legs():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80)))
        with pytest.raises(Denied):
            await session.replace(sent.broker_order_id, quantity=D(4))
        changed = await session.replace(sent.broker_order_id, limit_price=D(91))
        assert (changed.limit_price, changed.quantity, len(changed.legs)) == (D(91), D(10), 2)
        assert len(w.seen("modifyOrder")) == 1


async def test_the_account_number_is_in_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    async with world() as w, w.open() as session:
        await session.submit(order(await stock(session)))
        await session.positions()
        w.sim.drop()
    assert ACCOUNT not in caplog.text
    assert ACCOUNT not in repr(session)


async def test_the_rate_stays_below_what_tws_takes():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        await asyncio.gather(*(session.quote(stocks) for _ in range(60)))
        times = [r.at.timestamp() for r in w.sim.requests]
        assert max(sum(1 for t in times if at <= t < at + 1) for at in times) <= 50


def test_the_sdk_works_on_a_loop_that_asyncio_was_not_told_of():
    async def trade():
        async with world() as w, w.open() as session:
            sent = await session.submit(limit(await stock(session), "90"))
            return sent.state

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(trade()) is WORKING
