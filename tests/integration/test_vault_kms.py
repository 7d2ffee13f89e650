"""The KMS key provider against a real KMS API on a socket."""

import asyncio
import base64
import logging
import time
import traceback

import pytest

from domain.errors import VaultError, VaultUnavailable
from sim.clock import DrivenClock
from tests.integration.kms_world import ACCESS, SECRET, Gate, kms, make_key, moto_server, owner
from vault import envelope
from vault import kms as module
from vault.keys import KeyFile
from vault.kms import Kms, KmsOptions
from vault.ring import KeyRing
from vault.vault import EnvelopeVault

WHOSE = {"user": "100", "broker": "alpaca", "account": "acc1"}
FIELDS = {"api_key": "PKCANARY1", "api_secret": "s3cr3t-cänary"}
CONTEXT = {"tenant": "default", **WHOSE}


@pytest.fixture(scope="module")
def server():
    with moto_server() as address:
        yield address


@pytest.fixture(scope="module")
def key(server: str) -> str:
    return make_key(server)


@pytest.fixture
async def gate(server: str):
    async with Gate(server) as made:
        yield made


@pytest.fixture
async def open_kms():
    made: list[Kms] = []

    def make(*arguments, **more) -> Kms:
        made.append(kms(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_what_was_sealed_under_kms_opens_again_and_names_the_key(gate, key, open_kms):
    vault = EnvelopeVault(open_kms(gate.address, key), DrivenClock())
    sealed = await vault.seal(**WHOSE, fields=FIELDS)
    opened = await vault.open(**WHOSE, sealed=sealed)
    assert {name: opened[name] for name in opened} == FIELDS
    assert {envelope.read_header(blob).key_id for blob in sealed.values()} == {f"kms/{key}"}
    assert gate.calls == ["GenerateDataKey", "Decrypt"], "one data key for all fields of a connection"


async def test_every_call_carries_whose_key_it_is_and_nothing_else_of_them(gate, key, open_kms):
    vault = EnvelopeVault(open_kms(gate.address, key), DrivenClock())
    await vault.open(**WHOSE, sealed=await vault.seal(**WHOSE, fields=FIELDS))
    for body in gate.bodies:
        assert all(f'"{name}": "{value}"' in body for name, value in CONTEXT.items())
        assert not any(value in body for value in FIELDS.values())


@pytest.mark.parametrize("part", ["user", "broker", "account"])
async def test_kms_itself_refuses_a_data_key_of_another_place(gate, key, open_kms, part):
    one = open_kms(gate.address, key)
    made = await one.generate(CONTEXT)
    with pytest.raises(VaultError, match="altered, or belongs to someone else") as refused:
        await one.unwrap(made.key_id, made.wrapped, CONTEXT | {part: "other"})
    assert not isinstance(refused.value, VaultUnavailable)


async def test_a_flip_anywhere_in_a_wrapped_key_is_refused(server, key, open_kms):
    one = open_kms(server, key)
    made = await one.generate(CONTEXT)
    for at in range(len(made.wrapped)):
        altered = bytearray(made.wrapped)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(VaultError):
            await one.unwrap(made.key_id, bytes(altered), CONTEXT)


@pytest.mark.parametrize("form", ["arn", "id", "alias"])
async def test_a_key_may_be_named_by_arn_id_or_alias(server, open_kms, form):
    arn = make_key(server)
    name = {"arn": arn, "id": arn.rpartition("/")[2], "alias": f"alias/bot-{arn[-6:]}"}[form]
    if form == "alias":
        person = owner(server)
        person.create_alias(AliasName=name, TargetKeyId=arn)
        person.close()
    one = open_kms(server, name)
    made = await one.generate(CONTEXT)
    assert made.key_id == await one.current() == f"kms/{arn}"
    again = open_kms(server, name)
    assert await again.unwrap(made.key_id, made.wrapped, CONTEXT) == made.plain


async def test_a_key_not_named_in_the_settings_is_refused_without_asking_kms(gate, key, open_kms):
    other = make_key(gate.behind)
    made = await open_kms(gate.behind, other).generate(CONTEXT)
    one = open_kms(gate.address, key)
    with pytest.raises(VaultError, match="AWS_KMS_OLD_KEY_IDS"):
        await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    assert gate.calls == []
    both = open_kms(gate.address, key, older=(other,))
    assert await both.unwrap(made.key_id, made.wrapped, CONTEXT) == made.plain


async def test_a_data_key_moves_to_another_kms_key_without_being_shown(gate, key, open_kms):
    fresh = make_key(gate.behind)
    made = await open_kms(gate.behind, key).generate(CONTEXT)
    one = open_kms(gate.address, fresh, older=(key,))
    moved = await one.rewrap(made.key_id, made.wrapped, CONTEXT)
    assert gate.calls == ["ReEncrypt"]
    assert moved.key_id == f"kms/{fresh}"
    assert await one.unwrap(moved.key_id, moved.wrapped, CONTEXT) == made.plain
    with pytest.raises(VaultError):
        await one.rewrap(made.key_id, made.wrapped, CONTEXT | {"user": "101"})


async def test_an_answer_about_another_key_is_not_believed(gate, key, open_kms):
    other = make_key(gate.behind)
    one = open_kms(gate.address, key, older=(other,))
    made = await one.generate(CONTEXT)
    gate.rewrite = lambda body: body.replace(key.encode(), other.encode())
    for asked in (one.unwrap, one.rewrap):
        with pytest.raises(VaultError, match="another key than"):
            await asked(made.key_id, made.wrapped, CONTEXT)


async def test_data_keys_move_between_key_file_and_kms_both_ways(server, key, open_kms, tmp_path):
    local, remote = KeyFile.create(tmp_path / "key"), open_kms(server, key)
    made = await local.generate(CONTEXT)
    up = await KeyRing(remote, local).rewrap(made.key_id, made.wrapped, CONTEXT)
    assert up.key_id == f"kms/{key}"
    down = await KeyRing(local, remote).rewrap(up.key_id, up.wrapped, CONTEXT)
    assert (down.key_id, await local.unwrap(down.key_id, down.wrapped, CONTEXT)) == (local.key_id, made.plain)


REFUSALS = [
    ("AccessDeniedException", 400, "denied", "Allow kms:Decrypt"),
    ("DisabledException", 400, "disabled", "is disabled"),
    ("KMSInvalidStateException", 400, "deleting", "pending deletion"),
    ("NotFoundException", 400, "missing", "no KMS key"),
    ("InvalidKeyUsageException", 400, "wrong_use", "not a symmetric key"),
    ("ThrottlingException", 400, "throttled", "slow down"),
    ("UnrecognizedClientException", 400, "identity", "AWS_ACCESS_KEY_ID"),
    ("ExpiredTokenException", 400, "identity", "expired"),
    ("KMSInternalException", 500, "internal", "does not answer"),
    ("KeyUnavailableException", 500, "internal", "does not answer"),
    ("SomethingNewException", 400, "odd", "SomethingNewException"),
    ("junk", 503, "internal", "does not answer"),
    ("reset", 0, "unreachable", "does not answer"),
]


@pytest.mark.parametrize(("answer", "status", "code", "words"), REFUSALS, ids=[r[0] for r in REFUSALS])
async def test_each_trouble_with_the_key_service_has_its_code_and_sentence(
    gate, key, open_kms, answer, status, code, words
):
    one = open_kms(gate.address, key)
    made = await one.generate(CONTEXT)
    gate.answer, gate.status = answer, status
    with pytest.raises(VaultUnavailable, match=words) as told:
        await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    assert told.value.code == code
    assert "planned" not in str(told.value)
    assert gate.calls.count("Decrypt") <= module.ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "words"), [("IncorrectKeyException", "another key"), ("InvalidCiphertextException", "altered")]
)
async def test_trouble_with_the_value_is_no_outage(gate, key, open_kms, answer, words):
    one = open_kms(gate.address, key)
    made = await one.generate(CONTEXT)
    gate.answer = answer
    with pytest.raises(VaultError, match=words) as told:
        await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    assert not isinstance(told.value, VaultUnavailable)


async def test_a_dead_service_is_found_out_once_and_then_not_waited_for(gate, key, open_kms):
    clock, heard = DrivenClock(), []
    one = open_kms(gate.address, key, clock)
    one._heard = lambda *call: heard.append(call)
    made = await one.generate(CONTEXT)
    await gate.die()
    with pytest.raises(VaultUnavailable, match="does not answer"):
        await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    began = time.perf_counter()
    for _ in range(100):
        with pytest.raises(VaultUnavailable):
            await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    assert time.perf_counter() - began < 0.5, "a hundred refusals while it is known to be away"
    assert heard == [("GenerateDataKey", "ok"), ("Decrypt", "unreachable")]
    await gate.revive()
    await clock.advance(module.COOL)
    assert await one.unwrap(made.key_id, made.wrapped, CONTEXT) == made.plain


async def test_a_service_that_never_answers_is_given_up_within_bounds(gate, key, open_kms, monkeypatch):
    monkeypatch.setattr(module, "READ", 0.2)
    one = open_kms(gate.address, key)
    made = await one.generate(CONTEXT)
    gate.answer = "hang"
    began = time.perf_counter()
    with pytest.raises(VaultUnavailable, match="does not answer"):
        await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    assert time.perf_counter() - began < 2.5
    assert gate.calls.count("Decrypt") == module.ATTEMPTS


async def test_the_event_loop_goes_on_while_kms_is_asked(gate, key, open_kms):
    one = open_kms(gate.address, key)
    await one.generate(CONTEXT)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(one.generate(CONTEXT) for _ in range(40)))
    ticking.cancel()
    assert ticks > 5


async def test_nothing_secret_is_in_logs_errors_or_reprs(gate, key, open_kms, caplog):
    logging.getLogger("botocore").setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        one = open_kms(gate.address, key)
        vault = EnvelopeVault(one, DrivenClock())
        made = await one.generate(CONTEXT)
        sealed = await vault.seal(**WHOSE, fields=FIELDS)
        await vault.open(**WHOSE, sealed=sealed)
        gate.answer = "AccessDeniedException"
        with pytest.raises(VaultError) as refused:
            await one.unwrap(made.key_id, made.wrapped, CONTEXT)
    told = "".join(traceback.format_exception(refused.value)) + caplog.text + repr(one) + repr(one._options)
    for word in (ACCESS, SECRET, base64.b64encode(made.plain).decode(), repr(made.plain), *FIELDS.values()):
        assert word not in told
    assert not [r for r in caplog.records if r.levelno < logging.WARNING and "boto" in r.name]


async def test_the_environment_cannot_send_keys_to_another_server(gate, key, open_kms, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    one = Kms(KmsOptions(key_id=key, access_key=ACCESS, secret_key=SECRET), DrivenClock())
    assert one._connect().meta.endpoint_url == "https://kms.eu-central-1.amazonaws.com"
    await one.close()


async def test_without_region_or_credentials_the_sentence_says_which_setting(monkeypatch, tmp_path):
    for name in ("DEFAULT_REGION", "REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    one = Kms(KmsOptions(key_id="alias/bot"), DrivenClock())
    with pytest.raises(VaultUnavailable, match="AWS_REGION"):
        await one.generate(CONTEXT)
    await one.close()
    two = Kms(
        KmsOptions(key_id="alias/bot", region="eu-central-1", endpoint="http://127.0.0.1:9"), DrivenClock()
    )
    with pytest.raises(VaultUnavailable, match="AWS_ACCESS_KEY_ID"):
        await two.generate(CONTEXT)
    await two.close()


async def test_a_closed_provider_refuses_and_its_threads_end(server, key):
    one = kms(server, key)
    await one.generate(CONTEXT)
    await one.close()
    with pytest.raises(VaultUnavailable, match="closed"):
        await one.generate(CONTEXT)
