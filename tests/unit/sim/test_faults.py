"""Planned faults, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults, answer
from tests.support import eventually


class Shop:
    """A server whose one act is to count, behind faults."""

    def __init__(self) -> None:
        self.clock = DrivenClock()
        self.faults = Faults()
        self.acts = 0
        self.bodies: list[bytes] = []
        self.url = ""

    async def _act(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        self.acts += 1
        return web.json_response({"acts": self.acts, "filler": "x" * 50})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take(request.method, request.path)
        return await answer(
            request,
            self._act,
            fault,
            clock=self.clock,
            expire_auth=lambda: web.json_response({"message": "forbidden."}, status=403),
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[aiohttp.ClientSession]:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v2/orders"
        try:
            async with aiohttp.ClientSession() as client:
                yield client
        finally:
            await runner.cleanup()


async def test_without_a_fault_nothing_is_changed() -> None:
    shop = Shop()
    async with shop.open() as client, client.post(shop.url, data=b"hello") as reply:
        assert (reply.status, (await reply.json())["acts"], shop.bodies) == (200, 1, [b"hello"])


@pytest.mark.parametrize(
    ("action", "acts"), [(FaultAction.EXECUTE_THEN_DROP, 1), (FaultAction.DROP_BEFORE_EXECUTE, 0)]
)
async def test_a_drop_breaks_the_connection_after_or_before_the_act(action: FaultAction, acts: int) -> None:
    shop = Shop()
    shop.faults.add("POST /v2/orders", action)
    async with shop.open() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(shop.url)
        assert shop.acts == acts
        async with client.post(shop.url) as reply:
            assert reply.status == 200
    assert shop.faults.pending() == 0
    assert shop.faults.taken == [("POST /v2/orders", action)]


async def test_a_gateway_times_out_after_the_act() -> None:
    shop = Shop()
    shop.faults.add("*", FaultAction.EXECUTE_THEN_504)
    async with shop.open() as client, client.post(shop.url) as reply:
        assert (reply.status, reply.content_type, shop.acts) == (504, "text/html", 1)


async def test_a_status_is_answered_without_the_act() -> None:
    shop = Shop()
    shop.faults.add("POST *", FaultAction.STATUS, status=429, retry_after=7, body={"message": "slow down"})
    async with shop.open() as client, client.post(shop.url) as reply:
        assert (reply.status, reply.headers["Retry-After"], shop.acts) == (429, "7", 0)
        assert await reply.json() == {"message": "slow down"}


async def test_a_delay_ends_when_the_clock_says_so() -> None:
    shop = Shop()
    shop.faults.add("POST *", FaultAction.DELAY, seconds=30)
    async with shop.open() as client:
        asked = asyncio.create_task(client.post(shop.url))
        await eventually(lambda: shop.acts == 1)
        await asyncio.sleep(0.05)
        assert not asked.done()
        await shop.clock.advance(30)
        assert (await asked).status == 200
        (await asked).close()


async def test_garbage_and_half_an_answer_cannot_be_read() -> None:
    shop = Shop()
    shop.faults.add("POST *", FaultAction.GARBAGE_BODY)
    shop.faults.add("POST *", FaultAction.HALF_FRAME)
    async with shop.open() as client:
        async with client.post(shop.url) as reply:
            with pytest.raises(aiohttp.ContentTypeError):
                await reply.json()
        with pytest.raises(aiohttp.ClientError):
            async with client.post(shop.url) as reply:
                await reply.json()
    assert shop.acts == 2


async def test_dead_credentials_are_answered_the_brokers_way() -> None:
    shop = Shop()
    shop.faults.add("GET *", FaultAction.EXPIRE_AUTH)
    async with shop.open() as client, client.get(shop.url) as reply:
        assert (reply.status, shop.acts) == (403, 0)


async def test_a_late_act_happens_after_the_connection_is_gone() -> None:
    shop = Shop()
    shop.faults.add("POST *", FaultAction.LATE_EXECUTE, seconds=5)
    async with shop.open() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.post(shop.url, data=b"late")
        await shop.clock.advance(4)
        assert shop.acts == 0
        await shop.clock.advance(1)
        await eventually(lambda: shop.acts == 1)
        assert shop.bodies == [b"late"]


def test_faults_are_taken_in_order_as_often_as_planned() -> None:
    faults = Faults()
    faults.add("POST /v2/orders", FaultAction.DELAY, times=2)
    faults.add("*", FaultAction.HALF_FRAME)
    assert faults.take("GET", "/v2/orders").action is FaultAction.HALF_FRAME
    assert [faults.take("POST", "/v2/orders").action for _ in range(2)] == [FaultAction.DELAY] * 2
    assert faults.take("POST", "/v2/orders") is None
    faults.add("*", FaultAction.DELAY)
    faults.clear()
    assert faults.pending() == 0
    with pytest.raises(ValueError, match="METHOD /path"):
        faults.add("/v2/orders", FaultAction.DELAY)
