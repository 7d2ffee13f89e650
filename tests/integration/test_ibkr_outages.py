"""What TWS and the Gateway do over a day: cut lines, restarts, stuck client ids, odd codes, late lists."""

import asyncio
import contextlib

import pytest

from adapters.ibkr import numbers
from domain.broker import HistoryFilter
from domain.errors import (
    BrokerError,
    DuplicateClientId,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Sent,
    Unreachable,
)
from domain.orders import OrderState
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.ibkr_world import D, limit, order, stock, world
from tests.support import end, eventually

WORKING, FILLED, CANCELLED = OrderState.WORKING, OrderState.FILLED, OrderState.CANCELLED
LOST = (1100, "Connectivity between IB and Trader Workstation has been lost.")


def row(w, ref):
    return next(o for o in w.sim.orders() if o.ref == ref)


# 1100, 1101, 1102, 2110


async def test_1100_what_tws_does_not_know_while_it_is_cut_off_is_not_called_absent():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        w.faults.add("TWS /placeOrder", FaultAction.DROP_BEFORE_EXECUTE)
        request = limit(stocks, "90")
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        await session.account()
        w.sim.notice(*LOST)
        await eventually(lambda: not session.is_connected())
        with pytest.raises(Unreachable):
            await session.find_order(request.client_order_id)
        w.sim.notice(1102, "Connectivity restored - data maintained.")
        await eventually(session.is_connected)
        with pytest.raises(NotFound):
            await session.find_order(request.client_order_id)


async def test_1100_during_a_submit_leaves_it_unknown_and_1102_lets_it_be_found():
    async with world(patience=0.2) as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.sim.mute.add("placeOrder")
        waiting = asyncio.ensure_future(session.submit(request))
        await eventually(lambda: w.seen("placeOrder"))
        w.sim.notice(*LOST)
        with pytest.raises(OutcomeUnknown):
            await waiting
        w.sim.desk.place(list(w.placed()[0]), 71)  # it went out once the line was back
        w.sim.notice(1102, "Connectivity restored - data maintained.")
        assert (await session.find_order(request.client_order_id)).state is WORKING
        with pytest.raises(DuplicateClientId):
            await session.submit(request)


async def test_1100_a_change_is_not_sent_into_a_cut_line():
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        w.sim.notice(*LOST)
        await eventually(lambda: not session.is_connected())
        with pytest.raises(Unreachable) as caught:
            await session.replace(sent.broker_order_id, limit_price=D(91))
        assert (caught.value.code, caught.value.sent) == ("link_lost", Sent.NO)
        assert not w.seen("modifyOrder")


@pytest.mark.parametrize("code", [1101, 1102])
async def test_1101_and_1102_bring_what_was_filled_in_between(code):
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        kept = w.sim.clients.pop(71)
        w.market.set("AAPL", D(89), D(90))  # filled while nothing was told
        w.sim.clients[71] = kept
        w.sim.notice(*LOST)
        await eventually(lambda: not session.is_connected())
        w.sim.notice(code, "Connectivity restored.")
        await eventually(session.is_connected)
        assert (await session.order(sent.broker_order_id)).state is FILLED


async def test_2110_ends_when_a_farm_is_there_again_but_1100_does_not():
    async with world() as w, w.open() as session:
        for code, back in ((2110, True), (1100, False)):
            w.sim.notice(code, "Connectivity between Trader Workstation and server is broken.")
            await eventually(lambda: not session.is_connected())
            w.sim.notice(2104, "Market data farm connection is OK:usfarm")
            await session.account()  # behind it on the wire
            assert session.is_connected() is back


# The daily restart, reconnects


async def test_a_daily_restart_is_unreachable_and_then_everything_is_as_it_was():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        request = limit(stocks, "90", take_profit=D(110), stop_loss=D(80))
        sent = await session.submit(request)
        port = w.sim.port
        await w.sim.stop()
        await eventually(lambda: not session.is_connected())
        for _ in range(2):
            with pytest.raises(Unreachable) as caught:
                await session.submit(limit(stocks, "91"))
            assert caught.value.sent is Sent.NO
        await w.sim.start(port)
        found = await session.find_order(request.client_order_id)
        assert (found.broker_order_id, found.state, len(found.legs)) == (sent.broker_order_id, WORKING, 2)
        await session.cancel(sent.broker_order_id)
        later = await session.submit(limit(stocks, "91"))
        numbers = [f[1] for f in w.placed()]
        assert len(set(numbers)) == len(numbers) == 4
        assert later.state is WORKING


async def test_orders_sent_after_a_reconnect_are_heard_of_as_before():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        for price in ("90", "91", "92"):
            w.sim.drop()
            await eventually(lambda: not session.is_connected())
            assert (await session.submit(limit(stocks, price))).state is WORKING
        assert len(await session.open_orders()) == 3
        assert len(w.seen("startApi")) == 4


async def test_many_callers_after_a_drop_make_one_connection():
    async with world() as w, w.open() as session:
        w.sim.drop()
        await eventually(lambda: not session.is_connected())
        await asyncio.gather(*(session.positions() for _ in range(5)), session.account())
        assert len(w.seen("startApi")) == 2


# 326: client ids


async def test_326_a_client_id_that_is_stuck_after_a_crash_works_again_once_tws_lets_it_go():
    async with world() as w, w.open() as session:
        w.sim.stuck.add(71)
        w.sim.drop()
        await eventually(lambda: not session.is_connected())
        with pytest.raises(Unreachable) as caught:
            async with asyncio.timeout(5):
                await session.account()
        assert caught.value.code == "client_id_in_use"
        assert "client ID" in caught.value.text
        w.sim.stuck.clear()
        assert (await session.account()).cash == D(100_000)


async def test_326_two_members_of_one_gateway_have_client_ids_of_their_own():
    async with world() as w, w.open() as one, w.open(client_id="72") as two:
        stocks = await stock(one)
        request = limit(stocks, "90")
        first, second = await one.submit(request), await two.submit(limit(stocks, "91"))
        assert first.broker_order_id != second.broker_order_id
        assert {o.client_id for o in w.sim.orders()} == {71, 72}
        assert (await two.find_order(request.client_order_id)).broker_order_id == first.broker_order_id


# Codes about an order


@pytest.mark.parametrize("code", [10349, 399, 2109, 404, 10311, 105])
async def test_a_warning_before_the_answer_does_not_spoil_it(code):
    async with world() as w, w.open() as session:
        w.sim.desk.warning = (code, "Order TIF was set to DAY based on order preset.")
        assert (await session.submit(limit(await stock(session), "90"))).state is WORKING


async def test_a_code_nobody_knows_before_the_answer_is_unknown_and_the_order_is_found():
    async with world() as w, w.open() as session:
        w.sim.desk.warning = (10999, "Something new.")
        request = limit(await stock(session), "90")
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        assert (await session.find_order(request.client_order_id)).state is WORKING
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        assert len(w.placed()) == 1


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        (202, "Order Canceled - reason:", None),
        (161, "Cancel attempted when order is not in a cancellable state. Order permId =1", Rejected),
        (10148, "OrderId 1 that needs to be cancelled can not be cancelled, state: Filled.", None),
        (10147, "OrderId 1 that needs to be cancelled is not found.", NotFound),
    ],
)
async def test_161_10147_10148_a_cancel_that_failed_says_which_way(code, text, outcome):
    async with world() as w, w.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        w.faults.add("TWS /cancelOrder", FaultAction.STATUS, code=code, text=text)
        if outcome is None:
            await session.cancel(sent.broker_order_id)
        else:
            with pytest.raises(outcome):
                await session.cancel(sent.broker_order_id)


async def test_103_an_order_under_a_used_number_is_not_called_ours():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        w.faults.add("TWS /placeOrder", FaultAction.STATUS, code=103, text="Duplicate order id")
        with pytest.raises(DuplicateClientId):
            await session.submit(request)
        with pytest.raises(NotFound):
            await session.find_order(request.client_order_id)


async def test_100_a_read_that_was_too_much_is_asked_again():
    async with world() as w, w.open() as session:
        stocks = await stock(session)
        w.faults.add("TWS /reqMktData", FaultAction.STATUS, code=100)
        assert (await session.quote(stocks)).bid == D(99)


# By our reference, over open orders, completed ones and executions


async def test_every_order_of_today_is_found_by_our_id_by_another_process():
    async with world() as w:
        async with w.open() as session:
            stocks = await stock(session)
            working, filled, gone = limit(stocks, "90"), order(stocks), limit(stocks, "91")
            await session.submit(working)
            await session.submit(filled)
            await session.cancel((await session.submit(gone)).broker_order_id)
        async with w.open(client_id="72") as other:
            states = [(await other.find_order(r.client_order_id)).state for r in (working, filled, gone)]
            assert states == [WORKING, FILLED, CANCELLED]
            assert len(await other.history(HistoryFilter())) == 3


async def test_an_execution_proves_an_order_that_no_list_holds_yet():
    async with world() as w:
        async with w.open() as session:
            request = order(await stock(session))
            await session.submit(request)
        w.sim.desk.late.add(row(w, request.client_order_id).key)
        async with w.open() as session:
            for _ in range(2):
                found = await session.find_order(request.client_order_id)
                assert found.filled_quantity == D(10)
            with pytest.raises(DuplicateClientId):
                await session.submit(request)
            w.sim.desk.late.clear()
            await session._link.sync(session_errors())
            assert (await session.find_order(request.client_order_id)).state is FILLED


def session_errors():
    from adapters.kit.errors import Errors

    return Errors(broker="ibkr", operation="test")


async def test_a_staged_entry_whose_last_leg_was_lost_is_not_an_order():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80))
        w.faults.add("TWS /placeOrder", FaultAction.DROP_BEFORE_EXECUTE)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        with pytest.raises(NotFound):
            await session.find_order(request.client_order_id)
        sent = await session.submit(request)
        assert (len(w.sim.orders()), len(sent.legs)) == (3, 2)


async def test_a_number_is_never_given_to_two_orders_across_processes():
    async with world() as w:
        for price in ("90", "91"):
            async with w.open() as session:
                await session.submit(limit(await stock(session), price))
            await eventually(lambda: not w.sim.clients)
        first, second = (int(f[1]) for f in w.placed())
        assert second > first
        assert len(w.sim.orders()) == 2


# An order in flight across a lost line


async def test_an_order_that_lands_late_never_meets_another_under_its_own_number():
    # TWS counts only what it has taken: after a lost line its next valid number is the one still in flight.
    clock = DrivenClock()
    async with world(clock=clock) as w, w.open() as session:
        stocks = await stock(session)
        w.faults.add("TWS /placeOrder", FaultAction.LATE_EXECUTE, seconds=5.0)
        first, second = limit(stocks, "90"), limit(stocks, "91")
        with pytest.raises(OutcomeUnknown):
            await session.submit(first)
        await session.account()  # the line is back
        assert (await session.submit(second)).state is WORKING
        await clock.advance(6)
        await eventually(lambda: len(w.sim.orders()) == 2)
        assert (await session.find_order(first.client_order_id)).state is WORKING
        assert (await session.find_order(second.client_order_id)).state is WORKING


async def test_a_number_in_flight_is_not_used_again_after_a_restart_either():
    clock = DrivenClock()
    async with world(clock=clock) as w:
        async with w.open() as session:
            stocks = await stock(session)
            w.faults.add("TWS /placeOrder", FaultAction.LATE_EXECUTE, seconds=5.0)
            first, second = limit(stocks, "90"), limit(stocks, "91")
            with pytest.raises(OutcomeUnknown):
                await session.submit(first)
        numbers.NUMBERS = numbers.Numbers()  # a new process knows nothing
        await clock.advance(2)
        async with w.open() as session:
            assert (await session.submit(second)).state is WORKING
            await clock.advance(6)
            await eventually(lambda: len(w.sim.orders()) == 2)
            assert (await session.find_order(first.client_order_id)).state is WORKING


async def test_an_order_told_of_by_its_end_and_by_nothing_else_is_one_order_and_no_leg_of_itself():
    async with world() as w, w.open() as session:
        stocks, told = await stock(session), []

        async def listen():
            while True:
                with contextlib.suppress(BrokerError):
                    async for report in session.events():
                        told.append(report)  # noqa: PERF401 - as they come

        listening = asyncio.create_task(listen())
        try:
            request = order(stocks)
            w.faults.add("TWS /placeOrder", FaultAction.EXECUTE_THEN_DROP)
            with pytest.raises(OutcomeUnknown):
                await session.submit(request)
            found = await session.find_order(request.client_order_id)
            assert (found.state, found.legs) == (FILLED, ())
            await eventually(lambda: any(report.state is FILLED for report in told))
            assert all(report.legs == () for report in told), "what is over is listed before the fills"
            history = await session.history(HistoryFilter())
            assert [report.broker_order_id for report in history] == [found.broker_order_id]
        finally:
            await end(listening)


# A test of settings beside the account's own session


async def test_settings_are_tested_beside_the_session_that_holds_the_client_id():
    async with world() as w, w.open() as session:
        async with w.open(trial=True) as beside:
            assert (await beside.verify()).state.number_masked == (await session.verify()).state.number_masked
        async with w.open(trial=True) as again:
            await again.verify()
        assert session.is_connected()
        with pytest.raises(Unreachable):
            async with w.open() as second:
                await second.verify()
