"""Change keys of what is sealed, on a real store."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.vaultctl import shelves
from domain.accounts import Environment, FlowState, LinkedAccount
from domain.errors import VaultError, VaultUnavailable
from domain.ids import UserId
from sim.clock import DrivenClock
from store import open_store
from store.specs import ALL
from vault import envelope
from vault.binding import Binding
from vault.keys import KeyFile
from vault.ring import KeyRing
from vault.rotation import Rotation
from vault.vault import EnvelopeVault
from wizard.manager import SEALED_AS

AT = datetime(2026, 3, 2, tzinfo=UTC)
ACCOUNTS = 20


class Broken:
    """Be a key that breaks after a while."""

    def __init__(self, inner: KeyFile, after: int) -> None:
        self.inner, self.left = inner, after

    def __getattr__(self, name):
        return getattr(self.inner, name)

    async def wrap(self, plain, context):
        self.left -= 1
        if self.left < 0:
            raise VaultUnavailable("away", code="unreachable")
        return await self.inner.wrap(plain, context)


@pytest.fixture
async def world(tmp_path: Path):
    made = SimpleNamespace(clock=DrivenClock())
    made.store = await open_store(data_dir=tmp_path / "data")
    made.old, made.new = KeyFile.create(tmp_path / "old"), KeyFile.create(tmp_path / "new")
    made.before = EnvelopeVault(made.old, made.clock)
    made.ring = KeyRing(made.new, made.old)
    made.after = EnvelopeVault(made.ring, made.clock)
    made.rotation = Rotation(made.ring, made.after, shelves(made.store))
    await fill(made.store, made.before)
    yield made
    await made.store.close()


async def fill(store, vault) -> None:
    for number in range(ACCOUNTS):
        whose = {"user": f"u{number % 7}", "broker": "alpaca", "account": f"a{number}"}
        sealed = await vault.seal(**whose, fields={"key": f"k{number}", "secret": f"s{number}"})
        await store.accounts.insert(
            LinkedAccount(
                id=whose["account"],
                user=UserId(whose["user"]),
                broker="alpaca",
                name=f"n{number}",
                environment=Environment.PAPER,
                sealed=sealed,
                linked_at=AT,
            )
        )
    typed = await vault.seal(user="u1", broker=SEALED_AS, account="f1", fields={"key": "typed"})
    for id, sealed in (("f1", typed), ("f2", {})):
        flow = FlowState(
            id=id, user=UserId("u1"), flow="link", step="x", sealed=sealed, created_at=AT, expires_at=AT
        )
        await store.flows.insert(flow)


async def opens(store, vault) -> int:
    """Open everything and give how many records held what they should."""
    count = 0
    for account in await store.accounts.find():
        fields = await vault.open(
            user=account.user, broker=account.broker, account=account.id, sealed=account.sealed
        )
        number = account.id[1:]
        assert {name: fields[name] for name in fields} == {"key": f"k{number}", "secret": f"s{number}"}
        count += 1
    flow = await store.flows.get("f1")
    assert (await vault.open(user="u1", broker=SEALED_AS, account="f1", sealed=flow.sealed))["key"] == "typed"
    return count + 1


async def test_every_record_with_sealed_fields_is_on_a_shelf(world):
    sealing = {spec.name for spec in ALL if "sealed" in {f.name for f in dataclasses.fields(spec.type)}}
    bytes_held = {spec.name for spec in ALL for f in dataclasses.fields(spec.type) if "bytes" in str(f.type)}
    kept = {shelf.repository._rows.spec.name for shelf in shelves(world.store)}
    assert kept == sealing == bytes_held


async def test_rotation_puts_everything_under_the_new_key_and_the_old_one_may_go(world):
    assert await opens(world.store, world.after) == ACCOUNTS + 1, "both keys open during the change"
    tally = await world.rotation.rotate()
    assert (tally.done, tally.right, tally.lost) == (ACCOUNTS + 1, 0, [])
    alone = EnvelopeVault(world.new, world.clock)
    assert await opens(world.store, alone) == ACCOUNTS + 1
    survey = await world.rotation.survey(check=True)
    assert (survey.left, survey.current, survey.lost) == (0, world.new.key_id, [])
    assert survey.values == {world.new.key_id: 2 * ACCOUNTS + 1}
    with pytest.raises(VaultError, match="another key file"):
        await opens(world.store, world.before)


async def test_rotation_does_not_open_or_change_what_is_sealed(world):
    before = await world.store.accounts.get("a3")
    await world.rotation.rotate()
    after = await world.store.accounts.get("a3")
    for name, blob in before.sealed.items():
        old, new = envelope.read_header(blob), envelope.read_header(after.sealed[name])
        assert blob[old.size :] == after.sealed[name][new.size :]
        assert old.sealed_at == new.sealed_at
    assert dataclasses.replace(after, sealed=before.sealed, version=before.version) == before


async def test_a_second_rotation_finds_nothing_to_do(world):
    await world.rotation.rotate()
    tally = await world.rotation.rotate()
    assert (tally.done, tally.right) == (0, ACCOUNTS + 1)


async def test_a_key_that_goes_away_half_way_leaves_all_open_and_the_next_run_finishes(world):
    broken = KeyRing(Broken(world.new, after=9), world.old)
    with pytest.raises(VaultUnavailable):
        await Rotation(broken, EnvelopeVault(broken, world.clock), shelves(world.store)).rotate()
    survey = await world.rotation.survey(check=True)
    assert (survey.values[world.new.key_id], survey.lost) == (18, [])
    assert await opens(world.store, world.after) == ACCOUNTS + 1
    assert (await world.rotation.rotate()).done == ACCOUNTS + 1 - 9


async def test_reseal_makes_fresh_data_keys_and_goes_on_where_it_stopped(world):
    before = await world.store.accounts.get("a3")
    await world.clock.advance(86_400)
    begun = world.clock.now()
    await world.clock.advance(10)
    broken = KeyRing(BrokenMaker(world.new, after=9), world.old)
    with pytest.raises(VaultUnavailable):
        await Rotation(broken, EnvelopeVault(broken, world.clock), shelves(world.store)).reseal(begun)
    assert await opens(world.store, world.after) == ACCOUNTS + 1
    tally = await world.rotation.reseal(begun)
    assert (tally.done, tally.right, tally.lost) == (ACCOUNTS + 1 - 9, 9, [])
    after = await world.store.accounts.get("a3")
    wrapped = [envelope.read_header(one.sealed["key"]).wrapped for one in (before, after)]
    assert wrapped[0] != wrapped[1]
    assert await opens(world.store, EnvelopeVault(world.new, world.clock)) == ACCOUNTS + 1
    survey = await world.rotation.survey()
    assert survey.oldest is not None
    assert survey.oldest >= begun


class BrokenMaker(Broken):
    async def generate(self, context):
        self.left -= 1
        if self.left < 0:
            raise VaultUnavailable("away", code="unreachable")
        return await self.inner.generate(context)


async def test_a_record_written_meanwhile_keeps_what_was_written(world):
    class Busy:
        """Let somebody else write each account once, between our read and our write."""

        def __init__(self, inner) -> None:
            self.inner, self.met = inner, set()

        def __getattr__(self, name):
            return getattr(self.inner, name)

        async def compare_and_set(self, value):
            if value.id not in self.met:
                self.met.add(value.id)
                current = await self.inner.get(value.id)
                await self.inner.compare_and_set(dataclasses.replace(current, name=f"new {value.id}"))
            return await self.inner.compare_and_set(value)

    (accounts, flows) = shelves(world.store)
    busy = dataclasses.replace(accounts, repository=Busy(world.store.accounts))
    tally = await Rotation(world.ring, world.after, (busy, flows)).rotate()
    assert (tally.done, tally.lost) == (ACCOUNTS + 1, [])
    assert all(one.name == f"new {one.id}" for one in await world.store.accounts.find())
    assert await opens(world.store, EnvelopeVault(world.new, world.clock)) == ACCOUNTS + 1


async def test_an_account_removed_meanwhile_stays_removed(world):
    class Removing:
        def __init__(self, inner) -> None:
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        async def compare_and_set(self, value):
            if value.id == "a3":
                await self.inner.delete("a3")
            return await self.inner.compare_and_set(value)

    (accounts, flows) = shelves(world.store)
    quick = dataclasses.replace(accounts, repository=Removing(world.store.accounts))
    tally = await Rotation(world.ring, world.after, (quick, flows)).rotate()
    assert (tally.done, tally.gone, tally.lost) == (ACCOUNTS, 1, [])
    assert await world.store.accounts.get("a3") is None


async def test_what_does_not_open_is_named_and_stops_nobody_else(world, tmp_path):
    account = await world.store.accounts.get("a3")
    foreign = EnvelopeVault(KeyFile.create(tmp_path / "foreign"), world.clock)
    sealed = await foreign.seal(user=account.user, broker="alpaca", account="a3", fields={"key": "k"})
    await world.store.accounts.compare_and_set(dataclasses.replace(account, sealed=sealed))
    tally = await world.rotation.rotate()
    assert tally.done == ACCOUNTS
    ((name, why),) = tally.lost
    assert name == "accounts/a3"
    assert "another key file" in why
    assert (await world.store.accounts.get("a3")).sealed == sealed, "left as it was"
    survey = await world.rotation.survey(check=True)
    assert (survey.left, [name for name, _ in survey.lost]) == (1, ["accounts/a3"])


async def test_check_finds_a_value_moved_from_another_account(world, tmp_path):
    one, two = await world.store.accounts.get("a3"), await world.store.accounts.get("a4")
    header = envelope.read_header(two.sealed["key"])
    swapped = envelope.rewrapped(
        one.sealed["key"],
        envelope.read_header(one.sealed["key"]),
        key_id=header.key_id,
        wrapped=header.wrapped,
    )
    await world.store.accounts.compare_and_set(
        dataclasses.replace(one, sealed={**one.sealed, "key": swapped})
    )
    survey = await world.rotation.survey(check=True)
    assert [name for name, _ in survey.lost] == ["accounts/a3"]


async def test_values_of_the_first_form_are_sealed_anew_by_a_rotation(world):
    """Version 1 vouched for its wrapping as well, so its text has to be opened once."""
    account = await world.store.accounts.get("a3")
    sealed = {}
    for name, text in {"key": "k3", "secret": "s3"}.items():
        binding = Binding(
            tenant="default", user=account.user, broker="alpaca", account="a3", field=name, record="a3"
        )
        made = await world.old.generate({})
        sealed[name] = first_version(text.encode(), made, binding)
    await world.store.accounts.compare_and_set(dataclasses.replace(account, sealed=sealed))
    assert (await world.rotation.survey()).first_version == 2
    assert await opens(world.store, world.after) == ACCOUNTS + 1
    assert (await world.rotation.rotate()).done == ACCOUNTS + 1
    assert (await world.rotation.survey()).first_version == 0
    assert await opens(world.store, EnvelopeVault(world.new, world.clock)) == ACCOUNTS + 1


def first_version(plain: bytes, key, binding: Binding) -> bytes:
    import os

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(32), os.urandom(12)
    encryption, commitment = envelope._derive(key.plain, salt)
    header = b"TB\x01\x01" + envelope._sized(key.key_id.encode()) + envelope._sized(key.wrapped)
    header += salt + commitment + nonce
    return header + AESGCM(encryption).encrypt(nonce, plain, header + binding.canonical())


async def test_status_says_since_when_the_oldest_is_sealed(world):
    await world.clock.advance(timedelta(days=12).total_seconds())
    survey = await world.rotation.survey()
    assert (world.clock.now() - survey.oldest).days == 12
    assert survey.records == {"accounts": ACCOUNTS, "wizards": 1}
    assert (survey.left, survey.current) == (2 * ACCOUNTS + 1, world.new.key_id)
