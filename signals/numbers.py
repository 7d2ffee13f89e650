"""Read one number and what is glued to it: 1,234.5  .85  150c  5x  50%  10k  3/21/2026  2026-03-21  10:30."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

FRACTIONS = {
    "\u00bd": ("1", "2"), "\u00bc": ("1", "4"), "\u00be": ("3", "4"),
    "\u2153": ("1", "3"), "\u2154": ("2", "3"),
}  # fmt: skip
_DIGITS = frozenset("0123456789")
_MONTHS = frozenset(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
_MAX_DIGITS = 18
_SUFFIXES = {
    "c": "c", "call": "c", "calls": "c", "p": "p", "put": "p", "puts": "p", "x": "x", "k": "k",
    "st": "st", "nd": "st", "rd": "st", "th": "st", "pip": "pips", "pips": "pips",
    "pt": "points", "pts": "points", "dte": "dte",
    "m": "span", "h": "span", "d": "span", "w": "span", "min": "span", "mins": "span", "hr": "span",
    "hrs": "span", "hour": "span", "hours": "span", "day": "span", "days": "span", "week": "span",
    "weeks": "span", "am": "span", "pm": "span", "y": "span", "yr": "span", "yrs": "span", "s": "span",
    "sec": "span", "mo": "span", "b": "span", "bn": "span", "mm": "span", "r": "span", "bps": "span",
    "mil": "span", "t": "span", "usd": "", "usdt": "", "contracts": "units", "contract": "units",
    "cons": "units", "con": "units", "cts": "units", "ct": "units", "shares": "units", "share": "units",
    "shs": "units", "sh": "units", "lots": "units", "lot": "units", "coins": "units",
}  # fmt: skip


class Scanned(NamedTuple):
    """Say what was read. ``word`` means the characters are no number at all, such as 1000LUNCUSDT."""

    end: int
    value: Decimal | None = None
    suffix: str = ""
    parts: tuple[str, ...] = ()
    day: date | None = None
    impossible: bool = False
    word: bool = False


def scan_number(text: str, at: int, after_label: bool) -> Scanned:
    """Read the number at ``at``. ``after_label`` tells that TP1:38 is no time of day."""
    end, grouped = number_end(text, at)
    following = text[end : end + 1]
    if following in "/-." and following and not grouped and (dated := _composite(text, at, end, following)):
        return dated
    if following == ":" and not after_label and (clock := _clock(text, at, end)):
        return clock
    if following == "%":
        return Scanned(end + 1, number_value(text[at:end]), "%")
    if following.isalpha():
        return _suffixed(text, at, end)
    return Scanned(end, number_value(text[at:end]))


def number_end(text: str, at: int) -> tuple[int, bool]:
    """Find the end of digits, thousands groups and one decimal part; say whether there were groups."""
    end, grouped = _digits(text, at), False
    listed = at > 0 and text[at - 1] == ","  # AAPL,100,180.5
    if end - at <= 3 and not listed:
        while text[end : end + 1] == "," and _digits(text, end + 1) == end + 4:
            end, grouped = end + 4, True
    if text[end : end + 1] == "." and text[end + 1 : end + 2] in _DIGITS and text[end + 1 : end + 2]:
        end = _digits(text, end + 1)
    return end, grouped


def _digits(text: str, at: int) -> int:
    size = len(text)
    while at < size and text[at] in _DIGITS:
        at += 1
    return at


def number_value(raw: str) -> Decimal | None:
    """Give the number, or None for one too long to be money (domain.money keeps the same bound)."""
    whole, _, part = raw.replace(",", "").partition(".")
    if len(whole) > _MAX_DIGITS or len(part) > _MAX_DIGITS:
        return None
    return Decimal(f"{whole or '0'}.{part}" if part else whole or "0")


def _composite(text: str, at: int, end: int, sign: str) -> Scanned | None:
    """Read 3/21, 3/21/2026, 2026-03-21, 24.12.2018 and price pairs such as 134.30/35."""
    second = number_end(text, end + 1)[0] if sign == "/" else _digits(text, end + 1)
    if second == end + 1 or (sign == "/" and text[end + 1 : end + 2] not in _DIGITS | {"."}):
        return None
    first_part, second_part = text[at:end], text[end + 1 : second]
    third = _digits(text, second + 1) if text[second : second + 1] == sign else second
    if sign == "." and "." in first_part:
        return _dotted(text, at, end, second)
    if third > second + 1:
        return _date(first_part, second_part, text[second + 1 : third], third, sign)
    if sign == "/":
        return Scanned(second, parts=(first_part, second_part.replace(",", "")))
    return None


def _dotted(text: str, at: int, end: int, second: int) -> Scanned | None:
    first, _, middle = text[at:end].partition(".")
    last = text[end + 1 : second]
    if {len(first), len(last)} & {4} and len(middle) <= 2 and len(first) + len(last) <= 6:
        return _date(first, middle, last, second, ".")
    return Scanned(second, word=True)


def _date(first: str, second: str, third: str, end: int, sign: str) -> Scanned | None:
    """Make a date of three numbers: year first, or month/day/year, or day.month.year."""
    if not (first.isdigit() and second.isdigit()) or len(second) > 2:
        return None
    if len(first) == 4 and len(third) <= 2:
        year, month, day = int(first), int(second), int(third)
    elif len(first) <= 2 and len(third) in {2, 4}:
        year = int(third) + (2000 if len(third) == 2 else 0)
        month, day = (int(second), int(first)) if sign == "." else (int(first), int(second))
    else:
        return None
    try:
        return Scanned(end, day=date(year, month, day))
    except ValueError:
        if sign == "-" and len(third) == len(first):
            return None  # 50-60-70 are three prices
        return Scanned(end, impossible=True)


def _clock(text: str, at: int, end: int) -> Scanned | None:
    """Read 10:30 or 20:31:32 as a time of day, which is never a price."""
    last = _digits(text, end + 1)
    if end - at > 2 or last != end + 3 or int(text[at:end] or "99") > 24 or text[last : last + 1] == ".":
        return None
    if text[last : last + 1] == ":" and _digits(text, last + 1) == last + 3:
        last += 3
    return Scanned(last, suffix="clock")


def _suffixed(text: str, at: int, end: int) -> Scanned:
    """Read the letters glued to a number: a known suffix, or a word that began with digits."""
    stop = end
    while stop < len(text) and text[stop].isalpha() and text[stop] < "\x80" and stop - end < 12:
        stop += 1
    letters = text[end:stop].lower()
    suffix = _SUFFIXES.get(letters)
    raw = text[at:end]
    if letters[:3] in _MONTHS and len(letters) == 3:
        return Scanned(end, number_value(raw))  # 20MAR26
    if suffix is None or text[stop : stop + 1].isalpha():
        return Scanned(end, number_value(raw)) if "." in raw else Scanned(_run(text, end), word=True)
    value = number_value(raw)
    if suffix == "k" and value is not None:
        return Scanned(stop, value * 1000)
    return Scanned(stop, value, suffix)


def _run(text: str, at: int) -> int:
    while at < len(text) and text[at].isalnum():
        at += 1
    return at
