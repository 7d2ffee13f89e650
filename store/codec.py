"""Turn frozen dataclasses into plain documents and back, driven by their type hints.

Coders are built once per type and cached. They are strict both ways: a field nobody knows, an enum member
nobody knows, a float where an exact number belongs are refused with the path to them. A field that is
missing takes its default, so that documents written before the field existed still read; None and empty
tuples that are defaults are not written at all.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from domain.errors import DomainError
from store.errors import Misfit

Convert = Callable[[Any], Any]


class Coder(NamedTuple):
    """Hold both directions of one type."""

    encode: Convert
    decode: Convert


class Dialect(Protocol):
    """Say how one engine writes what JSON and BSON write differently."""

    scalars: Mapping[Any, Coder]
    """Coders of Decimal, datetime, date, bytes, and of Any: values that are JSON already."""

    def mapping(self, value: Coder) -> Coder:
        """Give the coder of a mapping from text to ``value``."""


def exact(kind: type, name: str) -> Coder:
    """Give a coder that passes on values of exactly ``kind`` and refuses all others."""

    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise Misfit(f"{name} is needed, not {type(value).__name__}")
        return value

    return Coder(check, check)


_NOTHING = exact(types.NoneType, "nothing")
WHOLE = exact(int, "a whole number")


class Codec:
    """Build and keep the coders of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._coders: dict[Any, Coder] = {
            str: exact(str, "text"),
            int: WHOLE,
            bool: exact(bool, "yes or no"),
            types.NoneType: _NOTHING,
            **dialect.scalars,
        }

    def of(self, hint: Any) -> Coder:
        """Give the coder of a type. Raises TypeError for a type nobody taught it."""
        try:
            return self._coders[hint]
        except KeyError:
            coder = self._coders[hint] = self._build(hint)
            return coder

    def _build(self, hint: Any) -> Coder:
        origin = typing.get_origin(hint)
        if isinstance(hint, typing.NewType):
            return self.of(hint.__supertype__)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self._dataclass(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _enum(hint)
        if origin is typing.Literal:
            return _literal(typing.get_args(hint))
        if origin in {typing.Union, types.UnionType}:
            return self._union(typing.get_args(hint))
        if origin is tuple:
            return self._tuple(typing.get_args(hint))
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._mapping(typing.get_args(hint))
        raise TypeError(f"nothing is known about storing {hint!r}")

    def _mapping(self, parts: Sequence[Any]) -> Coder:
        key, value = parts
        if key is not str:
            raise TypeError(f"only mappings from text are stored, not from {key!r}")
        return self.of(Any) if value is Any else self._dialect.mapping(self.of(value))

    def _tuple(self, parts: Sequence[Any]) -> Coder:
        if len(parts) == 2 and parts[1] is ...:
            return _many(self.of(parts[0]))
        return _fixed([self.of(part) for part in parts])

    def _union(self, parts: Sequence[Any]) -> Coder:
        some = [part for part in parts if part is not types.NoneType]
        inner = self.of(some[0]) if len(some) == 1 else self._tagged(some)
        return inner if len(some) == len(parts) else _optional(inner)

    def _tagged(self, parts: Sequence[Any]) -> Coder:
        """Write which of several types it was beside the value: text may look like a number."""
        kinds = {part: (part.__name__.lower(), self.of(part)) for part in parts}
        coders = dict(kinds.values())

        def encode(value: Any) -> Any:
            found = kinds.get(type(value))
            if found is None:
                raise Misfit(f"{' or '.join(coders)} is needed, not {type(value).__name__}")
            return [found[0], found[1].encode(value)]

        def decode(plain: Any) -> Any:
            if type(plain) is not list or len(plain) != 2 or plain[0] not in coders:
                raise Misfit(f"one of {', '.join(coders)} is needed")
            return coders[plain[0]].decode(plain[1])

        return Coder(encode, decode)

    def _dataclass(self, kind: type) -> Coder:
        built: list[Coder] = []
        # A recursive type asks for its own coder while it is being built.
        self._coders[kind] = Coder(lambda value: built[0].encode(value), lambda plain: built[0].decode(plain))
        built.append(_fields(kind, self))
        return built[0]


def _fields(kind: type, codec: Codec) -> Coder:
    hints = typing.get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    coders = {field.name: codec.of(hints[field.name]) for field in fields}
    required = frozenset(field.name for field in fields if _required(field))
    names = tuple(coders)
    give = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    plan = [(field.name, coders[field.name].encode, _silent(field)) for field in fields]
    decoders = {name: coder.decode for name, coder in coders.items()}

    def encode(value: Any) -> Any:
        if type(value) is not kind:
            raise Misfit(f"{kind.__name__} is needed, not {type(value).__name__}")
        document = {}
        for (name, convert, silent), item in zip(plan, give(value), strict=True):
            if item is silent:
                continue
            try:
                document[name] = convert(item)
            except Misfit as misfit:
                raise misfit.under(name) from None
        return document

    def decode(plain: Any) -> Any:
        values = _decode_all(plain, decoders)
        if missing := required.difference(values):
            raise Misfit(f"{', '.join(sorted(missing))} is missing")
        try:
            return kind(**values)
        except DomainError as error:
            raise Misfit(str(error)) from error

    return Coder(encode, decode)


def _decode_all(plain: Any, decoders: Mapping[str, Convert]) -> dict[str, Any]:
    if type(plain) is not dict:
        raise Misfit("a document is needed")
    values = {}
    for name, item in plain.items():
        convert = decoders.get(name)
        if convert is None:
            raise Misfit("this version does not know the field", str(name))
        try:
            values[name] = convert(item)
        except Misfit as misfit:
            raise misfit.under(name) from None
    return values


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _silent(field: "dataclasses.Field[Any]") -> Any:
    """Tell which value of a field is not worth writing, None or the one empty tuple; MISSING for neither."""
    return field.default if field.default is None or field.default == () else dataclasses.MISSING


def _optional(inner: Coder) -> Coder:
    encode, decode = inner
    return Coder(
        lambda value: None if value is None else encode(value),
        lambda plain: None if plain is None else decode(plain),
    )


def _enum(kind: type[Enum]) -> Coder:
    members = {member.value: member for member in kind}

    def encode(value: Any) -> Any:
        if type(value) is not kind:
            raise Misfit(f"{kind.__name__} is needed, not {type(value).__name__}")
        return value.value

    def decode(plain: Any) -> Any:
        try:
            return members[plain]
        except (KeyError, TypeError):
            raise Misfit(f"this version does not know that {kind.__name__}") from None

    return Coder(encode, decode)


def _literal(values: Sequence[Any]) -> Coder:
    known = {(type(value), value) for value in values}

    def check(value: Any) -> Any:
        if type(value) not in {str, int, bool} or (type(value), value) not in known:
            raise Misfit(f"one of {', '.join(map(str, values))} is needed")
        return value

    return Coder(check, check)


def _many(item: Coder) -> Coder:
    def encode(value: Any) -> Any:
        if type(value) is not tuple:
            raise Misfit(f"a tuple is needed, not {type(value).__name__}")
        return _each(item.encode, value)

    def decode(plain: Any) -> Any:
        if type(plain) is not list:
            raise Misfit("a list is needed")
        return tuple(_each(item.decode, plain))

    return Coder(encode, decode)


def _each(convert: Convert, values: Sequence[Any]) -> list[Any]:
    done: list[Any] = []
    try:
        done.extend(convert(value) for value in values)
    except Misfit as misfit:
        raise misfit.under(str(len(done))) from None
    return done


def _fixed(items: Sequence[Coder]) -> Coder:
    def encode(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(items):
            raise Misfit(f"{len(items)} values are needed")
        return [item.encode(part) for item, part in zip(items, value, strict=True)]

    def decode(plain: Any) -> Any:
        if type(plain) is not list or len(plain) != len(items):
            raise Misfit(f"a list of {len(items)} is needed")
        return tuple(item.decode(part) for item, part in zip(items, plain, strict=True))

    return Coder(encode, decode)
