"""Keep a decaying counter of Kraken's exactly, the most urgent first.

Kraken's counters are leaky buckets, which is what aiolimiter is. But a request is counted when it *arrives*,
so here it fills the bucket for as long as it is on its way and begins to leak with its answer: whatever the
delay, Kraken's counter is never above ours. And only whoever is next in line looks at the bucket, so that
nothing dear waits behind much that is cheap.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.kit.errors import Errors
from adapters.kit.limits import URGENCY
from adapters.kraken import texts
from domain.broker import Lane


class Bucket:
    """Hold one counter: what fits in it, and what it loses each second.

    ``single`` lets only one request be on its way at a time.
    """

    def __init__(self, most: float, decay: float, *, single: bool = False) -> None:
        from aiolimiter import AsyncLimiter

        self._bucket = AsyncLimiter(most, most / decay)
        # The bucket does not tell when there will be room: it is asked ten times for each one it loses.
        self._pause = 0.1 / decay
        self._single = single
        self._flying = 0.0
        self._owed = 0.0
        self._busy = 0
        self._line: list[tuple[int, int, float, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def request(self, cost: float, lane: Lane, patience: float, errors: Errors) -> AsyncIterator[None]:
        """Hold room for one request until it is answered. Raises Throttled, with nothing sent."""
        await self._enter(cost, lane, patience, errors)
        try:
            yield
        finally:
            await self._leave(cost)

    @asynccontextmanager
    async def regardless(self, cost: float) -> AsyncIterator[None]:
        """Count a request that does not wait; others do, until the counter has lost what is too much."""
        self._start(cost)
        try:
            yield
        finally:
            await self._leave(cost)

    async def fill(self) -> None:
        """Adopt Kraken's word that the counter is full: others may use the same key."""
        part = self._bucket.max_rate
        while part >= 0.5:
            if self._bucket.has_capacity(part):
                await self._bucket.acquire(part)
            else:
                part /= 2

    async def _enter(self, cost: float, lane: Lane, patience: float, errors: Errors) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (URGENCY.index(lane), next(self._order), cost, turn))
        self._serve()
        try:
            async with asyncio.timeout(patience):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if turn.done() and not turn.cancelled():
                self._flying -= cost
                self._busy -= 1
            turn.cancel()
            self._serve()
            if isinstance(error, TimeoutError):
                raise errors.throttled(texts.OWN_LIMIT) from None
            raise

    def _start(self, cost: float) -> None:
        self._flying += cost
        self._busy += 1

    async def _leave(self, cost: float) -> None:
        self._flying -= cost
        self._busy -= 1
        self._owed += cost
        try:
            await self._settle()
        finally:
            self._serve()  # whoever waits must not pay for one who was cut off

    async def _settle(self) -> None:
        """Pour what was answered into the bucket; what it does not hold is poured in later."""
        while self._owed > 0:
            part = min(self._owed, 1.0)
            if not self._bucket.has_capacity(part):
                return
            self._owed -= part
            await self._bucket.acquire(part)  # at once: there is room

    def _serve(self) -> None:
        """Let out who is next for as long as there is room; then look again now and then."""
        while self._line:
            _, _, cost, turn = self._line[0]
            if turn.done():
                heapq.heappop(self._line)
                continue
            if self._single and self._busy:
                return
            if not self._bucket.has_capacity(self._flying + self._owed + cost):
                self._looking = self._looking or asyncio.get_running_loop().create_task(self._look())
                return
            heapq.heappop(self._line)
            self._start(cost)
            turn.set_result(None)

    async def _look(self) -> None:
        await asyncio.sleep(self._pause)
        self._looking = None
        try:
            await self._settle()
        finally:
            self._serve()
