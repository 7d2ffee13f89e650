"""Check what was typed against a broker's field descriptions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.broker import FieldSpec
from wizard.flow import Problem

# What comes along unseen when people copy keys out of web pages.
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Part what was typed: ``plain`` may be kept and shown again, ``secret`` may not."""

    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)
    problems: tuple[Problem, ...]


def check(specs: Sequence[FieldSpec], typed: Mapping[str, str]) -> Checked:
    """Clean and check every field; what is not described is dropped."""
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    problems: list[Problem] = []
    for spec in specs:
        value = clean(typed.get(spec.key, "")) or ("" if spec.required else spec.default)
        (secret if spec.secret else plain)[spec.key] = value
        problem = _problem(spec, value)
        if problem:
            problems.append(problem)
    return Checked(plain=plain, secret=secret, problems=tuple(problems))


def clean(value: str) -> str:
    """Drop invisible characters and the space around."""
    return _UNSEEN.sub("", value).strip()


def _problem(spec: FieldSpec, value: str) -> Problem | None:
    if not value:
        return _say("field_missing", spec) if spec.required else None
    if len(value) > spec.max_length:
        return _say("field_long", spec, most=str(spec.max_length))
    if spec.choices:
        known = value in {choice for choice, _ in spec.choices}
        return None if known else _say("field_choice", spec)
    if re.fullmatch(spec.pattern, value, re.DOTALL):
        return None
    if spec.pattern_hint:
        return _say("field_hint", spec, hint=spec.pattern_hint)
    return _say("field_odd", spec)


def _say(key: str, spec: FieldSpec, **params: str) -> Problem:
    return Problem(key=key, about=spec.key, params={"label": spec.label, **params})
