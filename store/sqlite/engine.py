"""Implement the port on one SQLite file."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from domain.errors import StoreUnavailable
from store import texts
from store.errors import Misfit
from store.port import Collection, Entry, Opening, Query, Written
from store.scalars import JSON
from store.specs import EVENTS, ORDERS, TRADES, Row, Spec
from store.sqlite.lock import DirectoryLock
from store.sqlite.records import write_entry, write_opening
from store.sqlite.statements import Statements, quoted, schema
from store.sqlite.writer import Writer

T = TypeVar("T")
FILE = "state.sqlite3"
_DIRECT = 1000
"""Finds up to this many rows run on the loop's thread: about 2 ms, where a thread would cost 0.2 ms each."""


class SqliteEngine:
    """Keep everything in ``directory``/state.sqlite3. Made by ``SqliteEngine.open``."""

    codec = JSON

    def __init__(
        self, directory: Path, lock: DirectoryLock, writer: Writer, reader: sqlite3.Connection
    ) -> None:
        self._directory = directory
        self._lock = lock
        self._writer = writer
        self._reader = reader
        self._open = True
        self._record_statements = (Statements.of(ORDERS), Statements.of(EVENTS))
        self._trade_statements = Statements.of(TRADES)

    @classmethod
    async def open(cls, directory: Path, writer_kind: type[Writer] = Writer) -> "SqliteEngine":
        """Open or make the file. Raises StoreUnavailable when it is in use, unwritable or damaged."""
        lock = DirectoryLock(directory)
        path = directory / FILE
        try:
            _make_private(path)
            connection, reader = connect(path), connect(path)
        except (OSError, sqlite3.Error) as error:
            lock.release()
            raise StoreUnavailable(_open_sentence(path, error)) from error
        return cls(directory, lock, writer_kind(connection, directory), reader)

    def pack(self, document: dict[str, Any]) -> str:
        """Write a document as JSON text. Raises Misfit."""
        try:
            return orjson.dumps(document).decode()
        except TypeError as error:
            raise Misfit(str(error)) from None

    def unpack(self, body: Any) -> dict[str, Any]:
        """Read a document from JSON text. Raises Misfit."""
        try:
            document: dict[str, Any] = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Misfit("it is not JSON") from None
        return document

    def collection(self, spec: Spec[Any]) -> Collection:
        """Give the collection of a spec."""
        return SqliteCollection(self, Statements.of(spec))

    async def ensure(self, spec: Spec[Any]) -> None:
        """Make the table, its index columns and its indexes, where they are missing."""

        def job(connection: sqlite3.Connection) -> None:
            info = connection.execute(f"PRAGMA table_info({quoted(spec.name)})").fetchall()
            tables, indexes = schema(spec, frozenset(column[1] for column in info))
            for sql in tables + indexes:
                connection.execute(sql)

        await self.write(job)

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write orders and their events in one transaction."""
        orders, events = self._record_statements
        return await self.write(lambda c: [write_entry(c, orders, events, entry) for entry in entries])

    async def start(self, opening: Opening) -> bool:
        """Write a trade with its orders and their events in one transaction, unless any of it is there."""
        orders, events = self._record_statements
        return await self.write(lambda c: write_opening(c, self._trade_statements, orders, events, opening))

    async def now(self) -> datetime:
        """Give this machine's time: nobody else uses the file."""
        return datetime.now(UTC)

    async def ping(self) -> None:
        """Prove that a write reaches the disk. Raises StoreUnavailable."""
        await self.write(lambda c: c.execute("REPLACE INTO pings (id, at) VALUES (1, ?)", (os.urandom(8),)))

    async def close(self) -> None:
        """Finish the writes asked for, fold the log into the file, let go of the directory."""
        if not self._open:
            return
        self._open = False
        await self._writer.close()
        self._reader.close()
        self._lock.release()

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job on the writer."""
        return await self._writer.run(job)

    async def read(self, sql: str, values: Sequence[Any], limit: int = 1) -> list[tuple[Any, ...]]:
        """Give what a query selects. All of it is fetched at once, so that no snapshot outlives the call."""
        if not self._open:
            raise StoreUnavailable(texts.CLOSED)
        try:
            # A generous limit says nothing of how much there is: only what really is large goes to a thread.
            cursor = self._reader.execute(sql, values)
            try:
                rows: list[tuple[Any, ...]] = cursor.fetchmany(min(limit, _DIRECT))
                if limit <= _DIRECT or len(rows) < _DIRECT:
                    return rows
            finally:
                cursor.close()
            return await asyncio.to_thread(_read_apart, self._directory / FILE, sql, values)
        except sqlite3.Error as error:
            raise StoreUnavailable(texts.write_failed(self._directory, str(error))) from error


class SqliteCollection:
    """Keep one spec's rows in one table."""

    def __init__(self, engine: SqliteEngine, statements: Statements) -> None:
        self._engine = engine
        self._sql = statements

    async def insert(self, rows: Sequence[Row]) -> int:
        """Insert in one commit, passing over what is taken."""
        values = [self._sql.insert_values(row) for row in rows]
        new: int = await self._engine.write(lambda c: c.executemany(self._sql.insert, values).rowcount)
        return new

    async def get(self, key: str) -> Row | None:
        """Give one row."""
        found = await self._engine.read(f"{self._sql.select} WHERE id = ?", (key,))
        return self._sql.row(found[0]) if found else None

    async def find(self, query: Query) -> Sequence[Row]:
        """Give the rows asked for."""
        sql, values = self._sql.find(query)
        return [self._sql.row(found) for found in await self._engine.read(sql, values, query.limit)]

    async def compare_and_set(self, row: Row) -> bool:
        """Write the row if its version is the stored one."""
        values = self._sql.update_values(row)
        changed: int = await self._engine.write(lambda c: c.execute(self._sql.update, values).rowcount)
        return changed == 1

    async def delete(self, key: str) -> bool:
        """Remove a row."""
        gone: int = await self._engine.write(lambda c: c.execute(self._sql.delete, (key,)).rowcount)
        return gone == 1


def connect(path: Path) -> sqlite3.Connection:
    """Open one connection that flushes every commit to the disk."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        # 64 MB of pages, and 16 MB of log before it is folded in: with SQLite's 2 MB and 4 MB, index pages
        # are read and written again and again once the file outgrows them.
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("CREATE TABLE IF NOT EXISTS pings (id INTEGER PRIMARY KEY, at BLOB)")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read_apart(path: Path, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection = connect(path)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def _make_private(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the main file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def _open_sentence(path: Path, error: Exception) -> str:
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return texts.not_a_database(path)
    why = error.strerror if isinstance(error, OSError) else str(error)
    return texts.not_writable(path.parent, why or "no access")
