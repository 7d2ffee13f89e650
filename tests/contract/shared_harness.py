"""Hold what the harnesses share: how a session is opened, and how a broker that is a simulator is driven."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from domain.accounts import Environment
from domain.broker import BrokerAdapter, BrokerSession, Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from sim.clock import DrivenClock
from sim.faults import FaultAction
from sim.market import Market
from tests.contract.coins import coin_for, renamed
from tests.contract.harness import START


class AccountHarness:
    """Be one account at a broker: ``address`` is where it listens, ``fields`` what its owner typed in."""

    adapter: BrokerAdapter
    environment = Environment.PAPER
    address: str
    clock: DrivenClock

    def fields(self, good: bool) -> dict[str, str]:
        raise NotImplementedError

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment | None = None,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker=self.adapter.manifest.slug, account="contract"),
            environment=environment or self.environment,
            clock=self.clock,
            endpoint=self.address if endpoint is None else endpoint,
        )
        return self.adapter.open(Credentials(self.fields(good_credentials)), deps)

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)


class SimHarness(AccountHarness):
    """Be one account at a broker that is a simulator in this process."""

    def __init__(self, sim: Any, clock: DrivenClock) -> None:
        self.sim, self.clock = sim, clock

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        sizes = [None if size is None else Decimal(size) for size in (bid_size, ask_size)]
        self.sim.market.set(symbol, Decimal(bid), Decimal(ask), *sizes)


class HttpHarness(SimHarness):
    """Be one account at a broker that is spoken to over HTTP; ``requests`` names those of each operation."""

    requests: Mapping[str, str]

    @property
    def address(self) -> str:
        return self.sim.url

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.sim.faults.add(self.requests[operation], action, times, **params)

    async def requests_seen(self, operation: str) -> int:
        names = (f"{r.method} {r.path}" for r in self.sim.requests)
        return sum(1 for name in names if fnmatchcase(name, self.requests[operation]))

    async def drop_stream(self) -> None:
        await self.sim.streams.drop()


class CoinHarness(HttpHarness):
    """Be one account at a broker of coins, with real money as far as it knows; ether stands for AAPL."""

    environment = Environment.LIVE

    def open(self, **asked: Any) -> AbstractAsyncContextManager[Any]:
        return renamed(super().open(**asked))

    async def set_price(self, symbol: str, *prices: str | None, **sizes: str | None) -> None:
        await super().set_price(coin_for(symbol), *prices, **sizes)


def started(clock: DrivenClock, name: Callable[[str], str] = str) -> Market:
    """Give a market at the prices of START; ``name`` gives the symbol that is quoted for one of them."""
    market = Market(clock=clock)
    for symbol, (bid, ask) in START.items():
        market.set(name(symbol), Decimal(bid), Decimal(ask))
    return market
