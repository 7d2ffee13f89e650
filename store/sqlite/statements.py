"""Write the SQL of one collection. Names come from specs in the code, never from data."""

import json
from dataclasses import dataclass
from typing import Any

from store.port import Query
from store.specs import Key, KeyKind, Row, Spec

_AFFINITY = {
    KeyKind.TEXT: "TEXT",
    KeyKind.NUMBER: "INTEGER",
    KeyKind.TRUTH: "INTEGER",
    KeyKind.TIME: "INTEGER",
}


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Statements:
    """Hold the SQL of one collection, and turn rows into parameters and back."""

    table: str
    names: tuple[str, ...]
    insert: str
    select: str
    update: str
    delete: str
    truths: frozenset[str]

    @classmethod
    def of(cls, spec: Spec[Any]) -> "Statements":
        """Write the SQL of a spec."""
        names = tuple(spec.keys)
        table = quoted(spec.name)
        columns = ["id", "version", *map(quoted, names), "body"]
        marks = ", ".join("?" * len(columns))
        sets = ", ".join(["version = version + 1", *(f"{quoted(name)} = ?" for name in names), "body = ?"])
        return cls(
            table=table,
            names=names,
            insert=f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
            select=f"SELECT {', '.join(columns)} FROM {table}",  # noqa: S608
            update=f"UPDATE OR IGNORE {table} SET {sets} WHERE id = ? AND version = ?",  # noqa: S608
            delete=f"DELETE FROM {table} WHERE id = ?",  # noqa: S608
            truths=frozenset(name for name, kind in spec.keys.items() if kind is KeyKind.TRUTH),
        )

    def insert_values(self, row: Row) -> tuple[Any, ...]:
        """Give the parameters of ``insert``."""
        return (row.id, row.version, *row.keys.values(), row.body)

    def update_values(self, row: Row) -> tuple[Any, ...]:
        """Give the parameters of ``update``."""
        return (*row.keys.values(), row.body, row.id, row.version)

    def row(self, values: tuple[Any, ...]) -> Row:
        """Read a selected row."""
        key, version, *keys, body = values
        named: dict[str, Key] = dict(zip(self.names, keys, strict=True))
        for name in self.truths:
            if named[name] is not None:
                named[name] = bool(named[name])
        return Row(id=key, version=version, keys=named, body=body)

    def find(self, query: Query) -> tuple[str, list[Any]]:
        """Give the SQL and parameters of a query."""
        tests: list[str] = []
        values: list[Any] = []
        for name, wanted in query.where.items():
            test, value = _test(quoted(name), wanted)
            tests.append(test)
            values.extend(value)
        order = quoted(query.order_by)
        if query.after is not None:
            tests.append(f"{order} > ?")
            values.append(query.after)
        way = "DESC" if query.descending else "ASC"
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        ties = "" if query.order_by == "id" else f", id {way}"
        return f"{self.select}{where} ORDER BY {order} {way}{ties} LIMIT ?", [*values, query.limit]


def _test(column: str, wanted: Key | tuple[Key, ...]) -> tuple[str, list[Any]]:
    if wanted is None:
        return f"{column} IS NULL", []
    if not isinstance(wanted, tuple):
        return f"{column} = ?", [wanted]
    some = [int(item) if isinstance(item, bool) else item for item in wanted if item is not None]
    # One parameter however many values: SQLite limits how many parameters a statement may have.
    test = f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608
    return (f"({test} OR {column} IS NULL)" if None in wanted else test), [json.dumps(some)]


def schema(spec: Spec[Any], existing: frozenset[str]) -> tuple[list[str], list[str]]:
    """Give the SQL that makes a table or adds missing columns, and the SQL that makes its indexes."""
    table = quoted(spec.name)
    columns = {name: f"{quoted(name)} {_AFFINITY[kind]}" for name, kind in spec.keys.items()}
    if existing:
        tables = [
            f"ALTER TABLE {table} ADD COLUMN {sql}" for name, sql in columns.items() if name not in existing
        ]
    else:
        keys = "".join(f", {sql}" for sql in columns.values())
        tables = [
            f"CREATE TABLE {table} (id TEXT PRIMARY KEY NOT NULL, "
            f"version INTEGER NOT NULL{keys}, body TEXT NOT NULL)"
        ]
    indexes = [_index(spec.name, (name, "id"), unique=False) for name in spec.indexes]
    return tables, indexes + [_index(spec.name, group, unique=True) for group in spec.unique]


def _index(table: str, columns: tuple[str, ...], *, unique: bool) -> str:
    name = quoted("_".join((table, *columns)))
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return f"CREATE {kind} IF NOT EXISTS {name} ON {quoted(table)} ({', '.join(map(quoted, columns))})"
