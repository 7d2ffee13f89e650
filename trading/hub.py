"""Tell the world what was journaled: hand events on, in order, once each, and let notices be drawn."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from domain.errors import DomainError
from domain.events import Event
from domain.ports import EventBus, Notifier, Store

_log = structlog.get_logger(__name__)
PAGE = 500
PATIENCE = 0.05
"""Seconds listeners wait at most for entries that are being planned."""


class Hub:
    """Read each account's new events back from the journal and hand them to the bus and the notifier.

    The journal is the outbox: what was written before a crash and not handed on is found by its sequence.
    """

    def __init__(self, store: Store, bus: EventBus, notifier: Notifier) -> None:
        self._store = store
        self._bus = bus
        self._notifier = notifier
        self._handed: dict[str, int] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken: set[str] = set()
        self._planning = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let listeners wait a moment while an entry is being planned: they compete for the same loop."""
        self._planning += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._planning -= 1
            if not self._planning:
                self._calm.set()

    async def start_account(self, account_key: str) -> None:
        """Take up an account at the end of its log; the notifier catches up by itself."""
        if account_key not in self._handed:
            self._handed[account_key] = await self._store.events.last_sequence(account_key)

    def wake(self, account_key: str) -> None:
        """Hand on what is new, in the background: nobody who trades waits for who listens."""
        if account_key in self._woken:
            return  # what is new by now is read by the one that is about to begin
        self._woken.add(account_key)
        task = asyncio.create_task(self._flush(account_key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until everything handed over so far is out."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _flush(self, account_key: str) -> None:
        async with self._locks[account_key]:
            try:
                await self._wait_for_calm()
            finally:
                self._woken.discard(account_key)
            try:
                while events := await self._store.events.since(
                    account_key, self._handed.get(account_key, 0), PAGE
                ):
                    self._handed[account_key] = events[-1].sequence
                    await self._publish(events)
                    await self._notify(events)
            except Exception:  # noqa: BLE001 - a listener's failure must never reach an order
                _log.exception("events_not_handed_on", account=account_key)

    async def _wait_for_calm(self) -> None:
        if not self._calm.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._calm.wait()

    async def _publish(self, events: Sequence[Event]) -> None:
        try:
            await self._bus.publish(events)
        except DomainError as error:
            # Listeners see the gap in the sequence and read the journal; members' messages must not wait.
            _log.warning("bus_away", reason=str(error))

    async def _notify(self, events: Sequence[Event]) -> None:
        by_trade: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            if event.trade:
                by_trade[event.trade].append(event)
            else:
                await self._notifier.account_changed(event.account_key.split("/")[0], event)
        for trade_id, its_events in by_trade.items():
            trade = await self._store.trades.get(trade_id)
            if trade is not None:
                orders = await self._store.orders.find({"trade": trade_id})
                await self._notifier.trade_changed(trade, orders, its_events)
