"""Check the migration runner on both engines: in order, once, again after a kill, and never backwards."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from domain.errors import StoreUnavailable
from store.migrations import MIGRATIONS, Migration, migrate, rewrite
from store.repository import StoredRepository
from store.specs import spec_of
from tests.servers import fresh_name
from tests.store_support import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    COLLECTION: ClassVar[str] = "things"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    COLLECTION: ClassVar[str] = "things"
    INDEXES: ClassVar[tuple[str, ...]] = ("initial", "loud")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    name: str
    color: str = "blue"

    @property
    def initial(self) -> str:
        return self.name[0]

    @property
    def loud(self) -> bool:
        return self.name.isupper()


@pytest.fixture(params=["sqlite", "mongo"])
async def place(request, tmp_path):
    uri = request.getfixturevalue("mongo_uri") if request.param == "mongo" else None
    here = Place(tmp_path, uri, fresh_name())
    yield here
    await here.clear()


async def test_opening_migrates_and_migrating_again_does_nothing(place):
    store = await place.open()
    assert await migrate(store) == []


async def test_steps_run_in_order_and_once(place):
    store = await place.open()
    ran = []

    def step(name):
        async def apply(engine):
            ran.append(name)

        return Migration(name=name, apply=apply)

    more = (*MIGRATIONS, step("0002_b"), step("0003_c"))
    assert await migrate(store, more) == ["0002_b", "0003_c"]
    assert await migrate(store, more) == []
    assert ran == ["0002_b", "0003_c"]


async def test_a_step_cut_off_runs_again(place):
    store = await place.open()
    ran = []

    async def apply(engine):
        ran.append("once more")
        if len(ran) == 1:
            raise ConnectionError("cut off")

    more = (*MIGRATIONS, Migration(name="0002_b", apply=apply))
    with pytest.raises(ConnectionError):
        await migrate(store, more)
    assert await migrate(store, more) == ["0002_b"]
    assert len(ran) == 2


async def test_a_store_from_a_newer_version_is_refused(place):
    async def nothing(engine):
        pass

    store = await place.open()
    await migrate(store, (*MIGRATIONS, Migration(name="0099_future", apply=nothing)))
    await store.close()
    with pytest.raises(StoreUnavailable, match=r"newer version of the bot.*0099_future"):
        await place.open()


async def test_a_new_index_is_filled_for_what_was_already_there(place):
    store = await place.open()
    old, new = spec_of(Old), spec_of(New)
    await store.engine.ensure(old)
    names = [f"{'X' if n % 2 else 'y'}{n}" for n in range(25)]
    await StoredRepository(old, store.engine).insert_many(
        [Old(id=f"{n:02}", name=name) for n, name in enumerate(names)]
    )
    await store.close()

    async def index(engine):
        await engine.ensure(new)
        assert await rewrite(engine, new, page=10) == 25

    store = await place.open()
    assert await migrate(store, (*MIGRATIONS, Migration(name="0002_index", apply=index))) == ["0002_index"]
    things = StoredRepository(new, store.engine)
    assert len(await things.find({"initial": "X", "loud": True})) == 12
    assert {one.color for one in await things.find({"loud": False})} == {"blue"}
