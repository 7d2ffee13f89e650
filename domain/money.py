"""Keep money in Decimal: parse strictly, refuse floats, round to increments in a stated direction."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from domain.errors import InvalidValue

ZERO = Decimal(0)
# Decimal accepts "1_0", "sNaN", "1e400" and Arabic digits; money accepts none of them.
_PLAIN = re.compile(r"[+-]?(\d{1,18})(\.\d{1,18})?", re.ASCII)


def decimal(value: Decimal | int | str) -> Decimal:
    """Read an exact, finite number. Raises InvalidValue for floats, NaN, infinities and odd spellings."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise InvalidValue(f"a number must be exact, not {type(value).__name__}")
    if isinstance(value, str):
        if not _PLAIN.fullmatch(value.strip()):
            raise InvalidValue(f"{value[:40]!r} is not a plain number such as 12 or 12.50")
        return Decimal(value.strip())
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidValue("a number must be finite")
    return number


def positive(value: Decimal | int | str) -> Decimal:
    """Read a number above zero. Raises InvalidValue otherwise."""
    number = decimal(value)
    if number <= ZERO:
        raise InvalidValue(f"{plain(number)} must be above zero")
    return number


def floor_to(value: Decimal, increment: Decimal) -> Decimal:
    """Round down to a multiple of ``increment``: quantities, so that nobody buys more than asked."""
    return _to(value, increment, ROUND_FLOOR)


def ceil_to(value: Decimal, increment: Decimal) -> Decimal:
    """Round up to a multiple of ``increment``."""
    return _to(value, increment, ROUND_CEILING)


def round_to(value: Decimal, increment: Decimal) -> Decimal:
    """Round to the nearest multiple of ``increment``: prices."""
    return _to(value, increment, ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """Write a number without an exponent or trailing zeros: what people and brokers read."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0", "-"} else text


def _to(value: Decimal, increment: Decimal, rounding: str) -> Decimal:
    if increment <= ZERO:
        raise InvalidValue("an increment must be above zero")
    steps = (value / increment).to_integral_value(rounding=rounding)
    return steps * increment
