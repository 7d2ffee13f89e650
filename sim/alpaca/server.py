"""Run the pretend Alpaca: one asyncio server for trading, data and the stream."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from aiohttp import web

from adapters.paper.engine import EngineOrder, EnginePosition, FeeModel, FeeRate, MatchingEngine, Rules
from domain.instruments import AssetClass
from domain.portfolio import Quote
from domain.ports import Clock
from sim.alpaca import consent, hours
from sim.alpaca.contracts import ContractsApi
from sim.alpaca.data import DataApi
from sim.alpaca.facts import FactsApi
from sim.alpaca.state import ACCOUNT, ApiRefusal, SimAccount, World
from sim.alpaca.streams import TradeStreams
from sim.alpaca.trading import TradingApi
from sim.faults import Faults, Handler
from sim.market import Market
from sim.serving import HttpSim, RecordedRequest

_WINDOW = 60.0
_FEES = FeeModel(rates={AssetClass.CRYPTO: FeeRate(basis_points=Decimal(25))})
_RULES = Rules(
    leverage=Decimal(2),
    legs_on_partial=False,
    legs_follow_tif=True,
    cancel_siblings=True,
    replace_renames=True,
)


class AlpacaSim(HttpSim):
    """Be Alpaca on a local port.

    ``rate_limit`` is requests per minute and account, for trading and for data each; None switches it off.
    ``always_open`` lets stocks trade at any hour; without it, orders wait for the session. ``wash_trades``
    refuses orders against one's own resting ones.
    """

    SECRETS = frozenset({"apca-api-key-id", "apca-api-secret-key", "authorization"})
    UNREAD = consent.PATHS
    streams: TradeStreams

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        rate_limit: int | None = 200,
        always_open: bool = True,
        wash_trades: bool = False,
        fees: FeeModel = _FEES,
    ) -> None:
        engine = MatchingEngine(clock, fees=fees, rules=_RULES, seed=market.seed)
        super().__init__(market, clock, faults=faults, engine=engine)
        self.rate_limit = rate_limit
        self._accounts: dict[str, SimAccount] = {}
        self._world = World(
            market=market, clock=clock, engine=engine, always_open=always_open, wash_trades=wash_trades
        )
        self.consent = consent.ConsentApi(lambda: list(self._accounts.values()))
        self.streams = TradeStreams(self._world, self._authenticate)

    # Accounts

    def add_account(
        self, key: str, secret: str, cash: Decimal = Decimal(100_000), *, live: bool = False
    ) -> SimAccount:
        """Open an account under a key pair."""
        account = SimAccount(key=key, secret=secret, live=live)
        self._accounts[key] = account
        self.engine.open_account(key, cash)
        return account

    def add_app(self, client_id: str, secret: str, *callbacks: str) -> None:
        """Register an app that people may connect their accounts to."""
        self.consent.apps[client_id] = consent.SimConnectApp(secret=secret, callbacks=callbacks)

    def account(self, key: str) -> SimAccount:
        """Give an account; set ``blocked`` or ``expired`` on it to make it fail."""
        return self._accounts[key]

    def orders(self, key: str) -> list[EngineOrder]:
        """Give an account's orders, oldest first, legs nested."""
        return self.engine.orders(key)

    def positions(self, key: str) -> list[EnginePosition]:
        """Give an account's positions."""
        return self.engine.positions(key)

    def end_day(self) -> None:
        """Close the trading day: day orders expire, bracket legs sent for the day among them."""
        self.engine.expire_day()

    def posted(self) -> list[RecordedRequest]:
        """Give the recorded order submissions."""
        return [r for r in self.requests if (r.method, r.path) == ("POST", "/v2/orders")]

    # Requests

    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        for api in (TradingApi, FactsApi, ContractsApi, DataApi):
            yield from api(self._world).routes()
        yield from self.consent.routes()
        yield web.get("/stream", self.streams.serve)

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/stream" or request.path in consent.PATHS:
            return await handler(request)
        headers: dict[str, str] = {}
        try:
            account = self._by_headers(request)
            headers = self._count(account, request.path)
            request[ACCOUNT] = account
            reply = await handler(request)
        except ApiRefusal as refused:
            reply = web.json_response(refused.body, status=refused.status)
            headers |= refused.headers
        except web.HTTPNotFound:
            reply = web.json_response({"code": 40410000, "message": "endpoint not found."}, status=404)
        reply.headers.update(headers)
        return reply

    def _by_headers(self, request: web.Request) -> SimAccount:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            granted = self.consent.by_token(token)
            if granted is None or granted.expired:
                raise ApiRefusal(401, 40110000, "request is not authorized")
            return granted
        key, secret = request.headers.get("APCA-API-KEY-ID"), request.headers.get("APCA-API-SECRET-KEY")
        found = self._accounts.get(key or "")
        if found is not None and found.secret == secret and found.expired:
            raise ApiRefusal(401, 40110000, "request is not authorized")
        if found is None or found.secret != secret:
            raise ApiRefusal(403, None, "forbidden.")
        return found

    def _authenticate(self, key: str, secret: str, token: str) -> SimAccount | None:
        if token:
            granted = self.consent.by_token(token)
            return granted if granted and not granted.expired else None
        found = self._accounts.get(key)
        return found if found and found.secret == secret and not found.expired else None

    def _count(self, account: SimAccount, path: str) -> dict[str, str]:
        """Count a request in a sliding minute. Raises ApiRefusal over the limit."""
        if self.rate_limit is None:
            return {}
        data = path.startswith(("/v2/stocks/", "/v1beta"))
        hits, now = account.data_hits if data else account.trading_hits, self.clock.monotonic()
        while hits and hits[0] <= now - _WINDOW:
            hits.popleft()
        over = len(hits) >= self.rate_limit
        if not over:
            hits.append(now)
        headers = self._limit_headers(hits, now, self.rate_limit)
        if over:
            raise ApiRefusal(429, 42910000, "rate limit exceeded").telling(headers)
        return headers

    def _limit_headers(self, hits: deque[float], now: float, limit: int) -> dict[str, str]:
        frees = (hits[0] + _WINDOW - now) if hits else _WINDOW
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - len(hits)),
            "X-RateLimit-Reset": str(int(self.clock.now().timestamp() + frees) + 1),
        }

    def _expired(self, request: web.Request) -> web.StreamResponse:
        body = {"code": 40110000, "message": "request is not authorized"}
        return web.json_response(body, status=401)

    def _quoted(self, symbol: str, quote: Quote) -> None:
        instrument = self.market.instrument(symbol)
        coin = instrument.asset_class is AssetClass.CRYPTO
        if not coin and not self._world.always_open and not hours.is_open(self.clock.now()):
            return
        super()._quoted(symbol, quote)
