"""Write orders and events together, many callers to one round trip.

Callers of one process are gathered the way they share a commit on SQLite: what they ask for goes to MongoDB
in waves of many orders each. A wave is three writes: the orders with their events in their outboxes, the
events into the log, the outboxes emptied. Callers are answered after the second.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import bson
import pymongo
from pymongo.asynchronous.database import AsyncDatabase

from domain.errors import StoreUnavailable
from store import texts
from store.mongo.documents import raw_of
from store.mongo.failures import guarded
from store.mongo.numbering import EventNumbers, Plain
from store.mongo.openings import Openings, Start
from store.mongo.outbox import Change, Letter, Outbox
from store.port import Entry, Opening, Written
from store.specs import EVENTS, ORDERS, TRADES, Row

_MOST = 500
"""Entries written before the next callers get their turn."""
_PATIENCE = 1.5
"""Times the client's limit for one operation: what one turn may take, its repeats included."""


@dataclass(slots=True, kw_only=True)
class Job:
    """Be what one caller asks for, and what became of it so far."""

    entries: Sequence[Entry]
    done: "asyncio.Future[Sequence[Written]]"
    written: list[Written] = field(default_factory=list)

    def add(self, written: Written) -> None:
        """Note what became of the next entry; answer the caller after the last."""
        self.written.append(written)
        self.answer()

    def answer(self, error: Exception | None = None) -> None:
        """Tell the caller, if it still waits: the error, or everything once everything is known."""
        if self.done.done():
            return
        if len(self.written) == len(self.entries):
            self.done.set_result(self.written)
        elif error is not None:
            self.done.set_exception(error)


class OutboxJournal:
    """Gather what callers want recorded and write it, one wave at a time."""

    def __init__(self, database: AsyncDatabase[Plain], where: str) -> None:
        self._numbers = EventNumbers(database[EVENTS.name])
        self._outbox = Outbox(database[ORDERS.name], self._numbers)
        self._openings = Openings(database[TRADES.name], database[ORDERS.name], self._numbers)
        self._where = where
        self._limit = (database.client.options.timeout or 10.0) * _PATIENCE
        self._jobs: list[Job | Start] = []
        self._doubtful: set[str] = set()
        self._half_open: set[str] = set()
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, entries: Sequence[Entry]) -> Sequence[Written]:
        """Write the entries; give what became of each once a majority has it on disk."""
        if self._closed:
            raise StoreUnavailable(texts.CLOSED)
        async with guarded(self._where):
            # What BSON cannot hold is refused here, where it fails nobody else.
            for entry in entries:
                _check(entry)
        job = Job(entries=entries, done=asyncio.get_running_loop().create_future())
        self._ask(job)
        return await job.done

    async def start(self, opening: Opening) -> bool:
        """Open a trade; False where it or one of its orders is there already."""
        if self._closed:
            raise StoreUnavailable(texts.CLOSED)
        start = Start(opening=opening, done=asyncio.get_running_loop().create_future())
        async with guarded(self._where):
            bson.encode(start.document)
        self._ask(start)
        return await start.done

    def _ask(self, job: Job | Start) -> None:
        self._jobs.append(job)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())

    async def settle_trades(self, trades: Iterable[str]) -> None:
        """Return once these trades carry nothing that they carried before the call."""
        self._half_open.update(trades)
        if self._half_open:
            await self.record(())

    async def settle(self, orders: Iterable[str]) -> None:
        """Return once nothing is in these orders' outboxes that was there before the call."""
        self._doubtful.update(orders)
        if self._doubtful:
            await self.record(())

    async def recover(self) -> None:
        """Deliver what dead processes left in any outbox."""
        async with guarded(self._where):
            await self._openings.replay({})
            await self._outbox.replay({})

    async def close(self) -> None:
        """Finish what was asked."""
        self._closed = True
        if self._working is not None:
            await self._working

    async def _work(self) -> None:
        while self._jobs:
            batch, size = [self._jobs.pop(0)], 0
            size = len(batch[0].entries)
            while self._jobs and size + len(self._jobs[0].entries) <= _MOST:
                batch.append(self._jobs.pop(0))
                size += len(batch[-1].entries)
            await self._turn(batch)

    async def _turn(self, batch: Sequence[Job | Start]) -> None:
        records = [job for job in batch if isinstance(job, Job)]
        starts = [job for job in batch if isinstance(job, Start)]
        try:
            async with guarded(self._where):
                with pymongo.timeout(self._limit):
                    await self._settle_doubts()
                    if starts:
                        await self._openings.write(starts)
                    for job in records:
                        job.answer()
                    for wave in waves(records):
                        await self._write(wave)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must learn of it
            # Some of it may have been written: before these orders' accounts go on, their outboxes are read.
            self._doubtful |= {entry.row.id for job in records for entry in job.entries if entry.row}
            self._half_open |= {start.opening.trade.id for start in starts}
            for one in batch:
                one.answer(error)

    async def _settle_doubts(self) -> None:
        halves = frozenset(self._half_open)
        if halves:
            await self._openings.replay({"_id": {"$in": list(halves)}})
            self._half_open -= halves
        doubts = frozenset(self._doubtful)
        if doubts:
            await self._outbox.replay({"_id": {"$in": list(doubts)}})
            self._doubtful -= doubts

    async def _write(self, wave: Sequence[tuple[Job, Entry]]) -> None:
        changes = [
            Change(row=entry.row, events=_raw(entry.events)) for _, entry in wave if entry.row is not None
        ]
        letters = await self._outbox.write(changes)
        happened = [event for _, entry in wave if _stands(entry, letters) for event in entry.events]
        numbers = await self._numbers.append(_raw(happened))
        for job, entry in wave:
            job.add(_outcome(entry, letters, numbers))
        await self._outbox.empty(letters.values())


def waves(batch: Iterable[Job]) -> Iterator[list[tuple[Job, Entry]]]:
    """Cut what is asked into runs that hold each order once: a second move must see the first."""
    wave: list[tuple[Job, Entry]] = []
    seen: set[str] = set()
    for job in batch:
        for entry in job.entries:
            if entry.row is not None and entry.row.id in seen:
                yield wave
                wave, seen = [], set()
            if entry.row is not None:
                seen.add(entry.row.id)
            wave.append((job, entry))
    if wave:
        yield wave


def _raw(events: Iterable[Row]) -> list[Plain]:
    """Give events as MongoDB stores them; their numbers come later."""
    return [raw_of(event) for event in events]


def _check(entry: Entry) -> None:
    rows = [*entry.events] if entry.row is None else [entry.row, *entry.events]
    bson.encode({"rows": _raw(rows)})


def _stands(entry: Entry, letters: dict[str, Letter]) -> bool:
    return entry.row is None or entry.row.id in letters


def _outcome(entry: Entry, letters: dict[str, Letter], numbers: dict[str, int]) -> Written:
    if not _stands(entry, letters):
        return Written(version=None, sequences=())
    version = None if entry.row is None else letters[entry.row.id].version
    return Written(version=version, sequences=tuple(numbers[event.id] for event in entry.events))
