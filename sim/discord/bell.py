"""Let waiters look again whenever something happened."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Bell:
    """Wake everybody who waits for the world to change."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Say that something changed."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, probe: Callable[[], T | None], timeout: float) -> T:
        """Give the probe's first truthy answer; raises TimeoutError after ``timeout`` real seconds."""
        async with asyncio.timeout(timeout):
            while True:
                answer = probe()
                if answer:
                    return answer
                await self._next()

    async def _next(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
