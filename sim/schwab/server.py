"""Run the pretend Schwab: one asyncio server for sign-in, trading, data and the stream."""

import secrets
import time
from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from aiohttp import web

from adapters.paper.engine import EngineOrder, EnginePosition, FeeModel, FeeRate, MatchingEngine, Rules
from domain.instruments import AssetClass
from domain.ports import Clock
from sim.faults import Faults, Handler
from sim.market import Market
from sim.schwab.consent import ConsentApi
from sim.schwab.data import DataApi
from sim.schwab.oauth import OAuthApi
from sim.schwab.state import (
    APP,
    LOGIN,
    ApiRefusal,
    Json,
    SimAccount,
    SimApp,
    SimLogin,
    World,
)
from sim.schwab.streams import Streams
from sim.schwab.trading import TradingApi
from sim.serving import HttpSim, RecordedRequest

_WINDOW = 60.0
_OPEN = {"/v1/oauth/authorize", "/v1/oauth/token", "/ws"}
_FEES = FeeModel(rates={AssetClass.OPTION: FeeRate(per_unit=Decimal("0.65"))})
_RULES = Rules(leverage=Decimal(2), legs_on_partial=False, cancel_siblings=True, replace_renames=True)


class SchwabSim(HttpSim):
    """Be Schwab on a local port.

    ``app_limit`` is requests other than orders per minute and app, ``order_limit`` orders per minute and
    account; None switches a limit off.
    """

    UNREAD = frozenset({"/v1/oauth/token"})
    streams: Streams

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        app_limit: int | None = 120,
        order_limit: int | None = 120,
        fees: FeeModel = _FEES,
    ) -> None:
        engine = MatchingEngine(clock, fees=fees, rules=_RULES, seed=market.seed)
        super().__init__(market, clock, faults=faults, engine=engine)
        self.app_limit, self.order_limit = app_limit, order_limit
        self.world = World(market=market, clock=clock, engine=engine, apps={})
        self.oauth = OAuthApi(self.world)
        self.streams = Streams(self.world, lambda access: self._by_access(access)[1])

    # People

    def add_login(
        self, key: str, secret: str, *numbers: str, cash: Decimal = Decimal(100_000), name: str = "one"
    ) -> SimLogin:
        """Let a person with these accounts sign in to an app, which is registered on first use."""
        app = self.world.apps.setdefault(key, SimApp(key=key, secret=secret))
        login = SimLogin(name=name, accounts=[SimAccount(number=n) for n in numbers or ("12345678",)])
        app.logins.append(login)
        for account in login.accounts:
            self.engine.open_account(account.number, cash)
        return login

    def token(self, login: SimLogin, *, expires_at: int | None = None) -> Json:
        """Give a token as schwab-py stores it, as if the person had just signed in."""
        token = self.oauth.issue(login)
        ends = int(time.time()) + 1800 if expires_at is None else expires_at
        return {
            "creation_timestamp": int(self.clock.now().timestamp()),
            "token": token | {"expires_at": ends},
        }

    def redirect(self, login: SimLogin, callback: str = "https://127.0.0.1:8182") -> str:
        """Give the address a person's browser is sent to after signing in."""
        code = f"C0.{secrets.token_hex(12)}@"
        login.codes[code] = callback
        return f"{callback}/?code={code.replace('@', '%40')}&session={secrets.token_hex(8)}"

    def orders(self, number: str) -> list[EngineOrder]:
        """Give an account's orders, oldest first, legs nested; rejected ones are in ``SimAccount.dead``."""
        return self.engine.orders(number)

    def positions(self, number: str) -> list[EnginePosition]:
        """Give an account's positions."""
        return self.engine.positions(number)

    def end_day(self) -> None:
        """Close the trading day: day orders expire."""
        self.engine.expire_day()

    def posted(self) -> list[RecordedRequest]:
        """Give the recorded order submissions."""
        return [r for r in self.requests if r.method == "POST" and r.path.endswith("/orders")]

    # Requests

    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        for api in (TradingApi, DataApi, ConsentApi):
            yield from api(self.world).routes()
        yield from self.oauth.routes()
        yield web.get("/ws", self.streams.serve)

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _OPEN:
            return await handler(request)
        try:
            kind, _, access = request.headers.get("Authorization", "").partition(" ")
            app, login = self._by_access(access) if kind == "Bearer" else (None, None)
            if app is None or login is None:
                return _unauthorized()
            self._count(request, app, login)
            request[APP], request[LOGIN] = app, login
            return await handler(request)
        except ApiRefusal as refused:
            return web.json_response(refused.body, status=refused.status, headers=refused.headers)
        except web.HTTPNotFound:
            return web.json_response({"message": "Not Found"}, status=404)

    def _expired(self, request: web.Request) -> web.StreamResponse:
        """Withdraw the sign-in behind a request for good."""
        _, login = self._by_access(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if login is not None:
            login.access.clear()
            login.refresh.clear()
        return _unauthorized()

    def _by_access(self, access: str) -> tuple[SimApp | None, SimLogin | None]:
        now = self.clock.now().timestamp()
        for app in self.world.apps.values():
            for login in app.logins:
                if login.access.get(access, 0.0) > now:
                    return app, login
        return None, None

    def _count(self, request: web.Request, app: SimApp, login: SimLogin) -> None:
        order = "/orders" in request.path and request.method != "GET"
        if order:
            named = [a for a in login.accounts if a.hash in request.path]
            hits, limit = (named[0].order_hits if named else app.hits), self.order_limit
        else:
            hits, limit = app.hits, self.app_limit
        if limit is not None:
            self._hit(hits, limit)

    def _hit(self, hits: deque[float], limit: int) -> None:
        now = self.clock.monotonic()
        while hits and hits[0] <= now - _WINDOW:
            hits.popleft()
        if len(hits) >= limit:
            raise ApiRefusal(429, "Too many requests", retry_after=int(hits[0] + _WINDOW - now) + 1)
        hits.append(now)


def _unauthorized() -> web.StreamResponse:
    body = {"errors": [{"status": 401, "title": "Unauthorized", "detail": "Client not authorized"}]}
    return web.json_response(body, status=401)
