"""Put the paper broker in front of a pretend market and a store that can fail on purpose."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.paper.adapter import PaperAdapter
from adapters.paper.manifest import MANIFEST
from domain.accounts import Environment, PaperBook
from domain.broker import BrokerSession, Credentials, SessionDeps
from domain.errors import StoreUnavailable
from domain.ids import AccountRef, UserId
from domain.instruments import Instrument
from domain.portfolio import Quote
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.market import Market
from tests.contract.harness import START, START_CASH, HarnessSpec

OPTION = "AAPL260619C00100000"


class MemoryBooks:
    """Keep books in memory with compare-and-set; a planned fault hits the next write of an operation."""

    def __init__(self) -> None:
        self.books: dict[str, PaperBook] = {}
        self.faults = Faults()
        self.operation: Callable[[], str] = lambda: "*"

    async def get(self, key: str) -> PaperBook | None:
        return self.books.get(key)

    async def insert(self, value: PaperBook) -> bool:
        if value.id in self.books:
            return False
        self._write(value)
        return True

    async def compare_and_set(self, value: PaperBook) -> PaperBook | None:
        if self.books[value.id].version != value.version:
            return None
        self._write(replace(value, version=value.version + 1))
        return self.books[value.id]

    def _write(self, value: PaperBook) -> None:
        fault = self.faults.take("WRITE", "/")
        if fault is not None and fault.action is FaultAction.DROP_BEFORE_EXECUTE:
            raise StoreUnavailable("the store went away before it wrote")
        self.books[value.id] = value
        if fault is not None:
            raise StoreUnavailable("the store went away after it wrote")


class MarketPrices:
    """Be the price source the bot would have, on the pretend market."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.silent: set[str] = set()

    async def quote(self, instrument: Instrument) -> Quote | None:
        known = self.market.exists(instrument.symbol) and instrument.symbol not in self.silent
        return self.market.quote(instrument.symbol) if known else None


class PaperHarness:
    """Be one paper account. There is no wire: a lost write of its book is what a lost reply is elsewhere."""

    def __init__(self) -> None:
        self.clock = DrivenClock()
        self.market = Market(clock=self.clock)
        self.books = MemoryBooks()
        self.prices = MarketPrices(self.market)
        self.ref = AccountRef(user=UserId("1"), broker="paper", account="contract")
        for symbol, (bid, ask) in START.items():
            self.market.set(symbol, Decimal(bid), Decimal(ask))

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.PAPER,
        endpoint: str | None = None,
        adapter: PaperAdapter | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        deps = SessionDeps(
            ref=self.ref, environment=environment, clock=self.clock, prices=self.prices, books=self.books
        )
        return (adapter or PaperAdapter()).open(Credentials({"start_cash": str(START_CASH)}), deps)

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        sizes = [None if size is None else Decimal(size) for size in (bid_size, ask_size)]
        self.market.set(symbol, Decimal(bid), Decimal(ask), *sizes)
        await self.clock.advance(1)  # two looks of the broker at its prices
        await self.clock.advance(1)

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        self.books.faults.add("WRITE /", action, times, **params)

    def book(self) -> dict[str, Any]:
        """Give what is durable right now."""
        stored = self.books.books.get(self.ref.key)
        return json.loads(stored.state) if stored else {"orders": []}

    async def orders_at_broker(self, client_order_id: str) -> int:
        orders = self.book()["orders"]
        return sum(1 for order in orders if order["request"]["client_order_id"] == client_order_id)

    async def requests_seen(self, operation: str) -> int:
        return len(self.books.faults.taken) + len(self.book()["orders"])

    async def drop_stream(self) -> None:
        raise NotImplementedError("the paper broker's stream is in this process and cannot break")

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)


@asynccontextmanager
async def make() -> AsyncIterator[PaperHarness]:
    yield PaperHarness()


SPEC = HarnessSpec(
    name="paper",
    manifest=MANIFEST,
    make=make,
    # Only these two can happen between the paper broker and its store.
    faults=frozenset({FaultAction.EXECUTE_THEN_DROP, FaultAction.DROP_BEFORE_EXECUTE}),
    option=OPTION,
)
