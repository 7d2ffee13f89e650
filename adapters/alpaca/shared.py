"""Hold what every Alpaca session of this process shares: threads, warm connections, limits, sockets."""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from adapters.alpaca.guard import make_adapter
from adapters.alpaca.stream import TradeFeed
from adapters.kit.limits import Limiters
from domain.accounts import Environment
from domain.instruments import Instrument
from domain.ports import Clock

THREADS = 64
"""Measured best for the synchronous SDK (shared/reference/brokers.md section 1)."""
_ASSET_LIFE = 3600.0


class Assets:
    """Remember assets for an hour: a look-up per order would cost quota and time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Clock, str, str], tuple[float, Instrument]] = {}

    def get(self, clock: Clock, endpoint: str, broker_symbol: str) -> Instrument | None:
        """Give an asset read within the hour."""
        found = self._known.get((clock, endpoint, broker_symbol))
        return found[1] if found and clock.monotonic() - found[0] < _ASSET_LIFE else None

    def put(self, clock: Clock, endpoint: str, instrument: Instrument) -> None:
        """Remember an asset."""
        self._known[clock, endpoint, instrument.broker_symbol] = (clock.monotonic(), instrument)


class Shared:
    """Count its users; the last one out closes the threads and the connections."""

    def __init__(self) -> None:
        self.limiters = Limiters()
        self.assets = Assets()
        self._users = 0
        self._pool: ThreadPoolExecutor | None = None
        self._transports: dict[tuple[Environment, str], Any] = {}
        self._feeds: dict[tuple[Clock, str], TradeFeed] = {}

    def join(self) -> None:
        """Count one more user."""
        self._users += 1

    def leave(self) -> None:
        """Count one user less. A thread stuck in a request ends by its own timeout, unwatched."""
        self._users -= 1
        if self._users > 0:
            return
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None
        for transport in self._transports.values():
            transport.dispose()
        self._transports.clear()

    def pool(self) -> ThreadPoolExecutor:
        """Give the threads, made on first use."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="alpaca")
        return self._pool

    def transport(self, environment: Environment, endpoint: str) -> Any:
        """Give the guarded transport of one environment."""
        key = (environment, endpoint)
        if key not in self._transports:
            self._transports[key] = make_adapter(environment, endpoint)
        return self._transports[key]

    def feed(self, clock: Clock, scope: str, make: Callable[[], TradeFeed]) -> TradeFeed:
        """Give the one order-update socket of an account: Alpaca allows no second."""
        feed = self._feeds.get((clock, scope))
        if feed is None or feed.dead:
            feed = self._feeds[clock, scope] = make()
        return feed

    async def release(self, clock: Clock, scope: str, queue: "asyncio.Queue[Any]") -> None:
        """Stop listening; the last listener closes the socket."""
        feed = self._feeds.get((clock, scope))
        if feed is None:
            return
        feed.leave(queue)
        if not feed.listeners:
            del self._feeds[clock, scope]
            await feed.close()


def scope_of(key: str, environment: Environment, endpoint: str) -> str:
    """Name what Alpaca limits by, without the key itself: one key pair is one account."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return f"{environment.value}|{endpoint}|{digest}"


SHARED = Shared()
"""One per process; holds nothing until a session opens."""
