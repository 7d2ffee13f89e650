"""Formats as data: a template an owner writes, what it may say, and every error it may hold.

A template is the message with its fields in braces: ``{action} {symbol} {strike}{right} {expiry} @ {price}``.
Square brackets mark what may be missing (``[SL {stop}]``), ``{skip}`` passes words up to the next mark or
word of the template, ``{note}`` at the end takes whatever follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signals import texts
from signals.fields import FIELDS
from signals.template import MAX_TEMPLATE, Fault, parse

SCHEMA = 1
"""The version of the template language; a format of a later one is refused, never half read."""
ACTIONS = ("BTO", "STO", "STC", "BTC", "BUY", "SHORT", "SELL", "EXIT", "TRIM", "ADD")
_KEYS = frozenset(("name", "template", "schema", "revision", "action", "words"))
FIELD_LIST = ", ".join(FIELDS)
_MAX_NAME = 60
_MAX_WORDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatError:
    """Say what is wrong with a format: a stable code, where (an offset or a key), and what to do."""

    code: str
    where: str
    sentence: str


class FormatRefused(ValueError):
    """Carry every error of a format that cannot be used."""

    def __init__(self, errors: tuple[FormatError, ...]) -> None:
        super().__init__("; ".join(f"{e.where}: {e.code}" for e in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Be one named format. Building one that cannot be used raises FormatRefused.

    ``action`` is what a message means that names none (one of ACTIONS); ``words`` are an analyst's own words
    for an action (``{"loaded": "BTO"}``). ``revision`` counts the owner's changes.
    """

    name: str
    template: str
    action: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1

    def __post_init__(self) -> None:
        errors = _errors(self)
        if errors:
            raise FormatRefused(errors)

    def plain(self) -> dict[str, Any]:
        """Give the format as plain data, fit for JSON."""
        return {
            "schema": SCHEMA, "name": self.name, "revision": self.revision, "template": self.template,
            "action": self.action, "words": dict(self.words),
        }  # fmt: skip


def from_plain(raw: object) -> Format:
    """Read a format from plain data. Raises FormatRefused with every error found."""
    if not isinstance(raw, Mapping):
        raise FormatRefused((error("format_not_data", "format"),))
    errors = [error("format_unknown_key", str(key)) for key in raw if key not in _KEYS]
    if raw.get("schema", SCHEMA) != SCHEMA:
        errors.append(error("format_schema", "schema", schema=SCHEMA))
    for key, kind in (("name", str), ("template", str)):
        if not isinstance(raw.get(key), kind):
            errors.append(error("format_missing", key))
    action, words, revision = raw.get("action"), raw.get("words") or {}, raw.get("revision", 1)
    if not isinstance(words, Mapping) or not all(isinstance(x, str) for pair in words.items() for x in pair):
        errors.append(error("format_words", "words"))
    if isinstance(revision, bool) or not isinstance(revision, int):
        errors.append(error("format_revision", "revision"))
    if errors:
        raise FormatRefused(tuple(errors))
    return Format(
        name=raw["name"],
        template=raw["template"],
        action=action if action is None else str(action),
        words=dict(words),
        revision=revision,
    )


def revised(old: Format, template: str) -> Format:
    """Give the next revision of ``old``. Raises FormatRefused."""
    return Format(
        name=old.name, template=template, action=old.action, words=old.words, revision=old.revision + 1
    )


def error(code: str, where: str, **facts: object) -> FormatError:
    """Make an error with its sentence."""
    return FormatError(code=code, where=where, sentence=texts.format_error(code, where, **facts))


def _errors(made: Format) -> tuple[FormatError, ...]:
    found: list[FormatError] = []
    if not made.name.strip() or len(made.name) > _MAX_NAME:
        found.append(error("format_name", "name", most=_MAX_NAME))
    if made.revision < 1:
        found.append(error("format_revision", "revision"))
    if made.action is not None and made.action not in ACTIONS:
        found.append(error("format_action", "action", choices=", ".join(ACTIONS)))
    if len(made.words) > _MAX_WORDS:
        found.append(error("format_words", "words"))
    for word, action in made.words.items():
        if action not in ACTIONS or not word or not all(part.isalnum() for part in word.split()):
            found.append(error("format_word", word[:_MAX_NAME], choices=", ".join(ACTIONS)))
    return (*found, *_template_errors(made))


def _template_errors(made: Format) -> list[FormatError]:
    parsed = parse(made.template)
    if isinstance(parsed, Fault):
        return [
            error(
                parsed.code,
                f"template, character {parsed.at + 1}",
                what=parsed.what,
                most=MAX_TEMPLATE,
                fields=FIELD_LIST,
            )
        ]
    names = parsed.names
    missing = []
    if "symbol" not in names and "occ" not in names:
        missing.append(error("format_no_symbol", "template"))
    if not names & {"action", "side"} and made.action is None:
        missing.append(error("format_no_action", "template"))
    if ("strike" in names) != ("right" in names):
        missing.append(error("format_half_contract", "template"))
    return missing
