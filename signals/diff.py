"""Say what an edit of a message changes for its orders: a stop moved, a target added, ask a person."""

from dataclasses import dataclass
from enum import StrEnum

from domain.signals import Reading, ReadingKind


class ChangeKind(StrEnum):
    """Name one change an edit makes."""

    STOP_MOVED = "stop_moved"
    STOP_ADDED = "stop_added"
    STOP_REMOVED = "stop_removed"
    TARGETS_CHANGED = "targets_changed"
    PRICE_CHANGED = "price_changed"
    SIZE_CHANGED = "size_changed"
    BECAME_ORDER = "became_order"
    WITHDRAWN = "withdrawn"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Be one change: its kind, and for ASK the field that makes it a person's decision."""

    kind: ChangeKind
    field: str = ""


_ORDERS = frozenset(ReadingKind) - {ReadingKind.NONE, ReadingKind.ALERT, ReadingKind.ASK}
# An edit that touches one of these speaks of another trade: nobody's orders move to it by themselves.
_IDENTITY = (
    "kind",
    "symbol",
    "asset_class",
    "side",
    "action",
    "strike",
    "right",
    "expiry",
    "legs",
    "signals",
)
_PRICES = ("price", "entry_range", "entries", "order_type")
_SIZES = ("quantity", "fraction", "leverage")
_TARGETS = ("targets", "targets_pct", "target_trail_pct")


def diff(old: Reading, new: Reading) -> tuple[Change, ...]:
    """Compare the reading of a message with that of its edit. Empty where no order changes.

    BECAME_ORDER and WITHDRAWN stand alone; ASK stands alone and names the first field that differs.
    """
    was, is_now = old.kind in _ORDERS, new.kind in _ORDERS
    if not was and not is_now:
        return ()
    if was != is_now:
        return (Change(kind=ChangeKind.BECAME_ORDER if is_now else ChangeKind.WITHDRAWN),)
    for name in _IDENTITY:
        if _plain(getattr(old, name)) != _plain(getattr(new, name)):
            return (Change(kind=ChangeKind.ASK, field=name),)
    return tuple(_levels(old, new))


def _plain(value: object) -> object:
    """Compare the parts of a multi without the places they stood at."""
    if isinstance(value, tuple) and value and isinstance(value[0], Reading):
        return tuple(_essence(one) for one in value)
    return value


def _essence(reading: Reading) -> tuple[object, ...]:
    names = (*_IDENTITY[:-1], *_PRICES, *_SIZES, *_TARGETS, "stop", "stop_pct", "stop_to")
    return tuple(getattr(reading, name) for name in names)


def _levels(old: Reading, new: Reading) -> list[Change]:
    changes = []
    stop = _stop(old, new)
    if stop is not None:
        changes.append(Change(kind=stop))
    for kind, names in (
        (ChangeKind.TARGETS_CHANGED, _TARGETS),
        (ChangeKind.PRICE_CHANGED, _PRICES),
        (ChangeKind.SIZE_CHANGED, _SIZES),
    ):
        if _differ(old, new, names):
            changes.append(Change(kind=kind))
    return changes


def _stop(old: Reading, new: Reading) -> ChangeKind | None:
    before, after = ((r.stop, r.stop_pct, r.stop_to) for r in (old, new))
    if before == after:
        return None
    if not any(x is not None for x in before):
        return ChangeKind.STOP_ADDED
    return ChangeKind.STOP_MOVED if any(x is not None for x in after) else ChangeKind.STOP_REMOVED


def _differ(old: Reading, new: Reading, names: tuple[str, ...]) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in names)
