"""Keep inside Kraken's counters, and keep nonces in order.

Kraken counts in leaky buckets, which is what aiolimiter is: one per API key for REST (it does not count
orders), and one per API key and pair in the matching engine (it counts orders, and quick cancels dearly).
Documented at docs.kraken.com, "Spot REST rate limits" and "Spot trading rate limits".
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.kit.errors import Errors
from adapters.kit.limits import URGENCY
from adapters.kraken import manifest, texts
from domain.broker import Lane

PUBLIC, PUBLIC_WINDOW = 15.0, 15.0
"""Public requests per IP: one a second, with a burst."""
PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share before it is refused unsent."""
# What a cancel adds to the pair's counter, by the seconds the order rested: docs, "Spot trading rate limits".
_CANCEL = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


def cancel_cost(age: float) -> int:
    """Give what cancelling an order of this age adds to its pair's counter."""
    return next((cost for limit, cost in _CANCEL if age < limit), 0)


async def take(bucket: Any, amount: float, patience: float, errors: Errors) -> None:
    """Wait for room in a bucket. Raises Throttled, with nothing sent, when it takes too long."""
    try:
        async with asyncio.timeout(patience):
            await bucket.acquire(amount)
    except TimeoutError:
        raise errors.throttled(texts.OWN_LIMIT) from None


class Counters:
    """Hold the buckets of one API key."""

    def __init__(self, ceiling: int | None = None) -> None:
        from aiolimiter import AsyncLimiter

        # One less than Kraken's own: its counter begins to lose only when the first request has arrived.
        most = manifest.COUNTER - 1
        most = most if ceiling is None else max(2.0, min(most, float(ceiling)))
        self._make: Any = AsyncLimiter
        self._rest = AsyncLimiter(most, most / manifest.DECAY)
        self._pairs: dict[str, Any] = {}

    async def read(self, cost: int, patience: float, errors: Errors) -> None:
        """Wait until a read of this cost fits."""
        await take(self._rest, cost, patience, errors)

    async def order(self, pair: str, lane: Lane, errors: Errors) -> None:
        """Wait until one more order in a pair fits."""
        await take(self._pair(pair), 1, PATIENCE[lane], errors)

    async def cancelled(self, pair: str, age: float) -> None:
        """Count a cancel, which never waits."""
        bucket, cost = self._pair(pair), cancel_cost(age)
        while cost and not bucket.has_capacity(cost):
            cost -= 1
        if cost:
            await bucket.acquire(cost)

    def _pair(self, pair: str) -> Any:
        if pair not in self._pairs:
            window = manifest.PAIR_COUNTER / manifest.PAIR_DECAY
            self._pairs[pair] = self._make(manifest.PAIR_COUNTER, window)
        return self._pairs[pair]


class Gate:
    """Let the private requests of one API key out so that their nonces arrive in order.

    Kraken refuses a nonce below one it has seen. Changes go one at a time, most urgent first; reads go one at
    a time and start while no change is on its way. A change never waits for a read: at worst the read is the
    one refused, and reads are asked again.
    """

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._busy = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Hold the turn to read. ``quiet`` comes last before the request, with nothing awaited between."""
        async with self._reading:
            yield

    async def quiet(self) -> None:
        """Wait until no change is on its way."""
        while not self._quiet.is_set():
            await self._quiet.wait()

    @asynccontextmanager
    async def changing(self, lane: Lane) -> AsyncIterator[None]:
        """Hold the gate while one change is on its way."""
        await self._enter(lane)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, lane: Lane) -> None:
        self._quiet.clear()
        if not self._busy:
            self._busy = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (URGENCY.index(lane), next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._busy = False
        self._quiet.set()
