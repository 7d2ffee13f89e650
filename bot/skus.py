"""Tell who bought what in Discord itself: from interactions, from events, and from REST, for minutes only."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

import aiohttp
import discord

from domain.ports import Clock

FRESH = 600.0
MOST = 50_000
_AWAY = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)

Fetch = Callable[[str], Awaitable[frozenset[str] | None]]


class SkuCache:
    """Be the source of what members own; ``fetch`` asks Discord, None when nobody knows right now.

    Cancelling sends no event: an entitlement that ends is updated with ``ends_at`` (reference/discord.md
    section 8), so what is known is asked anew after ten minutes.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[str, tuple[frozenset[str], float]] = OrderedDict()

    async def skus(self, user: str) -> frozenset[str] | None:
        """Give the ids of the products a member owns now, None when nobody knows right now."""
        known = self._known.get(user)
        if known is not None and self._clock.monotonic() - known[1] < FRESH:
            return known[0]
        owned = await self._fetch(user)
        if owned is not None:
            self.observe(user, owned)
        return owned

    def observe(self, user: str, owned: frozenset[str]) -> None:
        """Take what Discord just told us."""
        self._known[user] = (owned, self._clock.monotonic())
        self._known.move_to_end(user)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def forget(self, user: str) -> None:
        """Ask anew the next time: something of theirs changed."""
        self._known.pop(user, None)


def owned_now(entitlements: Iterable[Any], now: datetime) -> frozenset[str]:
    """Give the products of entitlements that hold now: not deleted, begun and not over."""
    return frozenset(
        str(each.sku_id)
        for each in entitlements
        if not each.deleted
        and (each.starts_at is None or each.starts_at <= now)
        and (each.ends_at is None or each.ends_at > now)
    )


async def fetch_skus(connection: Any, clock: Clock, user: str) -> frozenset[str] | None:
    """Ask Discord for what a member owns, None when it cannot be asked now."""
    bot = connection.usable
    if bot is None:
        return None
    try:
        async with asyncio.timeout(5.0):
            found = [
                each async for each in bot.entitlements(user=discord.Object(int(user)), exclude_ended=True)
            ]
    except _AWAY:
        return None
    return owned_now(found, clock.now())
