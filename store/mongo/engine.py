"""Implement the port on MongoDB through Beanie."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from beanie import Document, init_beanie
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidURI
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from domain.errors import StoreUnavailable
from store import texts
from store.mongo.collections import MongoCollection, OrderCollection, TradeCollection
from store.mongo.dialect import BSON
from store.mongo.documents import document_for
from store.mongo.failures import guarded
from store.mongo.journal import OutboxJournal
from store.port import Collection, Entry, Opening, Written
from store.specs import ALL, ORDERS, TRADES, Spec

_PATIENCE = 10_000
"""Milliseconds one operation may take, its retries included."""
Plain = dict[str, Any]


class MongoEngine:
    """Keep everything in one MongoDB database. Made by ``MongoEngine.open``."""

    codec = BSON

    def __init__(self, client: AsyncMongoClient[Plain], database: AsyncDatabase[Plain], where: str) -> None:
        self._client = client
        self._database = database
        self._documents: dict[str, type[Document]] = {}
        self._journal = OutboxJournal(database, where)
        self.where = where

    @classmethod
    async def open(cls, uri: str, name: str) -> "MongoEngine":
        """Connect, and finish what a process that died left half done.

        Raises StoreUnavailable for a wrong URI or no answer.
        """
        where = _address(uri)
        try:
            client: AsyncMongoClient[Plain] = AsyncMongoClient(uri, **_patience(uri))
        except (InvalidURI, ConfigurationError, ValueError):
            # Not chained: the message may quote the password.
            raise StoreUnavailable(texts.BAD_MONGO_URI) from None
        engine = cls(client, _strict(client, name), where)
        try:
            await engine._bind(ALL, skip_indexes=True)
            await engine._journal.recover()
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
        if spec is ORDERS:
            return OrderCollection(self._document, spec, self.where, self._journal)
        if spec is TRADES:
            return TradeCollection(self._document, spec, self.where, self._journal)
        return MongoCollection(self._document, spec, self.where)

    async def ensure(self, spec: Spec[Any]) -> None:
        """Make the collection's indexes where they are missing."""
        await self._bind((spec,), skip_indexes=False)

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write orders and their events, through the outbox in each order's document."""
        return await self._journal.record(entries)

    async def start(self, opening: Opening) -> bool:
        """Write a trade with its orders and events, carried by its document until they are in place."""
        return await self._journal.start(opening)

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
        """Finish what the journal was asked and hang up."""
        await self._journal.close()
        await self._client.close()

    async def _document(self, spec: Spec[Any]) -> type[Document]:
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


def _strict(client: AsyncMongoClient[Plain], name: str) -> AsyncDatabase[Plain]:
    """Give the database with our guarantees whatever the URI says: majority, journaled, the primary."""
    return client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
    )


def _patience(uri: str) -> dict[str, Any]:
    """Say how long to wait, where the URI does not: PyMongo's own answer is 30 s, or for ever."""
    ours = {"timeoutMS": _PATIENCE, "serverSelectionTimeoutMS": _PATIENCE // 2}
    return {name: value for name, value in ours.items() if name.lower() not in uri.lower()}


def _address(uri: str) -> str:
    """Give the hosts of a URI, without user and password."""
    hosts = uri.partition("://")[2].rpartition("@")[2]
    return hosts.partition("/")[0].partition("?")[0] or "the given address"
