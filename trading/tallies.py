"""Count what happens in a day: entries a member took, and how many met the gate and came through later.

Counts are kept in memory and written behind, so that counting never makes an order wait; a kill loses the
last seconds of them and nothing else.
"""

from collections import Counter
from dataclasses import replace

from domain.accounts import Tally
from domain.errors import StoreUnavailable
from domain.ports import Clock, Repository

FLUSH_EVERY = 5.0
_MOST_READ = 100_000


class Tallies:
    """Add to and read today's counts."""

    def __init__(self, stored: Repository[Tally], clock: Clock) -> None:
        self._stored = stored
        self._clock = clock
        self._day = ""
        self._known: dict[str, int] = {}
        self._pending: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """Count something that happened just now."""
        self._pending[f"{self._today()}/{name}"] += count

    async def today(self, name: str) -> int:
        """Give what was counted since midnight UTC."""
        key = f"{self._today()}/{name}"
        if key not in self._known:
            tally = await self._stored.get(key)
            self._known[key] = tally.count if tally else 0
        return self._known[key] + self._pending[key]

    async def of_day(self, day: str, prefix: str) -> dict[str, int]:
        """Give a day's written counts whose names begin with ``prefix``."""
        found = await self._stored.find({"day": day}, limit=_MOST_READ)
        return {tally.name: tally.count for tally in found if tally.name.startswith(prefix)}

    async def flush(self) -> None:
        """Write what is counted. What cannot be written now stays for the next time."""
        for key, count in list(self._pending.items()):
            try:
                self._known[key] = await self._write(key, count)
            except StoreUnavailable:
                return
            self._pending[key] -= count
            if not self._pending[key]:
                del self._pending[key]

    async def run(self) -> None:
        """Write behind for as long as the process lives."""
        while True:
            await self._clock.sleep(FLUSH_EVERY)
            await self.flush()

    def _today(self) -> str:
        day = self._clock.now().date().isoformat()
        if day != self._day:
            self._day = day
            self._known.clear()
        return day

    async def _write(self, key: str, count: int) -> int:
        day, _, name = key.partition("/")
        while True:
            known = await self._stored.get(key)
            if known is None:
                fresh = Tally(id=key, day=day, name=name, count=count)
                if await self._stored.insert(fresh):
                    return count
            elif await self._stored.compare_and_set(replace(known, count=known.count + count)):
                return known.count + count
