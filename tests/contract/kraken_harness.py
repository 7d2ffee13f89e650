"""Put the real ccxt in front of the pretend Kraken, on a clock driven by hand."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.kraken import ADAPTER, guard, limits, manifest
from adapters.kraken.manifest import MANIFEST
from adapters.paper.engine import FeeModel
from domain.instruments import AssetClass
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.kraken import KrakenSim
from tests.contract.coins import coin_for
from tests.contract.harness import START_CASH, HarnessSpec
from tests.contract.shared_harness import CoinHarness, started
from tests.support import patched

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


class KrakenHarness(CoinHarness):
    """Be one account at the pretend Kraken, where ether stands for AAPL."""

    adapter = ADAPTER
    requests = REQUESTS

    def fields(self, good: bool) -> dict[str, str]:
        return {"api_key": KEY, "private_key": SECRET if good else BAD_SECRET}

    async def orders_at_broker(self, client_order_id: str) -> int:
        return sum(1 for client, _ in self.sim.orders(KEY) if client == client_order_id)


# The real patience and the real counters are real seconds, which no test of the cards should spend.
HASTE = ((guard, "TIMEOUT", 0.7), (manifest, "COUNTER", 1e6), (limits, "PUBLIC", 1e6))


@asynccontextmanager
async def make() -> AsyncIterator[KrakenHarness]:
    clock = DrivenClock()
    market = started(clock, coin_for)
    with patched(*HASTE):
        async with KrakenSim(market, clock, faults=Faults(), counter=None, fees=FeeModel()) as sim:
            sim.halted.add(UNTRADABLE)
            sim.add_account(KEY, SECRET, START_CASH)
            yield KrakenHarness(sim, clock)


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
