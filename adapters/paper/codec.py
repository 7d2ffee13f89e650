"""Write dataclasses as JSON and read them back, by their annotations."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Give the JSON form: decimals, times and enums as text; fields at their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: encode(part)
            for name, default in _fields(type(value))
            if (part := getattr(value, name)) != default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [encode(part) for part in value]
    return value


def decode(kind: type[T], raw: Any) -> T:
    """Read what ``encode`` wrote. Raises ValueError, KeyError or TypeError when it is not that."""
    result: T = _reader(typing.cast("Any", kind))(raw)
    return result


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    # A field without a default is compared with MISSING, which equals nothing, so it is always written.
    return tuple((f.name, f.default) for f in dataclasses.fields(kind))


@functools.cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        inner = _reader(next(part for part in typing.get_args(kind) if part is not type(None)))
        return lambda raw: None if raw is None else inner(raw)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return lambda raw: tuple(_reader(item)(part) for part in raw)
    if dataclasses.is_dataclass(kind):
        return _record_reader(kind)
    if kind in {date, datetime}:
        return typing.cast("Callable[[Any], Any]", kind.fromisoformat)
    if kind is Decimal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return typing.cast("Callable[[Any], Any]", kind)
    return lambda raw: raw


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)

    def read(raw: dict[str, Any]) -> Any:
        return kind(**{name: _reader(hints[name])(part) for name, part in raw.items()})

    return read
