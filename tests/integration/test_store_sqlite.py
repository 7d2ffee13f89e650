"""Check what only the embedded engine promises: one process, one private file, and sentences."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap

import pytest

from domain.accounts import GuildSettings
from domain.errors import StoreUnavailable
from store import open_store
from store.sqlite.engine import FILE
from tests.store_support import event, order


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(data_dir=tmp_path)
    yield opened
    await opened.close()


def python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def test_a_second_process_is_refused_with_a_sentence(store, tmp_path):
    found = python(
        """
        import asyncio, sys
        from pathlib import Path
        from domain.errors import StoreUnavailable
        from store import open_store
        try:
            asyncio.run(open_store(data_dir=Path(sys.argv[1])))
        except StoreUnavailable as refused:
            sys.stdout.write(str(refused))
        """,
        str(tmp_path),
    )
    assert f"already in use by another running bot (process {os.getpid()})" in found.stdout, found.stderr
    assert "Stop that one first" in found.stdout
    await store.ping()


async def test_a_second_store_in_the_same_process_is_refused_too(store, tmp_path):
    with pytest.raises(StoreUnavailable, match="already in use"):
        await open_store(data_dir=tmp_path)
    await store.close()
    await (await open_store(data_dir=tmp_path)).close()


async def test_the_files_are_for_their_owner_only(store, tmp_path):
    await store.ping()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys([FILE, f"{FILE}-wal", f"{FILE}-shm", "state.lock"], 0o600)


async def test_a_file_others_could_read_is_closed_to_them(tmp_path):
    (tmp_path / FILE).touch(mode=0o666)
    (tmp_path / FILE).chmod(0o644)
    await (await open_store(data_dir=tmp_path)).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


async def test_a_missing_directory_is_made_private(tmp_path):
    await (await open_store(data_dir=tmp_path / "a" / "b")).close()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


async def test_a_directory_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(StoreUnavailable, match="Nothing can be written to the data directory"):
        await open_store(data_dir=tmp_path / "file" / "data")
    (tmp_path / "taken" / FILE).mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match="Nothing can be written to the data directory"):
        await open_store(data_dir=tmp_path / "taken")


async def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path):
    (tmp_path / FILE).write_bytes(b"precious notes " * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await open_store(data_dir=tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"precious notes " * 1000
    (tmp_path / FILE).unlink()
    await (await open_store(data_dir=tmp_path)).close()


async def test_every_commit_is_flushed_to_the_disk(store):
    settings = await store.engine.write(
        lambda c: [c.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    )
    assert settings == ["wal", 2]


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path):
    found = python(
        """
        import asyncio, resource, sys
        from pathlib import Path
        from domain.errors import StoreUnavailable
        from store import open_store
        from tests.store_support import event, order

        async def main(directory):
            store = await open_store(data_dir=directory)
            await store.orders.record([(order("o0"), [event("e0")])])
            size = (directory / "state.sqlite3-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
            said = []
            for write in (store.orders.record([(order("o1"), [event("e1")])]), store.ping()):
                try:
                    await write
                    said.append("written")
                except StoreUnavailable as refused:
                    said.append(str(refused))
            assert await store.orders.get("o0") == order("o0")
            assert await store.orders.get("o1") is None
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await store.ping()
            await store.orders.record([(order("o1"), [event("e1")])])
            assert await store.events.last_sequence("42/alpaca/main") == 2
            await store.close()
            sys.stdout.write("\\n".join(said))

        asyncio.run(main(Path(sys.argv[1])))
        """,
        str(tmp_path),
    )
    assert found.returncode == 0, found.stderr
    first, second = found.stdout.splitlines()
    assert "cannot be written or read right now" in first
    assert "Check that its disk has free space" in first
    assert first == second


async def test_what_is_acknowledged_is_visible_to_the_next_read(store):
    async def one(number):
        await store.orders.record([(order(f"o{number}"), [event(f"e{number}")])])
        assert await store.orders.get(f"o{number}") is not None

    await asyncio.gather(*(one(number) for number in range(300)))


async def test_a_cancelled_caller_disturbs_nobody(store):
    writes = [asyncio.create_task(store.guilds.insert(GuildSettings(id=str(n)))) for n in range(100)]
    await asyncio.sleep(0)
    for write in writes[::2]:
        write.cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert outcomes[1::2] == [True] * 50
    await store.ping()


async def test_the_file_is_readable_with_ordinary_tools(store, tmp_path):
    await store.orders.record([(order("o1"), [event("e1")])])
    with sqlite3.connect(tmp_path / FILE) as plain:
        row = plain.execute(
            "SELECT state, active, json_extract(body, '$.intent.request.limit_price') FROM orders"
        )
        assert row.fetchone() == ("new", 1, "187.10")
    plain.close()


async def test_a_lookup_by_a_declared_index_uses_it(store, tmp_path):
    plain = sqlite3.connect(tmp_path / FILE)
    for sql in (
        "SELECT * FROM orders WHERE active = 1 ORDER BY id",
        "SELECT * FROM inbox WHERE outcome IN (SELECT value FROM json_each('[]'))",
        "SELECT COALESCE(MAX(sequence), 0) + 1 FROM events WHERE account_key = 'x'",
        "SELECT * FROM events WHERE account_key = 'x' AND sequence > 3 ORDER BY sequence",
    ):
        plan = " ".join(step[3] for step in plain.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    plain.close()
