"""Hold one gateway session: its sequence, what it may hear, and what it has been told."""

import asyncio
import contextlib
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from sim.discord.state import BotApp

ZLIB_LEVEL = 1
HISTORY = 10_000
"""How many events a session keeps for RESUME; Discord's own number is not published."""


@dataclass(slots=True, kw_only=True, frozen=True)
class Frame:
    """Be one gateway frame to write: bytes of JSON, and what they are about."""

    payload: bytes
    event: str | None = None
    message_id: int | None = None


class Wire:
    """Write frames to one websocket in order, compressed as the client asked."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, written: Callable[[Frame, int], None]
    ):
        self.socket = socket
        self.closing = False
        self._request = request
        self._written = written
        self._deflate = (
            zlib.compressobj(ZLIB_LEVEL) if request.query.get("compress") == "zlib-stream" else None
        )
        self._outbox: asyncio.Queue[Frame | int] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, frame: Frame) -> None:
        """Queue one frame."""
        self._outbox.put_nowait(frame)

    def close(self, code: int) -> None:
        """Close after everything queued so far has been written."""
        self.closing = True
        self._outbox.put_nowait(code)

    def cut(self) -> None:
        """Cut the connection without a goodbye; what was not written yet is lost on the wire."""
        self._writer.cancel()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def finish(self) -> None:
        """Stop the writer."""
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, int):
                    await self.socket.close(code=item)
                    return
                self._written(item, time.monotonic_ns())
                await self._write_one(item.payload)

    async def _write_one(self, payload: bytes) -> None:
        if self._deflate is None:
            await self.socket.send_str(payload.decode())
            return
        data = self._deflate.compress(payload) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(data)


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """Be one identified shard; it outlives its socket so that it can be resumed."""

    id: str
    app: BotApp
    intents: int
    shard: tuple[int, int]
    large_threshold: int = 50
    wire: Wire | None = None
    sequence: int = 0
    history: deque[tuple[int, Frame]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    resumes: int = 0

    @property
    def connected(self) -> bool:
        """Tell whether a socket is attached."""
        return self.wire is not None

    def covers(self, guild_id: int | None) -> bool:
        """Tell whether this shard is the one for the guild; DMs go to shard 0."""
        index, count = self.shard
        return index == (0 if guild_id is None else (guild_id >> 22) % count)

    def dispatch(self, event: str, data: Any, message_id: int | None = None) -> None:
        """Number an event, remember it for RESUME, and write it when a socket is there."""
        self.sequence += 1
        payload = orjson.dumps({"op": 0, "t": event, "s": self.sequence, "d": data})
        frame = Frame(payload=payload, event=event, message_id=message_id)
        self.history.append((self.sequence, frame))
        if self.wire is not None:
            self.wire.send(frame)

    def remembers(self, after: int) -> bool:
        """Tell whether everything after a sequence number can still be told."""
        return not self.history or self.history[0][0] <= after + 1

    def replay(self, after: int) -> None:
        """Write again everything after a sequence number, then RESUMED."""
        assert self.wire is not None
        for number, frame in self.history:
            if number > after:
                self.wire.send(frame)
        self.dispatch("RESUMED", {"_trace": []})
