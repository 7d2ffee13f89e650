"""Append events under each account's next numbers, without a transaction and without a counter.

A number exists only once an event holds it: it is taken by inserting at the last one plus one, under the
unique index on account and number. Inserts are ordered and stop at the first that is taken, so neither a
crash nor another process can leave a gap.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

_DUPLICATE = 11000
_TOGETHER = 50
"""Accounts whose last number is looked up at once."""
_PAUSE = 0.01
"""Seconds."""
Plain = dict[str, Any]


class EventNumbers:
    """Be the one way into the event collection. Remembers the last number of accounts written to before."""

    def __init__(self, events: AsyncCollection[Plain]) -> None:
        self._events = events
        self._last: dict[str, int] = {}

    async def append(self, events: Sequence[Plain]) -> dict[str, int]:
        """Append those whose id is new, in order; give the number of each id.

        Repeats what others got in the way of for as long as the caller allows (pymongo.timeout).
        """
        numbers: dict[str, int] = {}
        left = {str(event["_id"]): event for event in events}
        attempt = 0
        while left:
            await self._look_up({str(event["account_key"]) for event in left.values()})
            placed = place(left.values(), self._last)
            if await self._insert(placed):
                for event in placed:
                    numbers[event["_id"]] = self._last[event["account_key"]] = event["sequence"]
                return numbers
            numbers |= await self._known(left, placed)
            left = {key: event for key, event in left.items() if key not in numbers}
            attempt += 1
            await pause(attempt)
        return numbers

    async def _insert(self, placed: Sequence[Plain]) -> bool:
        """Insert in order; False where an id or a number was taken, by another process or before a crash."""
        try:
            await self._events.insert_many(placed, ordered=True)
        except BulkWriteError as error:
            if not any(failed["code"] == _DUPLICATE for failed in error.details["writeErrors"]):
                raise
            return False
        return True

    async def _known(self, left: Mapping[str, Plain], placed: Iterable[Plain]) -> dict[str, int]:
        """Read which of the events are there, and forget what was thought of their accounts."""
        for event in placed:
            self._last.pop(event["account_key"], None)
        cursor = self._events.find({"_id": {"$in": list(left)}}, {"sequence": 1})
        return {found["_id"]: found["sequence"] async for found in cursor}

    async def _look_up(self, accounts: Iterable[str]) -> None:
        cold = sorted(account for account in accounts if account not in self._last)
        for start in range(0, len(cold), _TOGETHER):
            group = cold[start : start + _TOGETHER]
            self._last.update(zip(group, await asyncio.gather(*map(self._newest, group)), strict=True))

    async def _newest(self, account: str) -> int:
        newest = await self._events.find_one(
            {"account_key": account}, {"sequence": 1}, sort=[("sequence", -1)]
        )
        return 0 if newest is None else int(newest["sequence"])


async def pause(attempt: int) -> None:
    """Wait a little before a third attempt and those after it, each time another while."""
    if attempt > 1:
        await asyncio.sleep(random.uniform(0, _PAUSE * min(attempt, 10)))  # noqa: S311 - spreads retries


def place(events: Iterable[Plain], last: Mapping[str, int]) -> list[Plain]:
    """Give the events with their accounts' next numbers, in order."""
    counts = dict(last)
    placed = []
    for event in events:
        account = event["account_key"]
        counts[account] = counts.get(account, 0) + 1
        placed.append({**event, "sequence": counts[account]})
    return placed
