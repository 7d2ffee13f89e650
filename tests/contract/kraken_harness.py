"""Put the real ccxt in front of the pretend Kraken, on a clock driven by hand."""

import base64
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from adapters.kraken import ADAPTER, guard, limits, manifest
from adapters.kraken.manifest import MANIFEST
from adapters.paper.engine import FeeModel
from domain.accounts import Environment
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.kraken import KrakenSim
from sim.market import Market
from tests.contract.coins import coin_for, renamed
from tests.contract.harness import START, START_CASH, HarnessSpec

KEY = "ContractContractContractContractContractContractContract"
SECRET = base64.b64encode(b"a pretend private key for the contract suite, at sixty-four b..").decode()
BAD_SECRET = base64.b64encode(b"another pretend private key, which is wrong, at sixty-four b..").decode()
UNTRADABLE = "LTCUSD"

REQUESTS = {
    "verify": "POST /0/private/GetApiKeyInfo",
    "account": "POST /0/private/BalanceEx",
    "positions": "POST /0/private/BalanceEx",
    "resolve": "GET /0/public/AssetPairs",
    "quote": "GET /0/public/Ticker",
    "submit": "POST /0/private/AddOrder",
    "set_stop_loss": "POST /0/private/AddOrder",
    "set_take_profit": "POST /0/private/AddOrder",
    "close_position": "POST /0/private/AddOrder",
    "cancel": "POST /0/private/CancelOrder",
    "replace": "POST /0/private/AmendOrder",
    "order": "POST /0/private/QueryOrders",
    "find_order": "POST /0/private/OpenOrders",
    "open_orders": "POST /0/private/OpenOrders",
    "history": "POST /0/private/ClosedOrders",
}


class KrakenHarness:
    """Be one account at the pretend Kraken, where ether stands for AAPL."""

    def __init__(self, sim: KrakenSim, clock: DrivenClock) -> None:
        self.sim = sim
        self.clock = clock

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.LIVE,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        keys = {"api_key": KEY, "private_key": SECRET if good_credentials else BAD_SECRET}
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="kraken", account="contract"),
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
        return sum(1 for client, _ in self.sim.orders(KEY) if client == client_order_id)

    async def requests_seen(self, operation: str) -> int:
        names = (f"{r.method} {r.path}" for r in self.sim.requests)
        return sum(1 for name in names if fnmatchcase(name, REQUESTS[operation]))

    async def drop_stream(self) -> None:
        await self.sim.streams.drop()

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)


# The real patience and the real counters are real seconds, which no test of the cards should spend.
HASTE = ((guard, "TIMEOUT", 0.7), (manifest, "COUNTER", 1e6), (limits, "PUBLIC", 1e6))


@asynccontextmanager
async def make() -> AsyncIterator[KrakenHarness]:
    clock = DrivenClock()
    market = Market(clock=clock)
    for symbol, (bid, ask) in START.items():
        market.set(coin_for(symbol), Decimal(bid), Decimal(ask))
    before = [(where, name, getattr(where, name)) for where, name, _ in HASTE]
    for where, name, value in HASTE:
        setattr(where, name, value)
    try:
        async with KrakenSim(market, clock, faults=Faults(), counter=None, fees=FeeModel()) as sim:
            sim.halted.add(UNTRADABLE)
            sim.add_account(KEY, SECRET, START_CASH)
            yield KrakenHarness(sim, clock)
    finally:
        for where, name, value in before:
            setattr(where, name, value)


SPEC = HarnessSpec(
    name="kraken",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    breaks_stream=True,
    lead=AssetClass.CRYPTO,
    secrets=(SECRET, BAD_SECRET),
)
