"""Put the real alpaca-py in front of the pretend Alpaca, on a clock driven by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.alpaca import ADAPTER, guard
from adapters.alpaca.manifest import MANIFEST
from sim.alpaca import AlpacaSim
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.market import UNTRADABLE
from tests.contract.harness import START_CASH, HarnessSpec
from tests.contract.shared_harness import HttpHarness, started
from tests.support import patched

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


class AlpacaHarness(HttpHarness):
    """Be one account at the pretend Alpaca."""

    adapter = ADAPTER
    requests = REQUESTS

    def fields(self, good: bool) -> dict[str, str]:
        return {"key_id": KEY, "secret_key": SECRET if good else BAD_SECRET}

    async def orders_at_broker(self, client_order_id: str) -> int:
        every = [o for top in self.sim.orders(KEY) for o in (top, *top.legs)]
        return sum(1 for order in every if order.client_order_id == client_order_id)


@asynccontextmanager
async def make() -> AsyncIterator[AlpacaHarness]:
    clock = DrivenClock()
    # The real patience is real seconds, which no test should spend.
    with patched((guard, "READ_TIMEOUT", 1.0)):
        async with AlpacaSim(started(clock), clock, faults=Faults()) as sim:
            sim.add_account(KEY, SECRET, START_CASH)
            yield AlpacaHarness(sim, clock)


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
