"""Hold what Kraken sessions share: one HTTP session and the markets per address, one instance per key."""

import asyncio
import hashlib
from collections import OrderedDict
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter, Limiters
from adapters.kraken import exchange, guard, limits, texts
from adapters.kraken.limits import Counters, Gate
from adapters.kraken.manifest import MANIFEST
from adapters.kraken.markets import Markets
from domain.broker import Credentials, SessionDeps
from domain.ports import Clock

_REMEMBERED = 2000


class Wire:
    """Be the connection to one address, for all accounts: connections, TLS, markets."""

    def __init__(self, endpoint: str) -> None:
        import ssl

        import aiohttp
        import certifi

        self.endpoint = endpoint
        self.loop = asyncio.get_running_loop()
        self.users = 0
        self._ssl = ssl.create_default_context(cafile=certifi.where())
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=0)
        self.http = aiohttp.ClientSession(
            connector=connector, trust_env=False, trace_configs=[guard.tracing(endpoint)]
        )
        self.master = self.make(None)
        self.markets = Markets()

    def make(self, keys: tuple[str, str] | None) -> Any:
        """Make a ccxt instance on this wire."""
        return exchange.make(self.http, self._ssl, self.loop, self.endpoint, keys)

    async def close(self) -> None:
        """Close the pooled connections."""
        exchange.drop(self.master)
        await self.http.close()


class Link:
    """Be one API key: its only ccxt instance, its counters, its gate, and the ids it has sent."""

    def __init__(
        self, wire: Wire, keys: tuple[str, str], clock: Clock, ceiling: int | None, public: Limiter
    ) -> None:
        self.wire, self.clock, self.public = wire, clock, public
        self._born = clock.monotonic()
        self.users = 0
        self.exchange = wire.make(keys)
        self.counters = Counters(ceiling)
        self.gate = Gate()
        self.blocked_until = 0.0
        self._sent: OrderedDict[str, float] = OrderedDict()
        self._placed: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def sending(self, client_order_id: str) -> None:
        """Remember an id that is about to go out: Kraken takes it again once its order is over."""
        self._sent[client_order_id] = self.clock.monotonic()
        self._sent.move_to_end(client_order_id)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)

    def unsent(self, client_order_id: str) -> None:
        """Forget an id that provably made no order."""
        self._sent.pop(client_order_id, None)

    def placed(self, txid: str, pair: str) -> None:
        """Remember that an order was made or changed, for what its next change will count."""
        self._placed[txid] = (pair, self.clock.monotonic())
        while len(self._placed) > _REMEMBERED:
            self._placed.popitem(last=False)

    def cancelling(self, txid: str) -> AbstractAsyncContextManager[None]:
        """Count the cancel of an order placed from here while it is on its way."""
        pair, _ = self._placed.get(txid, ("", 0.0))
        return self.counters.cancelling(pair, self.age(txid)) if pair else nullcontext()

    def age(self, txid: str) -> float:
        """Give for how long an order has rested at least; one that is not from here, as long as we know."""
        return self.clock.monotonic() - self._placed.get(txid, ("", self._born))[1]

    def sent_ago(self, client_order_id: str) -> float | None:
        """Give the seconds since an id went out, or None when it never did from here."""
        at = self._sent.get(client_order_id)
        return None if at is None else self.clock.monotonic() - at


class Shared:
    """Count users; the last one out closes what it used."""

    def __init__(self) -> None:
        self._wires: dict[tuple[int, str], Wire] = {}
        self._links: dict[tuple[int, int, str, str], Link] = {}
        self._limiters = Limiters()

    def join(self, credentials: Credentials, deps: SessionDeps) -> Link:
        """Give the link of an API key, made on first use. Raises Denied when ccxt is not installed."""
        loop = id(asyncio.get_running_loop())
        clock, endpoint = deps.clock, deps.endpoint
        keys = (credentials["api_key"], credentials["private_key"])
        name = (loop, id(clock), endpoint, hashlib.sha256("\0".join(keys).encode()).hexdigest())
        try:
            if (loop, endpoint) not in self._wires:
                self._wires[loop, endpoint] = Wire(endpoint)
            wire = self._wires[loop, endpoint]
            if name not in self._links:
                public = self._limiters.get(
                    clock, f"{loop}|{endpoint}", lambda: limits.public(clock, deps.quota, endpoint)
                )
                self._links[name] = Link(wire, keys, clock, deps.rate_ceiling, public)
        except ImportError as error:
            errors = Errors(broker=MANIFEST.slug, operation="connect")
            raise errors.denied(texts.NOT_INSTALLED, "not_installed") from error
        link = self._links[name]
        link.users += 1
        wire.users += 1
        return link

    async def leave(self, link: Link) -> None:
        """Count one user less of a link and of its wire."""
        link.users -= 1
        if link.users == 0:
            self._links = {name: other for name, other in self._links.items() if other is not link}
            exchange.drop(link.exchange)
        wire = link.wire
        wire.users -= 1
        if wire.users == 0:
            self._wires = {name: other for name, other in self._wires.items() if other is not wire}
            await wire.close()


SHARED = Shared()
"""One per process; holds nothing until a session opens."""
