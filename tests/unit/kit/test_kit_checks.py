"""What a broker's own data says it does not take is refused before the socket, and nothing else is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.kit import checks
from adapters.kit.errors import Errors
from domain.broker import BracketKind, ClassRules
from domain.errors import Denied
from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce

D = Decimal
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
ERRORS = Errors(broker="one", operation="submit")
SHARE = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")
RULES = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    times_in_force=frozenset({TimeInForce.DAY}),
    bracket=BracketKind.NATIVE,
)


def ask(**changes):
    facts = {
        "client_order_id": ClientOrderId("11111111-1111-4111-8111-111111111111"),
        "instrument": SHARE,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": D(5),
    }
    return OrderRequest(**{**facts, **changes})


def code_of(check, *args):
    try:
        check(*args)
    except Denied as refused:
        return refused.code
    return ""


def test_a_licence_ends_at_its_last_moment():
    early, late = ask(expires_at=NOW + timedelta(seconds=1)), ask(expires_at=NOW)
    assert code_of(checks.check_licence, ask(), ERRORS, NOW) == ""
    assert code_of(checks.check_licence, early, ERRORS, NOW) == ""
    assert code_of(checks.check_licence, late, ERRORS, NOW) == "expired"


def test_a_refused_kind_is_named_in_the_brokers_own_sentence():
    stop = ask(order_type=OrderType.STOP_LIMIT, stop_price=D(9), limit_price=D(9))
    with pytest.raises(Denied, match="no stop limit orders for shares") as told:
        checks.check_kind(stop, RULES, ERRORS, "no {kind} orders for {what}", "no {tif}", "shares")
    assert told.value.code == "unsupported_type"
    with pytest.raises(Denied, match="no GTC") as told:
        checks.check_kind(ask(time_in_force=TimeInForce.GTC), RULES, ERRORS, "no {kind}", "no {tif}")
    assert told.value.code == "unsupported_tif"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"take_profit": D(110), "stop_loss": D(90), "limit_price": D(100)}, ""),
        ({"take_profit": D(100), "stop_loss": D(90), "limit_price": D(100)}, "take_profit_side"),
        ({"take_profit": D(110), "stop_loss": D(100), "limit_price": D(100)}, "stop_loss_side"),
        ({"take_profit": D(110), "stop_loss": D(90)}, ""),
        ({"take_profit": D(90), "stop_loss": D(110)}, "take_profit_side"),
        ({"take_profit": D(90), "stop_loss": D(110), "side": Side.SELL}, ""),
        ({"take_profit": D(110), "stop_loss": D(90), "side": Side.SELL, "effect": PositionEffect.CLOSE}, ""),
        ({"stop_loss": D(90), "time_in_force": TimeInForce.IOC}, "bracket_tif"),
        ({"stop_loss": D(9), "order_type": OrderType.TRAILING_STOP, "trail_amount": D(1)}, "bracket_type"),
    ],
)
def test_a_stop_and_a_target_lie_around_the_entry(facts, code):
    kind = OrderType.LIMIT if "limit_price" in facts else OrderType.MARKET
    request = ask(**{"order_type": kind, **facts})
    assert code_of(checks.check_legs, request, ERRORS, "tif", "type") == code


def test_only_a_closing_order_needs_both_legs_or_none():
    close = {"effect": PositionEffect.CLOSE, "side": Side.SELL}
    assert code_of(checks.check_lone_leg, ask(stop_loss=D(90)), ERRORS) == ""
    assert code_of(checks.check_lone_leg, ask(**close), ERRORS) == ""
    assert code_of(checks.check_lone_leg, ask(**close, stop_loss=D(90), take_profit=D(110)), ERRORS) == ""
    assert code_of(checks.check_lone_leg, ask(**close, stop_loss=D(90)), ERRORS) == "lone_leg"


def test_a_change_that_changes_nothing_is_not_sent():
    assert code_of(checks.check_change, None, None, None, ERRORS) == "nothing_to_change"
    assert code_of(checks.check_change, None, D(1), None, ERRORS) == ""
