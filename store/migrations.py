"""Bring a store to the shape this version needs: ordered steps, each recorded once it is done.

A step may be cut off by a kill and runs again then, so each is idempotent. Steps speak only to the port,
so that both engines take the same ones.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from domain.errors import StoreUnavailable
from store import texts
from store.port import Engine, Query
from store.repository import Rows, StoredRepository
from store.specs import ALL, PASSES, TALLIES, TRADES, Spec, spec_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Remember that a step was done."""

    COLLECTION: ClassVar[str] = "migrations"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Be one step. Names sort in the order of the steps, and never change once released."""

    name: str
    apply: Callable[[Engine], Awaitable[None]]


class HasEngine(Protocol):
    """Be a store whose engine can be reached."""

    engine: Engine


async def create_everything(engine: Engine) -> None:
    """Make every collection with its indexes."""
    for spec in ALL:
        await engine.ensure(spec)


async def create_tallies(engine: Engine) -> None:
    """Make the collection of daily counts, which the first version did not have."""
    await engine.ensure(TALLIES)


async def create_passes(engine: Engine) -> None:
    """Make the collection of what lets browsers in, which came with the web pages."""
    await engine.ensure(PASSES)


async def index_half_open(engine: Engine) -> None:
    """Index the trades whose orders are not in place yet, so that a start finds them at once."""
    await engine.ensure(TRADES)


MIGRATIONS: tuple[Migration, ...] = (
    Migration(name="0001_create_everything", apply=create_everything),
    Migration(name="0002_create_tallies", apply=create_tallies),
    Migration(name="0003_create_passes", apply=create_passes),
    Migration(name="0004_index_half_open", apply=index_half_open),
)


async def migrate(store: HasEngine, migrations: Sequence[Migration] = MIGRATIONS) -> Sequence[str]:
    """Apply the steps not yet applied, in order; give their names.

    Raises StoreUnavailable when the store has been through steps this version does not know.
    """
    engine = store.engine
    spec = spec_of(Applied)
    await engine.ensure(spec)
    record = StoredRepository(spec, engine)
    done = {applied.id for applied in await record.find()}
    if unknown := sorted(done - {migration.name for migration in migrations}):
        raise StoreUnavailable(texts.newer_store(", ".join(unknown)))
    fresh = [migration for migration in migrations if migration.name not in done]
    for migration in fresh:
        await migration.apply(engine)
        await record.insert(Applied(id=migration.name, applied_at=await engine.now()))
    return [migration.name for migration in fresh]


async def rewrite(engine: Engine, spec: Spec[Any], page: int = 500) -> int:
    """Read and write again every record of a spec, in today's shape and with today's index values.

    For steps that add an index or change a field. Safe while others write: a record somebody else changed
    meanwhile has been written in today's shape by them. Gives how many were rewritten.
    """
    rows = Rows(spec, engine)
    collection = engine.collection(spec)
    written, last = 0, ""
    while found := await collection.find(Query(where={}, after=last, limit=page)):
        for row in found:
            written += await collection.compare_and_set(rows.to_row(rows.to_value(row)))
        last = found[-1].id
    return written
