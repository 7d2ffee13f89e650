"""Keep each spec's rows in a MongoDB collection of their own."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from beanie import Document, SortDirection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from store.mongo.documents import fields_of, row_of
from store.mongo.failures import guarded
from store.mongo.journal import OutboxJournal
from store.mongo.outbox import PENDING
from store.port import Query
from store.specs import Row, Spec

_DUPLICATE = 11000
Plain = dict[str, Any]


class MongoCollection:
    """Keep one spec's rows in one MongoDB collection."""

    def __init__(
        self, document: Callable[[Spec[Any]], Awaitable[type[Document]]], spec: Spec[Any], where: str
    ) -> None:
        self._document = document
        self._spec = spec
        self._where = where

    async def insert(self, rows: Sequence[Row]) -> int:
        """Insert in one write, passing over what is taken."""
        kind = await self._document(self._spec)
        documents = [
            kind.model_construct(**{"id": row.id, "version": row.version, **fields_of(row)}) for row in rows
        ]
        async with guarded(self._where):
            try:
                done = await kind.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if any(failed["code"] != _DUPLICATE for failed in error.details["writeErrors"]):
                    raise
                return int(error.details["nInserted"])
        return len(done.inserted_ids)

    async def get(self, key: str) -> Row | None:
        """Give one row."""
        kind = await self._document(self._spec)
        async with guarded(self._where):
            found = await kind.find_one({"_id": key})
        if found is None:
            return None
        await self._settle([found])
        return row_of(found, self._spec)

    async def find(self, query: Query) -> Sequence[Row]:
        """Give the rows asked for."""
        kind = await self._document(self._spec)
        way = SortDirection.DESCENDING if query.descending else SortDirection.ASCENDING
        order = [(_field(query.order_by), way)] + ([] if query.order_by == "id" else [("_id", way)])
        async with guarded(self._where):
            found = await kind.find(_filter(query)).sort(order).limit(query.limit).to_list()
        await self._settle(found)
        return [row_of(document, self._spec) for document in found]

    async def compare_and_set(self, row: Row) -> bool:
        """Write the row if its version is the stored one; False also where it would repeat a unique tuple."""
        kind = await self._document(self._spec)
        change = {"$set": fields_of(row), "$inc": {"version": 1}}
        async with guarded(self._where):
            try:
                done = await kind.get_pymongo_collection().update_one(
                    {"_id": row.id, "version": row.version}, change
                )
            except DuplicateKeyError:
                return False
        return done.matched_count == 1

    async def delete(self, key: str) -> bool:
        """Remove a row."""
        kind = await self._document(self._spec)
        async with guarded(self._where):
            done = await kind.get_pymongo_collection().delete_one({"_id": key})
        return done.deleted_count == 1

    async def _settle(self, found: Iterable[Document]) -> None:
        """Make what belongs to these documents visible before they are handed out."""


class OrderCollection(MongoCollection):
    """Keep orders; nobody is shown one whose events are not in the log yet."""

    def __init__(
        self,
        document: Callable[[Spec[Any]], Awaitable[type[Document]]],
        spec: Spec[Any],
        where: str,
        journal: OutboxJournal,
    ) -> None:
        super().__init__(document, spec, where)
        self._journal = journal

    async def find(self, query: Query) -> Sequence[Row]:
        """Give the rows asked for; where they are an account's, all its orders are seen to first.

        Whoever takes an account over asks for its active orders: the events of one that just ended count too.
        """
        if (account := _filter(query).get("account_key")) is not None:
            kind = await self._document(self._spec)
            async with guarded(self._where):
                pending = kind.get_pymongo_collection().find({"account_key": account, **PENDING}, {"_id": 1})
                left = [one["_id"] async for one in pending]
            await self._journal.settle(left)
        return await super().find(query)

    async def delete(self, key: str) -> bool:
        """Remove a row once its events are in the log."""
        kind = await self._document(self._spec)
        while await self.get(key) is not None:
            async with guarded(self._where):
                done = await kind.get_pymongo_collection().delete_one({"_id": key, "outbox": None})
            if done.deleted_count == 1:
                return True
        return False

    async def _settle(self, found: Iterable[Document]) -> None:
        some: Iterable[Any] = found
        await self._journal.settle([one.id for one in some if one.outbox is not None])


class TradeCollection(MongoCollection):
    """Keep trades; nobody is shown one whose orders and events are not in place yet."""

    def __init__(
        self,
        document: Callable[[Spec[Any]], Awaitable[type[Document]]],
        spec: Spec[Any],
        where: str,
        journal: OutboxJournal,
    ) -> None:
        super().__init__(document, spec, where)
        self._journal = journal

    async def _settle(self, found: Iterable[Document]) -> None:
        some: Iterable[Any] = found
        await self._journal.settle_trades([one.id for one in some if one.outbox is not None])


def _filter(query: Query) -> Plain:
    conditions: Plain = {
        _field(name): {"$in": list(wanted)} if isinstance(wanted, tuple) else wanted
        for name, wanted in query.where.items()
    }
    if query.after is not None:
        # A field may be both asked for and paged by.
        return {"$and": [conditions, {_field(query.order_by): {"$gt": query.after}}]}
    return conditions


def _field(name: str) -> str:
    return "_id" if name == "id" else name
