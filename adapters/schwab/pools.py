"""Lend connections out one at a time, the one used last first.

httpx's own pool compares, at every request and every answer, all of its idle connections with each other, and
sends requests that come together to the same connection, to be refused and queued again (httpcore 1.0,
``AsyncConnectionPool._assign_requests_to_connections``). With a hundred connections idle, a request that
takes a millisecond of CPU takes ten. Here every connection is a pool of its own.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import cache, partial
from typing import Any

MOST = 200
"""Connections; who comes when all are in use waits."""
KEPT = 20.0
"""Seconds an idle connection is kept."""


class Lender:
    """Keep what is idle and know what is lent; ``make`` gives a new one."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._room = asyncio.Semaphore(MOST)
        self._idle: deque[tuple[float, Any]] = deque()
        self._lent: set[Any] = set()

    async def take(self, patience: float | None) -> Any:
        """Lend one. Raises TimeoutError when none came free in ``patience`` seconds."""
        async with asyncio.timeout(patience):
            await self._room.acquire()
        try:
            await self._drop_old()
            one = self._idle.pop()[1] if self._idle else self._make()
        except BaseException:
            self._room.release()
            raise
        self._lent.add(one)
        return one

    def give(self, one: Any) -> None:
        """Take one back. Calling twice does nothing."""
        if one in self._lent:
            self._lent.remove(one)
            self._room.release()
            self._idle.append((_now(), one))

    async def close(self) -> None:
        """Close every one, those that are lent included."""
        every = [one for _, one in self._idle] + list(self._lent)
        self._idle.clear()
        self._lent.clear()
        for one in every:
            await one.aclose()

    async def _drop_old(self) -> None:
        while self._idle and self._idle[0][0] < _now() - KEPT:
            await self._idle.popleft()[1].aclose()


def _now() -> float:
    return asyncio.get_running_loop().time()


def make_pools() -> Any:
    """Make an httpx transport that lends out connections, which share one TLS context."""
    return _pools_class()()


@cache
def _body_class() -> Any:
    import httpx  # comes with the SDK

    class Body(httpx.AsyncByteStream):
        """Give a connection back once the answer is read or given up."""

        def __init__(self, inner: Any, done: Callable[[], None]) -> None:
            self._inner, self._done = inner, done

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for part in self._inner:
                yield part

        async def aclose(self) -> None:
            try:
                await self._inner.aclose()
            finally:
                self._done()

    return Body


def _makes() -> Callable[[], Any]:
    """Give what makes a connection: no proxies or certificates from the environment, and no retries."""
    import httpx

    tls = httpx.create_ssl_context(trust_env=False)
    alone = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT)
    return partial(httpx.AsyncHTTPTransport, verify=tls, trust_env=False, retries=0, limits=alone)


@cache
def _pools_class() -> Any:
    import httpx

    class Pools(httpx.AsyncBaseTransport):
        """Hold the connections of one address."""

        def __init__(self) -> None:
            self._lender = Lender(_makes())

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                one = await self._lender.take(request.extensions.get("timeout", {}).get("pool"))
            except TimeoutError:
                # Not PoolTimeout: this one is known for what it proves, that nothing was sent.
                raise httpx.ConnectTimeout("every connection is in use", request=request) from None
            try:
                response: httpx.Response = await one.handle_async_request(request)
            except BaseException:
                self._lender.give(one)
                raise
            response.stream = _body_class()(response.stream, partial(self._lender.give, one))
            return response

        async def aclose(self) -> None:
            await self._lender.close()

    return Pools
