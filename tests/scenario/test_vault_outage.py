"""The key service is dead for ten minutes: no crash, nothing shown, exits work, entries are told why."""

import logging
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.paper.adapter import PaperAdapter
from domain.broker import Credentials
from domain.errors import Unreachable, VaultError, VaultUnavailable
from domain.ids import UserId
from domain.trades import Mode
from tests.integration.kms_world import Gate, kms, make_key, moto_server
from tests.scenario.test_journey import READINGS, holds
from tests.scenario.world import World
from tests.support import eventually
from trading import grace, sessions
from vault.vault import EnvelopeVault

CANARY = "pk-canary-0123456789"


class Keyed:
    """Be the paper broker behind a key and a line that can be cut."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.away = False
        self.sessions = []
        self.seen = []

    @asynccontextmanager
    async def open(self, credentials, deps):
        self.seen.append(credentials["token"])
        if self.away:
            raise Unreachable("Nobody there.", broker="paper", operation="open", code="unreachable")
        async with self.inner.open(credentials, deps) as session:
            self.sessions.append(session)
            yield session

    async def cut(self):
        await self.sessions[-1].disconnect()


@pytest.fixture(scope="module")
def server():
    with moto_server() as address:
        yield address


@pytest.fixture
async def scene(request, tmp_path, server, monkeypatch):
    """A bot whose vault is on a KMS behind a gate, with one member who holds two MSFT."""
    async with Gate(server) as gate:
        made = World(tmp_path, READINGS)
        made.gate, made.kms = gate, kms(gate.address, make_key(server), made.clock)
        monkeypatch.setattr(
            "tests.scenario.world.EnvelopeVault", lambda _, clock: EnvelopeVault(made.kms, clock)
        )
        monkeypatch.setattr("tests.scenario.world.Credentials", lambda _: Credentials({"token": CANARY}))
        made.line = made.adapters["paper"] = Keyed()
        await made.start()
        await made.source()
        made.market.set("MSFT", Decimal("412.00"), Decimal("412.10"))
        mode = getattr(request, "param", Mode.PAPER)
        made.account = await made.member("7", mode=mode)
        made.link = made.verbs.trading._executor.get(made.account.id)._link
        yield made
        await made.stop()
        await made.kms.close()


async def reconnect(scene):
    """Lose the broker's line and get another."""
    before = len(scene.line.sessions)
    await scene.line.cut()
    await scene.until(lambda: len(scene.line.sessions) > before and scene.link.connected.is_set())
    assert scene.link.session is scene.line.sessions[-1]
    assert scene.line.seen[-1] == CANARY


def everything_in(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.iterdir() if one.is_file())


async def ended(scene):
    async def probe():
        view = await scene.view("7")
        return view is not None and not view.trade.active

    await scene.until(probe)


async def test_an_open_session_trades_on_while_the_key_service_is_dead(scene):
    await scene.gate.die()
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(600)
    await scene.say("out")
    await ended(scene)
    await holds(scene, 0)


async def test_exits_work_through_a_lost_session_and_entries_are_refused_with_the_reason(scene, caplog):
    caplog.set_level(logging.DEBUG)
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(400)  # the vault's own cache of data keys is past its five minutes
    await scene.gate.die()
    await reconnect(scene)
    assert scene.link.keyless
    for _ in range(10):
        await scene.clock.advance(60)
    await scene.say("buy msft")
    view = await scene.state("7", "denied")
    assert view.trade.code == "vault_away"
    assert "guards your account's keys" in view.trade.reason
    await holds(scene, 2)
    scene.market.set("MSFT", Decimal("413.00"), Decimal("413.10"))
    await scene.say("out")

    async def closed():
        return await scene.position("7", "MSFT") == 0

    await scene.until(closed)
    assert CANARY not in caplog.text
    assert CANARY not in repr(scene.link._grace)
    assert CANARY.encode() not in everything_in(scene.path)


@pytest.mark.parametrize("scene", [Mode.CONFIRM], indirect=True)
async def test_an_entry_confirmed_meanwhile_is_not_sent(scene):
    await scene.clock.advance(400)
    await scene.say("buy msft")
    view = await scene.state("7", "awaiting")
    await scene.gate.die()
    await reconnect(scene)
    assert scene.link.keyless
    await scene.verbs.trading.confirm(UserId("7"), view.trade.id, view.trade.confirm_nonce)
    view = await scene.state("7", "denied")
    assert view.trade.code == "vault_away"
    await holds(scene, 0)


async def test_a_session_begins_with_what_is_sealed_by_then(scene):
    await sessions.keep_credentials(scene.verbs.trading._deps, scene.account.id, {"token": "renewed"})
    before = len(scene.line.sessions)
    await scene.line.cut()
    await scene.until(lambda: len(scene.line.sessions) > before)
    assert scene.line.seen[-1] == "renewed"


async def test_entries_work_again_by_themselves_when_the_key_service_is_back(scene):
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(400)
    await scene.gate.die()
    await reconnect(scene)
    assert scene.link.keyless
    await scene.gate.revive()
    await scene.until(lambda: not scene.link.keyless)
    assert len(scene.line.sessions) == 3, "the session for exits is the session for entries, not one more"


async def test_an_account_with_nothing_open_keeps_nothing_and_is_refused_at_once(scene):
    await scene.clock.advance(400)
    await scene.gate.die()
    await scene.line.cut()
    await scene.until(lambda: scene.link.keyless)
    assert scene.link.session is None
    assert scene.link._grace.use() is None
    before = scene.clock.now()
    await scene.say("buy msft")
    view = await scene.state("7", "denied")
    assert view.trade.code == "vault_away"
    assert (scene.clock.now() - before).total_seconds() <= 2


async def test_an_entry_that_waits_for_the_broker_is_told_of_the_keys_within_two_seconds(scene):
    await scene.clock.advance(400)
    await scene.gate.die()
    await scene.line.cut()
    await scene.until(lambda: scene.link.session is None)
    assert not scene.link.keyless, "nobody has asked yet"
    await scene.say("buy msft")
    await scene.clock.advance(1.0)  # the link's first pause; from here on only real time passes
    began = time.perf_counter()

    async def denied():
        view = await scene.view("7")
        return view is not None and view.trade.code == "vault_away"

    await eventually(denied)
    assert 1.0 + time.perf_counter() - began < 2.0


async def test_the_grace_ends_after_half_an_hour_even_through_several_sessions(scene):
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(400)
    await scene.gate.die()
    await reconnect(scene)
    await scene.clock.advance(grace.GRACE - 60)
    await reconnect(scene)
    await scene.clock.advance(61)
    await scene.line.cut()
    await scene.until(lambda: scene.link.session is None and scene.link.answered.is_set())
    assert scene.link._grace.use() is None
    await scene.gate.revive()
    await scene.until(lambda: scene.link.connected.is_set(), 90)
    await holds(scene, 2)


async def test_a_refused_value_gives_no_grace(scene, monkeypatch):
    """Only a key that cannot be had is an outage; a value that was altered stays shut."""
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(400)
    scene.gate.answer = "InvalidCiphertextException"
    before, sessions_before = len(scene.gate.calls), len(scene.line.sessions)
    await scene.line.cut()
    await scene.until(lambda: len(scene.gate.calls) >= before + 3)
    assert scene.link.session is None
    assert not scene.link.keyless
    assert len(scene.line.sessions) == sessions_before


async def test_linking_is_refused_while_the_key_service_is_dead_and_stores_nothing(scene):
    await scene.gate.die()
    before = await scene.store.accounts.find()
    with pytest.raises(VaultUnavailable):
        await scene.member("8", name="second")
    assert await scene.store.accounts.find() == before


async def test_what_a_broker_renews_meanwhile_is_used_for_exits_and_not_lost_to_a_crash(scene):
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.clock.advance(400)
    await scene.gate.die()
    with pytest.raises(VaultError):
        await sessions.keep_credentials(scene.verbs.trading._deps, scene.account.id, {"token": "renewed"})
    stored = await scene.store.accounts.get(scene.account.id)
    assert set(stored.sealed) == {"token"}
