"""Put the real ib_insync in front of the pretend TWS, on a clock driven by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.ibkr import ADAPTER, link
from adapters.ibkr.manifest import MANIFEST
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.ibkr import IbkrSim
from tests.contract.harness import START_CASH, HarnessSpec
from tests.contract.shared_harness import SimHarness, started
from tests.support import patched

ACCOUNT = "DU1234567"
OPTION = "AAPL260619C00100000"
REQUESTS = {
    "verify": "reqAccountSummary",
    "account": "reqAccountSummary",
    "positions": "reqPositions",
    "resolve": "reqContractDetails",
    "quote": "reqMktData",
    "submit": "placeOrder",
    "set_stop_loss": "placeOrder",
    "set_take_profit": "placeOrder",
    "close_position": "placeOrder",
    "cancel": "cancelOrder",
    "replace": "modifyOrder",
    "order": "reqAllOpenOrders",
    "find_order": "reqAllOpenOrders",
    "open_orders": "reqAllOpenOrders",
    "history": "reqCompletedOrders",
}


class IbkrHarness(SimHarness):
    """Be one account behind one pretend TWS."""

    adapter = ADAPTER

    @property
    def address(self) -> str:
        return self.sim.address

    def fields(self, good: bool) -> dict[str, str]:
        account = ACCOUNT if good else "DU7654321"
        return {"host": "127.0.0.1", "port": "7497", "client_id": "71", "account": account}

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        await super().set_price(symbol, bid, ask, bid_size, ask_size)
        # What TWS pushes is on its way; let it arrive.
        for _ in range(3):
            await asyncio.sleep(0.001)

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.sim.faults.add(f"TWS /{REQUESTS[operation]}", action, times, **params)

    async def orders_at_broker(self, client_order_id: str) -> int:
        return sum(1 for order in self.sim.orders() if order.ref == client_order_id and not order.refused)

    async def requests_seen(self, operation: str) -> int:
        return sum(1 for request in self.sim.requests if request.name == REQUESTS[operation])

    async def drop_stream(self) -> None:
        self.sim.drop()


@asynccontextmanager
async def make() -> AsyncIterator[IbkrHarness]:
    clock = DrivenClock()
    # The real patience is real seconds, which no test should spend.
    market = started(clock)
    with patched((link, "REPLY_TIMEOUT", 1.0)):
        async with IbkrSim(market, clock, faults=Faults(), accounts=(ACCOUNT,), cash=START_CASH) as sim:
            yield IbkrHarness(sim, clock)


SPEC = HarnessSpec(
    name="ibkr",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(
        {
            FaultAction.EXECUTE_THEN_DROP,
            FaultAction.DROP_BEFORE_EXECUTE,
            FaultAction.DELAY,
            FaultAction.GARBAGE_BODY,
            FaultAction.HALF_FRAME,
            FaultAction.LATE_EXECUTE,
        }
    ),
    live_endpoint="127.0.0.1:7496",
    breaks_stream=True,
    option=OPTION,
)
