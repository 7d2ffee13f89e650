"""Parse a format's template and match it against folded text: one walk, no backtracking over a message.

Each field takes a bounded stretch at the cursor, each optional part is tried once at one place, and {skip}
is one search for the mark after it, so time grows with the text's length alone.
"""

from dataclasses import dataclass
from functools import lru_cache

from signals.fields import FIELDS, Found, Scan, scanner
from signals.normalise import folded

MAX_TEMPLATE = 400
_MAX_PARTS = 60
_LAYOUT = frozenset("*`_~^\\")
_REPEATABLE = frozenset(("skip", "target"))
_TRAILING = frozenset(".!")


@dataclass(frozen=True, slots=True)
class Fault:
    """Be what is wrong with a template: a code, the offset it stands at, and the words meant."""

    code: str
    at: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Be one part: a field, a literal, a space, or an optional group of parts."""

    kind: str
    text: str = ""
    group: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """Be a parsed template; ``names`` are all its fields."""

    parts: tuple[Part, ...]
    names: frozenset[str]


@lru_cache(maxsize=512)
def parse(template: str) -> Template | Fault:
    """Read a template, or say what is wrong with it and where."""
    if not template.strip():
        return Fault("format_empty", 0)
    if len(template) > MAX_TEMPLATE or template.count("{") > _MAX_PARTS or template.count("[") > _MAX_PARTS:
        return Fault("format_too_long", MAX_TEMPLATE)
    parser = _Parser(folded(template))
    parts = parser.parts(0, inside=False)
    fault = parser.fault or _order_fault(parts, template)
    return fault or Template(tuple(parts), frozenset(parser.seen))


class _Parser:
    """Walk a template once, remembering the first fault."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.seen: list[str] = []
        self.fault: Fault | None = None

    def parts(self, start: int, *, inside: bool) -> list[Part]:
        """Read parts up to the end, or to the bracket that closes the group opened at ``start``."""
        found: list[Part] = []
        while self.at < len(self.text) and self.fault is None:
            char = self.text[self.at]
            if char == "]":
                return self._closed(found, inside=inside)
            if char == "[":
                self._group(found, inside=inside)
            elif char in "{}":
                self._field(found)
            else:
                self._literal(found)
        if inside and self.fault is None:
            self.fault = Fault("format_open_bracket", start)
        return found

    def _closed(self, found: list[Part], *, inside: bool) -> list[Part]:
        if not inside:
            self.fault = Fault("format_stray_bracket", self.at)
        self.at += 1
        return found

    def _group(self, found: list[Part], *, inside: bool) -> None:
        if inside:
            self.fault = Fault("format_nested", self.at)
            return
        start = self.at
        self.at += 1
        group = self.parts(start, inside=True)
        if not any(p.kind in {"field", "literal"} for p in group):
            self.fault = self.fault or Fault("format_empty_bracket", start)
        found.append(Part("optional", group=tuple(group)))

    def _field(self, found: list[Part]) -> None:
        end = self.text.find("}", self.at)
        name = self.text[self.at + 1 : end].strip().lower() if end > 0 else ""
        if self.text[self.at] == "}" or end < 0:
            self.fault = Fault("format_brace", self.at)
        elif name not in FIELDS:
            self.fault = Fault("format_unknown_field", self.at, name or "{}")
        elif name in self.seen and name not in _REPEATABLE:
            self.fault = Fault("format_twice", self.at, name)
        else:
            self.seen.append(name)
            found.append(Part("field", name))
            self.at = end + 1

    def _literal(self, found: list[Part]) -> None:
        char = self.text[self.at]
        self.at += 1
        if char in _LAYOUT:
            return
        kind = "space" if char.isspace() else "literal"
        if found and found[-1].kind == kind:
            found[-1] = Part(kind, found[-1].text + char.lower())
        else:
            found.append(Part(kind, char.lower()))


def _order_fault(parts: list[Part], template: str) -> Fault | None:
    """Refuse a note that is not last and a skip that has no mark or word after it to end it."""
    lower = template.lower()
    for level in (parts, *(list(p.group) for p in parts if p.group)):
        for place, part in enumerate(level):
            following = _next_solid(tuple(level), place)
            if part.text == "note" and part.kind == "field" and (following is not None or level is not parts):
                return Fault("format_note_last", lower.find("{note"))
            open_skip = following is None or following.kind != "literal"
            if part.text == "skip" and part.kind == "field" and open_skip:
                return Fault("format_skip_open", lower.find("{skip"))
    return None


def match(template: Template, text: str, scan: Scan) -> list[Found] | None:
    """Match ``template`` against the whole of folded ``text``; None where it does not fit."""
    walk = _Walk(text, scan)
    at = _blank(text, 0)
    end = walk.all(template.parts, at)
    if end is None:
        return None
    at = _blank(text, end)
    while at < len(text) and text[at] in _TRAILING:
        at = _blank(text, at + 1)
    return walk.found if at >= len(text) else None


class _Walk:
    """Step through a message, part by part, collecting the fields."""

    def __init__(self, text: str, scan: Scan) -> None:
        self.text = text
        self.lower = text.lower() if len(text.lower()) == len(text) else text
        self.scan = scan
        self.found: list[Found] = []

    def all(self, parts: tuple[Part, ...], at: int) -> int | None:
        """Take every part in turn from ``at``; give where the last ends, or None."""
        for place, part in enumerate(parts):
            stepped = self._step(part, _next_solid(parts, place), at)
            if stepped is None:
                return None
            at = stepped
        return at

    def _step(self, part: Part, following: Part | None, at: int) -> int | None:
        if part.kind == "space":
            return self._space(at)
        if part.kind == "literal":
            return self._literal(part.text, at)
        if part.kind == "optional":
            return self._optional(part, at)
        if part.text == "skip":
            return self._skip(following, at)
        at = _blank(self.text, at)
        read = scanner(part.text)(self.text, at, self.scan)
        if read is None:
            return None
        self.found.append(Found(part.text, read.value, at, read.end))
        return read.end

    def _optional(self, part: Part, at: int) -> int:
        kept = len(self.found)
        end = self.all(part.group, at)
        if end is None:
            del self.found[kept:]
            return at
        return end

    def _space(self, at: int) -> int | None:
        """Pass blanks. Two words need one between them; next to a sign none is needed."""
        end = _blank(self.text, at)
        if end > at or end >= len(self.text):
            return end
        joined = at > 0 and self.text[at - 1].isalnum() and self.text[at].isalnum()
        return None if joined else at

    def _literal(self, literal: str, at: int) -> int | None:
        at = _layout(self.text, at)
        if not literal[0].isalnum():
            at = _blank(self.text, at)
        end = at + len(literal)
        if self.lower[at:end] != literal:
            return None
        inside_word = literal[-1].isalpha() and self.text[end : end + 1].isalpha()
        if inside_word:
            return None
        return end if literal[-1].isalnum() else _blank(self.text, end)

    def _skip(self, following: Part | None, at: int) -> int | None:
        """Pass up to the literal that follows: one search."""
        assert following is not None
        found = self.lower.find(following.text, at)
        return found if found >= 0 else None


def _next_solid(parts: tuple[Part, ...], place: int) -> Part | None:
    return next((p for p in parts[place + 1 :] if p.kind != "space"), None)


def _blank(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] in _LAYOUT):
        at += 1
    return at


def _layout(text: str, at: int) -> int:
    while at < len(text) and text[at] in _LAYOUT:
        at += 1
    return at
