"""The lists of symbols are refreshed from a broker: here the pretend Alpaca, asked over HTTP."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.alpaca_world import KEY, SECRET, world

ROOT = Path(__file__).parents[2]
DATA = ROOT / "signals" / "data"
SCRIPT = ROOT / "scripts" / "refresh_instruments.py"


@pytest.fixture
def refresh(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    sys.modules.pop("refresh_instruments", None)
    import refresh_instruments

    return refresh_instruments


@pytest.fixture
def lists(tmp_path):
    for name in ("tickers.txt", "words.txt", "crypto.txt"):
        shutil.copy(DATA / name, tmp_path / name)
    return tmp_path


def words(path):
    return {w for line in path.read_text().splitlines() if not line.startswith("#") for w in line.split()}


async def test_what_the_broker_lists_is_added_and_nothing_is_lost(refresh, lists, monkeypatch, capsys):
    (lists / "tickers.txt").write_text("# head\nAA ZZTOP\n")
    async with world() as w:
        monkeypatch.setenv("ALPACA_API_URL", w.sim.url)
        monkeypatch.setenv("ALPACA_KEY_ID", KEY)
        monkeypatch.setenv("ALPACA_SECRET_KEY", SECRET)
        assert await asyncio.to_thread(refresh.main, [], lists) == 0
    assert {"AA", "ZZTOP", "AAPL"} <= words(lists / "tickers.txt")
    assert "BTC" in words(lists / "crypto.txt")
    assert (lists / "tickers.txt").read_text().startswith("# head\n")
    assert "tickers.txt" in capsys.readouterr().out


def test_a_new_ticker_that_is_a_word_of_the_language_needs_a_mark(refresh, lists):
    assets = [
        {"class": "us_equity", "symbol": "TRIMM", "tradable": True, "status": "active"},
        {"class": "us_equity", "symbol": "STOPS", "tradable": True, "status": "active"},
        {"class": "us_equity", "symbol": "QZ", "tradable": True, "status": "active"},
        {"class": "us_equity", "symbol": "GONEX", "tradable": False, "status": "active"},
        {"class": "us_equity", "symbol": "BAD SYM", "tradable": True},
        {"class": "us_equity", "symbol": "BRK.C", "tradable": True},
        {"class": "crypto", "symbol": "QQCOIN/USD", "tradable": True},
        None,
    ]
    file = lists / "assets.json"
    file.write_text(json.dumps(assets))
    assert refresh.main(["--file", str(file)], lists) == 0
    assert {"TRIMM", "STOPS", "QZ", "BRK.C"} <= words(lists / "tickers.txt")
    assert not {"GONEX", "BAD"} & words(lists / "tickers.txt")
    assert {"STOPS", "QZ"} <= words(lists / "words.txt")
    assert "TRIMM" not in words(lists / "words.txt")
    assert "QQCOIN" in words(lists / "crypto.txt")
    before = (lists / "tickers.txt").read_text()
    assert refresh.main(["--file", str(file)], lists) == 0
    assert (lists / "tickers.txt").read_text() == before


def test_without_a_broker_it_says_what_to_set(refresh, lists, monkeypatch, capsys):
    monkeypatch.delenv("ALPACA_API_URL", raising=False)
    assert refresh.main([], lists) == 2
    assert "ALPACA_API_URL" in capsys.readouterr().err
