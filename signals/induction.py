"""Make a format from examples: messages in which a person marked what each word is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from signals.fields import FIELDS, Found, Scan
from signals.formats import FIELD_LIST, Format, FormatError, FormatRefused, error
from signals.normalise import folded, normalise
from signals.template import Fault, match, parse

_ANY_DAY = date(2026, 1, 2)
_END = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Say that the letters from ``start`` to ``end`` of an example are the field ``name``."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Be one message with its marks."""

    text: str
    marks: tuple[Mark, ...] = field(default_factory=tuple)


def marked(text: str, words: Mapping[str, str]) -> Example:
    """Mark ``words`` (field name to the words as they stand in ``text``). Raises FormatRefused.

    Words that stand more than once must be marked by their place, with Example itself.
    """
    marks, errors = [], []
    for name, word in words.items():
        at = text.find(word)
        if not word or at < 0:
            errors.append(error("mark_missing", name))
        elif text.find(word, at + 1) >= 0:
            errors.append(error("mark_twice", name))
        marks.append(Mark(name=name, start=at, end=at + len(word)))
    if errors:
        raise FormatRefused(tuple(errors))
    return Example(text=text, marks=tuple(marks))


def induce(
    name: str,
    examples: Sequence[Example],
    *,
    action: str | None = None,
    words: Mapping[str, str] | None = None,
) -> Format:
    """Make the format that reads every example as marked. Raises FormatRefused, saying which example is why.

    Fields that some examples lack become optional, words after the last field become a note.
    """
    if not examples:
        raise FormatRefused((error("examples_none", "examples"),))
    faults = [fault for n, example in enumerate(examples, 1) for fault in _mark_faults(example, n)]
    if faults:
        raise FormatRefused(tuple(faults))
    split = [_split(example) for example in examples]
    widest = max(split, key=len)
    made = Format(name=name, template=_template(split, widest), action=action, words=dict(words or {}))
    _prove(made, examples)
    return made


def _mark_faults(example: Example, number: int) -> list[FormatError]:
    where = f"example {number}"
    marks = sorted(example.marks, key=lambda mark: mark.start)
    faults = [
        error("mark_field", where, what=m.name, fields=FIELD_LIST) for m in marks if m.name not in FIELDS
    ]
    if any(not 0 <= m.start < m.end <= len(example.text) for m in marks):
        faults.append(error("mark_missing", where))
    if any(first.end > second.start for first, second in pairwise(marks)):
        faults.append(error("mark_overlap", where))
    return faults


Pieces = list[tuple[str, str]]
"""A message as (words before the field, field), the last with what follows and no field."""


def _split(example: Example) -> Pieces:
    text = folded(example.text).translate({ord(c): " " for c in "[]{}"})
    pieces, at = [], 0
    for mark in sorted(example.marks, key=lambda m: m.start):
        pieces.append((_words(text[at : mark.start]), mark.name))
        at = mark.end
    return [*pieces, (_words(text[at:]), "")]


def _words(text: str) -> str:
    """Give the words with single blanks, keeping whether a blank stood at either end."""
    bare = " ".join(text.replace("*", " ").replace("`", " ").split())
    if not bare:
        return " " if text else ""
    return " " * text[:1].isspace() + bare + " " * text[-1:].isspace()


def _template(split: list[Pieces], widest: Pieces) -> str:
    names = [name for _, name in widest]
    found = []
    for place, (before, name) in enumerate(widest):
        if not name:
            found.append(_tail([pieces[-1][0] for pieces in split]))
            continue
        given = [_before(pieces, name) for pieces in split]
        words = {w for w in given if w is not None}
        if len({w.strip().lower() for w in words}) > 1 and not _joined(split, names, place):
            other = sorted(w.strip() or "nothing" for w in words)
            start = names[place - 1] if place else "the start"
            facts = {"before": start, "after": name, "what": " / ".join(other)}
            raise FormatRefused((error("examples_words", "examples", **facts),))
        text = f"{before}{{{name}}}"
        found.append(f"[{text}]" if None in given else text)
    for number, pieces in enumerate(split, 1):
        kept = iter(names)
        if not all(name in kept for _, name in pieces):
            raise FormatRefused((error("examples_order", f"example {number}"),))
    return "".join(found).lstrip()


def _joined(split: list[Pieces], names: list[str], place: int) -> bool:
    """Tell whether the words differ only because an example lacks the field before."""
    for pieces in split:
        present = [name for _, name in pieces]
        name = names[place]
        if name in present and present.index(name) and present[present.index(name) - 1] == names[place - 1]:
            continue
        if name in present and place:
            return True
    return False


def _before(pieces: Pieces, name: str) -> str | None:
    return next((before for before, own in pieces if own == name), None)


def _tail(tails: list[str]) -> str:
    """Give the template's end: the same words, or a note where they differ."""
    if len({t.strip().lower() for t in tails}) == 1:
        return tails[0].rstrip()
    return " {note}"


def _prove(made: Format, examples: Sequence[Example]) -> None:
    """See that the format reads each example as it was marked."""
    template = parse(made.template)
    assert not isinstance(template, Fault)
    scan = Scan(_ANY_DAY, {word.lower(): action for word, action in made.words.items()})
    faults = []
    for number, example in enumerate(examples, 1):
        try:
            found = match(template, normalise(example.text).text, scan)
        except ValueError:
            found = None
        if found is None or not _as_marked(found, example):
            faults.append(error("examples_unread", f"example {number}"))
    if faults:
        raise FormatRefused(tuple(faults))


def _as_marked(found: list[Found], example: Example) -> bool:
    places = {(f.name, f.start, f.end) for f in found if f.name not in {_END, "skip"}}
    return places == {(m.name, m.start, m.end) for m in example.marks if m.name not in {_END, "skip"}}
