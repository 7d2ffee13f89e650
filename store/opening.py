"""Open the store and the bus that the settings ask for."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from domain.ports import Clock
from store.bus.memory import MemoryBus
from store.journal import AccountEvents, OrderJournal
from store.leasing import StoredLeases
from store.migrations import migrate
from store.port import Engine
from store.repository import StoredRepository
from store.specs import (
    ACCOUNTS,
    FLOWS,
    FOLLOWS,
    GUILDS,
    INBOX,
    LEASES,
    LIMITS,
    NOTICES,
    PAPER_BOOKS,
    PASSES,
    SOURCES,
    SWITCHES,
    TALLIES,
    TOKENS,
    TRADES,
)

if TYPE_CHECKING:
    from store.bus.valkey import RedisBus


class OpenStore:
    """Be all that is durable, on one engine (domain.ports.Store)."""

    def __init__(self, engine: Engine, now: Callable[[], Awaitable[datetime]]) -> None:
        self.engine = engine
        self.inbox = StoredRepository(INBOX, engine)
        self.trades = StoredRepository(TRADES, engine)
        self.orders = OrderJournal(engine)
        self.events = AccountEvents(engine)
        self.accounts = StoredRepository(ACCOUNTS, engine)
        self.sources = StoredRepository(SOURCES, engine)
        self.follows = StoredRepository(FOLLOWS, engine)
        self.guilds = StoredRepository(GUILDS, engine)
        self.limits = StoredRepository(LIMITS, engine)
        self.switches = StoredRepository(SWITCHES, engine)
        self.flows = StoredRepository(FLOWS, engine)
        self.tokens = StoredRepository(TOKENS, engine)
        self.notices = StoredRepository(NOTICES, engine)
        self.paper_books = StoredRepository(PAPER_BOOKS, engine)
        self.tallies = StoredRepository(TALLIES, engine)
        self.passes = StoredRepository(PASSES, engine)
        self.leases = StoredLeases(StoredRepository(LEASES, engine), now)

    async def ping(self) -> None:
        """Prove that a write works; raises StoreUnavailable when not."""
        await self.engine.ping()

    async def close(self) -> None:
        """Flush and close."""
        await self.engine.close()


async def open_store(
    *,
    data_dir: Path,
    mongodb_uri: str | None = None,
    database: str = "discord_trade_exec",
    clock: Clock | None = None,
) -> OpenStore:
    """Open the store, made and migrated: MongoDB where a URI is given, else one SQLite file in ``data_dir``.

    ``clock`` is the time of leases; by default it is the one all processes share: the server's, or this
    machine's. Raises StoreUnavailable with a sentence for the owner when the store cannot be used.
    """
    return await wrap(await _engine(data_dir, mongodb_uri, database), clock)


async def wrap(engine: Engine, clock: Clock | None = None) -> OpenStore:
    """Put the repositories on an engine and migrate it; close the engine when that fails."""

    async def driven() -> datetime:
        return await engine.now() if clock is None else clock.now()

    store = OpenStore(engine, driven)
    try:
        await migrate(store)
    except BaseException:
        await store.close()
        raise
    return store


async def _engine(data_dir: Path, mongodb_uri: str | None, database: str) -> Engine:
    if mongodb_uri:
        from store.mongo.engine import MongoEngine

        return await MongoEngine.open(mongodb_uri, database)
    from store.sqlite.engine import SqliteEngine

    return await SqliteEngine.open(data_dir)


async def open_bus(redis_url: str | None) -> "MemoryBus | RedisBus":
    """Open the event bus: across processes where a Redis URL is given, else within this one.

    Raises StoreUnavailable when Redis does not answer.
    """
    if not redis_url:
        return MemoryBus()
    from store.bus.valkey import RedisBus

    return await RedisBus.open(redis_url)
