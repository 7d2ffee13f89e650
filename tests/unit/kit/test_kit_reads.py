"""Retries of reads, polling in the place of push, and what a failed send proves."""

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests
import stamina

from adapters.kit import retry
from adapters.kit.errors import Errors, never_connected
from adapters.kit.polling import Poller
from domain.errors import AuthFailed, InsufficientFunds, OutcomeUnknown, Sent, Unreachable
from domain.orders import OrderReport, OrderState, OrderType, Side
from sim.clock import DrivenClock

ERRORS = Errors(broker="pretend", operation="account")
WORKING = OrderReport(
    broker_order_id="1",
    state=OrderState.WORKING,
    symbol="AAPL",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=Decimal(10),
    filled_quantity=Decimal(0),
    average_price=None,
    at=datetime(2026, 3, 2, tzinfo=UTC),
)
FILLED = replace(WORKING, state=OrderState.FILLED, filled_quantity=Decimal(10), average_price=Decimal(5))


class Flaky:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


async def test_a_read_is_asked_again_when_the_trouble_may_pass():
    ask = Flaky(ERRORS.unreachable("x"), ERRORS.unknown("x", "timeout"))
    with stamina.set_testing(True, attempts=3):
        assert await retry.read(ask) == "answer"
    assert ask.asked == 3


async def test_a_read_gives_up_with_the_last_trouble():
    ask = Flaky(*(ERRORS.unreachable("x") for _ in range(9)))
    with stamina.set_testing(True, attempts=3), pytest.raises(Unreachable):
        await retry.read(ask)
    assert ask.asked == 3


@pytest.mark.parametrize("error", [ERRORS.auth("x"), ERRORS.funds("x"), ERRORS.denied("x", "y")])
async def test_a_refusal_is_not_asked_again(error):
    ask = Flaky(error)
    with stamina.set_testing(True, attempts=3), pytest.raises(type(error)):
        await retry.read(ask)
    assert ask.asked == 1


def answers(*looks):
    """Give each look in turn, and the last one for ever."""
    left = list(looks)

    async def ask():
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return ask


async def test_polling_tells_only_what_changed():
    poller = Poller(DrivenClock(), answers([WORKING], [WORKING], []), answers([], [], [FILLED]), interval=2)
    assert await poller.look() == [WORKING]
    assert await poller.look() == []
    assert await poller.look() == [FILLED]
    assert await poller.look() == []


async def test_a_new_timestamp_alone_is_no_news():
    later = replace(WORKING, at=datetime(2026, 3, 3, tzinfo=UTC))
    poller = Poller(DrivenClock(), answers([WORKING], [later]), answers([]))
    await poller.look()
    assert await poller.look() == []


async def test_a_leg_that_changes_is_news_of_its_parent():
    before = replace(FILLED, legs=(replace(WORKING, broker_order_id="2"),))
    after = replace(FILLED, legs=(replace(FILLED, broker_order_id="2"),))
    poller = Poller(DrivenClock(), answers([]), answers([before], [after]))
    await poller.look()
    assert await poller.look() == [after]


async def test_polling_that_fails_again_and_again_tells_of_the_gap():
    clock = DrivenClock()
    down = ERRORS.unreachable("x")
    poller = Poller(clock, answers(down), answers([]), interval=2, patience=3)
    listening = asyncio.create_task(anext(poller.events()))
    for _ in range(3):
        await asyncio.sleep(0.01)
        await clock.advance(2)
    with pytest.raises(OutcomeUnknown):
        await listening


async def test_polling_that_fails_once_goes_on():
    clock = DrivenClock()
    poller = Poller(clock, answers(ERRORS.unreachable("x"), [WORKING]), answers([]), interval=2)
    listening = asyncio.create_task(anext(poller.events()))
    await asyncio.sleep(0.01)
    await clock.advance(2.1)
    assert await asyncio.wait_for(listening, 2) == WORKING


async def test_refused_credentials_end_polling_at_once():
    poller = Poller(DrivenClock(), answers(ERRORS.auth("x")), answers([]))
    with pytest.raises(AuthFailed):
        await anext(poller.events())


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_refused_connection_proves_that_nothing_was_sent():
    with pytest.raises(requests.ConnectionError) as failed:
        requests.post(f"http://127.0.0.1:{closed_port()}/", timeout=1)
    assert never_connected(failed.value)


def test_a_connection_that_dies_after_it_was_made_proves_nothing():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port = server.getsockname()[1]
        with pytest.raises(requests.RequestException) as failed:
            requests.post(f"http://127.0.0.1:{port}/", timeout=(1, 0.1))
    assert not never_connected(failed.value)


def test_an_unrelated_error_in_the_background_proves_nothing():
    reset = ConnectionResetError("reset after the body was sent")
    reset.__context__ = ConnectionRefusedError()
    assert not never_connected(reset)


def test_errors_say_whether_anything_was_sent():
    assert ERRORS.denied("x", "y").sent is Sent.NO
    assert ERRORS.unreachable("x").sent is Sent.NO
    assert ERRORS.unknown("x", "y").sent is Sent.MAYBE
    assert ERRORS.funds("x").sent is Sent.YES
    assert isinstance(ERRORS.during("submit").funds("x"), InsufficientFunds)
    assert ERRORS.during("submit").funds("x").operation == "submit"
