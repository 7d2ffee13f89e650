"""Put the real moomoo-api in front of the pretend OpenD, which runs in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from adapters.moomoo import ADAPTER, manifest
from adapters.moomoo.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.market import UNTRADABLE
from sim.moomoo.process import OpenDProcess
from tests.contract.harness import START, START_CASH, HarnessSpec

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


class MoomooHarness:
    """Be one account behind the pretend OpenD."""

    def __init__(self, opend: OpenDProcess, clock: DrivenClock) -> None:
        self.opend = opend
        self.clock = clock

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.PAPER,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        fields = {"unlock_password": PASSWORD if good_credentials else BAD_PASSWORD}
        # On paper nothing is unlocked: what can be wrong there is the account number.
        if not good_credentials:
            fields["account_id"] = "999999"
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="moomoo", account="contract"),
            environment=environment,
            clock=self.clock,
            endpoint=self.opend.endpoint if endpoint is None else endpoint,
        )
        return ADAPTER.open(Credentials(fields), deps)

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
        await self.clock.advance(seconds)


@asynccontextmanager
async def make() -> AsyncIterator[MoomooHarness]:
    opend = process()
    await opend.call("reset", cash=str(START_CASH), prices=START, password=PASSWORD)
    # The real patience is real seconds, which no test should spend.
    patience, manifest.QUERY_TIMEOUT = manifest.QUERY_TIMEOUT, 2.0
    try:
        yield MoomooHarness(opend, DrivenClock())
    finally:
        manifest.QUERY_TIMEOUT = patience


SPEC = HarnessSpec(
    name="moomoo",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    breaks_stream=True,
    secrets=(PASSWORD, BAD_PASSWORD),
)
