"""Run the pretend Coinbase: one asyncio server for the API and the user channel."""

import time
from collections import deque
from decimal import Decimal
from email.utils import formatdate

from aiohttp import web

from adapters.paper.engine import EngineOrder, FeeModel, MatchingEngine, Rules
from domain.portfolio import Quote
from domain.ports import Clock
from sim.coinbase.api import BASE, BrokerageApi
from sim.coinbase.auth import KeyPair, is_valid, key_of
from sim.coinbase.state import ACCOUNT, ApiRefusal, RecordedRequest, SimAccount, World
from sim.coinbase.streams import UserStreams
from sim.faults import Faults, Handler, answer
from sim.market import Market

_PUBLIC = f"{BASE}/market/"


class CoinbaseSim:
    """Be Coinbase Advanced Trade on a local port.

    ``rate_limit`` is private requests per second and user; None switches it off. Pairs in ``disabled`` (our
    symbols) take no orders.
    """

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        rate_limit: int | None = 30,
        fees: FeeModel | None = None,
    ) -> None:
        self.market, self.clock = market, clock
        self.faults = faults or Faults()
        self.rate_limit = rate_limit
        self.ahead = 0.0
        """Seconds by which Coinbase's clock is ahead of this computer's."""
        self.requests: list[RecordedRequest] = []
        self.engine = MatchingEngine(clock, fees=fees, rules=Rules(), seed=market.seed)
        self.world = World(market=market, clock=clock, engine=self.engine, disabled=set())
        self.streams = UserStreams(self.world, lambda token: self._by_token(token, None))
        self._accounts: dict[str, SimAccount] = {}
        self._stop_listening = market.listen(self._quoted)
        self._runner: web.AppRunner | None = None
        self.port = 0

    # Life

    @property
    def url(self) -> str:
        """Give the base address; the socket is at /ws of it."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on a local port; 0 takes a free one. A stopped simulator may be started again."""
        app = web.Application(middlewares=[self._wire])
        app.add_routes([*BrokerageApi(self.world).routes(), web.get("/ws", self.streams.serve)])
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

    async def __aenter__(self) -> "CoinbaseSim":
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    # Accounts

    def add_account(self, key: KeyPair, cash: Decimal = Decimal(100_000)) -> SimAccount:
        """Open an account under a key."""
        account = SimAccount(name=key.name, public=key.public)
        self._accounts[key.name] = account
        self.engine.open_account(key.name, cash)
        return account

    def account(self, name: str) -> SimAccount:
        """Give an account; set ``expired`` on it to make its key die."""
        return self._accounts[name]

    def orders(self, name: str) -> list[EngineOrder]:
        """Give an account's orders, oldest first."""
        return self.engine.orders(name)

    def posted(self) -> list[RecordedRequest]:
        """Give the recorded order submissions."""
        return [r for r in self.requests if (r.method, r.path) == ("POST", f"{BASE}/orders")]

    # Requests

    @web.middleware
    async def _wire(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        record = RecordedRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={k: v for k, v in request.headers.items() if k.lower() != "authorization"},
            body=await request.read(),
            at=self.clock.now(),
            monotonic_ns=time.monotonic_ns(),
        )
        self.requests.append(record)
        fault = self.faults.take(request.method, request.path)

        async def served(found: web.Request) -> web.StreamResponse:
            return await self._serve(found, handler)

        reply = await answer(request, served, fault, clock=self.clock, expire_auth=_unauthorized)
        record.status = reply.status
        if self.ahead and not reply.prepared:
            reply.headers["Date"] = formatdate(time.time() + self.ahead, usegmt=True)
        return reply

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/ws":
            return await handler(request)
        try:
            if not request.path.startswith(_PUBLIC):
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                account = self._by_token(token, f"{request.method} {request.host}{request.path}")
                if account is None:
                    return _unauthorized()
                self._count(account.hits)
                request[ACCOUNT] = account
            return await handler(request)
        except ApiRefusal as refused:
            return web.json_response(refused.body, status=refused.status)

    def _by_token(self, token: str, address: str | None) -> SimAccount | None:
        account = self._accounts.get(key_of(token))
        if account is None or account.expired:
            return None
        return account if is_valid(token, account.public, address, self.ahead) else None

    def _count(self, hits: deque[float]) -> None:
        now = self.clock.monotonic()
        while hits and hits[0] <= now - 1:
            hits.popleft()
        if self.rate_limit is not None and len(hits) >= self.rate_limit:
            raise ApiRefusal(429, "RESOURCE_EXHAUSTED", "rate limit exceeded")
        hits.append(now)

    def _quoted(self, symbol: str, quote: Quote) -> None:
        self.engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)


def _unauthorized() -> web.StreamResponse:
    return web.Response(status=401, text="Unauthorized\n")
