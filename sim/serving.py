"""Serve a pretend broker over HTTP: listen, record what arrives, make planned faults happen."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, Self

from aiohttp import web

from adapters.paper.engine import MatchingEngine
from domain.portfolio import Quote
from domain.ports import Clock
from sim.faults import Faults, Handler, answer
from sim.market import Market


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """Hold one request as it arrived.

    ``monotonic_ns`` is ``time.monotonic_ns()`` when the whole body had been read; ``status`` is what was
    answered, 0 until then. The headers hold no credentials.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    monotonic_ns: int
    status: int = 0


class Sockets(Protocol):
    """Be a broker's WebSockets."""

    async def drop(self) -> int:
        """Cut every socket without a goodbye; give how many."""


class HttpSim(ABC):
    """Be a broker on a local port, whose book is a matching engine that follows the market."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"authorization"})
    """Headers that are not recorded."""
    UNREAD: ClassVar[frozenset[str]] = frozenset()
    """Paths whose bodies hold secrets and are not recorded."""
    streams: Sockets

    def __init__(
        self, market: Market, clock: Clock, *, faults: Faults | None, engine: MatchingEngine
    ) -> None:
        self.market, self.clock = market, clock
        self.faults = faults or Faults()
        self.engine = engine
        self.requests: list[RecordedRequest] = []
        self.port = 0
        self._runner: web.AppRunner | None = None
        market.listen(self._quoted)

    # Life

    @property
    def url(self) -> str:
        """Give the base address of everything; the stream has the same, as ws."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on a local port; 0 takes a free one. A stopped simulator may be started again."""
        app = web.Application(middlewares=[self._wire])
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; accounts and orders stay."""
        await self.streams.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    # What a broker has of its own

    @abstractmethod
    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        """Give every route, the stream's among them."""

    @abstractmethod
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request in and run its handler; a refusal becomes the broker's answer."""

    @abstractmethod
    def _expired(self, request: web.Request) -> web.StreamResponse:
        """Answer to credentials that are not valid any more."""

    async def _refused(self, request: web.Request) -> web.StreamResponse | None:
        """Refuse at the door, before anything can go wrong behind it."""
        return None

    def _leaving(self, reply: web.StreamResponse) -> web.StreamResponse:
        """Give an answer as it leaves."""
        return reply

    def _quoted(self, symbol: str, quote: Quote) -> None:
        self.engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)

    # Requests

    @web.middleware
    async def _wire(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        record = RecordedRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={k: v for k, v in request.headers.items() if k.lower() not in self.SECRETS},
            body=b"" if request.path in self.UNREAD else body,
            at=self.clock.now(),
            monotonic_ns=time.monotonic_ns(),
        )
        self.requests.append(record)
        reply = await self._refused(request)
        if reply is None:
            reply = await self._answer(request, handler)
        record.status = reply.status
        return self._leaving(reply)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.faults.take(request.method, request.path)

        async def served(found: web.Request) -> web.StreamResponse:
            return await self._serve(found, handler)

        return await answer(
            request, served, fault, clock=self.clock, expire_auth=lambda: self._expired(request)
        )
