"""The options of /buy and /sell become one order, and contradictions are named."""

from types import SimpleNamespace

import pytest

from cogs.orders import Options, manual_order, order_type
from domain.errors import InvalidValue
from domain.orders import OrderType, Side, TimeInForce

HERE = SimpleNamespace(id=77, user=SimpleNamespace(id=5), guild_id=9)


def ask(**options):
    return manual_order(HERE, Side.BUY, Options(symbol="AAPL", **options))


def test_the_interaction_makes_the_order_once_only():
    order = ask(quantity="10")
    assert (order.key, order.user, order.guild) == ("77", "5", "9")


@pytest.mark.parametrize(
    ("prices", "kind"),
    [
        ({}, OrderType.MARKET),
        ({"limit": "1"}, OrderType.LIMIT),
        ({"stop": "1"}, OrderType.STOP),
        ({"limit": "1", "stop": "1"}, OrderType.STOP_LIMIT),
    ],
)
def test_without_a_type_the_prices_say_what_is_meant(prices, kind):
    assert order_type(Options(symbol="AAPL", **prices)) is kind
    assert order_type(Options(symbol="AAPL", type=kind, **prices)) is kind


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": OrderType.LIMIT}, "A limit order needs a limit price"),
        ({"type": OrderType.STOP}, "A stop order needs a stop price"),
        ({"type": OrderType.STOP_LIMIT, "limit": "1"}, "A stop limit order needs a stop price"),
        ({"type": OrderType.MARKET, "limit": "1"}, "A market order takes no limit price"),
        ({"type": OrderType.LIMIT, "limit": "1", "stop": "1"}, "use the option stop-loss"),
    ],
)
def test_a_type_that_contradicts_its_prices_is_explained(options, words):
    with pytest.raises(InvalidValue, match=words):
        ask(quantity="1", **options)


def test_an_order_without_a_size_asks_for_one():
    with pytest.raises(InvalidValue, match="Say how much"):
        ask()


def test_an_order_with_two_sizes_is_refused():
    with pytest.raises(InvalidValue, match="not both"):
        ask(quantity="1", amount="100")


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("limit", "limit price"),
        ("stop", "stop price"),
        ("take_profit", "take-profit price"),
        ("stop_loss", "stop-loss price"),
    ],
)
def test_a_mistyped_price_is_named(field, named):
    with pytest.raises(InvalidValue, match=f'The {named} "1e5" is not a plain number'):
        ask(quantity="1", **{field: "1e5"})


def test_a_duration_is_handed_on():
    assert ask(amount="100", duration=TimeInForce.GTC).time_in_force is TimeInForce.GTC
