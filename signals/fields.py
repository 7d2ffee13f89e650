"""Read the fields of a format at a cursor: each takes a bounded stretch of folded text, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.errors import InvalidValue
from domain.instruments import AssetClass, OptionContract, OptionRight
from signals import instruments
from signals import lexicon as lex
from signals.annotate import annotate
from signals.dates import expiry_at
from signals.instruments import Named
from signals.numbers import number_end, number_value
from signals.tokens import tokenise

_WINDOW = 40
"""How far a field may look ahead, in characters."""
_MOST_NUMBERS = 10
_DIGITS = frozenset("0123456789")
_RIGHTS = {"calls": "C", "call": "C", "c": "C", "puts": "P", "put": "P", "p": "P"}
_SIDES = {
    "long": "BUY",
    "buy": "BUY",
    "bullish": "BUY",
    "short": "SHORT",
    "sell": "SHORT",
    "bearish": "SHORT",
}
_SHARES = {
    "half": Decimal("0.5"), "third": Decimal("0.333333"), "quarter": Decimal("0.25"),
    "most": Decimal("0.75"), "all": Decimal(1),
}  # fmt: skip
_BETWEEN = frozenset(" ,;/|&-\n")
_SPOKEN: dict[tuple[int, str], str] = {
    (lex.OPEN, "bto"): "BTO", (lex.OPEN, "sto"): "STO", (lex.CLOSE, "stc"): "STC", (lex.CLOSE, "btc"): "BTC",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """Carry what reading a field needs: the day, and the owner's own words for actions, in small letters."""

    today: date | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """Be one value and where it ends."""

    value: object
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """Be one field of a message: its name, its value, its place."""

    name: str
    value: object
    start: int
    end: int


Scanner = Callable[[str, int, Scan], Read | None]


def scanner(name: str) -> Scanner:
    """Give the scanner of a field of FIELDS."""
    return FIELDS[name]


def _number(text: str, at: int, scan: Scan) -> Read | None:
    """Read 412.50, $1,234.5, .85 or 40k."""
    at += text[at : at + 1] == "$"
    if text[at : at + 1] == "." and text[at + 1 : at + 2] not in _DIGITS:
        return None
    if not text[at : at + 1] or text[at] not in _DIGITS | {"."}:
        return None
    end = number_end(text, at)[0]
    value = number_value(text[at:end])
    if value is not None and text[end : end + 1] in {"k", "K"} and not text[end + 1 : end + 2].isalnum():
        return Read(value * 1000, end + 1)
    return Read(value, end) if value is not None else None


def _count(text: str, at: int, scan: Scan) -> Read | None:
    """Read 5, 5x or x5 as a count."""
    at += text[at : at + 1] in {"x", "X"}
    found = _number(text, at, scan)
    if found is None:
        return None
    times = (
        text[found.end : found.end + 1] in {"x", "X"} and not text[found.end + 1 : found.end + 2].isalnum()
    )
    return Read(found.value, found.end + times)


def _percent(text: str, at: int, scan: Scan) -> Read | None:
    found = _number(text, at, scan)
    if found is None or text[found.end : found.end + 1] != "%":
        return None
    return Read(found.value, found.end + 1)


def _numbers(text: str, at: int, scan: Scan) -> Read | None:
    """Read up to ten prices with signs, blanks or list numbers (``1)``) between them."""
    found: list[tuple[object, int, int]] = []
    end = cursor = at
    while len(found) < _MOST_NUMBERS:
        read = _number(text, cursor, scan)
        if read is None:
            break
        if text[read.end : read.end + 1] == ")" and read.end - cursor <= len("10"):
            cursor = _pass(text, read.end + 1)
            continue
        found.append((read.value, cursor, read.end))
        end, cursor = read.end, _pass(text, read.end)
    return Read(tuple(found), end) if found else None


def _pass(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BETWEEN:
        at += 1
    return at


def _range(text: str, at: int, scan: Scan) -> Read | None:
    """Read 42000-42500 or 42000 to 42500."""
    first = _number(text, at, scan)
    if first is None:
        return None
    cursor = _pass(text, first.end)
    cursor += 2 if text[cursor : cursor + 2].lower() == "to" else 0
    second = _number(text, _pass(text, cursor), scan)
    if second is None or cursor == first.end:
        return None
    low, high = sorted(v for v in (first.value, second.value) if isinstance(v, Decimal))
    return Read((low, high), second.end)


def _word_end(text: str, at: int) -> int:
    end = at
    while end < len(text) and end - at < _WINDOW and text[end].isalnum():
        end += 1
    return end


def _symbol(text: str, at: int, scan: Scan) -> Read | None:
    """Read $AAPL, BRK.B, BTC/USDT, EURUSD, /ES or gold: its place in the format makes it a symbol."""
    at += text[at : at + 1] in {"$", "#", "/"}
    end = _word_end(text, at)
    word = text[at:end]
    if not word or not word.isascii() or not any(c.isalpha() for c in word):
        return None
    sign, second_end = text[end : end + 1], _word_end(text, end + 1)
    other = text[end + 1 : second_end]
    if sign in {"/", "-", "."} and sign and other.isascii() and other.isalpha():
        joined = _joined(word.upper(), sign, other.upper())
        if joined is not None:
            return Read(joined, second_end)
    named = _named(word)
    return Read(named, end) if named is not None else None


def _joined(word: str, sign: str, other: str) -> Named | None:
    if sign == ".":
        return Named(f"{word}.{other}", AssetClass.EQUITY) if len(other) == 1 else None
    return instruments.split_pair(word, other, slash=True)


def _named(word: str) -> Named | None:
    upper = word.upper()
    known = instruments.markets().names.get(word.lower())
    return (
        known or instruments.tagged(upper) or instruments.future(upper) or instruments.in_order_place(upper)
    )


def _occ(text: str, at: int, scan: Scan) -> Read | None:
    end = _word_end(text, at)
    try:
        return Read(OptionContract.from_occ(text[at:end]), end)
    except InvalidValue:
        return None


def _right(text: str, at: int, scan: Scan) -> Read | None:
    end = _word_end(text, at)
    right = _RIGHTS.get(text[at:end].lower())
    return Read(OptionRight(right), end) if right else None


def _expiry(text: str, at: int, scan: Scan) -> Read | None:
    """Read any date the common grammar knows. Raises ImpossibleDateError."""
    tokens = annotate(tokenise(text[at : at + _WINDOW])).tokens
    if not tokens or tokens[0].start:
        return None
    found = expiry_at(tokens, 0, scan.today)
    if found is None or found[1] is None:
        return None
    return Read(found[1], at + tokens[found[0] - 1].end)


def _action(text: str, at: int, scan: Scan) -> Read | None:
    """Read the owner's own words first, the longest first, then what the common grammar knows."""
    lower = text[at : at + _WINDOW].lower()
    for word in sorted(scan.words, key=len, reverse=True):
        if lower.startswith(word) and not lower[len(word) : len(word) + 1].isalnum():
            return Read(scan.words[word], at + len(word))
    tokens = annotate(tokenise(text[at : at + _WINDOW])).tokens
    if not tokens or tokens[0].start:
        return None
    action = _spoken(tokens[0].roles, tokens[0].details)
    return Read(action, at + tokens[0].end) if action else None


def _spoken(roles: int, details: Mapping[int, str]) -> str | None:
    for (role, detail), action in _SPOKEN.items():
        if roles & role and details.get(role) == detail:
            return action
    if roles & lex.OPEN:
        return "SHORT" if details[lex.OPEN].startswith("short") else "BUY"
    for role, action in ((lex.SELL, "SELL"), (lex.CLOSE, "EXIT"), (lex.TRIM, "TRIM"), (lex.ADD, "ADD")):
        if roles & role:
            return action
    return None


def _side(text: str, at: int, scan: Scan) -> Read | None:
    end = _word_end(text, at)
    side = _SIDES.get(text[at:end].lower())
    return Read(side, end) if side else None


def _fraction(text: str, at: int, scan: Scan) -> Read | None:
    """Read half, 1/3 or 25%."""
    end = _word_end(text, at)
    if (share := _SHARES.get(text[at:end].lower())) is not None:
        return Read(share, end)
    percent = _percent(text, at, scan)
    if percent is not None and isinstance(percent.value, Decimal) and 0 < percent.value <= 100:
        return Read(percent.value / 100, percent.end)
    part, slash, whole = text[at : at + 5].partition("/")
    whole = whole[: len(whole) - len(whole.lstrip("0123456789"))]
    if slash and part.isdecimal() and part.isascii() and whole and 0 < int(part) < int(whole):
        return Read(round(Decimal(part) / Decimal(whole), 6), at + len(part) + 1 + len(whole))
    return None


def _leverage(text: str, at: int, scan: Scan) -> Read | None:
    """Read 5x, x5 and 5-10x."""
    both = _range(text, at, scan)
    if both is not None:
        times = text[both.end : both.end + 1] in {"x", "X"}
        return Read(both.value, both.end + times)
    found = _count(text, at, scan)
    return Read((found.value, found.value), found.end) if found else None


def _note(text: str, at: int, scan: Scan) -> Read | None:
    return Read(text[at:], len(text))


FIELDS: dict[str, Scanner] = {
    "action": _action, "side": _side, "symbol": _symbol, "occ": _occ, "strike": _number, "right": _right,
    "expiry": _expiry, "price": _number, "range": _range, "stop": _number, "stop_pct": _percent,
    "target": _number, "targets": _numbers, "target_pct": _percent, "quantity": _count,
    "fraction": _fraction, "leverage": _leverage, "note": _note, "skip": _note,
}  # fmt: skip
