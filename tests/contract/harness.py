"""Say what a broker's harness gives the contract suite: the world behind one adapter, driven by hand."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from domain.accounts import Environment
from domain.broker import BrokerManifest, BrokerSession
from domain.instruments import AssetClass
from sim.faults import FaultAction

# The prices every harness starts with, as bid and ask.
START = {"AAPL": ("99", "100"), "TSLA": ("250", "251"), "BTCUSD": ("50000", "50100")}
START_CASH = Decimal(100_000)


class Harness(Protocol):
    """Be the world of one test: a broker with one account holding START_CASH, at the prices of START.

    ``operation`` is the name of a session method (``submit``, ``cancel``, ``replace``, ``account``…); the
    harness knows which request that is at its broker.
    """

    def open(
        self,
        *,
        good_credentials: bool = True,
        environment: Environment = Environment.PAPER,
        endpoint: str | None = None,
    ) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session on the account; entering may raise. None for the harness's own endpoint."""

    async def set_price(
        self, symbol: str, bid: str, ask: str, bid_size: str | None = None, ask_size: str | None = None
    ) -> None:
        """Quote a symbol (ours: AAPL, BTCUSD, OCC), and return when the broker has taken it in."""

    def plan(self, operation: str, action: FaultAction, times: int = 1, **params: Any) -> None:
        """Plan a fault for the next request of an operation; params as in ``sim.faults``."""

    async def orders_at_broker(self, client_order_id: str) -> int:
        """Count the orders the broker has under a client order id, open or closed, asking it directly."""

    async def requests_seen(self, operation: str) -> int:
        """Count the requests of an operation that arrived at the broker, those under a fault among them."""

    async def drop_stream(self) -> None:
        """Break the broker's event stream, where it has one."""

    async def advance(self, seconds: float) -> None:
        """Let broker time pass, so that delays end and polls happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessSpec:
    """Declare one harness. Cards are chosen by this and by the manifest, when tests are collected.

    ``faults`` are those that can happen between this adapter and its broker at all; ``untradable`` is a
    symbol the broker lists and refuses; ``live_endpoint`` is the address a paper session must never reach.
    """

    name: str
    manifest: BrokerManifest
    make: Callable[[], AbstractAsyncContextManager[Harness]]
    faults: frozenset[FaultAction] = frozenset()
    untradable: str = ""
    live_endpoint: str = ""
    breaks_stream: bool = False
    lead: AssetClass = AssetClass.EQUITY
    """The class that the cards trade in. Where it is crypto, AAPL and TSLA stand for coins: see coins.py."""
    option: str = ""
    """The OCC symbol of an option that the harness quotes, where options are traded."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The pretend secrets of the good and the bad credentials: they must appear nowhere."""
