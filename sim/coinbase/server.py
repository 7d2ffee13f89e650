"""Run the pretend Coinbase: one asyncio server for the API and the user channel."""

import time
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from email.utils import formatdate

from aiohttp import web

from adapters.paper.engine import EngineOrder, FeeModel, MatchingEngine, Rules
from domain.ports import Clock
from sim.coinbase.api import BASE, BrokerageApi
from sim.coinbase.auth import KeyPair, is_valid, key_of
from sim.coinbase.state import ACCOUNT, ApiRefusal, SimAccount, World
from sim.coinbase.streams import UserStreams
from sim.faults import Faults, Handler
from sim.market import Market
from sim.serving import HttpSim, RecordedRequest

_PUBLIC = f"{BASE}/market/"


class CoinbaseSim(HttpSim):
    """Be Coinbase Advanced Trade on a local port.

    ``rate_limit`` is private requests per second and user; None switches it off. Pairs in ``disabled`` (our
    symbols) take no orders.
    """

    streams: UserStreams

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        rate_limit: int | None = 30,
        fees: FeeModel | None = None,
    ) -> None:
        engine = MatchingEngine(clock, fees=fees, rules=Rules(), seed=market.seed)
        super().__init__(market, clock, faults=faults, engine=engine)
        self.rate_limit = rate_limit
        self.ahead = 0.0
        """Seconds by which Coinbase's clock is ahead of this computer's."""
        self.world = World(market=market, clock=clock, engine=engine, disabled=set())
        self.streams = UserStreams(self.world, lambda token: self._by_token(token, None))
        self._accounts: dict[str, SimAccount] = {}

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

    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        yield from BrokerageApi(self.world).routes()
        yield web.get("/ws", self.streams.serve)

    def _expired(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=401, text="Unauthorized\n")

    def _leaving(self, reply: web.StreamResponse) -> web.StreamResponse:
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
                    return self._expired(request)
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
