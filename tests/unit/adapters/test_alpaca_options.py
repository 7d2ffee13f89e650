"""Facts of options at Alpaca that need no socket: names, steps, last hours, levels, promises."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.alpaca import contracts, expiry, levels, parse
from adapters.alpaca.manifest import MANIFEST
from adapters.alpaca.stream import TradeFeed
from domain.accounts import Environment
from domain.broker import BracketKind, Credentials
from domain.instruments import AssetClass, OptionContract
from domain.orders import OrderType, TimeInForce
from tests.integration.examples.alpaca import CONTRACT

D = Decimal


def test_the_documented_contract_is_read():
    found = parse.contract(CONTRACT)
    assert (found.symbol, found.broker_symbol, found.name) == (
        "AAPL240223C00095000",
        "AAPL240223C00095000",
        "AAPL Feb 23 2024 95 Call",
    )
    assert (found.multiplier, found.quantity_increment, found.tradable) == (D(100), D(1), True)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"ppind": True, "close_price": "2.99"}, "0.01"),
        ({"ppind": True, "close_price": "3"}, "0.05"),
        ({"ppind": False, "close_price": "2.99"}, "0.05"),
        ({"ppind": False, "close_price": "3"}, "0.10"),
        ({"ppind": False, "close_price": None}, "0.05"),
        ({"ppind": False, "underlying_symbol": "SPY"}, "0.01"),
        ({}, "0.01"),
    ],
)
def test_the_price_step_follows_the_class_and_the_last_close(changes, step):
    assert parse.contract({**CONTRACT, **changes}).price_increment == D(step)


def test_a_contract_of_another_size_costs_by_its_own_multiplier():
    assert parse.contract({**CONTRACT, "size": "10"}).multiplier == D(10)
    assert parse.contract({**CONTRACT, "size": "150", "multiplier": "100"}).multiplier == D(100)


@pytest.mark.parametrize("changes", [{"status": "inactive"}, {"tradable": False}])
def test_a_contract_that_is_not_traded_says_so(changes):
    assert not parse.contract({**CONTRACT, **changes}).tradable


def test_the_root_of_a_ticker_with_a_point_has_none():
    berkshire = OptionContract(
        underlying="BRK.B",
        expiry=datetime(2026, 6, 19, tzinfo=UTC).date(),
        strike=D(450),
        right=parse.contract(CONTRACT).option.right,
    )
    assert contracts.occ_of(berkshire) == "BRKB260619C00450000"


@pytest.mark.parametrize(
    ("hour", "minute", "opens", "over"),
    [(19, 29, True, False), (19, 30, False, False), (20, 14, False, False), (20, 15, False, True)],
)
def test_the_last_hours_of_an_option_are_those_of_new_york(hour, minute, opens, over):
    contract = OptionContract.from_occ("AAPL260619C00100000")
    now = datetime(2026, 6, 19, hour, minute, tzinfo=UTC)
    assert (expiry.too_late_to_open(contract, now), expiry.is_over(contract, now)) == (not opens, over)


@pytest.mark.parametrize(
    ("account", "level"),
    [
        ({"options_trading_level": 1, "options_approved_level": 3}, 1),
        ({"options_approved_level": 2}, 2),
        ({"options_trading_level": 0}, 0),
        ({}, None),
    ],
)
def test_the_level_that_holds_is_the_lower_one_alpaca_states(account, level):
    assert levels.level_of(account) == level


def test_the_manifest_promises_what_alpaca_documents_for_options_and_coins():
    options, coins = MANIFEST.classes[AssetClass.OPTION], MANIFEST.classes[AssetClass.CRYPTO]
    stops = {OrderType.STOP, OrderType.STOP_LIMIT}
    assert options.order_types == {OrderType.MARKET, OrderType.LIMIT} | stops
    assert options.times_in_force == {TimeInForce.DAY, TimeInForce.GTC}
    assert not any((options.fractional, options.notional, options.short, options.extended_hours))
    assert coins.order_types & stops == {OrderType.STOP_LIMIT}
    assert options.bracket is coins.bracket is BracketKind.SOFTWARE


async def test_news_of_an_order_of_several_legs_is_neither_ours_nor_a_gap():
    feed = TradeFeed(Credentials({"key_id": "k", "secret_key": "s"}), Environment.PAPER, "")
    told = []
    feed.tell = told.append
    await feed.heard({"data": {"event": "new", "order": {"order_class": "mleg", "symbol": None}}})
    assert told == []
    await feed.heard({"data": {"event": "new", "order": {"symbol": "AAPL"}}})
    assert len(told) == 1
