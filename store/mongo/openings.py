"""Open trades: the trade's own document carries its orders and events until they are where they belong.

Inserting that one document is the moment at which everything is decided. Whoever finds a trade that still
carries something inserts its orders and appends its events, which is harmless to repeat because their ids are
derived from the trade, and empties it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.write_concern import WriteConcern

from store.mongo.documents import raw_of
from store.mongo.numbering import EventNumbers
from store.mongo.outbox import PENDING, insert_new
from store.port import Entry, Opening

_PAGE = 500
Plain = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Start:
    """Be what one caller asks to open."""

    opening: Opening
    done: "asyncio.Future[bool]"

    @property
    def entries(self) -> Sequence[Entry]:
        """Give what it holds, as a job of the journal."""
        return self.opening.entries

    @property
    def document(self) -> Plain:
        """Give the trade as MongoDB stores it, with all that goes with it."""
        carried = {
            "token": str(ObjectId()),
            "orders": [raw_of(row) for row in self.opening.orders],
            "events": [raw_of(row) for row in self.opening.events],
        }
        return {**raw_of(self.opening.trade), "outbox": carried}

    def answer(self, result: bool | Exception) -> None:
        """Tell the caller, if it still waits."""
        if self.done.done():
            return
        if isinstance(result, Exception):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


class Openings:
    """Write trades with what they carry, and deliver it."""

    def __init__(
        self, trades: AsyncCollection[Plain], orders: AsyncCollection[Plain], numbers: EventNumbers
    ) -> None:
        self._trades = trades
        self._orders = orders
        self._numbers = numbers
        # Emptied too late or twice is harmless, so nobody waits for a disk here.
        self._loosely = trades.with_options(write_concern=WriteConcern(1))

    async def write(self, starts: Sequence[Start]) -> None:
        """Open all, and answer each: False where the trade or one of its orders was there already."""
        known = await self._known(starts)
        fresh = []
        for start in starts:
            if known.isdisjoint(row.id for row in start.opening.orders):
                fresh.append(start)
            else:
                start.answer(result=False)
        documents = [start.document for start in fresh]
        taken = await insert_new(self._trades, documents)
        won = [document for number, document in enumerate(documents) if number not in taken]
        await self._deliver(won)
        for number, start in enumerate(fresh):
            start.answer(result=number not in taken)
        await self._empty(won)

    async def replay(self, where: Plain) -> None:
        """Deliver what these trades still carry, in the order it was written."""
        found = self._trades.find({**where, **PENDING}, {"outbox": 1}).sort("outbox.token", 1)
        documents = await found.to_list()
        for start in range(0, len(documents), _PAGE):
            page = documents[start : start + _PAGE]
            await self._deliver(page)
            await self._empty(page)

    async def _known(self, starts: Iterable[Start]) -> set[str]:
        """Tell which of the orders are there: only a trade that was opened before, or half, has any."""
        ids = [row.id for start in starts for row in start.opening.orders]
        if not ids:
            return set()
        return {one["_id"] async for one in self._orders.find({"_id": {"$in": ids}}, {"_id": 1})}

    async def _deliver(self, documents: Sequence[Plain]) -> None:
        orders = [order for one in documents for order in one["outbox"]["orders"]]
        events = [event for one in documents for event in one["outbox"]["events"]]
        # Both are waited for whatever becomes of one: nothing of a turn may go on behind the next.
        results = await asyncio.gather(
            insert_new(self._orders, orders), self._numbers.append(events), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _empty(self, documents: Sequence[Plain]) -> None:
        if documents:
            mine = {
                "_id": {"$in": [one["_id"] for one in documents]},
                "outbox.token": {"$in": [one["outbox"]["token"] for one in documents]},
            }
            await self._loosely.update_many(mine, {"$unset": {"outbox": ""}})
