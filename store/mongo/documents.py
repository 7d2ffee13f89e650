"""Generate one private Beanie document per spec: typed index fields, declared indexes, a native body."""

from typing import Any

from beanie import Document
from pydantic import ConfigDict
from pymongo import ASCENDING, IndexModel

from store.specs import ORDERS, TRADES, KeyKind, Row, Spec

_TYPES: dict[KeyKind, Any] = {
    KeyKind.TEXT: str | None,
    KeyKind.NUMBER: int | None,
    KeyKind.TRUTH: bool | None,
    KeyKind.TIME: int | None,
}
_OUTBOX: dict[str, Any] = {"written": str | None, "outbox": dict[str, Any] | None}
"""Beside an order: the token of its last journal entry, and that entry's events until they are in the log.
Beside a trade: its first orders and events, until they are where they belong."""


def document_for(spec: Spec[Any]) -> type[Document]:
    """Make the document class of a spec. Each store makes its own: Beanie binds a class to one database."""
    name = f"{spec.type.__name__}Document"
    # Without a projection whole documents are read, so that a field nobody knows is seen and refused.
    # pydantic leaves a nested class alone where its name says that it is one.
    nested = {"__module__": __name__, "__qualname__": f"{name}.Settings"}
    settings = type(
        "Settings", (), {**nested, "name": spec.name, "indexes": _indexes(spec), "projection": None}
    )
    outbox = _OUTBOX if spec.name in {ORDERS.name, TRADES.name} else {}
    fields = {"id": str, "version": int, **{name: _TYPES[kind] for name, kind in spec.keys.items()}, **outbox}
    body: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": name,
        "__annotations__": {**fields, "body": dict[str, Any]},
        "model_config": ConfigDict(extra="forbid"),
        "Settings": settings,
        # A field that is missing was indexed after the document was written; a migration fills it in.
        **dict.fromkeys([*spec.keys, *outbox]),
    }
    return type(name, (Document,), body)


def _indexes(spec: Spec[Any]) -> list[IndexModel]:
    plain = [_index((name, "_id"), unique=False) for name in spec.indexes]
    few = [IndexModel([("outbox.token", ASCENDING)], name="outbox", sparse=True)]
    unique = [_index(group, unique=True) for group in spec.unique]
    return plain + unique + (few if spec.name in {ORDERS.name, TRADES.name} else [])


def _index(fields: tuple[str, ...], *, unique: bool) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields], name="_".join(fields), unique=unique)


def fields_of(row: Row) -> dict[str, Any]:
    """Give the fields of a row that a write sets, without id and version."""
    return {**row.keys, "body": row.body}


def raw_of(row: Row) -> dict[str, Any]:
    """Give a row as MongoDB stores it."""
    return {"_id": row.id, "version": row.version, **fields_of(row)}


def row_of(document: Document, spec: Spec[Any]) -> Row:
    """Read a row from a document."""
    found: Any = document
    keys = {name: getattr(found, name) for name in spec.keys}
    return Row(id=found.id, version=found.version, keys=keys, body=found.body)
