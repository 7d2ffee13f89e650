"""Describe what happened, in order, per account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """Name what happened; WebSocket clients and notices switch on these."""

    TRADE_DENIED = "trade.denied"
    TRADE_AWAITING = "trade.awaiting"
    TRADE_AMENDED = "trade.amended"
    ORDER_PLANNED = "order.planned"
    ORDER_SENDING = "order.sending"
    ORDER_WORKING = "order.working"
    ORDER_FILL = "order.fill"
    ORDER_FILLED = "order.filled"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_EXPIRED = "order.expired"
    ORDER_REJECTED = "order.rejected"
    ORDER_DENIED = "order.denied"
    ORDER_UNKNOWN = "order.unknown"
    ORDER_NOT_SENT = "order.not_sent"
    ORDER_NEEDS_HUMAN = "order.needs_human"
    LEG_WORKING = "leg.working"
    LEG_FILL = "leg.fill"
    LEG_FILLED = "leg.filled"
    LEG_CHANGED = "leg.changed"
    LEG_CANCELLED = "leg.cancelled"
    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_READY = "account.ready"
    ACCOUNT_EXPIRING = "account.expiring"
    """The broker soon stops taking an account's credentials."""
    FEED_GAP = "feed.gap"
    """Never journaled: the bus tells a listener that it missed events and must read the event log again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Be one thing that happened to one account.

    ``id`` is derived from its cause, so appending twice is appending once. ``sequence`` is 0 until the
    journal gives the account's next number, starting at 1, without gaps. ``data`` holds text only; money
    is written as plain decimals.
    """

    id: str
    account_key: str
    kind: EventKind
    at: datetime
    sequence: int = 0
    trade: str = ""
    order: str = ""
    signal: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
