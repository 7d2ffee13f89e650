"""Listen to the user channel: one socket per session, signed by the SDK, read in our loop.

The SDK's own watcher keeps every order it ever saw and hides a lost message. Coinbase numbers its messages:
here a number left out is a gap, and a gap is told.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from adapters.coinbasepro import guard, parse, texts
from adapters.coinbasepro.client import Client
from adapters.coinbasepro.manifest import MANIFEST
from adapters.kit.errors import Errors, never_connected
from adapters.kit.reading import moment
from domain.errors import BrokerError
from domain.orders import OrderReport

_HANDSHAKE = 10.0
_SILENCE = 20.0
"""Seconds without a message after which the socket is dead: heartbeats come every second."""
_ERRORS = Errors(broker=MANIFEST.slug, operation="events")
_ODD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)


class UserFeed:
    """Be one socket on the user channel."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ws: Any = None
        self._next: int | None = None
        self.up = False
        self.heard = False
        """Everything until now was told: what is missed begins only after this socket."""

    async def open(self) -> None:
        """Connect and subscribe. Raises AuthFailed for refused keys, OutcomeUnknown or Unreachable else."""
        address = guard.stream_url(self._client.endpoint)
        guard.refuse(address, self._client.endpoint)
        if self._client.http is None:
            raise _ERRORS.unreachable(texts.DISCONNECTED, "disconnected")
        try:
            async with asyncio.timeout(_HANDSHAKE):
                self._ws = await self._client.http.ws_connect(address, heartbeat=10.0, max_msg_size=2**24)
                for channel in ("heartbeats", "user"):
                    # Each message needs a token of its own: it is good for two minutes, the socket for hours.
                    hello = {"type": "subscribe", "channel": channel, "jwt": self._client.token()}
                    await self._ws.send_str(json.dumps(hello))
                while not _confirms(await self._receive()):
                    pass
        except BrokerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no stream
            if never_connected(error):
                raise _ERRORS.unreachable(texts.STREAM_LOST, "stream_unreachable") from None
            raise _ERRORS.unknown(texts.STREAM_LOST, "stream_refused") from None
        self.up = True

    async def listen(self) -> AsyncIterator[OrderReport]:
        """Yield updates. Raises OutcomeUnknown when the socket ends, goes silent or skips a message."""
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    message = await self._receive()
            except TimeoutError:
                self.up = False
                raise _ERRORS.unknown(texts.STREAM_LOST, "stream_silent") from None
            except BrokerError:
                self.up = False
                raise
            for report in _reports(message):
                yield report

    async def close(self) -> None:
        """Close the socket."""
        self.up = False
        ws, self._ws = self._ws, None
        if ws is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(ws.close(), 2)

    async def _receive(self) -> dict[str, Any]:
        from aiohttp import WSMsgType

        ws = self._ws
        if ws is None:
            raise _ERRORS.unknown(texts.STREAM_LOST, "stream_lost")
        try:
            frame = await ws.receive()
        except TimeoutError:
            raise
        except Exception:  # noqa: BLE001 - closed while it was being read, in one of several ways
            raise _ERRORS.unknown(texts.STREAM_LOST, "stream_lost") from None
        if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            raise _ERRORS.unknown(texts.STREAM_LOST, "stream_lost")
        try:
            message = json.loads(frame.data)
            if message.get("type") == "error":
                raise _refused(str(message.get("message")))
            number = message.get("sequence_num")
        except _ODD:
            raise _ERRORS.unknown(texts.STREAM_GARBLED, "stream_unreadable") from None
        self._count(number)
        read: dict[str, Any] = message
        return read

    def _count(self, number: object) -> None:
        if not isinstance(number, int):
            return
        expected, self._next = self._next, number + 1
        if expected is not None and number > expected:
            raise _ERRORS.unknown(texts.STREAM_LOST, "stream_gap")


def _confirms(message: dict[str, Any]) -> bool:
    """Tell whether the user channel is on."""
    if message.get("channel") == "subscriptions":
        return any("user" in (event.get("subscriptions") or {}) for event in message.get("events") or ())
    return False


def _reports(message: dict[str, Any]) -> list[OrderReport]:
    if message.get("channel") != "user":
        return []
    try:
        at = moment(message["timestamp"])
        return [
            parse.update(order, at)
            for event in message["events"]
            for order in event.get("orders") or ()
            if order.get("product_type") in {None, "", "SPOT", "UNKNOWN_PRODUCT_TYPE"}
        ]
    except _ODD:
        raise _ERRORS.unknown(texts.STREAM_GARBLED, "stream_unreadable") from None


def _refused(message: str) -> BrokerError:
    if "auth" in message.lower():
        return _ERRORS.auth(texts.AUTH)
    return _ERRORS.unknown(texts.STREAM_LOST, "stream_refused")
