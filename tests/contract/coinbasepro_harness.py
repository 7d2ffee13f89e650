"""Put the real ccxt in front of the pretend Coinbase, on a clock that runs and can be pushed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from adapters.coinbasepro import ADAPTER, manifest
from adapters.coinbasepro.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.coinbase import CoinbaseSim
from sim.coinbase.auth import ecdsa_key
from sim.faults import FaultAction, Faults
from sim.market import Market
from tests.contract.coins import coin_for, renamed
from tests.contract.harness import START, START_CASH, HarnessSpec

GOOD, BAD = ecdsa_key(), ecdsa_key()
UNTRADABLE = "DOGEUSD"
TICK = 0.02
BASE = "/api/v3/brokerage"

REQUESTS = {
    "verify": f"GET {BASE}/key_permissions",
    "account": f"GET {BASE}/accounts",
    "positions": f"GET {BASE}/accounts",
    "resolve": f"GET {BASE}/market/products",
    "quote": f"GET {BASE}/best_bid_ask",
    "submit": f"POST {BASE}/orders",
    "set_stop_loss": f"POST {BASE}/orders",
    "set_take_profit": f"POST {BASE}/orders",
    "close_position": f"POST {BASE}/orders",
    "cancel": f"POST {BASE}/orders/batch_cancel",
    "replace": f"POST {BASE}/orders/edit",
    "order": f"GET {BASE}/orders/historical/*",
    "find_order": f"GET {BASE}/orders/historical/batch",
    "open_orders": f"GET {BASE}/orders/historical/batch",
    "history": f"GET {BASE}/orders/historical/batch",
}


class CoinbaseHarness:
    """Be one account at the pretend Coinbase, with real money as far as it knows."""

    def __init__(self, sim: CoinbaseSim, clock: DrivenClock) -> None:
        self.sim, self.clock = sim, clock
        self._turn = asyncio.Lock()

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.LIVE,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        keys = {"key_name": GOOD.name, "private_key": (GOOD if good_credentials else BAD).secret}
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="coinbasepro", account="contract"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
        )
        return renamed(ADAPTER.open(Credentials(keys), deps))

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        sizes = [None if size is None else Decimal(size) for size in (bid_size, ask_size)]
        self.sim.market.set(coin_for(symbol), Decimal(bid), Decimal(ask), *sizes)

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.sim.faults.add(REQUESTS[operation], action, times, **params)

    async def orders_at_broker(self, client_order_id: str) -> int:
        return sum(1 for order in self.sim.orders(GOOD.name) if order.client_order_id == client_order_id)

    async def requests_seen(self, operation: str) -> int:
        names = (f"{r.method} {r.path}" for r in self.sim.requests)
        return sum(1 for name in names if fnmatchcase(name, REQUESTS[operation]))

    async def drop_stream(self) -> None:
        await self.sim.streams.drop()

    async def advance(self, seconds: float) -> None:
        async with self._turn:
            await self.clock.advance(seconds)

    async def tick(self) -> None:
        """Let time pass as it does: the limit is by the second, and would not end on a clock that stands."""
        while True:
            await asyncio.sleep(TICK)
            await self.advance(TICK)


@asynccontextmanager
async def make() -> AsyncIterator[CoinbaseHarness]:
    clock = DrivenClock()
    market = Market(clock=clock)
    for symbol, (bid, ask) in START.items():
        market.set(coin_for(symbol), Decimal(bid), Decimal(ask))
    # The real patience is real seconds, which no test should spend.
    patience, manifest.TIMEOUT = manifest.TIMEOUT, 1.0
    try:
        async with CoinbaseSim(market, clock, faults=Faults()) as sim:
            sim.add_account(GOOD, START_CASH)
            sim.world.disabled.add(UNTRADABLE)
            harness = CoinbaseHarness(sim, clock)
            ticking = asyncio.create_task(harness.tick())
            try:
                yield harness
            finally:
                ticking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await ticking
    finally:
        manifest.TIMEOUT = patience


SPEC = HarnessSpec(
    name="coinbasepro",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    breaks_stream=True,
    lead=AssetClass.CRYPTO,
    secrets=(GOOD.secret, BAD.secret, GOOD.secret.splitlines()[1]),
)
