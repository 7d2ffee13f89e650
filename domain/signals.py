"""Describe a posted message, what was read in it, and the signal it became."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from domain.ids import AuthorId, ChannelId, GuildId, MessageId, SignalId
from domain.instruments import AssetClass, InstrumentQuery, OptionContract, OptionRight


class ReadingKind(StrEnum):
    """Name what a message asks for (shared/signals/SPEC.md)."""

    ENTRY = "entry"
    ADD = "add"
    TRIM = "trim"
    EXIT = "exit"
    UPDATE = "update"
    CANCEL = "cancel"
    ALERT = "alert"
    ASK = "ask"
    MULTI = "multi"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Describe one leg of a spread, in the order written."""

    action: str
    strike: Decimal
    right: OptionRight
    expiry: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Hold what one message says. Numbers are as written; nothing here was guessed.

    ``reason`` is a stable code for ``none`` and ``ask``; ``explanation`` is the sentence a trader reads.
    ``spans`` maps a field to its start and end offsets in the original text.
    """

    kind: ReadingKind
    action: str | None = None
    side: str | None = None
    symbol: str | None = None
    asset_class: AssetClass | None = None
    strike: Decimal | None = None
    right: OptionRight | None = None
    expiry: date | None = None
    price: Decimal | None = None
    entry_range: tuple[Decimal, Decimal] | None = None
    entries: tuple[Decimal, ...] = ()
    order_type: str | None = None
    stop: Decimal | None = None
    stop_pct: Decimal | None = None
    stop_to: Decimal | str | None = None
    targets: tuple[Decimal, ...] = ()
    targets_pct: tuple[Decimal, ...] = ()
    target_trail_pct: tuple[Decimal, ...] = ()
    quantity: Decimal | None = None
    fraction: Decimal | None = None
    leverage: tuple[Decimal, Decimal] | None = None
    legs: tuple[Leg, ...] = ()
    signals: tuple["Reading", ...] = ()
    scope: str | None = None
    tags: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    confidence: Decimal = Decimal(1)
    reason: str | None = None
    explanation: str | None = None
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def query(self) -> InstrumentQuery | None:
        """Name the instrument the way a broker is asked for it, or None where no symbol was read."""
        if self.symbol is None:
            return None
        option = None
        if self.strike is not None and self.right is not None and self.expiry is not None:
            option = OptionContract(
                underlying=self.symbol, expiry=self.expiry, strike=self.strike, right=self.right
            )
        return InstrumentQuery(symbol=self.symbol, asset_class=self.asset_class, option=option)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """Carry one message as it arrived. ``revision`` is 0, or the edit time in whole milliseconds.

    ``embeds`` are Discord embed objects. ``posted_at`` comes from the snowflake, not from our clock.
    """

    guild: GuildId
    channel: ChannelId
    message: MessageId
    author: AuthorId
    content: str
    posted_at: datetime
    revision: int = 0
    embeds: tuple[Mapping[str, Any], ...] = ()
    webhook: str | None = None
    reply_to: MessageId | None = None
    author_is_bot: bool = False


class MessageOutcome(StrEnum):
    """Say what became of a message. RECEIVED and SIGNAL are unfinished: start-up takes them up again."""

    RECEIVED = "received"
    SIGNAL = "signal"
    PLANNED = "planned"
    IGNORED = "ignored"
    ASKED = "asked"
    STALE = "stale"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """Remember that a message was accepted, once, and what became of it and why."""

    COLLECTION: ClassVar[str] = "inbox"
    INDEXES: ClassVar[tuple[str, ...]] = ("outcome", "signal", "content_key")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    """guild/channel/message/revision: the unique key of intake."""
    version: int = 0
    raw: RawMessage
    signal: SignalId
    content_key: str
    """author and a hash of the text: finds the same words posted twice."""
    received_at: datetime
    outcome: MessageOutcome = MessageOutcome.RECEIVED
    reading: Reading | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Be one actionable reading, with the time after which it must not open a position."""

    id: SignalId
    guild: GuildId
    channel: ChannelId
    message: MessageId
    author: AuthorId
    reading: Reading
    posted_at: datetime
    received_at: datetime
    expires_at: datetime
    reply_to: MessageId | None = None
