import re
from pathlib import Path

import pytest

from bot import settings as module
from bot.problems import Misconfigured
from bot.settings import load
from bot.web import id_in

WEB = ["ALPACA_API_URL", "COINBASEPRO_API_URL", "KRAKEN_API_URL", "SCHWAB_API_URL"]
GATEWAYS = ["IBKR_API_URL", "MOOMOO_API_URL"]
WEB_WANTED = "must be an address that begins with https:// (or http://)."
TCP_WANTED = "must be an address such as tcp://127.0.0.1:7497."
NO_GATEWAY = ["http://127.0.0.1:7497", "tcp://127.0.0.1", "tcp://127.0.0.1:port", "tcp://:1", "tcp://h:1/x"]


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no .env of the developer
    for name in module.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def refused(monkeypatch, **environment) -> tuple[str, ...]:
    for name, value in {"DISCORD_TOKEN": "abc.def.ghi", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        load()
    assert caught.value.code == 2
    return caught.value.sentences


def test_a_missing_token_is_one_sentence_that_says_where_to_get_one():
    with pytest.raises(Misconfigured) as caught:
        load()
    (sentence,) = caught.value.sentences
    assert sentence.startswith("DISCORD_TOKEN is not set.")
    assert "https://discord.com/developers/applications" in sentence


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")
    monkeypatch.setenv("MONGODB_URI", "")
    monkeypatch.setenv("PORT", "")
    settings = load()
    assert settings.mongodb_uri is None
    assert settings.port == 8080


def test_a_token_pasted_with_its_prefix_is_understood(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", " Bot abc.def.ghi ")
    assert load().discord_token.get_secret_value() == "abc.def.ghi"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number."),
        ("PORT", "70000", "PORT must be at most 65535."),
        ("ALPACA_RATE_LIMIT", "0", "ALPACA_RATE_LIMIT must be above 0."),
        ("BROKER_INTEGRATIONS_ENABLED", "maybe", "BROKER_INTEGRATIONS_ENABLED must be true or false."),
        ("ENVIRONMENT", "prod", "ENVIRONMENT must be 'development' or 'production'."),
        ("MONGODB_URI", "localhost:27017", "MONGODB_URI must begin with mongodb:// or mongodb+srv://."),
        ("REDIS_URL", "localhost", "REDIS_URL must begin with redis://, rediss:// or unix://."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'."),
        (
            "PUBLIC_URL",
            "bot.example",
            "PUBLIC_URL must be an address that begins with https:// (or http://).",
        ),
        *((name, "api.example", f"{name} {WEB_WANTED}") for name in ("SCHWAB_API_URL", "KRAKEN_API_URL")),
        *((name, value, f"{name} {TCP_WANTED}") for name in GATEWAYS for value in NO_GATEWAY),
        (
            "DISCORD_GUILD_IDS",
            "my server",
            "DISCORD_GUILD_IDS must be ids (long numbers) separated by commas.",
        ),
    ],
)
def test_each_wrong_variable_is_named_with_what_it_must_be(monkeypatch, name, value, sentence):
    assert refused(monkeypatch, **{name: value}) == (sentence,)


def test_several_wrong_variables_are_all_named_at_once(monkeypatch):
    assert len(refused(monkeypatch, PORT="x", ENVIRONMENT="y", ALPACA_RATE_LIMIT="z")) == 3


def test_an_unknown_broker_is_refused_with_the_known_ones(monkeypatch):
    (sentence,) = refused(monkeypatch, ALLOWED_BROKERS="alpaca,robinhood")
    assert "coinbasepro" in sentence


def test_allowed_brokers_are_a_list_with_commas(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")
    monkeypatch.setenv("ALLOWED_BROKERS", "alpaca, kraken,")
    assert load().allowed_brokers == ("alpaca", "kraken")


def test_half_a_market_data_key_is_refused(monkeypatch):
    (sentence,) = refused(monkeypatch, ALPACA_DATA_KEY_ID="PK123456")
    assert sentence == "Set both ALPACA_DATA_KEY_ID and ALPACA_DATA_SECRET_KEY, or neither."


@pytest.mark.parametrize("name", ["DISCORD_API_URL", *WEB])
def test_production_refuses_an_endpoint_override_unless_it_is_meant(monkeypatch, name):
    (sentence,) = refused(monkeypatch, ENVIRONMENT="production", **{name: "http://127.0.0.1:1/api"})
    assert sentence.startswith(f"{name} sends the bot to another server")
    monkeypatch.setenv("ALLOW_ENDPOINT_OVERRIDES", "true")
    assert load().overrides == (name,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAULT_FILE", "/tmp/point"),
        ("WRITE_AHEAD", "false"),
        # Members run a gateway each: one address for all would mix their accounts up.
        *((name, "tcp://127.0.0.1:7497") for name in GATEWAYS),
    ],
)
def test_production_refuses_what_is_for_tests_only_even_where_overrides_are_allowed(monkeypatch, name, value):
    (sentence,) = refused(
        monkeypatch, ENVIRONMENT="production", ALLOW_ENDPOINT_OVERRIDES="true", **{name: value}
    )
    assert sentence == f"{name} is for tests only and production refuses it. Unset it."


def test_every_broker_can_be_sent_to_another_server_by_a_variable_of_its_own(monkeypatch):
    addresses = {name: f"https://{name[:-8].lower()}.example/api" for name in WEB}
    addresses |= dict.fromkeys(GATEWAYS, "tcp://gateway.example:4001")
    for name, value in {"DISCORD_TOKEN": "abc.def.ghi", **addresses}.items():
        monkeypatch.setenv(name, f"{value}/" if "API" in name else value)
    settings = load()
    assert settings.endpoints == {name[:-8].lower(): value for name, value in addresses.items()}
    assert settings.endpoints.keys() == set(module.BROKERS)
    assert set(settings.overrides) == set(addresses)


def test_no_refusal_and_no_print_shows_a_secret(monkeypatch):
    canary = "canary value with spaces"
    sentences = refused(monkeypatch, DISCORD_TOKEN=canary, PORT="x")
    assert canary not in str(sentences)
    monkeypatch.setenv("DISCORD_TOKEN", "canary.token")
    monkeypatch.setenv("MONGODB_URI", "mongodb://u:canary@h/")
    monkeypatch.delenv("PORT")
    settings = load()
    assert "canary" not in repr(settings) + str(settings)
    assert set(settings.secrets) == {"canary.token", "mongodb://u:canary@h/"}


def test_it_listens_on_this_machine_only_until_it_is_in_production(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")
    assert load().bind_host == "127.0.0.1"
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert load().bind_host == "0.0.0.0"


def test_the_example_file_names_every_setting_with_its_default_and_no_other():
    text = (Path(__file__).parents[3] / ".env.example").read_text()
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    fields = {name.upper(): field.default for name, field in module.Settings.model_fields.items()}
    assert set(shown) == set(fields) - {"FAULT_FILE", "WRITE_AHEAD"}
    for name, value in shown.items():
        if value and name not in {"DATA_DIR", "VAULT_KEY_FILE"}:
            default = fields[name]
            plain = ",".join(default) if isinstance(default, tuple) else str(default)
            assert value == (plain.lower() if isinstance(default, bool) else plain)


def test_gateway_hosts_are_places_with_commas(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")
    monkeypatch.setenv("GATEWAY_HOSTS", "tws.lan:7497, 10.0.5.0/24")
    assert load().gateway_hosts == ("tws.lan:7497", "10.0.5.0/24")
    (sentence,) = refused(monkeypatch, GATEWAY_HOSTS="http://tws.lan")
    assert "GATEWAY_HOSTS" in sentence


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SECRETS_ON_PAGE_ONLY": "true"}, "SECRETS_ON_PAGE_ONLY needs the page"),
        ({"DISCORD_CLIENT_SECRET": "s"}, "DISCORD_CLIENT_SECRET needs PUBLIC_URL"),
        ({"DISCORD_CLIENT_SECRET": "s", "PUBLIC_URL": "https://a.example/bot"}, "without a path"),
        ({"DISCORD_CLIENT_SECRET": "s", "PUBLIC_URL": "http://a.example"}, "must begin with https://"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "TRUSTED_PROXIES must be addresses or networks"),
        ({"ALPACA_OAUTH_CLIENT_ID": "x"}, "Set both ALPACA_OAUTH_CLIENT_ID"),
    ],
)
def test_settings_of_the_web_pages_that_do_not_fit_are_told(monkeypatch, environment, sentence):
    (told,) = refused(monkeypatch, **environment)
    assert sentence in told


def test_pages_are_there_with_an_address_and_a_client_secret_and_not_without(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example/")
    assert not load().web_pages
    monkeypatch.setenv("DISCORD_CLIENT_SECRET", "canary-client-secret")
    assert load().web_pages
    assert load().public_url == "https://bot.example"
    assert "canary-client-secret" in load().secrets


def test_the_application_id_is_read_from_the_token():
    assert id_in("MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabc.def") == "123456789012345678"
    assert id_in("not a token") == ""
