"""Keep an order's events inside its own document until they are in the event log.

One atomic write moves the order and puts the events of the move beside it; a compare-and-set passes over
an order whose outbox is not empty. Whoever finds one appends its events, which is harmless to repeat
because event ids are derived from their cause, and empties it. Nothing is ever locked, so a process that
dies in between holds up nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from store.mongo.documents import fields_of, raw_of
from store.mongo.numbering import EventNumbers, pause
from store.specs import Row

_DUPLICATE = 11000
_PAGE = 500
PENDING = {"outbox.token": {"$gt": ""}}
"""Find orders whose events may not all be in the log yet."""
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Be what one write put into an order's outbox. Tokens sort in the order a process wrote them."""

    order: str
    token: str
    version: int
    events: Sequence[Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Be one order to write and the events that go with it, ready for MongoDB."""

    row: Row
    events: Sequence[Plain]

    def letter(self, version: int) -> Letter:
        """Make a letter of its own for one attempt to write this as ``version``."""
        return Letter(order=self.row.id, token=str(ObjectId()), version=version, events=self.events)

    def fields(self, letter: Letter) -> Plain:
        """Give what an attempt sets. ``written`` stays after the outbox is emptied."""
        outbox = {"token": letter.token, "events": list(letter.events)}
        return {**fields_of(self.row), "written": letter.token, "outbox": outbox}


class Outbox:
    """Write orders with their outboxes, and deliver what is in them."""

    def __init__(self, orders: AsyncCollection[Plain], numbers: EventNumbers) -> None:
        self._orders = orders
        self._numbers = numbers
        # An outbox emptied too late or twice is harmless, so nobody waits for a disk here.
        self._loosely = orders.with_options(write_concern=WriteConcern(1))

    async def write(self, changes: Sequence[Change]) -> dict[str, Letter]:
        """Compare-and-set or insert orders, each given once; give the letters of those that won.

        The usual case is one round trip: every order matched. Otherwise ``written`` tells whose write
        stands, also where the driver repeated a write whose answer was lost.
        """
        left = {change.row.id: change for change in changes}
        sent: dict[str, Letter] = {}
        won: dict[str, Letter] = {}
        attempt = 0
        while left:
            letters = [change.letter(change.row.version + 1) for change in left.values()]
            sent |= {letter.token: letter for letter in letters}
            if await self._update(left, letters):
                return won | {letter.order: letter for letter in letters}
            left = await self._sort_out(left, sent, won)
            attempt += 1
            await pause(attempt)
        return won

    async def replay(self, where: Plain) -> None:
        """Deliver every outbox of these orders that is not empty, in the order they were written."""
        found = self._orders.find({**where, **PENDING}, {"outbox": 1, "version": 1}).sort("outbox.token", 1)
        letters = [
            Letter(order=one["_id"], version=one["version"], **one["outbox"]) for one in await found.to_list()
        ]
        for start in range(0, len(letters), _PAGE):
            page = letters[start : start + _PAGE]
            await self._numbers.append([event for letter in page for event in letter.events])
            await self.empty(page)

    async def empty(self, letters: Iterable[Letter]) -> None:
        """Empty the outboxes of letters that were delivered, unless something else is in them by now."""
        orders = {letter.token: letter.order for letter in letters}
        if orders:
            # One statement for all of them costs a server a fraction of one for each.
            mine = {"_id": {"$in": list(orders.values())}, "outbox.token": {"$in": list(orders)}}
            await self._loosely.update_many(mine, {"$unset": {"outbox": ""}})

    async def _update(self, left: Mapping[str, Change], letters: Sequence[Letter]) -> bool:
        """Compare-and-set all; tell whether every one of them matched."""
        done = await self._orders.bulk_write(
            [
                UpdateOne(
                    {"_id": change.row.id, "version": change.row.version, "outbox": None},
                    {"$set": change.fields(letter), "$inc": {"version": 1}},
                )
                for change, letter in zip(left.values(), letters, strict=True)
            ],
            ordered=False,
        )
        return done.matched_count == len(letters)

    async def _sort_out(
        self, left: Mapping[str, Change], sent: dict[str, Letter], won: dict[str, Letter]
    ) -> dict[str, Change]:
        """Look who won, insert what is not there, deliver what was in the way; give what to try again."""
        cursor = self._orders.find(
            {"_id": {"$in": list(left)}}, {"version": 1, "written": 1, "outbox.token": 1}
        )
        stored = {one["_id"]: one async for one in cursor}
        again: dict[str, Change] = {}
        for key, change in left.items():
            one = stored.get(key)
            if one is not None and one.get("written") in sent:
                won[key] = sent[one["written"]]
            elif change.row.version == (0 if one is None else one["version"]):
                again[key] = change
        fresh = [change for key, change in again.items() if key not in stored]
        won |= await self._insert(fresh, sent)
        if blocked := [key for key in again if (stored.get(key) or {}).get("outbox")]:
            await self.replay({"_id": {"$in": blocked}})
        return {key: change for key, change in again.items() if key not in won}

    async def _insert(self, fresh: Sequence[Change], sent: dict[str, Letter]) -> dict[str, Letter]:
        """Insert new orders; give the letters of those nobody else inserted meanwhile."""
        letters = [change.letter(0) for change in fresh]
        sent |= {letter.token: letter for letter in letters}
        rows = [
            {**raw_of(change.row), **change.fields(letter)}
            for change, letter in zip(fresh, letters, strict=True)
        ]
        taken = await insert_new(self._orders, rows)
        return {letter.order: letter for n, letter in enumerate(letters) if n not in taken}


async def insert_new(collection: AsyncCollection[Plain], documents: Sequence[Plain]) -> set[int]:
    """Insert documents, passing over those already there; give the places of these."""
    if not documents:
        return set()
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        failed = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(one["code"] != _DUPLICATE for one in failed):
            raise
        return {one["index"] for one in failed}
    return set()
