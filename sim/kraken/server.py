"""Run the pretend Kraken: one asyncio server for REST and the WebSocket."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from adapters.paper.engine import EngineOrder, EnginePosition, FeeModel, FeeRate, MatchingEngine
from domain.instruments import AssetClass
from domain.ports import Clock
from sim.faults import Faults, Handler
from sim.kraken.private import PrivateApi
from sim.kraken.public import PublicApi
from sim.kraken.state import ACCOUNT, ALL_PERMISSIONS, FORM, ApiRefusal, SimAccount, World
from sim.kraken.streams import Streams
from sim.market import Market
from sim.serving import HttpSim

_FEES = FeeModel(rates={AssetClass.CRYPTO: FeeRate(basis_points=Decimal(35))})
_FREE = {"AddOrder", "AmendOrder", "CancelOrder"}
_COSTS = {"TradesHistory": 2}


class KrakenSim(HttpSim):
    """Be Kraken on a local port.

    ``counter`` and ``decay`` are the REST counter of each key; a counter of None switches it off.
    """

    SECRETS = frozenset({"api-key", "api-sign"})
    streams: Streams

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        faults: Faults | None = None,
        counter: float | None = 15.0,
        decay: float = 1 / 3,
        fees: FeeModel = _FEES,
    ) -> None:
        engine = MatchingEngine(clock, fees=fees, seed=market.seed)
        super().__init__(market, clock, faults=faults, engine=engine)
        self.counter, self.decay = counter, decay
        self.halted: set[str] = set()
        self._accounts: dict[str, SimAccount] = {}
        self._world = World(
            market=market, clock=clock, engine=engine, accounts=self._accounts, halted=self.halted
        )
        self._private = PrivateApi(self._world)
        self.streams = Streams(self._world)

    # Accounts

    def add_account(
        self,
        key: str,
        secret: str,
        cash: Decimal = Decimal(100_000),
        permissions: tuple[str, ...] = ALL_PERMISSIONS,
    ) -> SimAccount:
        """Open an account under an API key; ``secret`` is base64."""
        self._accounts[key] = SimAccount(key=key, secret=secret, permissions=permissions)
        self.engine.open_account(key, cash)
        return self._accounts[key]

    def account(self, key: str) -> SimAccount:
        """Give an account; set ``revoked`` on it to make its key die."""
        return self._accounts[key]

    def orders(self, key: str) -> list[tuple[str, EngineOrder]]:
        """Give an account's orders with the client order id of each, oldest first."""
        return [(p.client, self._world.order(p)) for p in self._accounts[key].placed.values()]

    def positions(self, key: str) -> list[EnginePosition]:
        """Give an account's coins."""
        return self.engine.positions(key)

    def posted(self, call: str = "AddOrder") -> list[dict[str, str]]:
        """Give the forms of a private call, as they arrived."""
        path = f"/0/private/{call}"
        return [_form(r.body) for r in self.requests if r.path == path]

    # Requests

    def _routes(self) -> Iterable[web.AbstractRouteDef]:
        yield from PublicApi(self._world).routes()
        yield web.post("/0/private/{call}", self._private.serve)
        yield web.get("/v2", self.streams.serve)

    async def _refused(self, request: web.Request) -> web.StreamResponse | None:
        """Look at key, signature, nonce and counter at once, whatever happens behind the gateway."""
        try:
            if request.path.startswith("/0/private/"):
                self._let_in(request, await request.read())
        except ApiRefusal as refused:
            return _refusal(refused)
        return None

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiRefusal as refused:
            return _refusal(refused)

    def _expired(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": ["EAPI:Invalid key"]})

    def _let_in(self, request: web.Request, body: bytes) -> None:
        """Check a private request as the gateway does. Raises ApiRefusal."""
        account = self._accounts.get(request.headers.get("API-Key", ""))
        if account is None or account.revoked:
            raise ApiRefusal("EAPI:Invalid key")
        form = _form(body)
        nonce = str(form.get("nonce", ""))
        if not nonce.isdecimal():
            raise ApiRefusal("EAPI:Invalid nonce")
        digest = hashlib.sha256(nonce.encode() + body).digest()
        key = base64.b64decode(account.secret)
        signed = hmac.new(key, request.path.encode() + digest, hashlib.sha512).digest()
        if not hmac.compare_digest(base64.b64encode(signed).decode(), request.headers.get("API-Sign", "")):
            raise ApiRefusal("EAPI:Invalid signature")
        if int(nonce) <= account.nonce:
            raise ApiRefusal("EAPI:Invalid nonce")
        account.nonce = int(nonce)
        call = request.path.rsplit("/", 1)[1]
        needs = PrivateApi.NEEDS.get(call, ())
        if needs and not set(needs) & set(account.permissions):
            raise ApiRefusal("EGeneral:Permission denied")
        self._count(account, call)
        request[ACCOUNT], request[FORM] = account, form

    def _count(self, account: SimAccount, call: str) -> None:
        if self.counter is None or call in _FREE:
            return
        now = self.clock.monotonic()
        account.counter = max(0.0, account.counter - (now - account.counted_at) * self.decay)
        account.counted_at = now
        account.counter += _COSTS.get(call, 1)
        # A hair of room: our clock and the limiter's are not read in the same moment.
        if account.counter > self.counter + 0.01:
            raise ApiRefusal("EAPI:Rate limit exceeded")


def _form(body: bytes) -> dict[str, Any]:
    """Read a form, or the JSON that Kraken takes too."""
    if body.startswith(b"{"):
        try:
            found = json.loads(body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _refusal(refused: ApiRefusal) -> web.StreamResponse:
    return web.json_response({"error": [refused.code]})
