"""Read what a broker sends; what cannot be read is said to be so, and never guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation

from adapters.kit.errors import Errors

_ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, StopIteration)


@contextmanager
def readable(errors: Errors, text: str) -> Iterator[None]:
    """Turn a reply that cannot be read into OutcomeUnknown; broker errors pass."""
    try:
        yield
    except _ODD:
        raise errors.unknown(text, "unreadable") from None


def number(value: object) -> Decimal:
    """Read an amount, sent as text or as a JSON number. ``repr`` of a float is its shortest exact form."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("not a number")
    try:
        result = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not result.is_finite():
        raise ValueError("not a finite number")
    return result


def maybe(value: object) -> Decimal | None:
    """Read an amount that may be missing."""
    return None if value is None or value == "" else number(value)


def moment(value: object) -> datetime:
    """Read an RFC 3339 time, nanoseconds and all."""
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
