"""Write every repository once, on top of the narrow port."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from domain.errors import InvalidValue
from domain.ports import Record
from store.errors import Misfit
from store.port import Engine, Query
from store.specs import Key, KeyKind, Row, Spec, to_key

R = TypeVar("R", bound=Record)
T = TypeVar("T")
_CHUNK = 64
"""Rows decoded before others get a turn: about 2 ms."""


class Rows(Generic[T]):
    """Turn the values of one spec into an engine's rows and back."""

    def __init__(self, spec: Spec[T], engine: Engine) -> None:
        self.spec = spec
        self._coder = engine.codec.of(spec.type)
        self._pack = engine.pack
        self._unpack = engine.unpack

    def to_row(self, value: T) -> Row:
        """Give the row of a value. Raises InvalidValue when it cannot be stored."""
        what = f"this {self.spec.type.__name__}"
        try:
            document = self._coder.encode(value)
            held = {name: document.pop(name) for name in self.spec.held}
            body = self._pack(document)
        except Misfit as misfit:
            raise misfit.as_invalid(what) from None
        return Row(
            id=_text(held["id"], what),
            version=held.get("version", 0),
            keys=self.spec.key_values(value),
            body=body,
        )

    def to_value(self, row: Row) -> T:
        """Give the value of a row. Raises UnreadableRecord."""
        try:
            document = self._unpack(row.body)
            for name in self.spec.held:
                document[name] = row.keys[name] if name in row.keys else getattr(row, name)
            value: T = self._coder.decode(document)
        except Misfit as misfit:
            raise misfit.as_unreadable(f"{self.spec.name}/{row.id}") from misfit.__cause__
        return value

    async def to_values(self, rows: Sequence[Row]) -> list[T]:
        """Give the values of many rows without holding up everybody else."""
        values: list[T] = []
        for start in range(0, len(rows), _CHUNK):
            if start:
                await asyncio.sleep(0)
            values.extend(self.to_value(row) for row in rows[start : start + _CHUNK])
        return values

    def condition(self, name: str, wanted: Any) -> Key | tuple[Key, ...]:
        """Check one condition of a find. Raises InvalidValue for an undeclared field or a wrong kind."""
        kind = self.kind(name)
        if isinstance(wanted, tuple | set | frozenset | list):
            return tuple(to_key(kind, item) for item in wanted)
        return to_key(kind, wanted)

    def kind(self, name: str) -> KeyKind:
        """Give the kind of a declared index. Raises InvalidValue for any other field."""
        if name == "id":
            return KeyKind.TEXT
        if name not in self.spec.indexes:
            raise InvalidValue(f"{self.spec.name} has no index on {name!r}")
        return self.spec.keys[name]


def _text(value: str, what: str) -> str:
    if not value:
        raise InvalidValue(f"the id of {what} is empty")
    return value


class StoredRepository(Generic[R]):
    """Keep one kind of record in one collection."""

    def __init__(self, spec: Spec[R], engine: Engine) -> None:
        self._rows = Rows(spec, engine)
        self._collection = engine.collection(spec)

    async def insert(self, value: R) -> bool:
        """Insert at version 0; False when the id or a unique tuple is taken."""
        return await self._collection.insert([self._fresh(value)]) == 1

    async def insert_many(self, values: Sequence[R]) -> int:
        """Insert all in one durable write, passing over those already there; give how many were new."""
        rows = [self._fresh(value) for value in values]
        return await self._collection.insert(rows) if rows else 0

    async def get(self, key: str) -> R | None:
        """Give the record, or None."""
        row = await self._collection.get(key)
        return None if row is None else self._rows.to_value(row)

    async def find(
        self,
        where: Mapping[str, Any] | None = None,
        *,
        order_by: str = "id",
        descending: bool = False,
        limit: int = 1000,
    ) -> Sequence[R]:
        """Give records whose declared index fields equal ``where``; a tuple or set value means any of them.

        Raises InvalidValue for an undeclared field, a value of another kind or a negative limit.
        """
        asked = {name: self._rows.condition(name, wanted) for name, wanted in (where or {}).items()}
        self._rows.kind(order_by)
        if limit < 0:
            raise InvalidValue("a limit cannot be negative")
        if limit == 0 or () in asked.values():
            return []
        query = Query(where=asked, order_by=order_by, descending=descending, limit=limit)
        return await self._rows.to_values(await self._collection.find(query))

    async def compare_and_set(self, value: R) -> R | None:
        """Write ``value`` if the stored version still is ``value.version``.

        Gives the value with version + 1, or None when somebody else wrote first, when it is gone, or when
        the write would repeat a unique tuple.
        """
        done = await self._collection.compare_and_set(self._rows.to_row(value))
        return raised(value, value.version + 1) if done else None

    async def delete(self, key: str) -> bool:
        """Remove; False when it was not there."""
        return await self._collection.delete(key)

    def _fresh(self, value: R) -> Row:
        if value.version != 0:
            raise InvalidValue("only a record at version 0 can be inserted")
        return self._rows.to_row(value)


def raised(value: R, version: int) -> R:
    """Give the same record at another version."""
    if value.version == version:
        return value
    changed: Any = value
    copy: R = replace(changed, version=version)
    return copy
