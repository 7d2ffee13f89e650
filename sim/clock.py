"""Hold a clock that tests and the demo drive by hand."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday morning in New York with the market open."""


class DrivenClock:
    """Stand still until advanced; sleepers wake in the order of their times."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """Give the driven time."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Give the seconds advanced so far."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced past the time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), done))
        await done

    async def advance(self, seconds: float) -> None:
        """Move the time on, waking each sleeper at its own moment and letting it run."""
        target = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            at, _, done = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, at)
            if not done.done():
                done.set_result(None)
            for _ in range(3):
                await asyncio.sleep(0)
        self._elapsed = target
        await asyncio.sleep(0)
