"""Alter what is sealed in every way there is; none may open."""

import asyncio
import itertools
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import VaultError
from sim.clock import DrivenClock
from vault import envelope
from vault.binding import Binding
from vault.keys import KeyFile
from vault.vault import EnvelopeVault

KEY = bytes(range(32))
BINDING = Binding(tenant="t", user="1", broker="alpaca", account="a", field="secret", record="a")
PARTS = st.text(max_size=12)
BINDINGS = st.builds(
    Binding, tenant=PARTS, user=PARTS, broker=PARTS, account=PARTS, field=PARTS, record=PARTS
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SOAK = bool(os.environ.get("SOAK"))
SAMPLES = 500


def sealed(plain: bytes, binding: Binding = BINDING) -> bytes:
    return envelope.seal(
        plain, key=KEY, key_id="local/0123456789abcdef", wrapped=b"w" * 40, binding=binding, at=1_800_000_000
    )


def opened(blob: bytes, binding: Binding = BINDING, key: bytes = KEY) -> bytes:
    return envelope.unseal(blob, header=envelope.read_header(blob), key=key, binding=binding)


def flipped(blob: bytes, at: int, bit: int) -> bytes:
    altered = bytearray(blob)
    altered[at] ^= 1 << bit
    return bytes(altered)


@pytest.fixture
def provider(tmp_path: Path) -> KeyFile:
    return KeyFile.create(tmp_path / "key")


@QUICK
@given(plain=st.binary(max_size=200), binding=BINDINGS)
def test_what_was_sealed_opens_to_the_same_bytes(plain: bytes, binding: Binding):
    assert opened(sealed(plain, binding), binding) == plain


async def refusals(vault: EnvelopeVault, whose: dict[str, str], blobs) -> int:
    """Count how many of these one vault refuses to open; each one that opens fails at once."""
    count = 0
    for blob in blobs:
        with pytest.raises(VaultError):
            await vault.open(**whose, sealed={"secret": blob})
        count += 1
    return count


async def test_every_bit_of_five_hundred_sealed_values_is_held(provider: KeyFile):
    """Each byte of each sample, one bit of it, so that each place sees all eight; every bit with SOAK."""
    seed = random.randrange(2**32)
    print("seed", seed)  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    vault = EnvelopeVault(provider, DrivenClock())
    held = wanted = 0
    for number in range(SAMPLES):
        whose = {"user": str(number), "broker": "alpaca", "account": f"{chance.randrange(2**32):x}"}
        text = "".join(chance.choices("abc-+/=0123ü", k=chance.randrange(64)))
        blob = (await vault.seal(**whose, fields={"secret": text}))["secret"]
        assert (await vault.open(**whose, sealed={"secret": blob}))["secret"] == text
        bits = range(8) if SOAK else [number % 8]
        places = [*itertools.product(range(len(blob)), bits)]
        held += await refusals(vault, whose, (flipped(blob, at, bit) for at, bit in places))
        wanted += len(places)
    assert held == wanted
    print(f"{held} flips in {SAMPLES} samples refused")  # noqa: T201


@pytest.mark.parametrize("part", ["tenant", "user", "broker", "account", "field", "record"])
def test_each_part_of_the_binding_counts_by_itself(part: str):
    with pytest.raises(VaultError):
        opened(sealed(b"secret"), replace(BINDING, **{part: "other"}))


@QUICK
@given(plain=st.binary(max_size=60), data=st.data())
def test_cut_lengthened_and_made_up_blobs_are_refused(plain: bytes, data: st.DataObject):
    blob = sealed(plain)
    for altered in (
        blob[: data.draw(st.integers(0, len(blob) - 1))],
        blob + data.draw(st.binary(min_size=1, max_size=40)),
        data.draw(st.binary(max_size=250)),
        envelope.MAGIC + b"\x01\x01" + data.draw(st.binary(max_size=250)),
        envelope.MAGIC + b"\x02\x01" + data.draw(st.binary(max_size=250)),
    ):
        with pytest.raises(VaultError):
            opened(altered)


@QUICK
@given(sealed_for=BINDINGS, opened_for=BINDINGS)
def test_a_value_sealed_for_one_place_is_refused_at_any_other(sealed_for: Binding, opened_for: Binding):
    blob = sealed(b"secret", sealed_for)
    if sealed_for != opened_for:
        with pytest.raises(VaultError):
            opened(blob, opened_for)


@QUICK
@given(left=st.tuples(*[PARTS] * 6), right=st.tuples(*[PARTS] * 6))
def test_no_two_bindings_share_their_bytes(left: tuple[str, ...], right: tuple[str, ...]):
    names = ("tenant", "user", "broker", "account", "field", "record")
    one, two = (Binding(**dict(zip(names, parts, strict=True))) for parts in (left, right))
    assert (one.canonical() == two.canonical()) == (one == two)


@QUICK
@given(key=st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_data_key_is_refused_before_anything_is_decrypted(key: bytes):
    with pytest.raises(VaultError):
        opened(sealed(b"secret"), key=key)


def test_a_text_that_is_right_under_its_key_is_refused_when_the_commitment_is_to_another():
    """What AES-GCM alone would open: whoever makes the text knows its key and chooses the header."""
    salt, nonce, front = bytes(32), bytes(12), envelope.MAGIC + b"\x02\x01" + bytes(8)
    encryption, commitment = envelope._derive(KEY, salt)
    for said, opens in ((commitment, True), (envelope._derive(bytes(32), salt)[1], False)):
        back = salt + said + nonce
        text = AESGCM(encryption).encrypt(nonce, b"secret", front + back + BINDING.canonical())
        blob = front + envelope._sized(b"k") + envelope._sized(b"w") + back + text
        if opens:
            assert opened(blob) == b"secret"
        else:
            with pytest.raises(VaultError):
                opened(blob)


@QUICK
@given(plain=st.binary(max_size=60), key_id=st.text("abc/:-0", max_size=90), wrapped=st.binary(max_size=300))
def test_another_wrapping_leaves_the_text_as_it_was(plain: bytes, key_id: str, wrapped: bytes):
    blob = sealed(plain)
    moved = envelope.rewrapped(blob, envelope.read_header(blob), key_id=key_id, wrapped=wrapped)
    header = envelope.read_header(moved)
    assert (header.key_id, header.wrapped, header.sealed_at) == (key_id, wrapped, 1_800_000_000)
    assert envelope.fits(header, KEY)
    assert opened(moved) == plain


def test_values_of_the_first_version_open_and_are_held_as_a_whole():
    """Sealed by the first version of this code, under KEY and BINDING."""
    blob = bytes.fromhex((Path(__file__).parent / "envelope_v1.hex").read_text())
    assert opened(blob) == b"from the first version"
    for at, bit in itertools.product(range(len(blob)), range(8)):
        with pytest.raises(VaultError):
            opened(flipped(blob, at, bit))
    with pytest.raises(VaultError):
        envelope.rewrapped(blob, envelope.read_header(blob), key_id="k", wrapped=b"w")


def test_every_swap_of_member_broker_account_and_field_is_refused(provider: KeyFile):
    """Through the vault itself, with its cache warm, which must not help."""
    vault = EnvelopeVault(provider, DrivenClock())
    places = list(itertools.product(("1", "2"), ("alpaca", "kraken"), ("a", "b"), ("key", "secret")))

    async def swap_all() -> tuple[int, int]:
        blobs = {}
        for user, broker, account, field in places:
            fields = {field: f"{user}{broker}{account}{field}"}
            out = await vault.seal(user=user, broker=broker, account=account, fields=fields)
            blobs[user, broker, account, field] = out[field]
            await vault.open(user=user, broker=broker, account=account, sealed=out)
        refused = right = 0
        for came_from, (user, broker, account, field) in itertools.product(places, places):
            try:
                await vault.open(user=user, broker=broker, account=account, sealed={field: blobs[came_from]})
                assert came_from == (user, broker, account, field)
                right += 1
            except VaultError:
                refused += 1
        return right, refused

    assert asyncio.run(swap_all()) == (len(places), len(places) ** 2 - len(places))


def test_every_flipped_bit_is_refused_by_the_vault_with_its_cache_warm(provider: KeyFile):
    vault = EnvelopeVault(provider, DrivenClock())

    async def flip_all() -> int:
        whose = {"user": "1", "broker": "alpaca", "account": "a"}
        out = await vault.seal(**whose, fields={"key": "PK123"})
        await vault.open(**whose, sealed=out)
        for at, bit in itertools.product(range(len(out["key"])), range(8)):
            altered = bytearray(out["key"])
            altered[at] ^= 1 << bit
            with pytest.raises(VaultError):
                await vault.open(**whose, sealed={"key": bytes(altered)})
        return len(out["key"]) * 8

    assert asyncio.run(flip_all()) > 1000
