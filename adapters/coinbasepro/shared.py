"""Hold what every Coinbase session of this process shares: connections, TLS, limits and the list of pairs."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.kit.limits import Limiters
from domain.instruments import Instrument
from domain.ports import Clock

PRODUCTS_LIFE = 3600.0
"""Seconds the list of pairs is good for."""
Products = Mapping[str, Instrument]


class Shared:
    """Count its users; the last one out closes the connections."""

    def __init__(self) -> None:
        self.limiters = Limiters()
        self._users = 0
        self._session: Any = None
        self._tls: Any = None
        self._products: dict[tuple[Clock, str], tuple[float, asyncio.Task[Products]]] = {}

    def join(self) -> tuple[Any, Any]:
        """Count one more user; give the HTTP session and the TLS context, made on first use."""
        self._users += 1
        if self._session is None:
            import ssl

            import aiohttp

            self._tls = self._tls or ssl.create_default_context()
            tracing = aiohttp.TraceConfig()
            tracing.on_request_redirect.append(_no_redirects)
            # No proxies picked up from the environment on the way to a broker. No limit: every listening
            # account holds a connection for good, and an order must not wait for one.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
                trace_configs=[tracing],
                trust_env=False,
            )
        return self._session, self._tls

    async def leave(self) -> None:
        """Count one user less."""
        self._users -= 1
        if self._users > 0 or self._session is None:
            return
        session, self._session = self._session, None
        tasks = [task for _, task in self._products.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.close()

    async def products(
        self, clock: Clock, endpoint: str, fetch: Callable[[], Awaitable[Products]]
    ) -> Products:
        """Give the pairs, asked for once an hour however many accounts there are."""
        key, now = (clock, endpoint), clock.monotonic()
        known = self._products.get(key)
        if known is not None and now - known[0] < PRODUCTS_LIFE and _good(known[1]):
            return await asyncio.shield(known[1])
        task = asyncio.get_running_loop().create_task(_run(fetch))
        self._products[key] = (now, task)
        return await asyncio.shield(task)


def scope_of(key: str, endpoint: str) -> str:
    """Name what Coinbase limits by, without the key itself."""
    return f"{endpoint}|{hashlib.sha256(key.encode()).hexdigest()[:24]}"


async def _run(fetch: Callable[[], Awaitable[Products]]) -> Products:
    return await fetch()


def _good(task: asyncio.Task[Products]) -> bool:
    """Tell whether a task still runs in this loop, or has ended well."""
    if not task.done():
        return task.get_loop() is asyncio.get_running_loop()
    return not task.cancelled() and task.exception() is None


async def _no_redirects(*_: Any) -> None:
    # Coinbase redirects no call; following one would carry an order somewhere nobody meant.
    raise ConnectionError("a redirect is not followed")


SHARED = Shared()
"""One per process; holds nothing until a session opens."""
