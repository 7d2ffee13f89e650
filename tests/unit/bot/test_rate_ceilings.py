"""Every broker's ceiling comes from its own variable and reaches the limiter in its own units."""

import pytest

from adapters.alpaca import limits as alpaca
from adapters.coinbasepro import limits as coinbase
from adapters.ibkr import limits as ibkr
from adapters.schwab import limits as schwab
from bot import settings as module
from bot.settings import load
from domain.clock import SystemClock

BROKERS = ("alpaca", "ibkr", "schwab", "moomoo", "kraken", "coinbasepro")


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no .env of the developer
    for name in module.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", "abc.def.ghi")


def test_every_broker_has_a_ceiling_with_the_documented_default():
    assert load().rate_ceilings == dict(zip(BROKERS, (200, 50, 120, 100, 15, 10), strict=True))


@pytest.mark.parametrize("slug", BROKERS)
def test_a_variable_sets_the_ceiling_of_its_broker_alone(monkeypatch, slug):
    before = load().rate_ceilings
    monkeypatch.setenv(f"{slug.upper()}_RATE_LIMIT", "7")
    assert load().rate_ceilings == before | {slug: 7}


@pytest.mark.parametrize(
    ("make", "slug", "used"),
    [
        (alpaca.trading, "alpaca", 200),
        (schwab.app, "schwab", 120),
        (ibkr.connection, "ibkr", 45),
        # Coinbase would take 30 a second; the default of its variable is lower.
        (coinbase.private, "coinbasepro", 10),
        (coinbase.public, "coinbasepro", 10),
    ],
)
def test_what_is_used_by_default_is_the_lower_of_ceiling_and_rule(make, slug, used):
    assert make(SystemClock(), load().rate_ceilings[slug])._windows[0].count == used
