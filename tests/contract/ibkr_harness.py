"""Put the real ib_insync in front of the pretend TWS, on a clock driven by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any

from adapters.ibkr import ADAPTER, link
from adapters.ibkr.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.ibkr import IbkrSim
from sim.market import Market
from tests.contract.harness import START, START_CASH, HarnessSpec

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


class IbkrHarness:
    """Be one account behind one pretend TWS."""

    def __init__(self, sim: IbkrSim, clock: DrivenClock) -> None:
        self.sim = sim
        self.clock = clock

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.PAPER,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        account = ACCOUNT if good_credentials else "DU7654321"
        fields = {"host": "127.0.0.1", "port": "7497", "client_id": "71", "account": account}
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="ibkr", account="contract"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.address if endpoint is None else endpoint,
        )
        return ADAPTER.open(Credentials(fields), deps)

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        sizes = [None if size is None else Decimal(size) for size in (bid_size, ask_size)]
        self.sim.market.set(symbol, Decimal(bid), Decimal(ask), *sizes)
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

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)


@asynccontextmanager
async def make() -> AsyncIterator[IbkrHarness]:
    clock = DrivenClock()
    market = Market(clock=clock)
    for symbol, (bid, ask) in START.items():
        market.set(symbol, Decimal(bid), Decimal(ask))
    # The real patience is real seconds, which no test should spend.
    patience, link.REPLY_TIMEOUT = link.REPLY_TIMEOUT, 1.0
    try:
        async with IbkrSim(market, clock, faults=Faults(), accounts=(ACCOUNT,), cash=START_CASH) as sim:
            yield IbkrHarness(sim, clock)
    finally:
        link.REPLY_TIMEOUT = patience


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
