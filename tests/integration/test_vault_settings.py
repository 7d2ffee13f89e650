"""The vault as the operator meets it: settings, doctor, start, and the commands."""

import pytest

from api.metrics import Metrics
from bot import doctor, vaultctl
from bot import settings as module
from bot.compose import open_vault
from bot.problems import Misconfigured, Problem
from bot.settings import load
from sim.clock import DrivenClock
from sim.discord import DiscordSim
from tests.integration.bot_process import bot
from tests.integration.kms_world import ACCESS, REGION, SECRET, Gate, make_key, moto_server

WHOSE = {"user": "100", "broker": "alpaca", "account": "acc1"}


@pytest.fixture(scope="module")
def server():
    with moto_server() as address:
        yield address


@pytest.fixture
async def gate(server):
    async with Gate(server) as made:
        yield made


@pytest.fixture
def configured(monkeypatch, tmp_path, gate):
    """Settings with a KMS key behind a gate."""
    monkeypatch.chdir(tmp_path)
    for name in module.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment(gate, tmp_path).items():
        monkeypatch.setenv(name, value)
    return load()


def environment(gate, tmp_path) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": "a.b.c",
        "DATA_DIR": str(tmp_path / "data"),
        "AWS_KMS_KEY_ID": make_key(gate.behind),
        "AWS_ENDPOINT_URL_KMS": gate.address,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def sample(metrics: Metrics, operation: str, outcome: str) -> float | None:
    labels = {"operation": operation, "outcome": outcome}
    return metrics.registry.get_sample_value("dte_key_service_calls_total", labels)


async def test_the_bot_proves_its_key_at_the_start_and_counts_its_calls(configured):
    metrics = Metrics()
    vault = await open_vault(configured, DrivenClock(), metrics)
    sealed = await vault.seal(**WHOSE, fields={"k": "v"})
    assert (await vault.open(**WHOSE, sealed=sealed))["k"] == "v"
    assert (sample(metrics, "GenerateDataKey", "ok"), sample(metrics, "Decrypt", "ok")) == (2, 2)
    assert not (configured.data_dir / "vault.key").exists(), "no key file beside a KMS key"


async def test_a_key_that_is_refused_stops_the_start_with_its_sentence(configured, gate):
    gate.answer = "DisabledException"
    with pytest.raises(Misconfigured, match="is disabled"):
        await open_vault(configured, DrivenClock(), Metrics())


async def test_a_key_service_that_is_away_stops_nobody(configured, gate):
    await gate.die()
    await open_vault(configured, DrivenClock(), Metrics())


async def test_doctor_tells_a_key_that_works_from_one_that_does_not(configured, gate):
    good = await doctor._keys(configured)
    assert good.right
    assert "makes and opens data keys" in str(good)
    gate.answer = "AccessDeniedException"
    bad = await doctor._keys(configured)
    assert not bad.right
    assert "Allow kms:GenerateDataKey" in str(bad)


async def test_a_key_file_in_production_is_allowed_with_a_note(configured):
    changed = {"aws_kms_key_id": "", "environment": "production", "aws_endpoint_url_kms": ""}
    settings = configured.model_copy(update=changed)
    settings.data_dir.mkdir()
    vault = await open_vault(settings, DrivenClock(), Metrics())
    assert await vault.seal(**WHOSE, fields={"k": "v"})
    finding = await doctor._keys(settings)
    assert (finding.right, finding.note) == (True, True)
    assert "AWS KMS is the better place" in str(finding)


async def test_production_refuses_another_kms_server(configured, monkeypatch):
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(Misconfigured, match="AWS_ENDPOINT_URL_KMS sends the bot to another server"):
        load()
    monkeypatch.setenv("ALLOW_ENDPOINT_OVERRIDES", "true")
    assert load().aws_endpoint_url_kms


async def test_half_an_aws_identity_is_refused(configured, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Misconfigured, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither"):
        load()


async def test_an_old_key_file_that_is_missing_is_named(configured, monkeypatch, tmp_path):
    monkeypatch.setenv("VAULT_OLD_KEY_FILES", f"{tmp_path}/gone.key, {tmp_path}/gone.too")
    settings = load()
    assert len(settings.vault_old_key_files) == 2
    with pytest.raises(Problem, match=r"no key file at .*gone\.key"):
        await open_vault(settings, DrivenClock(), Metrics())


async def test_what_a_key_file_sealed_opens_under_kms_only_when_it_is_named(
    configured, monkeypatch, tmp_path
):
    local = configured.model_copy(update={"aws_kms_key_id": ""})
    local.data_dir.mkdir()
    sealed = await (await open_vault(local, DrivenClock(), Metrics())).seal(**WHOSE, fields={"k": "v"})
    with pytest.raises(Exception, match="VAULT_OLD_KEY_FILES"):
        await (await open_vault(configured, DrivenClock(), Metrics())).open(**WHOSE, sealed=sealed)
    monkeypatch.setenv("VAULT_OLD_KEY_FILES", str(local.data_dir / "vault.key"))
    both = await open_vault(load(), DrivenClock(), Metrics())
    assert (await both.open(**WHOSE, sealed=sealed))["k"] == "v"


async def test_status_of_an_empty_vault_says_so(configured):
    lines: list[str] = []
    assert await vaultctl.run(vaultctl.parse(["status", "--check"]), configured, lines.append) == 0
    assert lines[0] == f"New credentials are sealed under kms/{configured.aws_kms_key_id}."
    assert "Sealed values are in: nothing." in lines


async def test_the_running_bot_starts_with_kms_and_writes_no_secret_of_it(gate, tmp_path):
    async with DiscordSim() as sim:
        app = sim.add_application()
        sim.add_guild("Traders")
        given = environment(gate, tmp_path) | {"DISCORD_TOKEN": app.token, "DISCORD_API_URL": sim.url}
        async with bot(tmp_path, **given, LOG_LEVEL="DEBUG") as run:
            await run.ready()
            assert await run.stop() == 0, run.output
        assert gate.calls == ["GenerateDataKey", "Decrypt"]
        assert SECRET not in run.output
        assert ACCESS not in run.output
        assert "Plaintext" not in run.output
