"""Fan events out to the listeners of all processes through Redis publish and subscribe.

Listeners of this process are served directly; Redis only carries events to the others. It holds nothing:
whenever something may have been lost on the way, listeners get a FEED_GAP and read the event log.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from typing import Any

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from domain.errors import DomainError, StoreUnavailable
from domain.events import Event
from store import texts
from store.bus.memory import CAPACITY, MemoryBus, Subscription
from store.errors import Misfit
from store.quota import RedisQuota
from store.scalars import JSON

CHANNEL = "discord-trade-exec:events"
_PATIENCE = 5.0
_PAUSE = 0.2
_LOSSES = (RedisError, OSError, asyncio.TimeoutError)


class RedisBus:
    """Be the bus of many processes (domain.ports.EventBus). Made by ``RedisBus.open``.

    ``quota`` counts what these processes may send together, over the same connections.
    """

    def __init__(self, redis: Redis, where: str, capacity: int = CAPACITY) -> None:
        self._redis = redis
        self._where = where
        self.quota = RedisQuota(redis, where)
        self._local = MemoryBus(capacity)
        self._me = secrets.token_hex(8)
        self._coder = JSON.of(Event)
        self._outgoing: asyncio.Queue[Sequence[Event]] = asyncio.Queue(capacity)
        self._dropped = False
        self._listening = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, url: str, capacity: int = CAPACITY) -> "RedisBus":
        """Connect and start listening. Raises StoreUnavailable when Redis does not answer."""
        where = url.partition("://")[2].rpartition("@")[2] or "the given address"
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=8,
                timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                health_check_interval=15,
            )
        except ValueError:
            # Not chained: the message may quote the password.
            raise StoreUnavailable(texts.BAD_REDIS_URL) from None
        bus = cls(Redis.from_pool(pool), where, capacity)
        bus._tasks = [asyncio.create_task(bus._receive()), asyncio.create_task(bus._send())]
        try:
            await asyncio.wait_for(bus._redis.ping(), _PATIENCE)
            await asyncio.wait_for(bus._listening.wait(), _PATIENCE)
        except _LOSSES as error:
            await bus.close()
            raise StoreUnavailable(texts.redis_down(where, type(error).__name__)) from None
        return bus

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand events on; waits neither for a listener nor for Redis."""
        if not events:
            return
        self._local.deliver(events)
        try:
            self._outgoing.put_nowait(tuple(events))
        except asyncio.QueueFull:
            self._dropped = True

    def subscribe(self, account_keys: frozenset[str] | None = None) -> Subscription:
        """Yield events of these accounts, or of all, from now on; ends when the bus closes."""
        return self._local.subscribe(account_keys)

    async def close(self) -> None:
        """Stop listening and hang up; end every subscription."""
        while working := [task for task in self._tasks if not task.done()]:
            # More than once: redis-py swallows a cancellation that arrives together with a reply.
            for task in working:
                task.cancel()
            await asyncio.wait(working, timeout=0.05)
        await self._local.close()
        await self._redis.aclose()

    async def _send(self) -> None:
        """Publish what is queued. What could not be published is replaced by word that something was lost."""
        while True:
            events = await self._outgoing.get()
            lost, self._dropped = self._dropped, False
            try:
                await self._redis.publish(CHANNEL, self._pack(events, lost=lost))
            except _LOSSES:
                self._dropped = True
                await asyncio.sleep(_PAUSE)
                await self._announce_loss()

    async def _announce_loss(self) -> None:
        with contextlib.suppress(*_LOSSES):
            await self._redis.publish(CHANNEL, self._pack((), lost=True))
            self._dropped = False

    async def _receive(self) -> None:
        again = False
        while True:
            with contextlib.suppress(*_LOSSES):
                async with self._redis.pubsub(ignore_subscribe_messages=False) as channel:
                    await channel.subscribe(CHANNEL)
                    async for message in channel.listen():
                        self._take(message, again=again)
                        again = True
            self._listening.clear()
            await asyncio.sleep(_PAUSE)

    def _take(self, message: dict[str, Any], *, again: bool) -> None:
        if message["type"] == "subscribe":
            self._listening.set()
            if again:
                self._local.lose()
        elif message["type"] == "message":
            self._unpack(message["data"])

    def _pack(self, events: Sequence[Event], *, lost: bool) -> bytes:
        plain = [self._coder.encode(event) for event in events]
        return orjson.dumps({"from": self._me, "lost": lost, "events": plain})

    def _unpack(self, data: bytes) -> None:
        """Deliver what another process published; what cannot be read is told as a loss, never guessed at."""
        try:
            parcel = orjson.loads(data)
            if parcel["from"] == self._me:
                return
            if parcel["lost"]:
                self._local.lose()
            events = [self._coder.decode(plain) for plain in parcel["events"]]
        except (Misfit, DomainError, ValueError, TypeError, KeyError):
            self._local.lose()
            return
        self._local.deliver(events)
