"""Describe a trade: what one signal became in one member's account, and what is wanted of it now."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from domain.ids import AccountRef, AuthorId, ChannelId, GuildId, SignalId, TradeId
from domain.instruments import Instrument
from domain.orders import Side


class Mode(StrEnum):
    """Name how far a follower lets a signal go."""

    PAPER = "paper"
    CONFIRM = "confirm"
    LIVE = "live"


class TradeState(StrEnum):
    """Name where a trade stands. It is derived from its orders; never set by hand."""

    DENIED = "denied"
    AWAITING = "awaiting"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    UNFILLED = "unfilled"
    """Ended without ever holding anything: cancelled, expired, rejected or never sent."""
    NEEDS_HUMAN = "needs_human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Be one part of a trade: as many as there are targets, each with its own target and the same stop.

    ``hold`` is how much of the filled quantity is still wanted: a trim lowers it, an exit makes it zero.
    ``stop`` is where the protective stop is wanted; the exit controller brings the broker to it.
    """

    index: int
    quantity: Decimal
    hold: Decimal
    target: Decimal | None = None
    stop: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Hold what is wanted, durably; what is, is in its orders."""

    COLLECTION: ClassVar[str] = "trades"
    INDEXES: ClassVar[tuple[str, ...]] = ("account_key", "user", "signal", "source_key", "state", "active")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: TradeId
    version: int = 0
    ref: AccountRef
    account_name: str
    signal: SignalId
    guild: GuildId
    channel: ChannelId
    author: AuthorId
    symbol: str
    side: Side
    mode: Mode
    environment: str
    state: TradeState
    created_at: datetime
    updated_at: datetime
    instrument: Instrument | None = None
    slices: tuple[Slice, ...] = ()
    cancel_entry: bool = False
    """The entry is no longer wanted: what is unfilled is cancelled, what is filled follows ``hold``."""
    alerted_price: Decimal | None = None
    code: str = ""
    """Why it was denied, or what blocks it; stable."""
    reason: str = ""
    confirm_nonce: str = ""
    applied: tuple[str, ...] = ()
    """Messages already applied to it, so that an amendment replayed after a crash is applied once."""
    released: bool = False
    """Its account was unlinked while it was open: what is left rests at the broker, in its owner's care."""

    @property
    def account_key(self) -> str:
        """Give the account it belongs to."""
        return self.ref.key

    @property
    def user(self) -> str:
        """Give the member it belongs to."""
        return self.ref.user

    @property
    def source_key(self) -> str:
        """Give the channel and author it came from, as exits and updates look it up."""
        return f"{self.guild}/{self.channel}/{self.author}"

    @property
    def active(self) -> bool:
        """Tell whether anything of it may still change."""
        ended = {TradeState.DENIED, TradeState.CLOSED, TradeState.UNFILLED}
        return not self.released and self.state not in ended
