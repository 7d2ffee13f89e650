"""Listen to trade_updates: one socket per account, in our loop, for any number of listeners.

The SDK's stream reconnects by itself but tells nobody, and retries refused credentials forever. Here a
listener is told of both: it finds an error in its queue where the gap begins, and a mark
where it ends. Whoever reads the orders at the mark has missed nothing, for what follows is already queued.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from adapters.alpaca import parse, texts
from adapters.alpaca.guard import refuse, stream_url
from adapters.alpaca.manifest import MANIFEST
from adapters.kit.errors import Errors
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import BrokerError
from domain.money import ZERO
from domain.orders import TERMINAL, OrderReport

_QUEUE = 5000
_HANDSHAKE = 10.0
# The SDK's default lets a half-open socket go unnoticed for three minutes.
# Compressing would cost an account sixty kilobytes, for a few small messages a day.
_SOCKET = {
    "ping_interval": 10,
    "ping_timeout": 20,
    "max_queue": 1024,
    "open_timeout": 10,
    "close_timeout": 1,
    "compression": None,
}
_ERRORS = Errors(broker=MANIFEST.slug, operation="events")


class Mark(Enum):
    """Say in the queue what is no update."""

    LISTENING = "listening"
    """From here on nothing is missed."""
    CLOSED = "closed"
    """We ended it ourselves."""


Item = OrderReport | BrokerError | Mark


class TradeFeed:
    """Run the SDK's stream for one account and hand what it says to every listener."""

    def __init__(self, credentials: Credentials, environment: Environment, endpoint: str) -> None:
        self._make: Callable[[], Any] = lambda: _make_stream(self, credentials, environment, endpoint)
        self._stream: Any = None
        self._task: asyncio.Task[None] | None = None
        self.listeners: list[asyncio.Queue[Item]] = []
        self.up = False
        self.dead = False
        self._executed: dict[str, Decimal] = {}

    def join(self) -> "asyncio.Queue[Item]":
        """Start to listen; the socket opens with the first listener."""
        queue: asyncio.Queue[Item] = asyncio.Queue()
        self.listeners.append(queue)
        if self.up:
            queue.put_nowait(Mark.LISTENING)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        return queue

    def leave(self, queue: "asyncio.Queue[Item]") -> None:
        """Stop to listen."""
        if queue in self.listeners:
            self.listeners.remove(queue)

    async def close(self) -> None:
        """Close the socket: the SDK's ``stop()`` would wait for this loop itself, ``stop_ws()`` 5 s."""
        self.dead, self.up = True, False
        task, self._task = self._task, None
        while task is not None and not task.done():
            # Once may not be enough: the SDK waits with asyncio.wait_for, which before Python 3.12 forgets a
            # cancel that comes in the same moment as a frame.
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
        if self._stream is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._stream.close(), 3)

    def tell(self, item: Item) -> None:
        """Hand one item to every listener; who does not listen loses the queue but learns of the gap."""
        for queue in self.listeners:
            if queue.qsize() >= _QUEUE:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(_ERRORS.unknown(texts.STREAM_LOST, "stream_overflow"))
            queue.put_nowait(item)

    def listening(self) -> None:
        """Note that Alpaca confirmed the subscription."""
        self.up = True
        self.tell(Mark.LISTENING)

    def lost(self) -> None:
        """Note that the socket is gone."""
        if self.up:
            self.up = False
            self.tell(_ERRORS.unknown(texts.STREAM_LOST, "stream_lost"))

    def refused(self, error: BrokerError) -> None:
        """Note that this socket will never be let in."""
        self.dead, self.up = True, False
        self.tell(error)

    async def heard(self, message: Any) -> None:
        """Read one update. One that cannot be read is a gap, not an end; one of several legs is not ours."""
        try:
            if message["data"]["order"].get("order_class") == "mleg":
                return
            item: Item = self._whole(parse.update(message))
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            item = _ERRORS.unknown(texts.STREAM_GARBLED, "stream_unreadable")
        self.tell(item)

    def _whole(self, report: OrderReport) -> OrderReport:
        """Name executions only where every one of the order was heard: cumulative figures tell the rest."""
        known = self._executed.pop(report.broker_order_id, ZERO) + sum(
            (f.quantity for f in report.fills), ZERO
        )
        if report.state not in TERMINAL:
            self._executed[report.broker_order_id] = known
        return report if known == report.filled_quantity else replace(report, fills=())

    async def _run(self) -> None:
        try:
            self._stream = self._make()
            self._stream.subscribe_trade_updates(self.heard)
            await self._stream._run_forever()
        finally:
            self.dead, self.up = True, False


class _Told:
    """Tell a feed what the SDK's stream keeps to itself. Mixed in before ``TradingStream``."""

    _feed: TradeFeed
    _environment: Environment
    _override: str
    _endpoint: str
    _api_key: str
    _secret_key: str
    _token: str
    _ws: Any

    async def _connect(self) -> None:
        try:
            refuse(self._environment, self._endpoint, self._override)
            await super()._connect()  # type: ignore[misc]
            # A redirect may have led elsewhere; nothing secret was sent yet.
            refuse(self._environment, f"//{self._ws.request_headers['Host']}", self._override)
        except BrokerError as error:
            await self._give_up(error)
            raise
        except Exception as error:
            if getattr(error, "status_code", None) in {401, 403}:
                await self._give_up(_ERRORS.auth(texts.AUTH))
            raise

    async def _auth(self) -> None:
        hello = {"oauth_token": self._token} if self._token else self._key_pair()
        await self._ws.send(json.dumps({"action": "authenticate", "data": hello}))
        reply = json.loads(await asyncio.wait_for(self._ws.recv(), _HANDSHAKE))
        status = (reply.get("data") or {}).get("status")
        if status == "unauthorized":
            await self._give_up(_ERRORS.auth(texts.AUTH))
        if status != "authorized":
            raise ConnectionError("Alpaca did not let the stream in")

    def _key_pair(self) -> dict[str, str]:
        return {"key_id": self._api_key, "secret_key": self._secret_key}

    async def _consume(self) -> None:
        try:
            await super()._consume()  # type: ignore[misc]
        except ValueError:
            # Not JSON: the SDK would log it and read on as if nothing had been missed.
            self._feed.tell(_ERRORS.unknown(texts.STREAM_GARBLED, "stream_unreadable"))
            raise

    async def _dispatch(self, msg: Any) -> None:
        if msg.get("stream") == "listening":
            if "trade_updates" in (msg.get("data") or {}).get("streams", ()):
                self._feed.listening()
            return
        await super()._dispatch(msg)  # type: ignore[misc]

    async def close(self) -> None:
        self._feed.lost()
        await super().close()  # type: ignore[misc]

    async def _give_up(self, error: BrokerError) -> None:
        """End for good: trying on with refused keys would be noise, and may lock the account."""
        self._feed.refused(error)
        await self.stop_ws()  # type: ignore[attr-defined]


@cache
def _stream_class() -> Any:
    from alpaca.trading.stream import TradingStream

    return type("Stream", (_Told, TradingStream), {})


def _make_stream(feed: TradeFeed, credentials: Credentials, environment: Environment, endpoint: str) -> Any:
    # At DEBUG the websockets library prints frames, and the first frame holds the secret.
    logger = logging.getLogger("adapters.alpaca.socket")
    logger.setLevel(logging.INFO)
    stream = _stream_class()(
        credentials.get("key_id"),
        credentials.get("secret_key"),
        raw_data=True,
        url_override=stream_url(environment, endpoint),
        websocket_params={**_SOCKET, "logger": logger},
    )
    stream._feed, stream._environment, stream._override = feed, environment, endpoint
    stream._token = credentials.get("token")
    stream._reconnect_min_backoff = 0.5
    return stream
