"""Write orders and events together in transactions, many callers to one.

Callers of one process share a transaction the way they share a commit on SQLite: their writes to the same
account's counter would only conflict and retry otherwise. Other processes are kept out by MongoDB's own
write conflicts; what lost is tried again from its first read.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo import AsyncMongoClient, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from domain.errors import StoreUnavailable
from store import texts
from store.mongo.documents import fields_of, raw_of
from store.mongo.failures import guarded
from store.mongo.planning import Plan, Reads
from store.port import Entry, Written
from store.specs import EVENTS, ORDERS

COUNTERS = "event_counters"
_MOST = 500
"""Entries to a transaction: well inside the server's time and size limits."""
_TRIES = 30
_Pending = tuple[Sequence[Entry], "asyncio.Future[Sequence[Written]]"]
Plain = dict[str, Any]


class TransactionJournal:
    """Gather what callers want recorded and write it, one transaction at a time."""

    def __init__(self, client: AsyncMongoClient[Plain], database: AsyncDatabase[Plain], where: str) -> None:
        self._client = client
        self._database = database
        self._where = where
        self._pending: list[_Pending] = []
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def ensure(self) -> None:
        """Make the collection that counts each account's events; it needs no index but its id."""
        if not await self._database.list_collection_names(filter={"name": COUNTERS}):
            await self._database.create_collection(COUNTERS)

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write the entries; give what became of each once a majority has them on disk."""
        if self._closed:
            raise StoreUnavailable(texts.CLOSED)
        done: asyncio.Future[Sequence[Written]] = asyncio.get_running_loop().create_future()
        self._pending.append((entries, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await done

    async def close(self) -> None:
        """Finish what was asked."""
        self._closed = True
        if self._working is not None:
            await self._working

    async def _work(self) -> None:
        while self._pending:
            batch, size = [self._pending.pop(0)], 0
            size = len(batch[0][0])
            while self._pending and size + len(self._pending[0][0]) <= _MOST:
                batch.append(self._pending.pop(0))
                size += len(batch[-1][0])
            await self._settle(batch)

    async def _settle(self, batch: list[_Pending]) -> None:
        try:
            written = list(await self._write([entry for entries, _ in batch for entry in entries]))
        except StoreUnavailable as error:
            for _, done in batch:
                _answer(done, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must learn of it
            if len(batch) == 1:
                _answer(batch[0][1], error)
                return
            # One entry that cannot be written must not fail its neighbours.
            for pending in batch:
                await self._settle([pending])
        else:
            for entries, done in batch:
                _answer(done, written[: len(entries)])
                del written[: len(entries)]

    async def _write(self, entries: Sequence[Entry]) -> Sequence[Written]:
        async with guarded(self._where):
            for attempt in range(_TRIES):
                try:
                    return await self._once(entries)
                except (DuplicateKeyError, BulkWriteError) as error:
                    # Another process inserted the same id or number between our read and our write.
                    if not _repeats(error) or attempt == _TRIES - 1:
                        raise
                await asyncio.sleep(random.uniform(0, 0.01 * (attempt + 1)))  # noqa: S311 - spreads retries
        raise StoreUnavailable(texts.mongo_down(self._where, "another process kept writing the same orders"))

    async def _once(self, entries: Sequence[Entry]) -> Sequence[Written]:
        plan = Plan()

        async def transaction(session: AsyncClientSession) -> None:
            nonlocal plan
            plan = Plan()
            plan.make(entries, await self._read(entries, session))
            await self._apply(plan, session)

        # One limit for the transaction and its repeats, a little above the client's limit for one operation.
        with pymongo.timeout((self._client.options.timeout or 10.0) * 1.5):
            async with self._client.start_session() as session:
                await session.with_transaction(
                    transaction,
                    read_concern=ReadConcern("snapshot"),
                    write_concern=WriteConcern("majority", j=True),
                )
        return plan.written

    async def _read(self, entries: Sequence[Entry], session: AsyncClientSession) -> Reads:
        orders = {entry.row.id for entry in entries if entry.row is not None}
        events = [event for entry in entries for event in entry.events]
        return Reads(
            versions=await self._values(ORDERS.name, orders, "version", session),
            sequences=await self._values(EVENTS.name, {event.id for event in events}, "sequence", session),
            counters=await self._values(
                COUNTERS, {str(event.keys["account_key"]) for event in events}, "last", session
            ),
        )

    async def _values(
        self, name: str, ids: set[str], field: str, session: AsyncClientSession
    ) -> dict[str, int]:
        if not ids:
            return {}
        cursor = self._database[name].find({"_id": {"$in": list(ids)}}, {field: 1}, session=session)
        return {found["_id"]: found[field] async for found in cursor}

    async def _apply(self, plan: Plan, session: AsyncClientSession) -> None:
        if plan.orders:
            await self._database[ORDERS.name].bulk_write(
                [
                    InsertOne(raw_of(row))
                    if fresh
                    else UpdateOne(
                        {"_id": row.id, "version": row.version},
                        {"$set": fields_of(row), "$inc": {"version": 1}},
                    )
                    for row, fresh in plan.orders
                ],
                session=session,
            )
        if plan.events:
            await self._database[EVENTS.name].insert_many(map(raw_of, plan.events), session=session)
            await self._database[COUNTERS].bulk_write(
                [
                    UpdateOne({"_id": account}, {"$set": {"last": last}}, upsert=True)
                    for account, last in plan.counters.items()
                ],
                session=session,
            )


def _repeats(error: PyMongoError) -> bool:
    if isinstance(error, BulkWriteError):
        return any(failed["code"] == 11000 for failed in error.details["writeErrors"])
    return isinstance(error, DuplicateKeyError)


def _answer(done: "asyncio.Future[Sequence[Written]]", answer: Sequence[Written] | Exception) -> None:
    if done.done():
        return
    if isinstance(answer, Exception):
        done.set_exception(answer)
    else:
        done.set_result(answer)
