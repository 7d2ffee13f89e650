"""Coinbase's user channel: numbered messages, gaps, silence, and polling while there is no socket."""

import asyncio
import contextlib

import pytest

from adapters.coinbasepro import session as session_module
from adapters.coinbasepro import stream as stream_module
from domain.errors import AuthFailed, Denied, OutcomeUnknown
from domain.orders import OrderState, OrderType
from sim.coinbase.auth import ecdsa_key
from tests.integration.coinbasepro_world import KEY, D, coin, limit, world
from tests.support import end, eventually


@contextlib.asynccontextmanager
async def listening(session):
    heard, ended = [], []

    async def collect():
        try:
            async for report in session.events():
                heard.append(report)  # noqa: PERF401 - one by one, as they come
        except Exception as error:  # noqa: BLE001 - whatever ended it is looked at
            ended.append(error)

    task = asyncio.create_task(collect())
    try:
        yield heard, ended
    finally:
        await end(task)


async def test_an_update_carries_what_was_asked_and_what_was_filled():
    async with world() as w, w.open() as session, listening(session) as (heard, _):
        await eventually(w.sim.streams.open)
        w.market.set("ETHUSD", D(99), D(100), D(4), D(4))
        request = limit(await coin(session), "100")
        await session.submit(request)
        part = await eventually(
            lambda: next((r for r in heard if r.state is OrderState.PARTIALLY_FILLED), None)
        )
        assert (part.quantity, part.filled_quantity, part.average_price) == (D(10), D(4), D(100))
        assert part.client_order_id == request.client_order_id
        assert part.order_type is OrderType.LIMIT


async def test_a_number_left_out_is_a_gap():
    async with world() as w, w.open() as session, listening(session) as (_, ended):
        await eventually(w.sim.streams.open)
        await eventually(session.is_connected)
        w.sim.streams.skip = 1
        await session.submit(limit(await coin(session), "90"))
        await session.submit(limit(await coin(session), "91"))
        await eventually(lambda: ended)
        assert isinstance(ended[0], OutcomeUnknown)
        assert ended[0].code == "stream_gap"


async def test_what_changed_while_nobody_listened_is_told_first():
    async with world() as w, w.open() as session:
        missed = limit(await coin(session), "90")
        await session.submit(missed)
        async with listening(session) as (heard, _):
            await eventually(lambda: any(r.client_order_id == missed.client_order_id for r in heard))


@pytest.mark.parametrize("frame", ["not json", "[]", '{"channel":"user","sequence_num":2}'])
async def test_an_update_nobody_can_read_is_a_gap_and_not_an_end(frame):
    async with world() as w, w.open() as session:
        async with listening(session) as (_, ended):
            await eventually(w.sim.streams.open)
            w.sim.streams.send_raw(frame)
            await eventually(lambda: ended)
            assert isinstance(ended[0], OutcomeUnknown)
        async with listening(session) as (heard, _):
            await session.submit(limit(await coin(session), "90"))
            await eventually(lambda: heard)


async def test_an_unknown_state_in_an_update_is_a_gap():
    async with world() as w, w.open() as session, listening(session) as (_, ended):
        await eventually(w.sim.streams.open)
        order = {"order_id": "x", "product_id": "ETH-USD", "order_side": "BUY", "status": "NEWLY_INVENTED"}
        w.sim.streams.send("user", [{"type": "update", "orders": [order | {"cumulative_quantity": "0"}]}])
        await eventually(lambda: ended)
        assert ended[0].code == "stream_unreadable"


async def test_updates_of_futures_are_passed_over():
    async with world() as w, w.open() as session, listening(session) as (heard, ended):
        await eventually(w.sim.streams.open)
        w.sim.streams.send("user", [{"type": "update", "orders": [{"product_type": "FUTURE"}]}])
        request = limit(await coin(session), "90")
        await session.submit(request)
        await eventually(lambda: heard)
        assert ended == []


async def test_a_silent_socket_is_dead(monkeypatch):
    monkeypatch.setattr(stream_module, "_SILENCE", 0.2)
    async with world() as w, w.open() as session, listening(session) as (_, ended):
        await eventually(lambda: ended)
        assert ended[0].code == "stream_silent"


async def test_heartbeats_are_asked_for_so_that_silence_means_something():
    async with world() as w, w.open() as session, listening(session):
        await eventually(w.sim.streams.open)
        assert "heartbeats" in w.sim.streams._sockets[0].channels


async def test_while_there_is_no_socket_orders_are_asked_for(monkeypatch):
    monkeypatch.setattr(session_module, "_POLL_EVERY", 0.05)
    monkeypatch.setattr(session_module, "_POLL_FOR", 0.5)
    async with world(rate_limit=None) as w, w.open() as session:
        w.sim.streams.accepting = False
        async with listening(session) as (heard, ended):
            request = limit(await coin(session), "90")
            sent = await session.submit(request)
            await eventually(lambda: any(r.client_order_id == request.client_order_id for r in heard))
            await session.cancel(sent.broker_order_id)
            await eventually(lambda: any(r.state is OrderState.CANCELLED for r in heard))
            await eventually(lambda: ended)
            assert (type(ended[0]), ended[0].code) == (OutcomeUnknown, "stream_down")
        w.sim.streams.accepting = True
        async with listening(session):
            await eventually(w.sim.streams.open)


async def test_refused_keys_end_the_stream_for_good():
    async with world() as w, w.open() as session:
        w.account.expired = True
        async with listening(session) as (_, ended):
            await eventually(lambda: ended)
            assert isinstance(ended[0], AuthFailed)


async def test_disconnecting_ends_the_stream_without_an_error():
    async with world() as w, w.open() as session, listening(session) as (_, ended):
        await eventually(w.sim.streams.open)
        await session.disconnect()
        await asyncio.sleep(0.05)
        assert ended == []
        assert not session.is_connected()


async def test_one_account_does_not_hear_another():
    from sim.coinbase.auth import ecdsa_key

    async with world() as w:
        other = ecdsa_key()
        w.sim.add_account(other)
        async with w.open() as mine, w.open(key=other) as theirs, listening(mine) as (heard, _):
            await eventually(w.sim.streams.open)
            await theirs.submit(limit(await coin(theirs), "90"))
            request = limit(await coin(mine), "91")
            await mine.submit(request)
            await eventually(lambda: heard)
            assert {r.client_order_id for r in heard} == {request.client_order_id}
            assert KEY.name != other.name


async def test_any_number_may_listen_and_still_trade():
    # All share one HTTP session, where each socket holds a connection for good.
    async with world() as w, contextlib.AsyncExitStack() as opened:
        sessions = []
        for key in [ecdsa_key() for _ in range(70)]:
            w.sim.add_account(key)
            sessions.append(await opened.enter_async_context(w.open(key=key)))
            await opened.enter_async_context(listening(sessions[-1]))
        await eventually(lambda: w.sim.streams.open() == 70)
        await asyncio.wait_for(sessions[-1].submit(limit(await coin(sessions[-1]), "90")), 5)
        assert len(w.sim.posted()) == 1


async def test_a_stream_refused_for_our_clock_blames_no_key():
    async with world() as w, w.open() as session:
        await session.account()
        w.sim.ahead = 300.0
        async with listening(session) as (_, ended):
            await eventually(lambda: ended)
        assert isinstance(ended[0], Denied)
        assert ended[0].code == "wrong_clock"
