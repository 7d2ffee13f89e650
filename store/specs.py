"""Say what each collection holds, and how a record becomes a row."""

import dataclasses
import types
import typing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from domain.accounts import (
    ApiToken,
    FlowState,
    Follow,
    GuildSettings,
    KillSwitch,
    LinkedAccount,
    Notice,
    PaperBook,
    RiskLimits,
    Source,
    Tally,
    WebPass,
)
from domain.errors import InvalidValue
from domain.events import Event
from domain.orders import Order
from domain.signals import InboxMessage
from domain.trades import Trade
from store.leasing import Lease

T = TypeVar("T")
Key = str | int | bool | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class KeyKind(StrEnum):
    """Name how an index holds a value.

    A time is whole microseconds since 1970: BSON's own times hold only milliseconds.
    """

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"


def to_key(kind: KeyKind, value: Any) -> Key:
    """Give a value the form indexes hold. Raises InvalidValue when it is of another kind."""
    if value is None:
        return None
    if kind is KeyKind.TEXT and isinstance(value, str):
        return value.value if isinstance(value, StrEnum) else str(value)
    if kind is KeyKind.TRUTH and type(value) is bool:
        return value
    if kind is KeyKind.NUMBER and type(value) is int:
        return value
    if kind is KeyKind.TIME and isinstance(value, datetime) and value.utcoffset() is not None:
        return (value - _EPOCH) // _MICROSECOND
    raise InvalidValue(f"this index holds a {kind.value}, not a {type(value).__name__}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Be a record as an engine keeps it: its key, its version, the index values by name, and the rest."""

    id: str
    version: int
    keys: dict[str, Key]
    body: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Generic[T]):
    """Describe one collection. ``held`` names the fields kept beside the body, not in it."""

    name: str
    type: type[T]
    indexes: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    held: tuple[str, ...]
    keys: dict[str, KeyKind]

    def key_values(self, value: T) -> dict[str, Key]:
        """Give the index values of a record."""
        return {name: to_key(kind, getattr(value, name)) for name, kind in self.keys.items()}


def spec_of(record: type[T]) -> Spec[T]:
    """Read the spec off a Record class: COLLECTION, INDEXES, UNIQUE."""
    kind: Any = record
    return _spec(record, kind.COLLECTION, kind.INDEXES, kind.UNIQUE, ("id", "version"))


def _spec(
    record: type[T],
    name: str,
    indexes: tuple[str, ...],
    unique: tuple[tuple[str, ...], ...],
    held: tuple[str, ...],
) -> Spec[T]:
    names = dict.fromkeys([*indexes, *(name for group in unique for name in group)])
    keys = {name: key_kind(record, name) for name in names}
    return Spec(name=name, type=record, indexes=indexes, unique=unique, held=held, keys=keys)


def key_kind(record: Any, name: str) -> KeyKind:
    """Tell how an attribute or property is indexed, from its type. Raises TypeError when it cannot be."""
    member = getattr(record, name, None)
    if isinstance(member, property):
        hint = typing.get_type_hints(member.fget)["return"]
    else:
        hint = typing.get_type_hints(record)[name]
    return _kind_of(hint)


def _kind_of(hint: Any) -> KeyKind:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        some = [part for part in typing.get_args(hint) if part is not types.NoneType]
        hint = some[0] if len(some) == 1 else object
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    kinds: dict[type, KeyKind] = {bool: KeyKind.TRUTH, int: KeyKind.NUMBER, datetime: KeyKind.TIME}
    if hint in kinds:
        return kinds[hint]
    if isinstance(hint, type) and issubclass(hint, str):
        return KeyKind.TEXT
    raise TypeError(f"{hint!r} cannot be indexed")


INBOX = spec_of(InboxMessage)
TRADES = spec_of(Trade)
ORDERS = spec_of(Order)
ACCOUNTS = spec_of(LinkedAccount)
SOURCES = spec_of(Source)
FOLLOWS = spec_of(Follow)
GUILDS = spec_of(GuildSettings)
LIMITS = spec_of(RiskLimits)
SWITCHES = spec_of(KillSwitch)
FLOWS = spec_of(FlowState)
TOKENS = spec_of(ApiToken)
NOTICES = spec_of(Notice)
PAPER_BOOKS = spec_of(PaperBook)
TALLIES = spec_of(Tally)
PASSES = spec_of(WebPass)
LEASES = spec_of(Lease)
EVENTS = _spec(Event, "events", ("trade",), (("account_key", "sequence"),), ("id", "sequence"))
"""An event's sequence is its place in the account's log; it is given when written, and never changes."""

ALL: tuple[Spec[Any], ...] = (
    *(INBOX, TRADES, ORDERS, EVENTS, ACCOUNTS, SOURCES, FOLLOWS, GUILDS),
    *(LIMITS, SWITCHES, FLOWS, TOKENS, NOTICES, PAPER_BOOKS, TALLIES, PASSES, LEASES),
)
