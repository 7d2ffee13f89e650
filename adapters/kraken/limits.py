"""Keep inside Kraken's counters, and keep nonces in order.

Kraken counts in leaky buckets: one per API key for REST (it does not count orders), and one per API key and
pair in the matching engine (it counts orders, and quick changes and cancels dearly).
Documented at docs.kraken.com, "Spot REST rate limits" and "Spot trading rate limits".
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.kit import sharing
from adapters.kit.errors import Errors
from adapters.kit.limits import URGENCY, Limiter
from adapters.kraken import manifest
from adapters.kraken.bucket import Bucket
from domain.broker import Lane, RateRule, Scope
from domain.ports import Clock, SharedQuota

PUBLIC, PUBLIC_WINDOW = 15.0, 15.0
"""Public requests per IP: one a second, with a burst."""
PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share before it is refused unsent."""
# What a cancel adds to the pair's counter, by the seconds the order rested: docs, "Spot trading rate limits".
_CANCEL = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
# The same for a change, which counts one in any case.
_AMEND = ((5, 3), (10, 2), (15, 1))


def cancel_cost(age: float) -> int:
    """Give what cancelling an order of this age adds to its pair's counter."""
    return next((cost for limit, cost in _CANCEL if age < limit), 0)


def amend_cost(age: float) -> int:
    """Give what changing an order of this age adds to its pair's counter."""
    return 1 + next((cost for limit, cost in _AMEND if age < limit), 0)


def public(clock: Clock, quota: SharedQuota | None = None, name: str = "") -> Limiter:
    """Make the limiter of our internet address, over all processes."""
    rule = RateRule(scope=Scope.IP, count=int(PUBLIC), window=PUBLIC_WINDOW)
    return sharing.limiter(clock, (rule,), quota=quota, name=f"kraken:ip:{name}")


class Counters:
    """Hold the counters of one API key."""

    def __init__(self, ceiling: int | None = None) -> None:
        most = manifest.COUNTER if ceiling is None else max(2.0, min(manifest.COUNTER, float(ceiling)))
        self._rest = Bucket(most, manifest.DECAY, single=True)
        self._pairs: dict[str, Bucket] = {}

    def read(
        self, cost: int, lane: Lane, patience: float, errors: Errors
    ) -> AbstractAsyncContextManager[None]:
        """Hold room for a read of this cost. Reads go one at a time, for their nonces."""
        return self._rest.request(cost, lane, patience, errors)

    def order(
        self, pair: str, lane: Lane, errors: Errors, cost: int = 1
    ) -> AbstractAsyncContextManager[None]:
        """Hold room for one more order in a pair, or for a change of one."""
        return self._pair(pair).request(cost, lane, PATIENCE[lane], errors)

    def cancelling(self, pair: str, age: float) -> AbstractAsyncContextManager[None]:
        """Count a cancel, which never waits."""
        return self._pair(pair).regardless(cancel_cost(age))

    async def full(self, pair: str = "") -> None:
        """Adopt Kraken's word that a pair's counter, or the one of reads, is full."""
        await (self._pair(pair) if pair else self._rest).fill()

    def _pair(self, pair: str) -> Bucket:
        if pair not in self._pairs:
            self._pairs[pair] = Bucket(manifest.PAIR_COUNTER, manifest.PAIR_DECAY)
        return self._pairs[pair]


class Gate:
    """Let the private requests of one API key out so that their nonces arrive in order.

    Kraken refuses a nonce below one it has seen. Changes go one at a time, most urgent first; reads go one at
    a time (their counter sees to that) and start while no change is on its way. A change never waits for a
    read: at worst the read is the one refused, and reads are asked again.
    """

    def __init__(self) -> None:
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._busy = False

    async def quiet(self) -> None:
        """Wait until no change is on its way: last before a read, with nothing awaited between."""
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
