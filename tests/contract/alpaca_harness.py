"""Put the real alpaca-py in front of the pretend Alpaca, on a clock driven by hand."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from adapters.alpaca import ADAPTER, guard
from adapters.alpaca.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from sim.alpaca import AlpacaSim
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.market import UNTRADABLE, Market
from tests.contract.harness import START, START_CASH, HarnessSpec

KEY, SECRET = "PKCONTRACTCONTRACT01", "a-pretend-secret-for-the-contract-suite"
OPTION = "AAPL260619C00100000"
BAD_SECRET = "another-pretend-secret-that-is-wrong"

REQUESTS = {
    "verify": "GET /v2/account",
    "account": "GET /v2/account",
    "positions": "GET /v2/positions",
    "resolve": "GET /v2/assets/*",
    "quote": "GET /v2/stocks/quotes/latest",
    "submit": "POST /v2/orders",
    "set_stop_loss": "POST /v2/orders",
    "set_take_profit": "POST /v2/orders",
    "close_position": "POST /v2/orders",
    "cancel": "DELETE /v2/orders/*",
    "replace": "PATCH /v2/orders/*",
    "order": "GET /v2/orders/*",
    "find_order": "GET /v2/orders:by_client_order_id",
    "open_orders": "GET /v2/orders",
    "history": "GET /v2/orders",
}


class AlpacaHarness:
    """Be one account at the pretend Alpaca."""

    def __init__(self, sim: AlpacaSim, clock: DrivenClock) -> None:
        self.sim = sim
        self.clock = clock

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.PAPER,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        keys = {"key_id": KEY, "secret_key": SECRET if good_credentials else BAD_SECRET}
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="alpaca", account="contract"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
        )
        return ADAPTER.open(Credentials(keys), deps)

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        sizes = [None if size is None else Decimal(size) for size in (bid_size, ask_size)]
        self.sim.market.set(symbol, Decimal(bid), Decimal(ask), *sizes)

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.sim.faults.add(REQUESTS[operation], action, times, **params)

    async def orders_at_broker(self, client_order_id: str) -> int:
        every = [o for top in self.sim.orders(KEY) for o in (top, *top.legs)]
        return sum(1 for order in every if order.client_order_id == client_order_id)

    async def requests_seen(self, operation: str) -> int:
        names = (f"{r.method} {r.path}" for r in self.sim.requests)
        return sum(1 for name in names if fnmatchcase(name, REQUESTS[operation]))

    async def drop_stream(self) -> None:
        await self.sim.streams.drop()

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)


@asynccontextmanager
async def make() -> AsyncIterator[AlpacaHarness]:
    clock = DrivenClock()
    market = Market(clock=clock)
    for symbol, (bid, ask) in START.items():
        market.set(symbol, Decimal(bid), Decimal(ask))
    # The real patience is real seconds, which no test should spend.
    patience, guard.READ_TIMEOUT = guard.READ_TIMEOUT, 1.0
    try:
        async with AlpacaSim(market, clock, faults=Faults()) as sim:
            sim.add_account(KEY, SECRET, START_CASH)
            yield AlpacaHarness(sim, clock)
    finally:
        guard.READ_TIMEOUT = patience


SPEC = HarnessSpec(
    name="alpaca",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    live_endpoint="https://api.alpaca.markets",
    breaks_stream=True,
    option=OPTION,
    secrets=(SECRET, BAD_SECRET),
)
