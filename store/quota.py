"""Count requests of all processes against one limit, in Redis, by the server's own clock.

One sorted set per limit holds a ticket for each slot taken, with the microsecond at which it frees: while a
request is on its way, that is when its process must have died; once answered, one window after the answer.
Nothing here has to survive: whoever cannot ask keeps to a share of its own.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import StoreUnavailable
from domain.ports import Leave
from store import texts

PREFIX = "discord-trade-exec:quota:"
_LOSSES = (RedisError, OSError, asyncio.TimeoutError)
_LATELY = 600
"""Seconds after which a process that asked for nothing is not counted as one that shares."""
_LOOK_AGAIN = 1.0
"""Seconds to wait at most: a slot may come back unused before it would free."""

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
_TEXT = "local function text(n) return string.format('%.0f', n) end "

_TAKE = (
    _NOW
    + _TEXT
    + """
local slots, blocked, processes = KEYS[1], KEYS[2], KEYS[3]
local limit, window, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', slots, '-inf', text(now))
redis.call('ZREMRANGEBYSCORE', processes, '-inf', text(now - ARGV[6] * 1000000))
redis.call('ZADD', processes, text(now), ARGV[5])
redis.call('EXPIRE', processes, ARGV[6])
local sharers = redis.call('ZCARD', processes)
local until_free = redis.call('PTTL', blocked)
if until_free > 0 then return {0, until_free * 1000, sharers} end
local used = redis.call('ZCARD', slots)
if used < limit then
  redis.call('ZADD', slots, text(now + hold + window), ARGV[4])
  redis.call('PEXPIRE', slots, math.ceil((hold + window) / 1000))
  return {1, 0, sharers}
end
local first = redis.call('ZRANGE', slots, used - limit, used - limit, 'WITHSCORES')
-- A slot on its way frees a whole window from now at the earliest.
return {0, math.min(tonumber(first[2]) - now, window), sharers}
"""
)
_GIVE_BACK = (
    _NOW
    + _TEXT
    + """
if tonumber(ARGV[2]) <= 0 then return redis.call('ZREM', KEYS[1], ARGV[1]) end
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
if redis.call('PTTL', KEYS[1]) < ARGV[2] / 1000 then
  redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000))
end
return 1
"""
)


class RedisQuota:
    """Be the shared count of many processes (domain.ports.SharedQuota) on a client somebody else closes."""

    def __init__(self, redis: Redis, where: str) -> None:
        self._redis, self._where = redis, where
        self._me = secrets.token_hex(8)
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)

    async def take(self, name: str, *, limit: int, window: float, hold: float) -> Leave:
        """Take one of ``limit`` slots of ``name``, or tell when to ask again."""
        ticket = secrets.token_hex(8)
        keys = [f"{PREFIX}{name}{kind}" for kind in ("", ":blocked", ":processes")]
        args: list[str | int] = [limit, _micro(window), _micro(hold), ticket, self._me, _LATELY]
        took, wait, processes = await self._run(lambda: self._take(keys=keys, args=args))
        seconds = min(max(int(wait) / 1e6, 0.0), _LOOK_AGAIN)
        return Leave(ticket=ticket if took else "", wait=0.0 if took else seconds, processes=int(processes))

    async def give_back(self, name: str, ticket: str, *, after: float) -> None:
        """Free a slot ``after`` seconds from now."""
        await self._run(lambda: self._give_back(keys=[PREFIX + name], args=[ticket, _micro(after)]))

    async def block(self, name: str, seconds: float) -> None:
        """Let nobody take a slot for some seconds."""
        if seconds > 0:
            length = max(1, int(seconds * 1000))
            await self._run(lambda: self._redis.set(f"{PREFIX}{name}:blocked", b"1", px=length))

    async def _run(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await ask()
        except _LOSSES as error:
            raise StoreUnavailable(texts.redis_down(self._where, type(error).__name__)) from None


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)
