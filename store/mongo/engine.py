"""Implement the port on MongoDB through Beanie."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from beanie import Document, SortDirection, init_beanie
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, ConfigurationError, DuplicateKeyError, InvalidURI
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from domain.errors import StoreUnavailable
from store import texts
from store.mongo.dialect import BSON
from store.mongo.documents import document_for, fields_of, row_of
from store.mongo.failures import guarded
from store.mongo.journal import TransactionJournal
from store.port import Collection, Entry, Query, Written
from store.specs import ALL, EVENTS, ORDERS, Row, Spec

_PATIENCE = 10_000
"""Milliseconds one operation may take, its retries included."""
_DUPLICATE = 11000
Plain = dict[str, Any]


class MongoEngine:
    """Keep everything in one MongoDB database. Made by ``MongoEngine.open``."""

    codec = BSON

    def __init__(self, client: AsyncMongoClient[Plain], database: AsyncDatabase[Plain], where: str) -> None:
        self._client = client
        self._database = database
        self._documents: dict[str, type[Document]] = {}
        self._journal = TransactionJournal(client, database, where)
        self.where = where

    @classmethod
    async def open(cls, uri: str, name: str) -> "MongoEngine":
        """Connect. Raises StoreUnavailable for a wrong URI, no answer, or a server without transactions."""
        where = _address(uri)
        try:
            client: AsyncMongoClient[Plain] = AsyncMongoClient(uri, **_patience(uri))
        except (InvalidURI, ConfigurationError, ValueError):
            # Not chained: the message may quote the password.
            raise StoreUnavailable(texts.BAD_MONGO_URI) from None
        engine = cls(client, _strict(client, name), where)
        try:
            await engine._check()
            await engine._bind(ALL, skip_indexes=True)
        except BaseException:
            await engine.close()
            raise
        return engine

    def pack(self, document: Plain) -> Plain:
        """Keep the document as it is."""
        return document

    def unpack(self, body: Any) -> Plain:
        """Give the document, free to be changed."""
        return dict(body)

    def collection(self, spec: Spec[Any]) -> Collection:
        """Give the collection of a spec."""
        return MongoCollection(self, spec)

    async def ensure(self, spec: Spec[Any]) -> None:
        """Make the collection's indexes where they are missing."""
        async with guarded(self.where):
            existing = await self._database.list_collection_names(filter={"name": spec.name})
            if not existing:
                # Made on its own: older servers make no collection inside a transaction.
                await self._database.create_collection(spec.name)
            await self._bind((spec,), skip_indexes=False)
            if spec in (ORDERS, EVENTS):
                await self._journal.ensure()

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write orders and their events in one transaction."""
        return await self._journal.record(entries)

    async def now(self) -> datetime:
        """Give the server's time: the one all replicas of the bot share."""
        async with guarded(self.where):
            hello = await self._client.admin.command("hello")
        moment: datetime = hello["localTime"]
        return moment.replace(tzinfo=UTC)

    async def ping(self) -> None:
        """Prove that a majority takes a write to its disks. Raises StoreUnavailable."""
        async with guarded(self.where):
            await self._database["pings"].update_one(
                {"_id": "ping"}, {"$currentDate": {"at": True}}, upsert=True
            )

    async def close(self) -> None:
        """Finish the journal's transaction under way and hang up."""
        await self._journal.close()
        await self._client.close()

    async def document(self, spec: Spec[Any]) -> type[Document]:
        """Give the bound document class of a spec."""
        if spec.name not in self._documents:
            await self._bind((spec,), skip_indexes=True)
        return self._documents[spec.name]

    async def _bind(self, specs: Sequence[Spec[Any]], *, skip_indexes: bool) -> None:
        made = {spec.name: document_for(spec) for spec in specs}
        async with guarded(self.where):
            await init_beanie(
                database=self._database, document_models=list(made.values()), skip_indexes=skip_indexes
            )
        self._documents.update(made)

    async def _check(self) -> None:
        async with guarded(self.where):
            hello = await self._client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise StoreUnavailable(texts.mongo_not_a_replica_set(self.where))


class MongoCollection:
    """Keep one spec's rows in one MongoDB collection."""

    def __init__(self, engine: MongoEngine, spec: Spec[Any]) -> None:
        self._engine = engine
        self._spec = spec

    async def insert(self, rows: Sequence[Row]) -> int:
        """Insert in one write, passing over what is taken."""
        kind = await self._engine.document(self._spec)
        documents = [
            kind.model_construct(**{"id": row.id, "version": row.version, **fields_of(row)}) for row in rows
        ]
        async with guarded(self._engine.where):
            try:
                done = await kind.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if any(failed["code"] != _DUPLICATE for failed in error.details["writeErrors"]):
                    raise
                return int(error.details["nInserted"])
        return len(done.inserted_ids)

    async def get(self, key: str) -> Row | None:
        """Give one row."""
        kind = await self._engine.document(self._spec)
        async with guarded(self._engine.where):
            found = await kind.find_one({"_id": key})
        return None if found is None else row_of(found, self._spec)

    async def find(self, query: Query) -> Sequence[Row]:
        """Give the rows asked for."""
        kind = await self._engine.document(self._spec)
        way = SortDirection.DESCENDING if query.descending else SortDirection.ASCENDING
        order = [(_field(query.order_by), way)] + ([] if query.order_by == "id" else [("_id", way)])
        async with guarded(self._engine.where):
            found = await kind.find(_filter(query)).sort(order).limit(query.limit).to_list()
        return [row_of(document, self._spec) for document in found]

    async def compare_and_set(self, row: Row) -> bool:
        """Write the row if its version is the stored one; False also where it would repeat a unique tuple."""
        kind = await self._engine.document(self._spec)
        change = {"$set": fields_of(row), "$inc": {"version": 1}}
        async with guarded(self._engine.where):
            try:
                done = await kind.get_pymongo_collection().update_one(
                    {"_id": row.id, "version": row.version}, change
                )
            except DuplicateKeyError:
                return False
        return done.matched_count == 1

    async def delete(self, key: str) -> bool:
        """Remove a row."""
        kind = await self._engine.document(self._spec)
        async with guarded(self._engine.where):
            done = await kind.get_pymongo_collection().delete_one({"_id": key})
        return done.deleted_count == 1


def _strict(client: AsyncMongoClient[Plain], name: str) -> AsyncDatabase[Plain]:
    """Give the database with our guarantees whatever the URI says: majority, journaled, the primary."""
    return client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
    )


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


def _patience(uri: str) -> dict[str, Any]:
    """Say how long to wait, where the URI does not: PyMongo's own answer is 30 s, or for ever."""
    ours = {"timeoutMS": _PATIENCE, "serverSelectionTimeoutMS": _PATIENCE // 2}
    return {name: value for name, value in ours.items() if name.lower() not in uri.lower()}


def _address(uri: str) -> str:
    """Give the hosts of a URI, without user and password."""
    hosts = uri.partition("://")[2].rpartition("@")[2]
    return hosts.partition("/")[0].partition("?")[0] or "the given address"
