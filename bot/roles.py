"""Tell who has which roles, without a member cache: from interactions, from REST, and for minutes only."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.ports import Clock

FRESH = 600.0
TRUSTED = 900.0
"""Seconds after which an answer is no longer used (shared/reference/reliability.md section 4)."""
ASKED_WITHIN = 86_400.0
WARM_EVERY = 60.0
WARM_PAUSE = 0.2
MOST = 50_000

Fetch = Callable[[str, str], Awaitable[frozenset[str] | None]]


@dataclass(slots=True)
class _Known:
    roles: frozenset[str]
    at: float
    asked: float


class RoleCache:
    """Be the role source.

    Answers up to 10 minutes old are given at once, up to 15 while a fresh one is fetched. ``fetch`` asks
    Discord: role ids, empty when not a member, None when nobody knows right now. Members asked about within a
    day are kept warm, so that a signal with a thousand followers does not wait for a thousand requests.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self.on_change: Callable[[str, str], None] = lambda guild, user: None
        """Hears of a server and a member whose roles there are not what they were."""
        self._fetching: dict[tuple[str, str], asyncio.Task[frozenset[str] | None]] = {}

    async def roles(self, guild: str, user: str) -> frozenset[str] | None:
        """Give the member's role ids, empty when not a member, None when nobody knows right now."""
        key, now = (guild, user), self._clock.monotonic()
        known = self._known.get(key)
        if known is None or now - known.at >= TRUSTED:
            return await asyncio.shield(self._refresh(key))
        known.asked = now
        if now - known.at >= FRESH:
            self._refresh(key)
        return known.roles

    def observe(self, guild: str, user: str, roles: frozenset[str]) -> None:
        """Take roles that Discord just told us."""
        key, now = (guild, user), self._clock.monotonic()
        before = self._known.get(key)
        self._known[key] = _Known(roles=roles, at=now, asked=before.asked if before else now)
        self._known.move_to_end(key)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        if before is None or before.roles != roles:
            self.on_change(guild, user)

    async def keep_warm(self) -> None:
        """Renew answers about to grow old, slowly, for as long as the process lives."""
        while True:
            await self._clock.sleep(WARM_EVERY)
            now = self._clock.monotonic()
            due = [
                key
                for key, known in self._known.items()
                if now - known.at >= FRESH - WARM_EVERY and now - known.asked < ASKED_WITHIN
            ]
            for key in due:
                await self._refresh(key)
                await self._clock.sleep(WARM_PAUSE)

    def _refresh(self, key: tuple[str, str]) -> asyncio.Task[frozenset[str] | None]:
        if key not in self._fetching:
            task = asyncio.create_task(self._ask(key))
            self._fetching[key] = task
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        return self._fetching[key]

    async def _ask(self, key: tuple[str, str]) -> frozenset[str] | None:
        roles = await self._fetch(*key)
        if roles is not None:
            self.observe(*key, roles)
        return roles
