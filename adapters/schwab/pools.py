"""Spread requests over small pools of connections.

At every request and every answer httpx's pool compares all of its idle connections with each other (httpcore
1.0, ``AsyncConnectionPool._assign_requests_to_connections``): with a hundred of them idle, a request that
takes a millisecond of CPU takes ten.
"""

from functools import cache
from typing import Any

SIZE = 8
"""Connections of one pool."""
MOST = 25
"""Pools; what is more than both together waits its turn."""
_KEPT = 20.0
"""Seconds an idle connection is kept."""


def make_pools() -> Any:
    """Make an httpx transport of many small pools, which share one TLS context."""
    return _pools_class()()


@cache
def _pools_class() -> Any:
    import httpx  # comes with the SDK

    class Pools(httpx.AsyncBaseTransport):
        """Send each request by the first pool with room: warm connections are used before new ones."""

        def __init__(self) -> None:
            # No proxies or certificates picked up from the environment.
            self._tls = httpx.create_ssl_context(trust_env=False)
            self._pools: list[httpx.AsyncHTTPTransport] = []
            self._flying: list[int] = []

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            index = self._free()
            self._flying[index] += 1
            try:
                return await self._pools[index].handle_async_request(request)
            finally:
                self._flying[index] -= 1

        def _free(self) -> int:
            found = next((i for i, flying in enumerate(self._flying) if flying < SIZE), None)
            if found is not None:
                return found
            if len(self._pools) == MOST:
                return self._flying.index(min(self._flying))
            limits = httpx.Limits(
                max_connections=SIZE, max_keepalive_connections=SIZE, keepalive_expiry=_KEPT
            )
            pool = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, retries=0, limits=limits)
            self._pools.append(pool)
            self._flying.append(0)
            return len(self._pools) - 1

        async def aclose(self) -> None:
            """Close every connection."""
            for pool in self._pools:
                await pool.aclose()

    return Pools
