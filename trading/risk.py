"""Check an entry against its owner's limits. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.accounts import KillSwitch, RiskLimits
from domain.money import plain
from domain.orders import Side
from domain.trades import Trade, TradeState
from trading.denial import deny


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Describe the entry to check. ``notional`` in account currency; ``key`` names its instrument."""

    signal: str
    symbol: str
    side: Side
    notional: Decimal
    currency: str
    posted_at: datetime


def check_age(posted_at: datetime, now: datetime, limit: int) -> None:
    """Refuse a signal posted more than ``limit`` seconds ago. Raises DeniedByUs."""
    age = (now - posted_at).total_seconds()
    if age > limit:
        raise deny("signal_too_old", age=int(age), limit=limit)


def check_switches(switches: Iterable[KillSwitch]) -> None:
    """Refuse while any switch that covers the entry is raised. Raises DeniedByUs."""
    for switch in switches:
        raise deny("halted", scope=switch.id.replace(":", " "), why=switch.reason)


def switch_scopes(*, guild: str, author: str, user: str, account: str) -> tuple[str, ...]:
    """Name the switches that cover an entry."""
    scopes = ("guild", guild), ("author", author), ("user", user), ("account", account)
    return ("global", *(f"{kind}:{name}" for kind, name in scopes if name))


def check_entry(entry: Entry, limits: RiskLimits, active: Sequence[Trade], now: datetime) -> None:
    """Check size, count and repeats against one account's active trades. Raises DeniedByUs."""
    if entry.notional > limits.max_order_notional:
        raise deny(
            "over_max_order_notional",
            notional=plain(round(entry.notional, 2)),
            currency=entry.currency,
            limit=plain(limits.max_order_notional),
        )
    others = [t for t in active if t.signal != entry.signal and t.state is not TradeState.AWAITING]
    if len(others) >= limits.max_open_positions:
        raise deny("too_many_positions", count=len(others), limit=limits.max_open_positions)
    _check_repeat(entry, limits, active, now)


def _check_repeat(entry: Entry, limits: RiskLimits, active: Sequence[Trade], now: datetime) -> None:
    window = timedelta(seconds=limits.duplicate_window)
    for trade in active:
        same = trade.symbol == entry.symbol and trade.side is entry.side and trade.signal != entry.signal
        if same and now - trade.created_at < window:
            seconds = int((now - trade.created_at).total_seconds())
            raise deny("duplicate", symbol=entry.symbol, seconds=seconds, limit=limits.duplicate_window)
