"""Hand order updates to whoever listens."""

import asyncio
from collections.abc import AsyncIterator

from domain.orders import OrderReport


class Feed:
    """Be a fan-out of reports that ends when closed."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[OrderReport | None]] = set()
        self.closed = False

    def listen(self) -> AsyncIterator[OrderReport]:
        """Yield what is sent from this call on, until closed."""
        queue: asyncio.Queue[OrderReport | None] = asyncio.Queue()
        self._queues.add(queue)
        if self.closed:
            queue.put_nowait(None)
        return self._drain(queue)

    async def _drain(self, queue: asyncio.Queue[OrderReport | None]) -> AsyncIterator[OrderReport]:
        try:
            while (report := await queue.get()) is not None:
                yield report
        finally:
            self._queues.discard(queue)

    def send(self, report: OrderReport) -> None:
        """Hand a report to every listener; never waits."""
        for queue in self._queues:
            queue.put_nowait(report)

    def close(self) -> None:
        """End every listener once it has read what was sent."""
        self.closed = True
        for queue in self._queues:
            queue.put_nowait(None)
