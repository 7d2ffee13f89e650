"""Hold one WebSocket of a pretend broker."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web


class Socket:
    """Write frames in order from one task, so that the engine never waits for a reader."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self.outbox: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._writer = asyncio.get_running_loop().create_task(self._write())

    def send(self, message: dict[str, Any]) -> None:
        """Write a message when its turn comes."""
        self.outbox.put_nowait(json.dumps(message))

    async def flush(self) -> None:
        """Wait until everything is written."""
        await self.outbox.join()

    def cut(self) -> None:
        """Reset the connection without a goodbye."""
        if self.ws._req is not None and self.ws._req.transport is not None:
            self.ws._req.transport.abort()

    def close(self) -> None:
        """Write nothing more."""
        self._writer.cancel()

    async def _write(self) -> None:
        while True:
            frame = await self.outbox.get()
            with contextlib.suppress(ConnectionError):
                await (self.ws.send_str(frame) if isinstance(frame, str) else self.ws.send_bytes(frame))
            self.outbox.task_done()
