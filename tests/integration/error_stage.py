"""Set up one pretend broker to be spoiled: sessions to it, a relay before it, a clock that is wrong."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.alpaca import guard as alpaca_guard
from adapters.coinbasepro import manifest as coinbase_manifest
from adapters.ibkr import link as ibkr_link
from adapters.kraken import guard as kraken_guard
from adapters.moomoo import manifest as moomoo_manifest
from adapters.paper import prices as paper_prices
from adapters.schwab import manifest as schwab_manifest
from domain.accounts import Environment
from domain.broker import BrokerAdapter, BrokerSession, Credentials, SessionDeps
from domain.errors import BrokerError
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderRequest, OrderType
from sim.clock import DrivenClock
from tests.contract.cards import ask_for
from tests.contract.harness import HarnessSpec
from tests.contract.harnesses import HARNESSES
from tests.integration.wire_relay import Relay, relay
from tests.support import patched

D = Decimal
SPECS: dict[str, HarnessSpec] = {spec.name: spec for spec in HARNESSES}
GATEWAYS = frozenset({"ibkr", "moomoo"})
"""Brokers reached through the member's own gateway, whose address is a host and a port."""
OFF = 300.0
"""Seconds by which a wrong clock is wrong."""
# How long an answer is waited for; the real patience is seconds that no test should spend.
HASTE = (
    (alpaca_guard, "READ_TIMEOUT", 0.5),
    (schwab_manifest, "READ_TIMEOUT", 0.5),
    (coinbase_manifest, "TIMEOUT", 0.5),
    (kraken_guard, "TIMEOUT", 0.4),
    (ibkr_link, "REPLY_TIMEOUT", 0.5),
    (ibkr_link, "CONNECT_TIMEOUT", 0.5),
    (moomoo_manifest, "QUERY_TIMEOUT", 0.7),
    (moomoo_manifest, "CONNECT_TIMEOUT", 1.5),
    (paper_prices, "PATIENCE", 0.2),
)


@dataclass(slots=True, kw_only=True)
class Told:
    """Hold what came of a scene: the error, all that Python would print of it, and what the broker has."""

    error: BrokerError | None
    printed: str
    at_broker: int
    secrets: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Stage:
    """Hold one pretend broker with one account, and what is needed to spoil it."""

    spec: HarnessSpec
    h: Any
    stack: AsyncExitStack
    sent: list[OrderRequest] = field(default_factory=list)

    @property
    def gateway(self) -> bool:
        return self.spec.name in GATEWAYS

    @property
    def live(self) -> Environment:
        """The environment of the session: paper where the broker has it."""
        return self.spec.manifest.environments[0]

    @property
    def coins(self) -> bool:
        return self.spec.lead is AssetClass.CRYPTO

    def address(self, host: str, port: int) -> str:
        return f"{host}:{port}" if self.gateway else f"http://{host}:{port}"

    def port(self) -> int:
        return self.h.opend.port if self.spec.name == "moomoo" else self.h.sim.port

    async def open(self, **how: Any) -> BrokerSession:
        how.setdefault("environment", self.live)
        return await self.stack.enter_async_context(self.h.open(**how))

    async def relayed(self) -> tuple[Relay, BrokerSession]:
        """Open a session whose answers can be stopped."""
        between = await self.stack.enter_async_context(relay(("127.0.0.1", self.port())))
        return between, await self.open(endpoint=self.address("127.0.0.1", between.port))

    async def adapted(
        self, adapter: BrokerAdapter, fields: dict[str, str], environment: Environment, endpoint: str
    ) -> BrokerSession:
        """Open a session with any credentials."""
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker=self.spec.name, account="trouble"),
            environment=environment,
            clock=self.h.clock,
            endpoint=endpoint,
        )
        return await self.stack.enter_async_context(adapter.open(Credentials(fields), deps))

    async def buy(self, session: BrokerSession, instrument: Instrument, quantity: str = "10") -> Any:
        request = ask_for(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(90))
        self.sent.append(request)
        return await session.submit(request)


class Skewed:
    """Be a clock that runs with another and shows another time."""

    def __init__(self, true: DrivenClock, seconds: float) -> None:
        self._true, self._off = true, timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._true.now() + self._off

    def monotonic(self) -> float:
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


def knows_no_name(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Answer as a resolver does that never asks any network."""
    if str(host).endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _RESOLVE(host, *args, **kwargs)


_RESOLVE = socket.getaddrinfo


@asynccontextmanager
async def staged(broker: str, *, hasty: bool) -> AsyncIterator[Stage]:
    """Set up a broker's stage; with ``hasty`` sessions wait for answers no longer than a test should."""
    spec = SPECS[broker]
    async with AsyncExitStack() as stack:
        harness = await stack.enter_async_context(spec.make())
        stack.enter_context(patched(*(HASTE if hasty else ())))
        async with AsyncExitStack() as sessions:
            yield Stage(spec=spec, h=harness, stack=sessions)
