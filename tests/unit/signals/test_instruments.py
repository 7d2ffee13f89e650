"""Names become symbols by the lists, and only where a name is sure or stands in its place."""

import pytest

from signals.annotate import annotate
from signals.context import Context
from signals.instruments import Named
from signals.reader import read_on
from signals.tokens import tokenise


def named(text):
    return [
        (t.item.symbol, str(t.item.asset_class))
        for t in annotate(tokenise(text)).tokens
        if isinstance(t.item, Named)
    ]


@pytest.mark.parametrize(
    ("text", "symbol", "kind"),
    [
        ("BTC/USDT", "BTCUSDT", "crypto"), ("#btcusdt", "BTCUSDT", "crypto"), ("BTC-USD", "BTCUSD", "crypto"),
        ("BINANCE:ETHUSDT.P", "ETHUSDT", "crypto"), ("EUR/ NZD", "EURNZD", "forex"), ("NZD USD", "NZDUSD",
        "forex"),
        ("Gbp/Jpy", "GBPJPY", "forex"), ("usdchff", "USDCHF", "forex"), ("gold", "XAUUSD", "commodity"),
        ("XAU USD", "XAUUSD", "commodity"), ("$AAPL", "AAPL", "equity"), ("NASDAQ:AAPL", "AAPL", "equity"),
        ("BRK.B", "BRK.B", "equity"), ("Amazon", "AMZN", "equity"), ("/ES", "ES", "future"), ("US30",
        "US30", "index"),
        ("#1000LUNCUSDT", "1000LUNCUSDT", "crypto"), ("SPXW", "SPXW", "equity"), ("tsla", "TSLA", "equity"),
    ],
)  # fmt: skip
def test_a_name_becomes_its_symbol(text, symbol, kind):
    assert named(text) == [(symbol, kind)]


@pytest.mark.parametrize(
    "text", ["ALL", "it", "ON", "OPEN", "CASH", ["apple", "pie"][1], "XAUAUSD", "open", "for"]
)
def test_a_word_that_is_also_a_ticker_names_nothing_by_itself(text):
    assert named(text) == []


@pytest.mark.parametrize(
    "ticker", ["ALL", "NOW", "ON", "IT", "COST", "COIN", "T", "AI", "OPEN", "LOW", "CASH"]
)
def test_a_word_that_is_also_a_ticker_is_one_with_a_dollar_sign(ticker):
    reading = read_on(f"BTO ${ticker} 150c @ 2.35", None, Context())
    assert (reading.symbol, reading.strike) == (ticker, 150)
