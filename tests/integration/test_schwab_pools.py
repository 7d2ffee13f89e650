"""Schwab's shared connections: few for one request after another, enough for a crowd, no dearer after it."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx

from adapters.schwab import guard
from domain.accounts import Environment

URL = f"https://{guard.HOST}/x"
CROWD = 160


class Server:
    """Answer requests, all of a crowd together; count connections."""

    def __init__(self):
        self.connections = self.waiting = 0
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


async def test_a_lone_request_costs_no_more_after_a_crowd():
    async with pooled() as (server, client):

        async def cost():
            begun = time.process_time()
            for _ in range(30):
                await client.get(URL)
            return time.process_time() - begun

        await cost()
        before = await cost()
        await crowd(server, client, CROWD)
        after = min([await cost() for _ in range(3)])
        assert after < 2.5 * before
