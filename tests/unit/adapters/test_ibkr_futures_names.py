from datetime import date
from types import SimpleNamespace

import pytest

from adapters.ibkr import asking, futures
from domain.instruments import AssetClass, InstrumentQuery
from signals.instruments import markets

TODAY = date(2026, 11, 22)


def theirs(local, last, root=""):
    return SimpleNamespace(
        localSymbol=local, lastTradeDateOrContractMonth=last, tradingClass=root, exchange=""
    )


@pytest.mark.parametrize(
    ("local", "last", "root", "symbol"),
    [
        ("ESZ6", "20261218", "ES", "ESZ26"),
        ("CLF7", "20261221", "CL", "CLF27"),
        ("MCLF0", "20291218", "MCL", "MCLF30"),
        ("ZB   MAR 27", "20270319", "ZB", "ZBH27"),
        ("6EH7", "20270315", "6E", "6EH27"),
        ("SILH7", "20270329", "SIL", "SILH27"),
        ("VXZ6", "20261216", "VX", "VXZ26"),
        ("ESZ6", "20261218", "", "ESZ26"),
        ("odd name", "20261218", "ES", "oddname"),
        ("ESZ6", "", "ES", "ESZ6"),
    ],
)
def test_a_local_symbol_tells_the_month_where_the_last_day_does_not(local, last, root, symbol):
    assert futures.symbol_of(theirs(local, last, root)) == symbol


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("ES", "ES"),
        ("ESZ6", "ESZ26"),
        ("ESH7", "ESH27"),
        ("ESZ5", "ESZ35"),
        ("ESZ25", "ESZ25"),
        ("MNQZ2025", "MNQZ25"),
        ("6EZ6", "6EZ26"),
        ("M6EZ6", "M6EZ26"),
    ],
)
def test_a_signals_name_is_a_root_and_a_month(text, symbol):
    assert futures.read(text, TODAY).symbol == symbol


@pytest.mark.parametrize("text", ["AAPL", "ESX", "XYZH6", "ESA6", "ESH", "", "ESH123", "F", "Z6"])
def test_what_is_no_future_is_none(text):
    assert futures.read(text, TODAY) is None


def test_every_root_that_signals_name_is_known_here():
    assert markets().future_roots <= set(futures.ROOTS)


@pytest.mark.parametrize(
    ("symbol", "kind", "meant"),
    [
        ("EURUSD", AssetClass.FOREX, AssetClass.FOREX),
        ("EURUSD", None, AssetClass.FOREX),
        ("EURUSD", AssetClass.CRYPTO, AssetClass.FOREX),
        ("BTCUSD", AssetClass.CRYPTO, None),
        ("XAUUSD", AssetClass.COMMODITY, None),
        ("SPX", AssetClass.INDEX, None),
        ("AAPL", AssetClass.OPTION, None),
        ("ES", None, AssetClass.EQUITY),
        ("ES", AssetClass.EQUITY, AssetClass.EQUITY),
        ("ES", AssetClass.FUTURE, AssetClass.FUTURE),
        ("ESZ6", None, AssetClass.FUTURE),
        ("GOOGLE", None, AssetClass.EQUITY),
    ],
)
def test_a_class_that_is_not_named_is_told_by_the_look_of_the_symbol(symbol, kind, meant):
    found = asking.wanted(InstrumentQuery(symbol=symbol, asset_class=kind), TODAY)
    assert (found.kind if found else None) is meant
