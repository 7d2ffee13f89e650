"""Try a format on messages that are stored: which it would read, and which it would read differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.signals import Reading, ReadingKind
from signals.context import NOTHING_KNOWN, Context
from signals.dates import market_day
from signals.formats import Format
from signals.formatted import read_formatted
from signals.normalise import normalise
from signals.reader import read

_KEPT = 50


class Effect(StrEnum):
    """Say what a format does to one message."""

    UNREAD = "unread"
    """It does not fit: the common grammar reads the message as before."""
    SAME = "same"
    """It fits and reads what was read before."""
    NEW = "new"
    """It makes an order of what was none."""
    CHANGED = "changed"
    """It reads another order than before."""
    REFUSED = "refused"
    """It fits, and what was an order is none now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Be one message of the past, as it was posted."""

    id: str
    text: str
    posted_at: datetime
    context: Context | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Be one message with what was read before and what would be."""

    message: Stored
    effect: Effect
    before: Reading
    after: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Count the effects of a format; ``shown`` holds the first 50 messages it reads otherwise."""

    counts: dict[Effect, int]
    shown: tuple[Tried, ...]


def trial(bound: Format, messages: Iterable[Stored]) -> Trial:
    """Read every message with and without ``bound`` and compare."""
    counts = dict.fromkeys(Effect, 0)
    shown: list[Tried] = []
    for message in messages:
        tried = _try(bound, message)
        counts[tried.effect] += 1
        if tried.effect in {Effect.NEW, Effect.CHANGED, Effect.REFUSED} and len(shown) < _KEPT:
            shown.append(tried)
    return Trial(counts=counts, shown=tuple(shown))


def _try(bound: Format, message: Stored) -> Tried:
    before = read(message.text, as_of=message.posted_at, context=message.context)
    normal = normalise(message.text)
    day = market_day(message.posted_at)
    fitted = None
    if normal.denied is None:
        fitted = read_formatted(normal.text, (bound,), day, message.context or NOTHING_KNOWN)
    effect = Effect.UNREAD if fitted is None else _effect(before, fitted)
    return Tried(message=message, effect=effect, before=before, after=fitted or before)


def _effect(before: Reading, after: Reading) -> Effect:
    if after.kind is ReadingKind.NONE:
        return Effect.SAME if before.kind is ReadingKind.NONE else Effect.REFUSED
    if before.kind is ReadingKind.NONE:
        return Effect.NEW
    return Effect.SAME if _essence(before) == _essence(after) else Effect.CHANGED


def _essence(reading: Reading) -> list[object]:
    """Give what a reading says, without where it stood, how sure it is and notes that change no order."""
    aside = {"spans", "explanation", "confidence", "tags", "reason", "scope"}
    return [getattr(reading, name) for name in Reading.__slots__ if name not in aside]
