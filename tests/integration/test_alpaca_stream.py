"""The trade_updates stream through the real SDK: nothing missed, nothing silent."""

import asyncio
import contextlib
from decimal import Decimal

import pytest

from domain.errors import AuthFailed, BrokerError, OutcomeUnknown, Unreachable
from domain.orders import OrderState
from tests.integration.alpaca_world import KEY, limit, order, stock, world
from tests.support import end, eventually

D = Decimal


@contextlib.asynccontextmanager
async def listening(session):
    """Collect reports and errors, asking again after each error as the executor does."""
    heard, errors = [], []

    async def listen():
        while True:
            try:
                async for report in session.events():
                    heard.append(report)  # noqa: PERF401 - what was heard before an error counts
            except AuthFailed as error:
                errors.append(error)
                return
            except BrokerError as error:
                errors.append(error)

    task = asyncio.create_task(listen())
    try:
        yield heard, errors
    finally:
        await end(task)


async def test_a_fill_arrives_with_its_execution_and_price():
    async with world() as w, w.open() as session, listening(session) as (heard, _):
        await eventually(lambda: w.sim.streams.open(KEY))
        request = order(await stock(session))
        await session.submit(request)
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))
        filled = next(r for r in heard if r.state is OrderState.FILLED)
        assert filled.client_order_id == request.client_order_id
        assert [(f.quantity, f.price) for f in filled.fills] == [(D(10), D(100))]
        assert filled.fills[0].id == w.sim.orders(KEY)[0].fills[0].id


async def test_partial_fills_arrive_one_by_one():
    async with world() as w, w.open() as session, listening(session) as (heard, _):
        await eventually(lambda: w.sim.streams.open(KEY))
        instrument = await stock(session)
        w.market.set("AAPL", D(99), D(100), D(4), D(4))
        await session.submit(limit(instrument, "100"))
        w.market.set("AAPL", D(99), D(100), D(50), D(50))
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))
        fills = {f.id: f.quantity for r in heard for f in r.fills}
        assert sorted(fills.values()) == [D(4), D(6)]


async def test_what_happened_before_the_socket_listened_is_told_first():
    async with world() as w, w.open() as session:
        sent = await session.submit(order(await stock(session)))
        async with listening(session) as (heard, errors):
            await eventually(lambda: heard)
            assert (heard[0].broker_order_id, heard[0].state) == (sent.broker_order_id, OrderState.FILLED)
            assert not errors


async def test_a_broken_socket_is_told_and_what_it_missed_is_told_when_it_is_back():
    async with world() as w, w.open() as session, listening(session) as (heard, errors):
        await eventually(lambda: w.sim.streams.open(KEY))
        sent = await session.submit(limit(await stock(session), "95"))
        await eventually(lambda: heard)
        await w.sim.streams.drop()
        w.market.set("AAPL", D(94), D(95))  # fills while nobody listens
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))
        assert heard[-1].broker_order_id == sent.broker_order_id
        assert [type(e) for e in errors] == [OutcomeUnknown]


async def test_the_stream_recovers_when_the_broker_was_away():
    async with world() as w, w.open() as session, listening(session) as (heard, errors):
        await eventually(lambda: w.sim.streams.open(KEY))
        port = w.sim.port
        await w.sim.stop()
        await eventually(lambda: errors)
        assert not session.is_connected()
        await w.sim.start(port)
        await eventually(lambda: w.sim.streams.open(KEY), timeout=20)
        await session.submit(order(await stock(session)))
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))
        assert session.is_connected()


async def test_refused_keys_end_the_stream_at_once_and_are_not_tried_for_ever():
    async with world() as w, w.open(secret="wrong-secret-wrong-secret") as session:
        with pytest.raises(AuthFailed):
            await asyncio.wait_for(anext(session.events()), 5)
        await eventually(lambda: session._feed._task.done())
        assert len(w.seen("GET", "/stream")) == 1


async def test_keys_revoked_while_listening_surface_when_the_socket_comes_back():
    async with world() as w, w.open() as session, listening(session) as (_, errors):
        await eventually(lambda: w.sim.streams.open(KEY))
        w.sim.account(KEY).expired = True
        await w.sim.streams.drop()
        await eventually(lambda: any(isinstance(e, AuthFailed) for e in errors))


@pytest.mark.parametrize("frame", [b"<html>", b'{"stream": "trade_updates", "data": {"event"', b"\xff\xfe"])
async def test_garbage_on_the_stream_is_a_gap_and_not_silence(frame):
    async with world() as w, w.open() as session, listening(session) as (heard, errors):
        await eventually(lambda: w.sim.streams.open(KEY))
        w.sim.streams.send_raw(KEY, frame)
        await eventually(lambda: errors)
        assert isinstance(errors[0], OutcomeUnknown)
        await session.submit(order(await stock(session)))
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))


async def test_an_update_that_is_not_an_order_is_a_gap_and_the_next_one_is_heard():
    async with world() as w, w.open() as session, listening(session) as (heard, errors):
        await eventually(lambda: w.sim.streams.open(KEY))
        w.sim.streams.send_raw(KEY, b'{"stream": "trade_updates", "data": {"event": "fill", "order": {}}}')
        await eventually(lambda: errors)
        await session.submit(order(await stock(session)))
        await eventually(lambda: any(r.state is OrderState.FILLED for r in heard))


async def test_two_sessions_of_one_account_share_one_socket():
    async with world() as w, w.open() as one, w.open() as two:
        async with listening(one) as (first, _), listening(two) as (second, _):
            await eventually(lambda: w.sim.streams.open(KEY))
            await one.submit(order(await stock(one)))
            await eventually(lambda: first and second)
            assert len(w.seen("GET", "/stream")) == 1
        await one.disconnect()
        assert w.sim.streams.open(KEY)
        await two.disconnect()
        await eventually(lambda: not w.sim.streams.open(KEY))


async def test_disconnecting_closes_the_socket_quickly():
    async with world() as w, w.open() as session, listening(session):
        await eventually(lambda: w.sim.streams.open(KEY))
        await asyncio.wait_for(session.disconnect(), 2)
        await eventually(lambda: not w.sim.streams.open(KEY))


async def test_events_end_when_we_disconnect_ourselves_and_nothing_is_sent_after():
    async with world() as w, w.open() as session:
        ended = asyncio.create_task(_all_of(session.events()))
        await eventually(lambda: w.sim.streams.open(KEY))
        instrument = await stock(session)
        await session.disconnect()
        assert await asyncio.wait_for(ended, 2) == []
        with pytest.raises(Unreachable):
            await session.submit(order(instrument))
        assert not w.sim.posted()


async def _all_of(events):
    return [report async for report in events]


async def test_a_change_is_told_with_the_id_that_took_its_place():
    async with world() as w, w.open() as session, listening(session) as (heard, _):
        await eventually(lambda: w.sim.streams.open(KEY))
        sent = await session.submit(limit(await stock(session), "90"))
        new = await session.replace(sent.broker_order_id, limit_price=D(91))
        await eventually(lambda: any(r.replaced_by for r in heard))
        told = next(r for r in heard if r.replaced_by)
        assert (told.broker_order_id, told.replaced_by) == (sent.broker_order_id, new.broker_order_id)
        assert told.state is OrderState.WORKING


async def test_updates_kept_while_the_caller_reconciles_are_not_lost():
    async with world() as w, w.open() as session:
        async with listening(session):
            await eventually(lambda: w.sim.streams.open(KEY))
        # Nobody asks for events now, as during a reconciliation.
        request = order(await stock(session))
        await session.submit(request)
        async with listening(session) as (heard, _):
            await eventually(lambda: any(r.client_order_id == request.client_order_id for r in heard))


async def test_the_socket_asks_for_no_compression_which_would_cost_sixty_kilobytes_an_account():
    async with world() as w, w.open() as session, listening(session):
        await eventually(lambda: w.sim.streams.open(KEY))
        (asked,) = [r for r in w.sim.requests if r.path == "/stream"]
        assert "Sec-WebSocket-Extensions" not in asked.headers
