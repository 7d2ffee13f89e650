"""Listen to account activity: a bell that says "read the orders", for its messages are not dependable news.

The SDK's stream neither reconnects nor says when it ends; a reader here turns whatever happens into a ring
of the bell or an end.
"""

import asyncio
import contextlib
import logging
from functools import cache
from typing import Any

from adapters.kit.errors import Errors
from adapters.schwab import guard, texts
from adapters.schwab.client import Client
from domain.broker import Lane
from domain.errors import BrokerError

_GATHER = 0.1
"""Seconds in which several messages become one reading: every reading costs a request."""
_HANDSHAKE = 10.0
# Compressing would cost an account sixty kilobytes, for a few small messages a day.
_SOCKET = {
    "ping_interval": 10,
    "ping_timeout": 20,
    "open_timeout": 10,
    "close_timeout": 1,
    "max_size": 2**20,
    "compression": None,
}


class Activity:
    """Be one connection to the stream, used once."""

    def __init__(self, client: Client, endpoint: str) -> None:
        self._client, self._endpoint = client, endpoint
        self._stream: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()
        self._error: BrokerError | None = None
        self.closed = False
        self.up = False

    async def open(self, errors: Errors) -> None:
        """Sign in to the stream and subscribe. Raises BrokerError."""
        await self._client.login.ready(errors)
        used = self._client.login.access
        self._stream = _stream_class()(_Metered(self._client, errors))
        self._stream._endpoint = self._endpoint
        try:
            await asyncio.wait_for(self._subscribe(), _HANDSHAKE + 10)
        except BrokerError:
            raise
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything
            if type(error).__name__ == "UnexpectedResponseCode":
                self._client.login.distrust(used)
            raise errors.unknown(texts.STREAM_LOST, "stream_lost") from None
        self.up = True
        self._reader = asyncio.get_running_loop().create_task(self._read(errors))

    async def ring(self) -> bool:
        """Wait for news; False when we closed it ourselves. Raises OutcomeUnknown when the stream ended."""
        await self._bell.wait()
        if self._error is None and not self.closed:
            await asyncio.sleep(_GATHER)
        self._bell.clear()
        if self.closed:
            return False
        if self._error is not None:
            raise self._error
        return True

    async def close(self) -> None:
        """Close the socket."""
        self.closed, self.up = True, False
        self._bell.set()
        task, self._reader = self._reader, None
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
        socket = self._stream._socket if self._stream is not None else None
        if socket is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(socket.close(), 3)

    async def _subscribe(self) -> None:
        # At DEBUG the websockets library prints frames, and the first frame holds the access token.
        logger = logging.getLogger("adapters.schwab.socket")
        logger.setLevel(logging.INFO)
        await self._stream.login(websocket_connect_args={**_SOCKET, "logger": logger})
        self._stream.add_account_activity_handler(lambda _: self._bell.set())
        await self._stream.account_activity_sub()

    async def _read(self, errors: Errors) -> None:
        try:
            while True:
                await self._stream.handle_message()
        except Exception:  # noqa: BLE001 - whatever it was, updates may be missed from here on
            self._error = errors.unknown(texts.STREAM_LOST, "stream_lost")
        finally:
            self.up = False
            self._bell.set()


class _Metered:
    """Be the part of a client that the stream uses, counted as any other request."""

    def __init__(self, client: Client, errors: Errors) -> None:
        self._client, self._errors = client, errors
        self.token_metadata = client.sdk.token_metadata

    async def get_user_preferences(self) -> Any:
        """Ask where the stream is."""
        call = self._client.sdk.get_user_preferences
        return await self._client.ask(call, self._errors, lane=Lane.READ)


@cache
def _stream_class() -> Any:
    from schwab.streaming import StreamClient

    class GuardedStream(StreamClient):  # type: ignore[misc]
        """Connect to the broker's own address only: the access token is the first thing sent there."""

        _endpoint = ""

        async def _init_from_preferences(self, prefs: Any, websocket_connect_args: Any) -> None:
            guard.check_stream(str(prefs["streamerInfo"][0]["streamerSocketUrl"]), self._endpoint)
            await super()._init_from_preferences(prefs, websocket_connect_args)

    return GuardedStream
