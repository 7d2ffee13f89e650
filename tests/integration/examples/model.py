"""Say what a documented example is, and check an answer against documented fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Shapes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """Hold one request as its vendor documents it, word for word.

    ``beyond`` says why the simulator does not serve it (it must then refuse it aloud); ``answer`` holds what
    is documented of the reply.
    """

    name: str
    source: str
    body: Mapping[str, Any]
    call: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    beyond: str = ""


def misfits(value: Any, shape: Any, shapes: Shapes, where: str = "") -> list[str]:
    """Name what in an answer is not as documented.

    A shape is a word (number, integer, text, digits, flag, time), a tuple of allowed words, a list around
    the shape of each item, or the name of a set of fields, each of which may be left out.
    """
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [
            bad for i, item in enumerate(value) for bad in misfits(item, shape[0], shapes, f"{where}[{i}]")
        ]
    if isinstance(shape, tuple):
        return [] if value in shape else [f"{where} is {value!r}"]
    if shape in _WORDS:
        return [] if _WORDS[shape](value) else [f"{where} is {value!r} and no {shape}"]
    if not isinstance(value, dict):
        return [f"{where} is no {shape}"]
    fields = shapes[shape]
    strange = [f"{where}.{name} is not documented" for name in value.keys() - fields.keys()]
    known = [
        misfits(item, fields[name], shapes, f"{where}.{name}")
        for name, item in value.items()
        if name in fields
    ]
    return strange + [bad for found in known for bad in found]


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_digits(value: Any) -> bool:
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False


_WORDS = {
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "digits": _is_digits,
    "flag": lambda value: isinstance(value, bool),
    "time": _is_time,
    "null": lambda value: value is None,
    "anything": lambda value: True,
}
