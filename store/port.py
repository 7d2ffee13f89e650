"""Be the one narrow port both engines implement; repositories are written once on top of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from store.codec import Codec
from store.specs import Key, Row, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Ask for rows: each field equals its value, or any of them where it is a tuple.

    ``after`` keeps only rows whose ``order_by`` field is above it. Ties are broken by id.
    """

    where: Mapping[str, Key | tuple[Key, ...]]
    order_by: str = "id"
    descending: bool = False
    limit: int = 1000
    after: Key = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Be one journal entry: a row to compare-and-set or insert (or none), and the events that go with it."""

    row: Row | None
    events: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Say what became of an entry. ``version`` is the row's new one, or None where it lost.

    ``sequences`` are those of its events, in order; empty where it lost.
    """

    version: int | None
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Be a new trade with its new orders, each with its events; rows are written at the version they have."""

    trade: Row
    entries: tuple[Entry, ...]

    @property
    def orders(self) -> tuple[Row, ...]:
        """Give the orders' rows."""
        return tuple(entry.row for entry in self.entries if entry.row is not None)

    @property
    def events(self) -> tuple[Row, ...]:
        """Give all events, in order."""
        return tuple(event for entry in self.entries for event in entry.events)


class Collection(Protocol):
    """Keep the rows of one spec.

    Writes return after they are durable, and raise StoreUnavailable where they may not be.
    """

    async def insert(self, rows: Sequence[Row]) -> int:
        """Insert in one durable write, passing over taken ids and unique tuples; give how many were new."""

    async def get(self, key: str) -> Row | None:
        """Give one row."""

    async def find(self, query: Query) -> Sequence[Row]:
        """Give the rows asked for."""

    async def compare_and_set(self, row: Row) -> bool:
        """Write ``row`` at version + 1 if the stored version is ``row.version``."""

    async def delete(self, key: str) -> bool:
        """Remove a row."""


class Engine(Protocol):
    """Be one way to keep things."""

    codec: Codec

    def pack(self, document: dict[str, Any]) -> Any:
        """Turn a plain document into a row's body. Raises Misfit."""

    def unpack(self, body: Any) -> dict[str, Any]:
        """Turn a row's body into a plain document, free to be changed."""

    def collection(self, spec: Spec[Any]) -> Collection:
        """Give the collection of a spec."""

    async def ensure(self, spec: Spec[Any]) -> None:
        """Make the collection, its index columns and its indexes, where they are missing."""

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write orders and their events, all of an entry or nothing of it, even across a kill."""

    async def start(self, opening: Opening) -> bool:
        """Write a trade, its orders and their events: all or nothing, even across a kill.

        False where the trade or one of the orders is there already; nothing is written then.
        """

    async def now(self) -> datetime:
        """Give the time all processes sharing this engine agree on."""

    async def ping(self) -> None:
        """Prove that a write works. Raises StoreUnavailable."""

    async def close(self) -> None:
        """Flush and close."""
