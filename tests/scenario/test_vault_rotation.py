"""Kill the rotation of keys by -9 half-way, as a process of its own: every account opens, always."""

import asyncio
import os
import random
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.accounts import Environment, FlowState, LinkedAccount
from domain.clock import SystemClock
from domain.ids import UserId
from store import open_store
from tests.integration.kms_world import ACCESS, REGION, SECRET, Gate, kms, make_key, moto_server
from tests.servers import MongoServer
from vault import envelope
from vault.keys import KeyFile
from vault.ring import KeyRing
from vault.rotation import AT_ONCE
from vault.vault import EnvelopeVault
from wizard.manager import SEALED_AS

SOAK = bool(os.environ.get("SOAK"))
ACCOUNTS = 120 if SOAK else 40
KILLS = 8 if SOAK else 1
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
ROOT = Path(__file__).parents[2]
DATABASE = "discord_trade_exec"
WORK = {"rotate": {"Encrypt", "ReEncrypt"}, "reseal": {"GenerateDataKey"}}
"""The calls that mean one more account is on its way."""


@pytest.fixture(scope="module")
def server():
    with moto_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "mongo"])
def mongo(request, tmp_path):
    if request.param == "sqlite":
        yield None
        return
    made = MongoServer(tmp_path / "mongo")
    made.directory.mkdir()
    made.start()
    yield made.uri
    made.kill()


@dataclass
class Scene:
    """Be one bot's data and keys, its process aside."""

    path: Path
    mongo: str | None
    gate: Gate
    old: str
    new: str
    environment: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def store(self):
        store = await open_store(data_dir=self.path / "data", mongodb_uri=self.mongo, database=DATABASE)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def vault(self, *which: str):
        """Give a vault on these keys only: key files by name, KMS keys by ARN, past the gate."""
        files = [KeyFile.create(self.path / one) for one in which if not one.startswith("arn:")]
        first, *older = [one for one in which if one.startswith("arn:")] or [""]
        ring = KeyRing(kms(self.gate.behind, first, older=tuple(older)), *files)
        if not first:
            ring = KeyRing(*files)
        try:
            yield EnvelopeVault(ring, SystemClock())
        finally:
            await ring.close()

    async def fill(self) -> None:
        async with self.store() as store, self.vault(self.old) as vault:
            for number in range(ACCOUNTS):
                whose = {"user": f"u{number % 7}", "broker": "kraken", "account": f"a{number}"}
                sealed = await vault.seal(**whose, fields={"key": f"k{number}", "secret": f"s{number}"})
                await store.accounts.insert(
                    LinkedAccount(
                        id=whose["account"],
                        user=UserId(whose["user"]),
                        broker="kraken",
                        name=f"n{number}",
                        environment=Environment.LIVE,
                        sealed=sealed,
                        linked_at=datetime.now(UTC),
                    )
                )
            typed = await vault.seal(user="u1", broker=SEALED_AS, account="f1", fields={"key": "typed"})
            now = datetime.now(UTC)
            flow = FlowState(
                id="f1",
                user=UserId("u1"),
                flow="link",
                step="x",
                sealed=typed,
                created_at=now,
                expires_at=now,
            )
            await store.flows.insert(flow)

    async def opened(self, *which: str) -> set[str]:
        """Open every account with these keys only; give the key ids they are sealed under."""
        found = set()
        async with self.store() as store, self.vault(*which) as vault:
            accounts = await store.accounts.find()
            assert len(accounts) == ACCOUNTS
            for one in accounts:
                fields = await vault.open(user=one.user, broker=one.broker, account=one.id, sealed=one.sealed)
                number = one.id[1:]
                assert (fields["key"], fields["secret"]) == (f"k{number}", f"s{number}")
                found |= {envelope.read_header(blob).key_id for blob in one.sealed.values()}
            flow = await store.flows.get("f1")
            half_done = await vault.open(user="u1", broker=SEALED_AS, account="f1", sealed=flow.sealed)
            assert half_done["key"] == "typed"
        return found

    async def run(self, *words: str, kill_at: tuple[set[str], int] | None = None) -> tuple[int, str]:
        """Run the real command; kill it by -9 when the gate has seen so many calls of a kind."""
        settings = {
            "DISCORD_TOKEN": "a.b.c",
            "DATA_DIR": str(self.path / "data"),
            "AWS_ENDPOINT_URL_KMS": self.gate.address,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_KMS_KEY_ID": self.new,
            "PATH": os.environ["PATH"],
            **({"MONGODB_URI": self.mongo} if self.mongo else {}),
        }
        older = "AWS_KMS_OLD_KEY_IDS" if self.old.startswith("arn:") else "VAULT_OLD_KEY_FILES"
        settings[older] = self.old if self.old.startswith("arn:") else str(self.path / self.old)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "vault", *words),
            cwd=ROOT,
            env=settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        seen = 0

        def count(operation: str) -> None:
            nonlocal seen
            if kill_at is not None and operation in kill_at[0]:
                seen += 1
                if seen == kill_at[1]:
                    process.kill()

        self.gate.on_call = count
        told, _ = await process.communicate()
        self.gate.on_call = lambda operation: None
        return process.returncode, told.decode()


@pytest.fixture
async def scene(request, tmp_path, server, mongo):
    old = make_key(server) if request.param == "kms to kms" else "old.key"
    async with Gate(server) as gate:
        made = Scene(tmp_path, mongo, gate, old, make_key(server))
        await made.fill()
        yield made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("action", ["rotate", "reseal"])
@pytest.mark.parametrize("scene", ["file to kms", "kms to kms"], indirect=True)
async def test_a_change_of_keys_killed_half_way_is_finished_by_the_next_run(scene, action):
    print("seed", SEED)  # noqa: T201 - shown when the test fails
    chance = random.Random(SEED)
    for _ in range(KILLS):
        status, told = await scene.run(action, kill_at=(WORK[action], chance.randrange(AT_ONCE + 2, 18)))
        assert status == -9, told
        # It was at its second batch: the first one is written, and the second may be.
        await scene.opened(scene.new, scene.old)
    before = len(scene.gate.calls)
    status, told = await scene.run(action)
    assert status == 0, told
    assert "Nothing is left under another key" in told
    assert await scene.opened(scene.new) == {f"kms/{scene.new}"}, "the new key is enough by now"
    last = [call for call in scene.gate.calls[before:] if call in WORK[action]]
    assert len(last) <= ACCOUNTS + 2 - AT_ONCE * KILLS, "what was done before the kills is not done again"
    if action == "rotate" and scene.old.startswith("arn:"):
        assert "Decrypt" not in scene.gate.calls[-len(last) :]
    status, told = await scene.run("status", "--check")
    assert status == 0, told
    assert "Every data key opens" in told
    for secret in (SECRET, "k1\n", "typed"):
        assert secret not in told


@pytest.mark.parametrize("scene", ["kms to kms"], indirect=True)
async def test_with_the_key_service_away_nothing_changes_and_a_sentence_says_so(scene):
    await scene.gate.die()
    status, told = await scene.run("rotate")
    assert status == 1
    assert "AWS KMS does not answer" in told
    assert "Traceback" not in told
    assert await scene.opened(scene.old) == {f"kms/{scene.old}"}


@pytest.mark.parametrize("scene", ["file to kms"], indirect=True)
async def test_beside_a_running_bot_it_waits_for_nobody(scene):
    """On MongoDB both may work at once; the embedded database takes one process, and says so."""
    async with scene.store() as running:
        status, told = await scene.run("rotate")
        if scene.mongo is None:
            assert status == 1
            assert "already in use by another running bot" in told
            return
        assert status == 0, told
        account = await running.accounts.get("a1")
    assert envelope.read_header(account.sealed["key"]).key_id == f"kms/{scene.new}"
