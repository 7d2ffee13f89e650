"""Cut folded text into tokens: words, numbers, dates, composites such as 3/21, signs and line ends.

A hand-written scanner: one pass, no backtracking, every character looked at a bounded number of times.
"""

from datetime import date
from decimal import Decimal

from signals.lexicon import spelled
from signals.numbers import FRACTIONS, Scanned, scan_number

WORD, NUMBER, SLASH, DATE, PUNCT, LINE = range(6)

_GLUE_HEADS = spelled(
    "tp pt target targets tgt sl stop entry en buy sell lev long short bto stc ts take profit"
)
_MONTHS = spelled("jan feb mar apr may jun jul aug sep oct nov dec")
_SHORT_HEADS = frozenset(("t", "e", "s", "x"))
_DIGITS = frozenset("0123456789")
_LAYOUT = frozenset("*`\\^ \t\r\x0b\x0c")


class Token:
    """Be one piece of the text. ``roles`` is a bit set of signals.lexicon."""

    __slots__ = (
        "day", "details", "end", "glued", "item", "kind", "money", "parts", "raw", "roles", "sentence",
        "sign", "start", "suffix", "tagged", "text", "value",
    )  # fmt: skip

    def __init__(self, kind: int, text: str, raw: str, start: int, end: int, glued: bool) -> None:
        self.kind = kind
        self.text = text
        self.raw = raw
        self.start = start
        self.end = end
        self.glued = glued
        self.roles = 0
        self.details: dict[int, str] = _NO_DETAILS
        self.item: object = None
        self.value: Decimal | None = None
        self.suffix = ""
        self.parts: tuple[str, ...] = ()
        self.day: date | None = None
        self.tagged = ""
        self.money = False
        self.sign = ""
        self.sentence = 0

    def __repr__(self) -> str:
        return f"<{self.raw!r} {self.kind}>"


_NO_DETAILS: dict[int, str] = {}


def tokenise(text: str) -> list[Token]:
    """Cut ``text`` into tokens, in order."""
    tokens: list[Token] = []
    at, size, last_end = 0, len(text), -1
    while at < size:
        char = text[at]
        if char == " ":
            at += 1
            continue
        if char.isalpha():
            token = _word(text, at, last_end == at)
        elif char in _DIGITS or (char == "." and _starts_decimal(text, at)):
            token = _number(text, at, last_end == at, tokens)
        else:
            found = _sign(text, at, size, last_end == at)
            if found is None:
                at += 1
                continue
            token = found
        tokens.append(token)
        at = last_end = token.end
    return tokens


def _starts_decimal(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    before = text[at - 1] if at else " "
    return bool(following) and following in _DIGITS and not (before.isalnum() or before == ".")


def _word(text: str, at: int, glued: bool) -> Token:
    """Read a word; ``TP1`` gives its head only, so that the number after it is read as a number."""
    end, size, digit_at = at + 1, len(text), 0
    while end < size:
        char = text[end]
        if char.isalpha():
            end += 1
        elif char in _DIGITS:
            digit_at = digit_at or end
            end += 1
        elif char == "'" and text[end + 1 : end + 2].isalpha():
            end += 1
        else:
            break
    if digit_at:
        head, tail = text[at:digit_at].lower(), text[digit_at:end]
        dotted = len(head) == 1 and len(tail) == 1 and head in "pl" and glued and text[at - 1] in ".-/"
        month = head in _MONTHS and tail.isdigit() and len(tail) in {1, 2, 4}
        if (
            head in _GLUE_HEADS
            or dotted
            or month
            or (head in _SHORT_HEADS and tail.isdigit() and len(tail) < 4)
        ):
            end = digit_at
        if head == "t" and end == digit_at:
            return Token(WORD, "tp", text[at:end], at, end, glued)  # T1 425
    raw = text[at:end]
    lower = raw.lower()
    return Token(WORD, lower.replace("'", "") if "'" in lower else lower, raw, at, end, glued)


def _number(text: str, at: int, glued: bool, tokens: list[Token]) -> Token:
    after_label = bool(tokens) and tokens[-1].kind == WORD and tokens[-1].text in _GLUE_HEADS
    found = scan_number(text, at, after_label)
    return _from_scan(found, text, at, glued)


def _from_scan(found: Scanned, text: str, at: int, glued: bool) -> Token:
    raw = text[at : found.end]
    if found.word:
        return Token(WORD, raw.lower(), raw, at, found.end, glued)
    kind = DATE if found.day or found.impossible else SLASH if found.parts else NUMBER
    token = Token(kind, raw, raw, at, found.end, glued)
    token.value, token.suffix, token.parts, token.day = found.value, found.suffix, found.parts, found.day
    return token


def _sign(text: str, at: int, size: int, glued: bool) -> Token | None:
    """Read a sign; $ and # before a word tag it, $ + - before a number mark it. None is layout."""
    char = text[at]
    if char == "\n":
        end = at + 1
        while end < size and text[end].isspace():
            end += 1
        return Token(LINE, "\n", "\n", at, end, glued)
    if char in _LAYOUT:
        return None
    if char in FRACTIONS:
        return _vulgar(text, at, glued)
    following = text[at + 1 : at + 2]
    if char in "$#" and following:
        tagged = _tagged(text, at, following, glued)
        if tagged is not None:
            return tagged
    if char in "+-" and not glued and (following in _DIGITS or following in "$.") and following:
        signed = _signed(text, at, char, glued)
        if signed is not None:
            return signed
    end = at + 1
    while end < size and text[end] == char:
        end += 1
    return Token(PUNCT, char, char, at, end, glued)


def _tagged(text: str, at: int, following: str, glued: bool) -> Token | None:
    if following.isalpha():
        token = _word(text, at + 1, glued)
        token.tagged = text[at]
        return token
    if following in _DIGITS or (
        following == "." and text[at + 2 : at + 3] in _DIGITS and text[at + 2 : at + 3]
    ):
        token = _from_scan(scan_number(text, at + 1, False), text, at + 1, glued)
        if text[at] == "$":
            token.money = True
            return token
        if token.kind == WORD:
            token.tagged = text[at]
            return token
    return None


def _signed(text: str, at: int, char: str, glued: bool) -> Token | None:
    start = at + 1 + (text[at + 1] == "$")
    first = text[start : start + 1]
    if not first or not (first in _DIGITS or (first == "." and text[start + 1 : start + 2] in _DIGITS)):
        return None
    token = _from_scan(scan_number(text, start, False), text, start, glued)
    token.sign = char
    return token


def _vulgar(text: str, at: int, glued: bool) -> Token | None:
    """Read ½ and its like as a fraction, but as layout right after a digit (``81.139½``)."""
    if at and text[at - 1] in _DIGITS:
        return None
    token = Token(SLASH, text[at], text[at], at, at + 1, glued)
    token.parts = FRACTIONS[text[at]]
    return token
