"""The vault port on the key file."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.errors import VaultError
from sim.clock import DrivenClock
from vault.cache import KeyCache
from vault.keys import DataKey, KeyFile
from vault.vault import EnvelopeVault

WHOSE = {"user": "100", "broker": "alpaca", "account": "acc1"}
FIELDS = {"api_key": "PKCANARY1", "api_secret": "s3cr3t-cänary"}


class Counted:
    """A key provider that counts, and can be away."""

    def __init__(self, inner: KeyFile) -> None:
        self.inner = inner
        self.unwrapped = self.made = 0
        self.gate: asyncio.Event | None = None

    async def generate(self, context: Mapping[str, str]) -> DataKey:
        self.made += 1
        return await self.inner.generate(context)

    async def unwrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self.unwrapped += 1
        if self.gate:
            await self.gate.wait()
        return await self.inner.unwrap(key_id, wrapped, context)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def provider(tmp_path: Path) -> Counted:
    return Counted(KeyFile.create(tmp_path / "key"))


@pytest.fixture
def vault(provider: Counted, clock: DrivenClock) -> EnvelopeVault:
    return EnvelopeVault(provider, clock)


async def test_sealed_fields_open_again_and_show_nothing(vault: EnvelopeVault):
    sealed = await vault.seal(**WHOSE, fields=FIELDS)
    opened = await vault.open(**WHOSE, sealed=sealed)
    assert {name: opened[name] for name in opened} == FIELDS
    assert not any(value.encode() in blob for value in FIELDS.values() for blob in sealed.values())


async def test_one_seal_makes_one_data_key_and_the_next_one_makes_another(
    vault: EnvelopeVault, provider: Counted
):
    await vault.seal(**WHOSE, fields=FIELDS)
    assert provider.made == 1
    await vault.seal(**WHOSE, fields=FIELDS)
    assert provider.made == 2


async def test_the_same_value_never_seals_to_the_same_bytes(vault: EnvelopeVault):
    blobs = {(await vault.seal(**WHOSE, fields={"k": "v"}))["k"] for _ in range(50)}
    assert len(blobs) == 50


async def test_a_data_key_is_kept_five_minutes_and_no_longer(
    vault: EnvelopeVault, provider: Counted, clock: DrivenClock
):
    sealed = await vault.seal(**WHOSE, fields=FIELDS)
    await vault.open(**WHOSE, sealed=sealed)
    await clock.advance(299)
    await vault.open(**WHOSE, sealed=sealed)
    assert provider.unwrapped == 1
    await clock.advance(1)
    await vault.open(**WHOSE, sealed=sealed)
    assert provider.unwrapped == 2


async def test_a_data_key_is_used_a_thousand_times_and_no_more(vault: EnvelopeVault, provider: Counted):
    sealed = await vault.seal(**WHOSE, fields={"k": "v"})
    for _ in range(1000):
        await vault.open(**WHOSE, sealed=sealed)
    assert provider.unwrapped == 1
    await vault.open(**WHOSE, sealed=sealed)
    assert provider.unwrapped == 2


async def test_forgetting_an_account_drops_its_keys_only(vault: EnvelopeVault, provider: Counted):
    other = WHOSE | {"account": "acc2"}
    mine, theirs = await vault.seal(**WHOSE, fields=FIELDS), await vault.seal(**other, fields=FIELDS)
    await vault.open(**WHOSE, sealed=mine)
    await vault.open(**other, sealed=theirs)
    await vault.forget(**WHOSE)
    await vault.open(**other, sealed=theirs)
    assert provider.unwrapped == 2
    await vault.open(**WHOSE, sealed=mine)
    assert provider.unwrapped == 3


async def test_a_key_fetched_while_its_account_is_forgotten_is_not_kept(
    vault: EnvelopeVault, provider: Counted
):
    sealed = await vault.seal(**WHOSE, fields={"k": "v"})
    provider.gate = asyncio.Event()
    opening = asyncio.ensure_future(vault.open(**WHOSE, sealed=sealed))
    await asyncio.sleep(0)
    await vault.forget(**WHOSE)
    provider.gate.set()
    await opening
    await vault.open(**WHOSE, sealed=sealed)
    assert provider.unwrapped == 2


def test_the_cache_holds_a_thousand_keys_and_drops_the_least_used(clock: DrivenClock):
    cache = KeyCache(clock)
    for number in range(1000):
        cache.put(("1", "alpaca", str(number)), b"w", b"k", cache.generation)
    cache.get(("1", "alpaca", "0"), b"w")
    cache.put(("1", "alpaca", "1000"), b"w", b"k", cache.generation)
    assert len(cache) == 1000
    assert cache.get(("1", "alpaca", "0"), b"w") == b"k"
    assert cache.get(("1", "alpaca", "1"), b"w") is None


async def test_worn_out_keys_leave_memory_when_anything_is_opened(
    vault: EnvelopeVault, provider: Counted, clock: DrivenClock
):
    await vault.open(**WHOSE, sealed=await vault.seal(**WHOSE, fields=FIELDS))
    await clock.advance(300)
    await vault.open(**WHOSE, sealed={})
    assert len(vault._cache) == 0


async def test_another_tenant_cannot_open_what_this_one_sealed(provider: Counted, clock: DrivenClock):
    sealed = await EnvelopeVault(provider, clock, tenant="one").seal(**WHOSE, fields=FIELDS)
    with pytest.raises(VaultError):
        await EnvelopeVault(provider, clock, tenant="two").open(**WHOSE, sealed=sealed)


async def test_another_key_file_is_named_as_the_reason(
    vault: EnvelopeVault, clock: DrivenClock, tmp_path: Path
):
    other = EnvelopeVault(KeyFile.create(tmp_path / "other"), clock)
    with pytest.raises(VaultError, match="another key file"):
        await vault.open(**WHOSE, sealed=await other.seal(**WHOSE, fields=FIELDS))


async def test_a_refusal_says_nothing_secret(vault: EnvelopeVault):
    sealed = await vault.seal(**WHOSE, fields=FIELDS)
    with pytest.raises(VaultError) as refused:
        await vault.open(**(WHOSE | {"user": "101"}), sealed=sealed)
    told = f"{refused.value!r} {refused.value.__cause__!r}"
    assert not any(word in told for word in (*FIELDS.values(), "alpaca", "acc1", "101"))


async def test_a_cached_open_takes_under_a_millisecond(vault: EnvelopeVault):
    sealed = await vault.seal(**WHOSE, fields={"k": "v"})
    await vault.open(**WHOSE, sealed=sealed)
    times = []
    for _ in range(500):
        began = time.perf_counter()
        await vault.open(**WHOSE, sealed=sealed)
        times.append(time.perf_counter() - began)
    assert sorted(times)[250] < 0.001, f"median {sorted(times)[250] * 1e6:.0f} µs"
