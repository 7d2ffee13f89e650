"""Put the real ccxt in front of the pretend Coinbase, on a clock that runs and can be pushed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.coinbasepro import ADAPTER, manifest
from adapters.coinbasepro.manifest import MANIFEST
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.coinbase import CoinbaseSim
from sim.coinbase.auth import ecdsa_key
from sim.faults import FaultAction, Faults
from tests.contract.coins import coin_for
from tests.contract.harness import START_CASH, HarnessSpec
from tests.contract.shared_harness import CoinHarness, started
from tests.support import patched

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


class CoinbaseHarness(CoinHarness):
    """Be one account at the pretend Coinbase, with real money as far as it knows."""

    adapter = ADAPTER
    requests = REQUESTS

    def __init__(self, sim: CoinbaseSim, clock: DrivenClock) -> None:
        super().__init__(sim, clock)
        self._turn = asyncio.Lock()

    def fields(self, good: bool) -> dict[str, str]:
        return {"key_name": GOOD.name, "private_key": (GOOD if good else BAD).secret}

    async def orders_at_broker(self, client_order_id: str) -> int:
        return sum(1 for order in self.sim.orders(GOOD.name) if order.client_order_id == client_order_id)

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
    # The real patience is real seconds, which no test should spend.
    with patched((manifest, "TIMEOUT", 1.0)):
        async with CoinbaseSim(started(clock, coin_for), clock, faults=Faults()) as sim:
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
