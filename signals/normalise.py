"""Fold layout away without moving a character: every offset of the result is an offset of the original.

Full-width and bold mathematical letters become ASCII, emoji, markdown, mentions and links become spaces.
What looks like a letter and is another script's is never repaired: the message is denied (UTS #39 in spirit).
"""

import unicodedata
from dataclasses import dataclass

from signals.lexicon import spelled

MAX_LENGTH = 4000
"""Discord's longest message in characters; longer text is not read."""

_MENTION_MAX = 80
_SHORTCODE_MAX = 40
_FULL_WIDTH = 0xFEE0
_FOREIGN = "\u02b0"  # stands for a combining mark: a letter that is not ASCII, so its word is no ticker
_ASCII_FOR = {
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2028": "\n", "\u2029": "\n", "\u0085": "\n", "\u2044": "/", "\u2215": "/", "\u2026": ".",
    "\u2192": "=", "\u27a1": "=", "\u2794": "=", "\u279c": "=", "\u27f6": "=", "\u21d2": "=",
    "\u2022": ",", "\u00b7": " ", "\u3010": "[", "\u3011": "]", "\u300a": "(", "\u300b": ")",
    "\u00bd": "\u00bd", "\u00bc": "\u00bc", "\u00be": "\u00be", "\u2153": "\u2153", "\u2154": "\u2154",
}  # fmt: skip
_HIDDEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
# Cyrillic, Greek and other letters a reader takes for ASCII ones (the common part of UTS #39's table).
_CONFUSABLE = frozenset(
    "АВЕЅІЈКМНОРСТУХҮԌԚԜЗЬаеорсухіјѕԁԛԝһӏқгпѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχγςօսհոռԱՏՕꓐꓑꓒꓗꓢꓔꓮꓰꓖꓟꓠꓪꓚꓦꓳꓴꓲꓡꓨꓝ"
    "ſıȷɡɑɩʏᴀᴄᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱɪɴʀʙʜʟɢ\u212a\u212bℒℓℂℍℕℙℚℝℤ"  # noqa: RUF001
)
_SHORTCODES = spelled(
    "x fire rocket bell boom eyes pray gem moneybag warning star check tada chart o bangbang"
)


class _Folds(dict[int, str]):
    """Map a code point to one character, remembered as it is met (str.translate asks for each)."""

    def __missing__(self, point: int) -> str:
        folded = _fold(chr(point))
        if len(self) < 20_000:
            self[point] = folded
        return folded


def _fold(char: str) -> str:
    """Give the one character that stands for ``char``: itself, its ASCII form, a space, or a foreign mark."""
    if char < "\x80":
        return char if char >= " " or char == "\n" else " "
    if char in _ASCII_FOR:
        return _ASCII_FOR[char]
    if "\uff01" <= char <= "\uff5e" or "\U0001d400" <= char <= "\U0001d7ff":
        return unicodedata.normalize("NFKC", char)[:1]
    if unicodedata.category(char).startswith("M"):
        return " " if "\ufe00" <= char <= "\ufe0f" or char == "\u20e3" else _FOREIGN
    return char if char.isalnum() and not char.isnumeric() else " "


_FOLDS = _Folds()


@dataclass(frozen=True, slots=True)
class Normal:
    """Hold the folded text, as long as the original, and the reason it is denied, if any."""

    text: str
    denied: str | None = None


def folded(text: str) -> str:
    """Fold characters only: full-width forms to ASCII, emoji to spaces. The length stays."""
    return text.translate(_FOLDS)


def normalise(text: str) -> Normal:
    """Fold ``text``. Characters keep their places; ``denied`` is the reason code of what it hides."""
    if len(text) > MAX_LENGTH:
        return Normal("", "too_long")
    denied = None
    if "://" in text:
        text = _blank_links(text)
    if not text.isascii():
        denied = _hidden(text)
        text = _without_keycaps(text).translate(_FOLDS)
    elif not text.isprintable():
        text = text.translate(_FOLDS)
    return Normal(_without_layout(text), denied)


def _hidden(text: str) -> str | None:
    """Say why the text cannot be trusted letter by letter, or None."""
    if not _BIDI.isdisjoint(text):
        return "hidden_characters"
    latin = confusable = alnum = False
    before = " "
    for char in text:
        if "\uff01" <= char <= "\uff5e":
            char = chr(ord(char) - _FULL_WIDTH)
        if char in _HIDDEN:
            before = char
            continue  # judged with the character after it
        if char.isascii():
            if before in _HIDDEN and alnum and not char.isspace():
                return "hidden_characters"
            alnum = char.isalnum()
        elif (reason := _foreign(char)) is not None:
            return reason
        else:
            alnum = False
        in_word = char.isalpha() or char.isdecimal()
        latin = in_word and (latin or (char.isascii() and char.isalpha()))
        confusable = in_word and (confusable or char in _CONFUSABLE)
        if latin and confusable:
            return "lookalike_letters"
        before = char
    return None


def _foreign(char: str) -> str | None:
    """Say why one character outside ASCII denies the whole text, or None."""
    if "\u0334" <= char <= "\u0338":
        return "hidden_characters"
    if char.isdecimal() and not "\U0001d7ce" <= char <= "\U0001d7ff":
        return "lookalike_digits"
    return None


def _without_keycaps(text: str) -> str:
    """Blank the digit of a keycap emoji: it numbers a line and is no price."""
    if "\u20e3" not in text:
        return text
    chars = list(text)
    for at, char in enumerate(chars):
        if char == "\u20e3":
            for back in (at - 1, at - 2):
                if back >= 0 and chars[back] in "0123456789#*":
                    chars[back] = " "
                    break
    return "".join(chars)


def _without_layout(text: str) -> str:
    """Blank mentions, links, short codes and quoted lines."""
    if "<" in text:
        text = _blank_mentions(text)
    if "@" in text:
        text = _blank_handles(text)
    if text.count(":") > 1:
        text = _blank_shortcodes(text)
    if "~~" in text:
        text = _blank_between(text, "~~")
    return _blank_quotes(text) if ">" in text else text


def _blank_mentions(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<", at)) >= 0:
        end = text.find(">", start, start + _MENTION_MAX)
        inside = text[start + 1 : start + 3]
        if end < 0 or not inside or inside[0] not in "@#:at/":
            parts.append(text[at : start + 1])
            at = start + 1
            continue
        parts += [text[at:start], " " * (end + 1 - start)]
        at = end + 1
    return "".join([*parts, text[at:]])


def _blank_links(text: str) -> str:
    parts, at = [], 0
    while (mark := text.find("://", at)) >= 0:
        start = mark
        while start > at and text[start - 1].isalpha():
            start -= 1
        end = mark
        while end < len(text) and not text[end].isspace():
            end += 1
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _blank_handles(text: str) -> str:
    """Blank ``@name``; keep ``@ 2.35``, ``@market`` and ``@open``, which are about price."""
    parts, at = [], 0
    while (start := text.find("@", at)) >= 0:
        end = start + 1
        while end < len(text) and (text[end].isalnum() or text[end] in "_&"):
            end += 1
        name = text[start + 1 : end]
        keep = not name[:1].isalpha() or name.lower() in {"market", "mkt", "open", "cmp", "limit", "be"}
        parts += [text[at:start], text[start:end] if keep else " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _blank_shortcodes(text: str) -> str:
    parts, at = [], 0
    while (start := text.find(":", at)) >= 0:
        end = text.find(":", start + 1, start + _SHORTCODE_MAX)
        name = text[start + 1 : end] if end > 0 else ""
        if name and name == name.lower() and (name in _SHORTCODES or _is_code(name)):
            parts += [text[at:start], " " * (end + 1 - start)]
            at = end + 1
        else:
            parts.append(text[at : start + 1])
            at = start + 1
    return "".join([*parts, text[at:]])


def _is_code(name: str) -> bool:
    return "_" in name and name[0].isalpha() and name.replace("_", "").isalnum()


def _blank_between(text: str, mark: str) -> str:
    """Blank what stands between pairs of ``mark``: struck-out words are taken back."""
    pieces = text.split(mark)
    for index in range(1, len(pieces) - (len(pieces) % 2 == 0), 2):
        pieces[index] = " " * len(pieces[index])
    return (" " * len(mark)).join(pieces)


def _blank_quotes(text: str) -> str:
    """Blank lines that quote another message (``> text``; ``>>> text`` quotes all that follows)."""
    lines, all_quoted = text.split("\n"), False
    for index, line in enumerate(lines):
        bare = line.lstrip()
        all_quoted = all_quoted or bare.startswith(">>> ")
        if all_quoted or bare.startswith("> "):
            lines[index] = " " * len(line)
    return "\n".join(lines)
