"""Cards AX-66 to AX-90: ambiguity, faults on the wire, events and connections."""

import contextlib
import traceback

from domain.broker import BrokerSession
from domain.errors import (
    AuthFailed,
    BrokerError,
    DuplicateClientId,
    NotFound,
    OutcomeUnknown,
    Sent,
    Throttled,
)
from domain.orders import OrderReport, OrderRequest, OrderState
from sim.faults import FaultAction
from tests.contract.cards import (
    D,
    Need,
    ask_for,
    brackets,
    can,
    card,
    fault,
    flat,
    has_secrets,
    held,
    holding,
    leads,
    limit,
    listening,
    new_id,
    position_becomes,
    refused,
    settled,
    soon,
    stock,
)
from tests.contract.harness import START_CASH, Harness, HarnessSpec

STOCKS = leads


async def _unknown_then_found(h: Harness, session: BrokerSession, request: OrderRequest) -> OrderReport:
    error = await refused(session.submit(request), OutcomeUnknown)
    assert error.sent is Sent.MAYBE
    found = await session.find_order(request.client_order_id)
    assert await h.orders_at_broker(request.client_order_id) == 1
    return found


@card(66, fault(FaultAction.EXECUTE_THEN_DROP))
async def an_order_accepted_without_a_reply_is_unknown_and_then_found(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
        found = await _unknown_then_found(h, session, request)
        assert (found.state, found.quantity) == (OrderState.WORKING, D(10))


@card(67, fault(FaultAction.DROP_BEFORE_EXECUTE))
async def an_order_lost_on_the_way_is_unknown_and_then_not_found(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.DROP_BEFORE_EXECUTE)
        await refused(session.submit(request), OutcomeUnknown)
        await refused(session.find_order(request.client_order_id), NotFound)
        assert await h.orders_at_broker(request.client_order_id) == 0


@card(68, fault(FaultAction.DROP_BEFORE_EXECUTE))
async def a_submit_is_sent_once_however_it_ends(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.DROP_BEFORE_EXECUTE)
        await refused(session.submit(request), OutcomeUnknown)
        assert await h.requests_seen("submit") == 1


@card(69, fault(FaultAction.EXECUTE_THEN_504))
async def a_gateway_that_timed_out_is_unknown_and_never_sent_again(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.EXECUTE_THEN_504)
        await _unknown_then_found(h, session, request)
        assert await h.requests_seen("submit") == 1


@card(70, fault(FaultAction.GARBAGE_BODY))
async def an_answer_nobody_can_read_is_unknown(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.GARBAGE_BODY)
        await _unknown_then_found(h, session, request)


@card(71, fault(FaultAction.HALF_FRAME))
async def half_an_answer_is_unknown(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.HALF_FRAME)
        await _unknown_then_found(h, session, request)


@card(72, fault(FaultAction.DELAY))
async def a_reply_that_does_not_come_in_time_is_unknown(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.DELAY, seconds=3600)
        await _unknown_then_found(h, session, request)
        await h.advance(3600)


@card(73, fault(FaultAction.LATE_EXECUTE))
async def an_order_that_lands_late_is_found_in_the_end(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.LATE_EXECUTE, seconds=spec.manifest.settle / 2)
        await refused(session.submit(request), OutcomeUnknown)
        await refused(session.find_order(request.client_order_id), NotFound)
        await h.advance(spec.manifest.settle)
        await soon(lambda: h.orders_at_broker(request.client_order_id))
        assert (await session.find_order(request.client_order_id)).quantity == D(10)


@card(74, fault(FaultAction.STATUS))
async def a_broker_that_fails_inside_leaves_the_outcome_unknown(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await stock(session)
        # Three prices: a broker without client ids may refuse the twin of an order that is in doubt.
        for status, price in ((500, "90"), (502, "91"), (503, "92")):
            h.plan("submit", FaultAction.STATUS, status=status)
            await refused(session.submit(limit(instrument, price)), OutcomeUnknown)


@card(75, fault(FaultAction.STATUS))
async def a_throttled_submit_says_so_and_is_not_repeated(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.STATUS, status=429, retry_after=7)
        error = await refused(session.submit(request), Throttled)
        assert error.sent is (Sent.MAYBE if spec.manifest.throttled_submit_sent else Sent.NO)
        assert await h.requests_seen("submit") == 1
        assert await h.orders_at_broker(request.client_order_id) == 0


@card(76, fault(FaultAction.STATUS))
async def a_read_survives_one_failure(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        h.plan("account", FaultAction.STATUS, status=503)
        assert (await session.account()).cash == START_CASH


@card(77, fault(FaultAction.EXPIRE_AUTH))
async def credentials_that_die_are_told_as_such(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90")
        h.plan("submit", FaultAction.EXPIRE_AUTH)
        await refused(session.submit(request), AuthFailed)
        assert await h.orders_at_broker(request.client_order_id) == 0


@card(78, fault(FaultAction.EXECUTE_THEN_DROP))
async def a_cancel_without_a_reply_is_unknown_and_can_be_asked_again(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        h.plan("cancel", FaultAction.EXECUTE_THEN_DROP)
        await refused(session.cancel(sent.broker_order_id), OutcomeUnknown)
        await session.cancel(sent.broker_order_id)
        await settled(session, sent.broker_order_id, OrderState.CANCELLED)


@card(79, fault(FaultAction.EXECUTE_THEN_DROP), can("replace"))
async def a_replace_without_a_reply_is_unknown_and_leaves_one_order(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        sent = await session.submit(limit(await stock(session), "90"))
        h.plan("replace", FaultAction.EXECUTE_THEN_DROP)
        await refused(session.replace(sent.broker_order_id, limit_price=D(91)), OutcomeUnknown)
        (works,) = flat(await session.open_orders()).values()
        assert works.limit_price == D(91)


@card(80, fault(FaultAction.EXECUTE_THEN_DROP))
async def a_market_order_without_a_reply_is_not_bought_twice(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = ask_for(await stock(session))
        h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
        await _unknown_then_found(h, session, request)
        with contextlib.suppress(DuplicateClientId):
            await session.submit(request)
        await position_becomes(session, "10")
        assert await h.orders_at_broker(request.client_order_id) == 1


@card(81, fault(FaultAction.EXECUTE_THEN_DROP), brackets())
async def a_bracket_without_a_reply_is_found_with_its_legs(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90", take_profit=D(110), stop_loss=D(80))
        h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
        found = await _unknown_then_found(h, session, request)
        assert len(found.legs) == 2


@card(82, fault(FaultAction.EXECUTE_THEN_DROP))
async def a_close_without_a_reply_is_unknown_and_closes_once(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        instrument = await holding(session, "10")
        mine = new_id()
        h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
        await refused(session.close_position(instrument, mine), OutcomeUnknown)  # type: ignore[arg-type]
        assert (await session.find_order(mine)).quantity == D(10)  # type: ignore[arg-type]
        await position_becomes(session, "0")


@card(83, STOCKS)
async def events_tell_of_working_filled_and_cancelled_orders(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session, listening(session) as heard:
        instrument = await stock(session)
        await soon(lambda: session.is_connected())
        await h.advance(1)
        fills, goes = limit(instrument, "95"), limit(instrument, "90")
        await session.submit(fills)
        gone = await session.submit(goes)
        await heard.of(fills.client_order_id, OrderState.WORKING)
        await session.cancel(gone.broker_order_id)
        await heard.of(goes.client_order_id, OrderState.CANCELLED)
        await h.set_price("AAPL", "94", "95")
        told = await heard.of(fills.client_order_id, OrderState.FILLED)
        assert (told.filled_quantity, told.average_price) == (D(10), D(95))


@card(84, STOCKS)
async def fills_in_events_are_cumulative_and_named(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session, listening(session) as heard:
        instrument = await stock(session)
        await h.advance(1)
        await h.set_price("AAPL", "99", "100", "4", "4")
        request = limit(instrument, "100")
        await session.submit(request)
        part = await heard.of(request.client_order_id, OrderState.PARTIALLY_FILLED)
        assert part.filled_quantity == D(4)
        await h.set_price("AAPL", "98", "99", "50", "50")
        done = await heard.of(request.client_order_id, OrderState.FILLED)
        assert done.filled_quantity == D(10)
        fills = {f.id: f.quantity for r in heard.reports for f in r.fills}
        if fills:
            assert sum(fills.values()) == D(10)


@card(85, brackets())
async def events_tell_of_the_legs_of_a_bracket(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session, listening(session) as heard:
        await h.advance(1)
        sent = await session.submit(ask_for(await stock(session), take_profit=D(110), stop_loss=D(90)))
        await settled(session, sent.broker_order_id, OrderState.FILLED)
        target = next(
            leg for leg in (await session.order(sent.broker_order_id)).legs if leg.limit_price == D(110)
        )
        await h.set_price("AAPL", "110.5", "111")

        def told() -> bool:
            known = flat(heard.reports)
            report = known.get(target.broker_order_id)
            return report is not None and report.state is OrderState.FILLED

        await soon(told)


@card(86, Need("no stream over a wire", lambda spec: spec.breaks_stream))
async def a_broken_stream_ends_unknown_and_can_be_asked_again(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        async with listening(session) as heard:
            first = limit(await stock(session), "90")
            await session.submit(first)
            await heard.of(first.client_order_id, OrderState.WORKING)
            await h.drop_stream()
            await soon(lambda: heard.ended)
            assert isinstance(heard.ended, OutcomeUnknown)
        async with listening(session) as heard:
            await h.advance(1)
            mine: set[str] = set()

            async def heard_again() -> bool:
                request = limit(await stock(session), "91", "1")
                mine.add(request.client_order_id)
                await session.submit(request)
                return any(r.client_order_id in mine for r in heard.reports)

            await soon(heard_again)


@card(87)
async def disconnecting_twice_is_disconnecting_once(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        await session.account()
        assert session.is_connected()
        await session.disconnect()
        await session.disconnect()
        assert not session.is_connected()


@card(88, STOCKS)
async def resting_orders_survive_a_disconnect(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        request = limit(await stock(session), "90", take_profit=D(120), stop_loss=D(80))
        plain = limit(await stock(session), "91")
        sent = await session.submit(request if brackets()(spec) else plain)
    async with h.open() as session:
        again = await session.order(sent.broker_order_id)
        assert again.state is OrderState.WORKING
        await h.set_price("AAPL", "89", "90")
        await settled(session, sent.broker_order_id, OrderState.FILLED)
        assert await held(session) == D(10)


@card(89, has_secrets)
async def no_credential_is_in_a_repr_or_an_error(h: Harness, spec: HarnessSpec) -> None:
    assert spec.secrets, "the harness must name its pretend secrets"
    texts: list[str] = []

    async def provoke(good: bool) -> None:
        async with h.open(good_credentials=good) as session:
            texts.append(repr(session) + str(session) + repr(getattr(session, "__dict__", "")))
            h.plan("submit", FaultAction.EXECUTE_THEN_DROP)
            await session.verify()
            await session.submit(limit(await stock(session), "90"))

    for good in (True, False):
        try:
            await provoke(good)
        except BrokerError as error:
            texts += [repr(error), str(error), "".join(traceback.format_exception(error))]
    shown = "\n".join(texts)
    assert len(texts) > 2
    assert not [s for s in spec.secrets if s in shown]


@card(90)
async def errors_carry_a_code_and_a_sentence_for_a_trader(h: Harness, spec: HarnessSpec) -> None:
    async with h.open() as session:
        error = await refused(session.order(new_id()), NotFound)
        assert error.code
        assert error.code == error.code.lower()
        assert error.broker == spec.manifest.slug
        assert error.text.strip()
        assert error.text[0].isupper()
        assert not any(word in error.text for word in ("Traceback", "Exception", "0x", "{", "None"))
