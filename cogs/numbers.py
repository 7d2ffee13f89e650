"""Read numbers and symbols that people type. Nothing is guessed; each mistake has its sentence."""

import re
from decimal import Decimal

from cogs import texts
from domain.errors import InvalidValue
from domain.money import decimal, plain

HUNDRED = Decimal(100)
_SYMBOL = re.compile(r"/?[A-Z0-9]{1,21}(?:[./-][A-Z0-9]{1,10})?", re.ASCII)
_SNOWFLAKE = re.compile(r"[0-9]{15,20}", re.ASCII)


def number(text: str, what: str) -> Decimal:
    """Read a number above zero. ``what`` names it in the sentence. Raises InvalidValue."""
    try:
        value = decimal(text)
    except InvalidValue:
        raise InvalidValue(texts.NOT_A_NUMBER.format(what=what, given=text.strip()[:40])) from None
    if value <= 0:
        raise InvalidValue(texts.NOT_ABOVE_ZERO.format(what=what, given=plain(value)))
    return value


def optional(text: str | None, what: str) -> Decimal | None:
    """Read a number that may be left out."""
    return None if text is None else number(text, what)


def percentage(text: str, what: str) -> Decimal:
    """Read a percentage above 0 and up to 100; a % sign at the end is taken."""
    value = number(text.strip().removesuffix("%"), what)
    if value > HUNDRED:
        raise InvalidValue(texts.OVER_HUNDRED.format(what=what, given=plain(value)))
    return value


def symbol(text: str) -> str:
    """Read a ticker, a pair or an OCC option symbol: upper case, without ``$`` and inner blanks."""
    read = re.sub(r"\s+", "", text).upper().removeprefix("$")
    if not _SYMBOL.fullmatch(read):
        raise InvalidValue(texts.NOT_A_SYMBOL.format(given=text.strip()[:40]))
    return read


def snowflake(text: str) -> str:
    """Read a Discord id. Raises InvalidValue."""
    if not _SNOWFLAKE.fullmatch(text.strip()):
        raise InvalidValue(texts.NOT_AN_ID.format(given=text.strip()[:40]))
    return text.strip()
