"""Put the real moomoo-api in front of the pretend OpenD, which runs in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from adapters.moomoo import ADAPTER, manifest
from adapters.moomoo.manifest import MANIFEST
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.market import UNTRADABLE
from sim.moomoo.process import OpenDProcess
from tests.contract.harness import START, START_CASH, HarnessSpec
from tests.contract.shared_harness import AccountHarness
from tests.support import patched

PASSWORD, BAD_PASSWORD = "a-pretend-trade-password", "another-pretend-password-that-is-wrong"

REQUESTS = {
    "verify": "OPEND /2101",
    "account": "OPEND /2101",
    "positions": "OPEND /2102",
    "resolve": "OPEND /3202",
    "quote": "OPEND /3203",
    "submit": "OPEND /2202",
    "set_stop_loss": "OPEND /2202",
    "set_take_profit": "OPEND /2202",
    "close_position": "OPEND /2202",
    "cancel": "OPEND /2205/cancel",
    "replace": "OPEND /2205/modify",
    "order": "OPEND /2201",
    "find_order": "OPEND /2201",
    "open_orders": "OPEND /2201",
    "history": "OPEND /2221",
}


@cache
def process() -> OpenDProcess:
    """Give the one pretend OpenD of this test process; every test resets it."""
    return OpenDProcess()


class MoomooHarness(AccountHarness):
    """Be one account behind the pretend OpenD."""

    adapter = ADAPTER

    def __init__(self, opend: OpenDProcess, clock: DrivenClock) -> None:
        self.opend, self.clock = opend, clock
        self.address = opend.endpoint

    def fields(self, good: bool) -> dict[str, str]:
        fields = {"unlock_password": PASSWORD if good else BAD_PASSWORD}
        # On paper nothing is unlocked: what can be wrong there is the account number.
        return fields if good else {**fields, "account_id": "999999"}

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        await self.opend.call("price", symbol=symbol, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.opend.ask("fault", match=REQUESTS[operation], action=action.value, times=times, params=params)

    async def orders_at_broker(self, client_order_id: str) -> int:
        every = await self.opend.call("orders")
        return sum(1 for order in every if order["remark"] == client_order_id)

    async def requests_seen(self, operation: str) -> int:
        seen = await self.opend.call("requests")
        return sum(1 for r in seen if fnmatchcase(f"OPEND {r['path']}", REQUESTS[operation]))

    async def drop_stream(self) -> None:
        await self.opend.call("drop")

    async def advance(self, seconds: float) -> None:
        # OpenD first: its limits must never be behind ours.
        await self.opend.call("advance", seconds=seconds)
        await super().advance(seconds)


@asynccontextmanager
async def make() -> AsyncIterator[MoomooHarness]:
    opend = process()
    await opend.call("reset", cash=str(START_CASH), prices=START, password=PASSWORD)
    # The real patience is real seconds, which no test should spend.
    with patched((manifest, "QUERY_TIMEOUT", 2.0)):
        yield MoomooHarness(opend, DrivenClock())


SPEC = HarnessSpec(
    name="moomoo",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    breaks_stream=True,
    secrets=(PASSWORD, BAD_PASSWORD),
)
