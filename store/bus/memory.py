"""Fan events out to the listeners of this process, waiting for none of them."""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from weakref import WeakSet

from domain.events import Event, EventKind
from domain.ports import SharedQuota

CAPACITY = 1000
"""Events held for one listener; beyond it they are dropped, and the listener is told."""
_gaps = itertools.count(1)


def gap(account_key: str, missed: int | None) -> Event:
    """Make the marker that tells a listener to read the event log again. ``missed`` is None when unknown."""
    data = {} if missed is None else {"missed": str(missed)}
    return Event(
        id=f"gap-{next(_gaps)}",
        account_key=account_key,
        kind=EventKind.FEED_GAP,
        at=datetime.now(UTC),
        data=data,
    )


class Subscription:
    """Yield events in order until the bus closes. Listening begins when it is made, not when first awaited.

    A listener too slow for its bounded queue loses what is in it and gets one FEED_GAP in its place.
    """

    def __init__(self, account_keys: frozenset[str] | None, capacity: int) -> None:
        self.account_keys = account_keys
        self._capacity = capacity
        self._waiting: deque[Event] = deque()
        self._missed = 0
        self._lost = False
        self._closed = False
        self._wake: asyncio.Future[None] | None = None

    def offer(self, event: Event) -> None:
        """Queue an event; never blocks."""
        if len(self._waiting) >= self._capacity:
            self._missed += len(self._waiting)
            self._lost = True
            self._waiting.clear()
        self._waiting.append(event)
        self._stir()

    def lose(self) -> None:
        """Note that events may have been missed before those offered from now on."""
        self._waiting.clear()
        self._lost = True
        self._missed = 0
        self._stir()

    def close(self) -> None:
        """End after what is queued."""
        self._closed = True
        self._stir()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Event:
        while not (self._lost or self._waiting):
            if self._closed:
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        if self._lost:
            self._lost = False
            missed, self._missed = self._missed, 0
            return gap("", missed or None)
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """Stop listening."""
        self._waiting.clear()
        self._lost = False
        self.close()

    def _stir(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class MemoryBus:
    """Be the bus of one process (domain.ports.EventBus): there is nobody to share limits with."""

    quota: SharedQuota | None = None

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        # Weak, so that a listener that is simply dropped costs nothing more.
        self._listeners: dict[str | None, WeakSet[Subscription]] = {}
        self._everybody: WeakSet[Subscription] = WeakSet()
        self._closed = False

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand events on; never blocks on a slow listener."""
        self.deliver(events)

    def deliver(self, events: Sequence[Event]) -> None:
        """Queue events with everybody who asked for them."""
        for event in events:
            for key in (None, event.account_key):
                for listener in tuple(self._listeners.get(key, ())):
                    listener.offer(event)

    def lose(self) -> None:
        """Tell every listener that it may have missed events."""
        for listener in tuple(self._everybody):
            listener.lose()

    def subscribe(self, account_keys: frozenset[str] | None = None) -> Subscription:
        """Yield events of these accounts, or of all, from now on; ends when the bus closes."""
        listener = Subscription(account_keys, self._capacity)
        if self._closed:
            listener.close()
            return listener
        self._sweep()
        self._everybody.add(listener)
        for key in (None,) if account_keys is None else account_keys:
            self._listeners.setdefault(key, WeakSet()).add(listener)
        return listener

    async def close(self) -> None:
        """End every subscription after what it holds."""
        self._closed = True
        for listener in tuple(self._everybody):
            listener.close()
        self._listeners.clear()

    def _sweep(self) -> None:
        for key in [key for key, listeners in self._listeners.items() if not listeners]:
            del self._listeners[key]
