"""Accept each message once, keep what it was read as, and hand signals to the accounts that follow."""

import asyncio
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from domain.accounts import Follow, Source
from domain.errors import DomainError
from domain.ids import ChannelId, GuildId, MessageId, SignalId, signal_id
from domain.ports import Store
from domain.signals import InboxMessage, MessageOutcome, RawMessage, Reading, ReadingKind, Signal
from trading import amend, guard, jobs, points, wishes
from trading.deps import TradingDeps
from trading.executor import Executor
from trading.jobs import Rank, Taken

_log = structlog.get_logger(__name__)

REPEAT_WINDOW = timedelta(seconds=60)
HEAD_START = 0.005
"""Seconds the first account of a signal has the machine to itself; a flush and a little."""
OPENING = frozenset({ReadingKind.ENTRY, ReadingKind.ADD})


class Reader(Protocol):
    """Read one message; pure. Made from ``signals.read`` where everything is composed."""

    def __call__(
        self,
        raw: RawMessage,
        *,
        open_positions: tuple[str, ...] | None,
        reply_to_symbol: str | None,
        previous_text: str | None,
    ) -> Reading:
        """Give what the message says."""


class Intake:
    """Be the one door for posted messages."""

    def __init__(self, deps: TradingDeps, executor: Executor, reader: Reader) -> None:
        self._deps = deps
        self._executor = executor
        self._reader = reader
        self._order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._previous: dict[str, str] = {}
        self._pending: set[asyncio.Task[None]] = set()
        # Entries on their way to being planned: an exit posted a second later must already see them.
        self._opening: defaultdict[str, Counter[str]] = defaultdict(Counter)

    async def accept(self, raw: RawMessage, source: Source) -> InboxMessage | None:
        """Take a new message of a source; None when the author is not listened to or it was taken before."""
        if not _listened_to(raw, source):
            return None
        async with self._order[source.id]:
            message = await self._read(raw)
            self._deps.points.hit(points.BEFORE_INTAKE)
            if not await self._keep(message):
                return None
            self._previous[_author_key(raw)] = raw.content
        return message

    async def _keep(self, message: InboxMessage) -> bool:
        """Write the message down, and meanwhile let one account think about it; False where it was there.

        What it thinks of is written, and the others begin, once the message is on disk.
        """
        if message.outcome is not MessageOutcome.SIGNAL:
            return await self._deps.store.inbox.insert(message)
        taken = asyncio.create_task(self._deps.store.inbox.insert(message))
        await asyncio.sleep(0)  # the write is under way before anything else is done
        return await self.dispatch(message, taken)

    async def accept_edit(self, raw: RawMessage, source: Source) -> InboxMessage | None:
        """Take an edit: it amends what the message became, and never enters."""
        if not _listened_to(raw, source):
            return None
        async with self._order[source.id]:
            earlier = await self._revisions(raw)
            if not earlier:
                return None  # a message from before our time, or one that was never read
            reading = (await self._read(raw)).reading
            message = replace(
                _bare(raw, self._deps.clock.now()), outcome=MessageOutcome.IGNORED, reading=reading
            )
            if not await self._deps.store.inbox.insert(message):
                return None
            old = earlier[-1].reading
            if old is not None and old.kind in OPENING and reading is not None:
                await self._amend_signal(raw, reading, old)
        return message

    async def accept_delete(self, guild: GuildId, channel: ChannelId, message: MessageId) -> None:
        """Take a delete: what has not been sent is taken back."""
        key = signal_id(guild, channel, message)
        if not await self._deps.store.inbox.find({"signal": key}, limit=1):
            return
        gone = Reading(kind=ReadingKind.CANCEL, scope=amend.UNSENT)
        for trade in await self._deps.store.trades.find({"signal": key, "active": True}):
            job = jobs.Amend(reading=gone, message=f"{message}/deleted", signal=key)
            self._executor.put(trade.ref.account, job, Rank.EXIT)

    async def resume(self) -> None:
        """Hand in again what a crash cut short; what was already done is done once."""
        unfinished = await self._deps.store.inbox.find({"outcome": MessageOutcome.SIGNAL.value})
        for message in sorted(unfinished, key=lambda m: m.raw.posted_at):
            await self.dispatch(message)

    async def drain(self) -> None:
        """Wait until every message handed on so far is planned."""
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)

    async def dispatch(self, message: InboxMessage, taken: Taken = None) -> bool:
        """Hand a signal to every account it concerns, and mark it planned once each has written its plan.

        ``taken`` tells whether the message is kept and was new, where that is not known yet; False where it
        was not. Raises StoreUnavailable where it could not be kept.
        """
        assert message.reading is not None
        waits: list[asyncio.Future[object]] = []
        kept = False
        self._announce(message, 1)
        try:
            for signal in _signals(message):
                if signal.reading.kind in OPENING:
                    waits += await self._plan_entries(signal, taken)
                elif signal.reading.kind in amend.AMENDING and await jobs.kept(taken):
                    waits += await self._amend_open(signal)
            kept = await jobs.kept(taken)
        finally:
            if not kept:
                self._announce(message, -1)
        if kept:
            self._follow_up(message, waits)
        return kept

    def _announce(self, message: InboxMessage, count: int) -> None:
        for signal in _signals(message):
            if signal.reading.kind in OPENING:
                self._opening[_author_key(message.raw)][signal.reading.symbol or ""] += count

    def _follow_up(self, message: InboxMessage, waits: Sequence["asyncio.Future[object]"]) -> None:
        task = asyncio.create_task(self._mark_planned(message, waits))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _plan_entries(self, signal: Signal, taken: Taken) -> list["asyncio.Future[object]"]:
        follows = list(await self._deps.store.follows.find({"source": f"{signal.guild}/{signal.channel}"}))
        # Nobody is always first: the order is shuffled anew, and the same on a replay.
        random.Random(signal.id).shuffle(follows)  # noqa: S311 - fairness, not secrecy
        waits: list[asyncio.Future[object]] = []
        for follow in follows:
            if (future := await self._plan(signal, follow, taken)) is not None:
                waits.append(future)
            await asyncio.sleep(0)  # the first order leaves before the last member is even thought about
            if not await jobs.kept(taken):
                break
            if len(waits) == 1:
                # Its plan is on disk, and its order on its way, before the others crowd the loop.
                await asyncio.wait(waits, timeout=HEAD_START)
        return waits

    async def _plan(self, signal: Signal, follow: Follow, taken: Taken) -> "asyncio.Future[object] | None":
        limits = await guard.limits_of(self._deps, follow.user)
        job = jobs.Plan(
            wish=wishes.from_signal(signal, follow, limits),
            done=asyncio.get_running_loop().create_future(),
            taken=taken,
        )
        return job.done if self._executor.put(follow.account, job, Rank.ASK) else None  # type: ignore[return-value]

    async def _amend_open(self, signal: Signal) -> list["asyncio.Future[object]"]:
        key = f"{signal.guild}/{signal.channel}/{signal.author}"
        trades = await self._deps.store.trades.find({"source_key": key, "active": True}, limit=100_000)
        follows = await self._deps.store.follows.find({"source": f"{signal.guild}/{signal.channel}"})
        waits: list[asyncio.Future[object]] = []
        # Followers too: the entry this speaks of may still be waiting in their actor's queue.
        for account in {t.ref.account for t in trades} | {f.account for f in follows}:
            job = jobs.Amend(reading=signal.reading, message=_part_key(signal), source_key=key)
            if self._executor.put(account, job, Rank.ASK):
                waits.append(job.done)  # type: ignore[arg-type]
        return waits

    async def _amend_signal(self, raw: RawMessage, reading: Reading, old: Reading) -> None:
        key = signal_id(raw.guild, raw.channel, raw.message)
        for trade in await self._deps.store.trades.find({"signal": key, "active": True}):
            job = jobs.Amend(reading=reading, message=f"{raw.message}/{raw.revision}", signal=key, old=old)
            self._executor.put(trade.ref.account, job, Rank.EXIT)

    async def _mark_planned(self, message: InboxMessage, waits: Sequence["asyncio.Future[object]"]) -> None:
        results = await asyncio.gather(*waits, return_exceptions=True)
        self._announce(message, -1)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, DomainError):
                _log.error("plan_failed", message=message.id, error=type(result).__name__)
        await self._deps.store.inbox.compare_and_set(replace(message, outcome=MessageOutcome.PLANNED))

    async def _read(self, raw: RawMessage) -> InboxMessage:
        store = self._deps.store
        key = f"{raw.guild}/{raw.channel}/{raw.author}"
        open_trades = await store.trades.find({"source_key": key, "active": True}, limit=10_000)
        reading = self._reader(
            raw,
            open_positions=tuple(sorted({t.symbol for t in open_trades} | self._announced(raw))),
            reply_to_symbol=await _replied_symbol(store, raw),
            previous_text=self._previous.get(_author_key(raw)),
        )
        message = replace(_bare(raw, self._deps.clock.now()), reading=reading, reason=reading.reason or "")
        return replace(message, **await self._judge(message, reading))  # type: ignore[arg-type]

    def _announced(self, raw: RawMessage) -> set[str]:
        return {symbol for symbol, count in self._opening[_author_key(raw)].items() if symbol and count > 0}

    async def _judge(self, message: InboxMessage, reading: Reading) -> dict[str, object]:
        if reading.kind is ReadingKind.ASK:
            return {"outcome": MessageOutcome.ASKED}
        if reading.kind in {ReadingKind.NONE, ReadingKind.ALERT}:
            return {"outcome": MessageOutcome.IGNORED}
        if reading.kind in amend.AMENDING and self._too_old(message):
            return {"outcome": MessageOutcome.STALE, "reason": "too_old"}
        if reading.kind in OPENING and await self._repeated(message):
            return {"outcome": MessageOutcome.IGNORED, "reason": "repeated"}
        return {"outcome": MessageOutcome.SIGNAL}

    def _too_old(self, message: InboxMessage) -> bool:
        """Tell an exit or update found so long after it was posted that the world has moved on."""
        age = message.received_at - message.raw.posted_at
        return age > timedelta(seconds=self._deps.config.limits.exit_max_age)

    async def _repeated(self, message: InboxMessage) -> bool:
        """Tell whether the same author posted the same words within a minute, under another id."""
        earlier = await self._deps.store.inbox.find({"content_key": message.content_key})
        return any(
            e.signal != message.signal and abs(message.raw.posted_at - e.raw.posted_at) < REPEAT_WINDOW
            for e in earlier
        )

    async def _revisions(self, raw: RawMessage) -> list[InboxMessage]:
        key = signal_id(raw.guild, raw.channel, raw.message)
        found = await self._deps.store.inbox.find({"signal": key})
        return sorted(found, key=lambda m: m.raw.revision)


def _signals(message: InboxMessage) -> list[Signal]:
    reading = message.reading
    assert reading is not None
    parts = reading.signals if reading.kind is ReadingKind.MULTI else (reading,)
    many = len(parts) > 1
    return [
        Signal(
            id=SignalId(f"{message.signal}.{index}") if many else message.signal,
            guild=message.raw.guild,
            channel=message.raw.channel,
            message=message.raw.message,
            author=message.raw.author,
            reading=part,
            posted_at=message.raw.posted_at,
            received_at=message.received_at,
            expires_at=message.raw.posted_at,
            reply_to=message.raw.reply_to,
        )
        for index, part in enumerate(parts)
    ]


def _part_key(signal: Signal) -> str:
    part = signal.id.partition(".")[2]
    return f"{signal.message}.{part}" if part else signal.message


def _listened_to(raw: RawMessage, source: Source) -> bool:
    """Trust ids only: a listed author, or a listed webhook; a webhook may call itself anything."""
    if raw.webhook is not None:
        return raw.webhook in source.webhooks
    return raw.author in source.authors


def _author_key(raw: RawMessage) -> str:
    return f"{raw.guild}/{raw.channel}/{raw.author}"


async def _replied_symbol(store: Store, raw: RawMessage) -> str | None:
    if raw.reply_to is None:
        return None
    found = await store.inbox.find({"signal": signal_id(raw.guild, raw.channel, raw.reply_to)}, limit=1)
    return found[0].reading.symbol if found and found[0].reading is not None else None


def _bare(raw: RawMessage, now: datetime) -> InboxMessage:
    digest = hashlib.sha256(raw.content.encode()).hexdigest()[:32]
    return InboxMessage(
        id=f"{raw.guild}/{raw.channel}/{raw.message}/{raw.revision}",
        raw=raw,
        signal=signal_id(raw.guild, raw.channel, raw.message),
        content_key=f"{raw.channel}/{raw.author}/{digest}",
        received_at=now,
    )
