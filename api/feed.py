"""Serve one member's socket: in order, without gaps, and never waiting for a slow reader elsewhere."""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from api.schemas import encode
from api.schemas import event as event_json
from domain.events import Event
from domain.ids import UserId
from domain.ports import EventLog

log = structlog.get_logger(__name__)
QUEUE = 256
PAGE = 1000
CLOSE_WITHIN = 3.0
_CATCH_UP: Mapping[str, int] = {}


class Feed:
    """Write one member's events to one socket.

    What arrives live is queued; one task writes. An event already sent is passed over, and a hole in the
    numbering is filled from the journal first, so a lost hand-over costs a read and never an event.
    """

    def __init__(self, socket: web.WebSocketResponse, user: UserId, log: EventLog) -> None:
        self.user = user
        self.slow = False
        self._socket = socket
        self._log = log
        self._sent: dict[str, int] = {}
        self._queue: asyncio.Queue[tuple[Event, bytes] | Mapping[str, int] | bytes] = asyncio.Queue(QUEUE)
        self._closing: asyncio.Task[None] | None = None
        self.gates: set[str] = set()
        """Servers whose gate this socket asked about."""
        self._asked: set[asyncio.Task[None]] = set()

    async def start(self, account_keys: tuple[str, ...]) -> Mapping[str, int]:
        """Take the accounts' present numbers as read, and give them for the greeting."""
        for key in account_keys:
            self._sent[key] = await self._log.last_sequence(key)
        return dict(self._sent)

    def offer(self, event: Event, frame: bytes) -> bool:
        """Queue a live event; False when the reader is too slow, which closes the socket."""
        return self._put((event, frame))

    def resume(self, since: Mapping[str, int]) -> bool:
        """Queue a rewind: everything after these numbers is sent, in order, then what follows."""
        return self._put(since)

    def catch_up(self) -> bool:
        """Queue a look at the journal: live events may have been missed."""
        return self._put(_CATCH_UP)

    def say(self, message: Mapping[str, Any]) -> bool:
        """Queue a plain message."""
        return self._put(encode(message))

    def ask(self, answer: Awaitable[bytes]) -> None:
        """Queue a frame once it is known, without making the caller wait."""
        task = asyncio.create_task(self._answer(answer))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _answer(self, answer: Awaitable[bytes]) -> None:
        try:
            self._put(await answer)
        except Exception:
            log.exception("a socket's question could not be answered")
            self.close(WSCloseCode.INTERNAL_ERROR, b"something went wrong here: connect again and resume")

    def _put(self, item: tuple[Event, bytes] | Mapping[str, int] | bytes) -> bool:
        if self.slow:
            return False
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.slow = True
            self.close(WSCloseCode.TRY_AGAIN_LATER, b"too slow: connect again and resume")
            return False
        return True

    async def write(self) -> None:
        """Write what is queued until cancelled or the socket is gone; what fails closes it with 1011."""
        try:
            while not self._socket.closed:
                await self._write_one(await self._queue.get())
        except ConnectionError:
            self.close(WSCloseCode.GOING_AWAY, b"")
        except Exception:
            log.exception("a socket's events could not be read")
            self.close(WSCloseCode.INTERNAL_ERROR, b"something went wrong here: connect again and resume")

    async def _write_one(self, item: tuple[Event, bytes] | Mapping[str, int] | bytes) -> None:
        if isinstance(item, bytes):
            await self._send(item)
        elif isinstance(item, tuple):
            await self._live(*item)
        elif item is _CATCH_UP:
            for key in tuple(self._sent):
                await self._replay(key)
        else:
            for key, sequence in item.items():
                self._sent[key] = sequence
                await self._replay(key)
            await self._send(encode({"type": "resumed", "accounts": {key: self._sent[key] for key in item}}))

    async def _live(self, event: Event, frame: bytes) -> None:
        key = event.account_key
        sent = self._sent.setdefault(key, 0)  # linked since the greeting: all of it is new
        if event.sequence <= sent:
            return
        if event.sequence > sent + 1:
            await self._replay(key)
            return
        self._sent[key] = event.sequence
        await self._send(frame)

    async def _replay(self, key: str) -> None:
        while events := await self._log.since(key, self._sent[key], PAGE):
            for event in events:
                await self._send(encode(event_json(event)))
                self._sent[key] = event.sequence

    async def _send(self, frame: bytes) -> None:
        await self._socket.send_frame(frame, WSMsgType.TEXT)

    def close(self, code: WSCloseCode, reason: bytes) -> asyncio.Task[None]:
        """Close without making the caller wait; a reader that does not answer is cut off."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))
        return self._closing

    async def _close(self, code: WSCloseCode, reason: bytes) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._socket.close(code=code, message=reason, drain=False)
