"""Schwab's shared connections: few for one request after another, enough for a crowd, no dearer after it."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx
import pytest

from adapters.kit.errors import never_connected
from adapters.schwab import guard, pools
from domain.accounts import Environment
from tests.support import eventually

URL = f"https://{guard.HOST}/x"
CROWD = 160


class Server:
    """Answer requests, all of a crowd together; count connections."""

    def __init__(self):
        self.connections = self.waiting = self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            self.waiting += 1
            if self.waiting >= CROWD:
                self.gate.set()
            await self.gate.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        self.ended += 1

    async def stop(self):
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self.writers), return_exceptions=True)


@asynccontextmanager
async def pooled():
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    transport = guard.make_transport(Environment.LIVE, f"http://127.0.0.1:{port}")
    async with httpx.AsyncClient(transport=transport, timeout=20) as client:
        yield server, client
    await transport.dispose()
    listener.close()
    await server.stop()


async def crowd(server, client, size):
    server.waiting = 0
    server.gate.clear()
    answers = await asyncio.gather(*(client.get(URL) for _ in range(size)))
    assert {answer.status_code for answer in answers} == {200}


async def test_requests_one_after_the_other_share_one_connection():
    async with pooled() as (server, client):
        for _ in range(20):
            await client.get(URL)
        assert server.connections == 1


async def test_a_crowd_is_served_at_once_and_its_connections_serve_the_next():
    async with pooled() as (server, client):
        await crowd(server, client, CROWD)
        assert server.connections == CROWD
        await crowd(server, client, CROWD)
        assert server.connections == CROWD


async def test_more_than_there_may_be_connections_for_wait_their_turn():
    async with pooled() as (server, client):
        await crowd(server, client, 2 * CROWD)
        assert CROWD <= server.connections <= 200


async def test_who_waits_in_vain_for_a_connection_provably_sent_nothing(monkeypatch):
    monkeypatch.setattr(pools, "MOST", 1)
    async with pooled() as (server, client):
        server.gate.clear()
        first = asyncio.create_task(client.get(URL))
        await eventually(lambda: server.waiting == 1)
        with pytest.raises(httpx.ConnectTimeout) as refused:
            await client.get(URL, timeout=httpx.Timeout(20, pool=0.01))
        assert never_connected(refused.value)
        server.gate.set()
        assert (await first).status_code == 200
        assert server.waiting == 1


async def test_a_connection_given_up_in_the_middle_of_an_answer_is_not_used_again(monkeypatch):
    monkeypatch.setattr(pools, "MOST", 1)
    async with pooled() as (server, client):
        server.gate.clear()
        given_up = asyncio.create_task(client.get(URL))
        await eventually(lambda: server.waiting == 1)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        server.gate.set()
        assert (await client.get(URL)).status_code == 200
        assert server.connections == 2


async def test_connections_nobody_used_for_a_while_are_closed(monkeypatch):
    async with pooled() as (server, client):
        await crowd(server, client, CROWD)
        monkeypatch.setattr(pools, "KEPT", 0.0)
        await client.get(URL)
        await eventually(lambda: server.ended == CROWD)
        assert server.connections == CROWD + 1


async def test_a_lone_request_costs_no_more_after_a_crowd():
    async with pooled() as (server, client):

        async def cost():
            begun = time.process_time()
            for _ in range(30):
                await client.get(URL)
            return time.process_time() - begun

        before = min([await cost() for _ in range(3)])
        await crowd(server, client, CROWD)
        after = min([await cost() for _ in range(3)])
        assert after < 4 * before
