"""Write values the way a trader reads them, and make other people's text harmless."""

import re
from datetime import datetime
from decimal import Decimal

import discord

from cogs import texts
from domain.instruments import Instrument, OptionRight
from domain.money import plain, round_to

CENT = Decimal("0.01")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


def escape(text: str, limit: int = 100) -> str:
    """Make text of a member, an author or a broker harmless: one line, no markdown, no mention."""
    text = _CONTROL.sub(" ", text).strip()
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    text = discord.utils.escape_markdown(text, ignore_links=False)
    return discord.utils.escape_mentions(text).replace("<", "\\<")


def money(amount: Decimal, currency: str = "USD") -> str:
    """Write an amount to the cent: ``$1,234.50``, or ``1,234.50 EUR``."""
    text = f"{round_to(abs(amount), CENT):,.2f}"
    sign = "-" if amount < 0 and text.strip("0.,") else ""
    return f"{sign}${text}" if currency == "USD" else f"{sign}{text} {currency}"


def gain(amount: Decimal, currency: str = "USD") -> str:
    """Write a profit or a loss with its sign."""
    text = money(amount, currency)
    return text if text.startswith("-") or amount <= 0 else f"+{text}"


def price(value: Decimal) -> str:
    """Write a price: at least cents from one dollar on, every digit a small coin needs below."""
    text = f"{value:,f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def amount(value: Decimal) -> str:
    """Write a quantity without trailing zeros."""
    return plain(value)


def when(at: datetime) -> str:
    """Write a time so that Discord shows it relative to now, in the reader's language."""
    return f"<t:{int(at.timestamp())}:R>"


def channel(identity: str) -> str:
    """Mention a channel, or nothing when it is none."""
    return f"<#{identity}>" if identity.isdecimal() else ""


def user(identity: str) -> str:
    """Mention a user, or nothing when it is none."""
    return f"<@{identity}>" if identity.isdecimal() else ""


def name(symbol: str, instrument: Instrument | None) -> str:
    """Name an instrument: a ticker, a pair, or an option in words."""
    option = instrument.option if instrument is not None else None
    if option is None:
        return escape(symbol, 40)
    right = "call" if option.right is OptionRight.CALL else "put"
    return f"{escape(option.underlying)} {option.expiry:%d %b %Y} {plain(option.strike)} {right}"


def finish(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    text = text.strip()
    if not text:
        return texts.UNSAID
    head = text if text[:1] == "/" else text[:1].upper() + text[1:]
    return head if head[-1] in ".!?" else f"{head}."
