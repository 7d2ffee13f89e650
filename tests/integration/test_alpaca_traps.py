"""The ways alpaca-py loses money, each closed and named."""

import asyncio
import logging
import socket
import time
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.alpaca import guard
from domain.errors import (
    AuthFailed,
    Denied,
    DuplicateClientId,
    InsufficientFunds,
    NotFound,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Sent,
    Throttled,
    Unreachable,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderState, OrderType, PositionEffect, Side, TimeInForce
from sim.clock import DrivenClock
from sim.faults import FaultAction
from tests.integration.alpaca_world import KEY, coin, limit, order, stock, world
from tests.support import eventually

D = Decimal
POST = "POST /v2/orders"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(guard, "READ_TIMEOUT", 0.3)


async def test_the_sdk_without_timeouts_still_gives_up_on_a_hung_broker(impatient):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.DELAY, seconds=5)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.submit(request)
        assert unknown.value.code == "timeout"
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("status", [429, 504])
async def test_the_sdks_own_retries_of_a_post_are_off(status):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.STATUS, times=5, status=status)
        started = time.monotonic()
        with pytest.raises((Throttled, OutcomeUnknown)):
            await session.submit(request)
        assert len(w.sim.posted()) == 1
        assert time.monotonic() - started < 2


async def test_an_order_answered_with_504_is_one_order_and_can_be_found():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.EXECUTE_THEN_504)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert found.state is OrderState.FILLED
        assert len(w.sim.orders(KEY)) == 1


@pytest.mark.parametrize(
    "action",
    [
        FaultAction.EXECUTE_THEN_DROP,
        FaultAction.DROP_BEFORE_EXECUTE,
        FaultAction.GARBAGE_BODY,
        FaultAction.HALF_FRAME,
    ],
)
async def test_a_submit_whose_answer_is_lost_is_unknown_and_sent_once(action):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, action)
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.submit(request)
        assert unknown.value.sent is Sent.MAYBE
        assert len(w.sim.posted()) == 1


async def test_an_error_page_in_html_is_not_a_crash_of_the_sdks_error_class():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.GARBAGE_BODY, status=502)
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.submit(request)
        assert unknown.value.code == "http_502"


async def test_a_firewalls_403_page_is_neither_a_refusal_nor_bad_credentials():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.GARBAGE_BODY, status=403)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)


@pytest.mark.parametrize("body", [{}, [], {"id": "x"}, {"message": "ok"}, "text", 7])
async def test_an_answer_without_an_order_in_it_is_unknown(body):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.STATUS, status=200, body=body)
        with pytest.raises(OutcomeUnknown):
            await session.submit(request)


async def test_floats_never_reach_the_wire():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(limit(instrument, "99.9", str(D("0.1") + D("0.2"))))
        await session.submit(limit(instrument, "87.654321", "3"))
        raw = b"".join(r.body for r in w.sim.posted())
        assert b'"qty": "0.3"' in raw
        assert b'"limit_price": "87.65"' in raw
        assert not any(isinstance(v, float) for body in w.bodies() for v in body.values())


async def test_a_price_below_a_dollar_keeps_its_four_decimals():
    async with world() as w, w.open() as session:
        w.market.set("F", D("0.52"), D("0.53"))
        await session.submit(limit(await stock(session, "F"), "0.51239", "5"))
        assert w.bodies()[0]["limit_price"] == "0.5124"


async def test_a_second_order_under_one_id_is_a_duplicate_and_nothing_else():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        await session.submit(request)
        with pytest.raises(DuplicateClientId) as refused:
            await session.submit(request)
        assert refused.value.sent is Sent.YES
        assert len(w.sim.orders(KEY)) == 1


async def test_the_id_of_a_cancelled_order_stays_taken():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90")
        sent = await session.submit(request)
        await session.cancel(sent.broker_order_id)
        with pytest.raises(DuplicateClientId):
            await session.submit(request)


async def test_too_little_money_is_told_as_such():
    async with world() as w, w.open() as session:
        with pytest.raises(InsufficientFunds) as refused:
            await session.submit(order(await stock(session), "1000000"))
        assert refused.value.code == "insufficient_funds"


async def test_shares_held_by_another_order_are_told_as_such():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        await session.submit(order(instrument))
        await session.submit(limit(instrument, "120", side=Side.SELL, effect=PositionEffect.CLOSE))
        with pytest.raises(InsufficientFunds) as refused:
            await session.submit(order(instrument, side=Side.SELL, effect=PositionEffect.CLOSE))
        assert refused.value.code == "insufficient_quantity"


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("potential wash trade detected. use complex orders", Rejected, "wash_trade"),
        ("account is not allowed to short", Rejected, "no_shorting"),
        ("cost basis must be >= minimal amount of order 10", Rejected, "too_small"),
        ("insufficient buying power", InsufficientFunds, "insufficient_funds"),
    ],
)
async def test_one_code_for_many_refusals_is_told_apart_by_its_words(message, kind, code):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        body = {"code": 40310000, "message": message}
        w.faults.add(POST, FaultAction.STATUS, status=403, body=body)
        with pytest.raises(kind) as refused:
            await session.submit(request)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, {"code": 40110000, "message": "request is not authorized"}), (403, {"message": "forbidden."})],
)
async def test_both_ways_alpaca_refuses_keys_are_auth_failures(status, body):
    async with world() as w, w.open() as session:
        w.faults.add("GET /v2/account", FaultAction.STATUS, status=status, body=body)
        with pytest.raises(AuthFailed):
            await session.account()
        assert not session.is_connected()


async def test_an_unknown_order_is_not_found_and_an_unknown_symbol_not_tradable():
    async with world() as w, w.open() as session:
        with pytest.raises(NotFound):
            await session.order("6e2f1c1e-0000-4000-8000-000000000000")
        instrument = Instrument(symbol="ZZZZ", asset_class=AssetClass.EQUITY, broker_symbol="ZZZZ")
        with pytest.raises(NotTradable):
            await session.submit(order(instrument))


async def test_a_refused_connection_is_unreachable_and_proves_that_nothing_was_sent():
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        port = w.sim.port
        await w.sim.stop()
        with pytest.raises(Unreachable) as unreachable:
            await session.submit(request)
        assert unreachable.value.sent is Sent.NO
        await w.sim.start(port)
        assert (await session.submit(request)).client_order_id == request.client_order_id


async def test_a_connection_that_dies_while_idle_does_not_lose_the_next_read():
    async with world() as w, w.open() as session:
        await session.account()
        port = w.sim.port
        await w.sim.stop()
        await w.sim.start(port)
        assert (await session.account()).cash == D(100_000)


async def test_a_429_is_throttled_unsent_and_its_time_is_kept():
    clock = DrivenClock()
    async with world(clock) as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.STATUS, status=429, retry_after=7)
        with pytest.raises(Throttled) as slow:
            await session.submit(request)
        assert (slow.value.sent, slow.value.retry_after) == (Sent.NO, 7.0)
        again = asyncio.create_task(session.submit(request))
        await asyncio.sleep(0.05)
        await clock.advance(6)
        await asyncio.sleep(0.05)
        assert len(w.sim.posted()) == 1
        await clock.advance(1.1)
        assert (await again).client_order_id == request.client_order_id


async def test_the_rate_limit_headers_the_sdk_hides_are_adopted():
    clock = DrivenClock()
    async with world(clock, rate_limit=20) as w, w.open() as session:
        instrument = await stock(session)

        async def one_after_the_other():
            for _ in range(25):
                await session.submit(limit(instrument, "90", "1", effect=PositionEffect.OPEN))

        # Twenty a minute here, not two hundred: the headers say so before a 429 has to.
        sending = asyncio.create_task(one_after_the_other())
        await eventually(lambda: len(w.sim.posted()) == 19)
        await asyncio.sleep(0.05)
        assert not sending.done()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert not [r for r in w.sim.requests if r.status == 429]


async def test_two_hundred_requests_a_minute_are_never_exceeded():
    clock = DrivenClock()
    async with world(clock, rate_limit=200) as w, w.open() as session:
        tasks = [
            asyncio.create_task(session.order("6e2f1c1e-0000-4000-8000-00000000000a")) for _ in range(230)
        ]
        await eventually(lambda: sum(t.done() for t in tasks) >= 180, timeout=20)
        for _ in range(30):
            await asyncio.sleep(0.02)
            await clock.advance(5)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not [r for r in w.sim.requests if r.status == 429]


async def test_the_operators_ceiling_is_kept():
    clock = DrivenClock()
    async with world(clock) as w, w.open(ceiling=5) as session:
        instrument = await stock(session)
        tasks = [asyncio.create_task(session.submit(limit(instrument, "90", "1"))) for _ in range(8)]
        await eventually(lambda: sum(t.done() for t in tasks) == 4)
        await asyncio.sleep(0.05)
        assert len(w.sim.posted()) == 4  # the look-up of the symbol was the fifth
        await clock.advance(11)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(a, Throttled) and a.sent is Sent.NO for a in answers) == 4


async def test_an_order_whose_time_is_over_is_not_sent():
    async with world() as w, w.open() as session:
        request = order(await stock(session), expires_at=w.clock.now() - timedelta(seconds=1))
        with pytest.raises(Denied) as refused:
            await session.submit(request)
        assert refused.value.code == "expired"
        assert not w.sim.posted()


async def test_an_order_that_expires_while_it_waits_for_quota_is_not_sent():
    clock = DrivenClock()
    async with world(clock) as w, w.open(ceiling=2) as session:
        instrument = await stock(session)
        await session.submit(limit(instrument, "90", "1"))
        late = order(
            instrument, "1", effect=PositionEffect.CLOSE, expires_at=clock.now() + timedelta(seconds=20)
        )
        w.faults.add(POST, FaultAction.STATUS, status=500)
        waiting = asyncio.create_task(session.submit(late))
        await asyncio.sleep(0.05)
        await clock.advance(25)
        assert not waiting.done()
        await clock.advance(40)
        with pytest.raises((Denied, Throttled)) as refused:
            await waiting
        assert refused.value.sent is Sent.NO
        assert len(w.sim.posted()) == 1


async def test_a_part_of_a_share_in_a_bracket_is_refused_before_it_is_sent():
    async with world() as w, w.open() as session:
        request = order(await stock(session), "1.5", take_profit=D(120), stop_loss=D(80))
        with pytest.raises(Denied) as refused:
            await session.submit(request)
        assert refused.value.code == "fractional_bracket"
        assert not w.sim.posted()


async def test_extended_hours_take_plain_limit_orders_for_the_day_only():
    async with world() as w, w.open() as session:
        instrument = await stock(session)
        good = limit(instrument, "90", extended_hours=True)
        await session.submit(good)
        assert w.bodies()[0]["extended_hours"] is True
        for bad in (
            order(instrument, extended_hours=True),
            limit(instrument, "90", extended_hours=True, time_in_force=TimeInForce.GTC),
            limit(instrument, "90", extended_hours=True, take_profit=D(120), stop_loss=D(80)),
        ):
            with pytest.raises(Denied):
                await session.submit(bad)
        assert len(w.sim.posted()) == 1


async def test_crypto_has_no_brackets_stops_or_day_orders():
    async with world() as w, w.open() as session:
        instrument = await coin(session)
        for bad in (
            order(instrument, "0.1", take_profit=D(60000), stop_loss=D(40000)),
            order(instrument, "0.1", order_type=OrderType.STOP, stop_price=D(60000)),
            order(instrument, "0.1", time_in_force=TimeInForce.DAY),
        ):
            with pytest.raises(Denied):
                await session.submit(bad)
        assert not w.sim.posted()


async def test_legs_of_a_filled_bracket_are_still_seen_among_open_orders():
    async with world() as w, w.open() as session:
        request = order(await stock(session), take_profit=D(120), stop_loss=D(80))
        await session.submit(request)
        # Alpaca's own two lists show one leg, or none.
        assert [o.client_order_id for o in await session.open_orders()] == [request.client_order_id]
        (parent,) = await session.open_orders()
        assert {leg.role.value for leg in parent.legs} == {"take_profit", "stop_loss"}
        assert not any(leg.held for leg in parent.legs)


async def test_a_look_up_by_our_id_brings_the_legs_too():
    async with world() as w, w.open() as session:
        request = limit(await stock(session), "90", take_profit=D(120), stop_loss=D(80))
        await session.submit(request)
        found = await session.find_order(request.client_order_id)
        assert len(found.legs) == 2
        assert all(leg.held and leg.parent_id == found.broker_order_id for leg in found.legs)


async def test_a_quote_of_an_unknown_symbol_is_left_out_of_the_answer_and_told_as_such():
    async with world() as w, w.open() as session:
        nothing = Instrument(symbol="ZZZZ", asset_class=AssetClass.EQUITY, broker_symbol="ZZZZ")
        with pytest.raises(NotTradable):
            await session.quote(nothing)


async def test_a_call_given_up_by_its_caller_keeps_its_slot_until_it_is_answered(impatient):
    async with world() as w, w.open() as session:
        request = order(await stock(session))
        w.faults.add(POST, FaultAction.EXECUTE_THEN_DROP)
        task = asyncio.create_task(session.submit(request))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # Either it never left, or it is at the broker once: asking tells, sending again would not.
        await asyncio.sleep(0.2)
        assert len(w.sim.orders(KEY)) == len(w.sim.posted()) <= 1


async def test_no_exception_carries_the_secret_along():
    async with world() as w, w.open() as session:
        w.faults.add(POST, FaultAction.EXECUTE_THEN_DROP)
        request = order(await stock(session))
        with pytest.raises(OutcomeUnknown) as unknown:
            await session.submit(request)
        assert unknown.value.__cause__ is None
        assert unknown.value.__context__ is None


async def test_the_secret_is_in_no_log_line_even_at_debug(caplog):
    caplog.set_level(logging.DEBUG)
    async with world() as w, w.open() as session:
        listening = asyncio.create_task(anext(session.events()))
        await session.submit(order(await stock(session)))
        await listening
    assert "integration-pretend-secret" not in caplog.text


def test_a_broker_that_does_not_exist_is_unreachable_within_the_connect_timeout():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def try_it():
        async with world() as w, w.open(endpoint=f"http://127.0.0.1:{port}") as session:
            with pytest.raises(Unreachable):
                await session.account()

    started = time.monotonic()
    asyncio.run(try_it())
    assert time.monotonic() - started < 5
