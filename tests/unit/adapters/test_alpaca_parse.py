"""Reading Alpaca's JSON: nothing guessed, nothing inexact."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.alpaca import parse, wire
from adapters.alpaca.errors import classify
from adapters.kit.errors import Errors
from adapters.kit.reading import moment, number
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import BrokerError, OutcomeUnknown, Sent
from domain.instruments import AssetClass
from domain.orders import LegRole, OrderState

D = Decimal
ORDER = {
    "id": "parent",
    "client_order_id": "mine",
    "created_at": "2026-03-02T15:00:00.123456789Z",
    "updated_at": "2026-03-02T15:00:01Z",
    "symbol": "AAPL",
    "asset_class": "us_equity",
    "qty": "10",
    "filled_qty": "0",
    "filled_avg_price": None,
    "order_class": "bracket",
    "type": "limit",
    "side": "buy",
    "limit_price": "90",
    "stop_price": None,
    "status": "new",
    "legs": None,
}


def leg(kind, status, order_class="bracket"):
    return {**ORDER, "id": kind, "type": kind, "side": "sell", "status": status, "order_class": order_class}


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("new", "0", OrderState.WORKING),
        ("accepted", "0", OrderState.WORKING),
        ("pending_new", "0", OrderState.WORKING),
        ("accepted_for_bidding", "0", OrderState.WORKING),
        ("held", "0", OrderState.WORKING),
        ("pending_cancel", "0", OrderState.WORKING),
        ("pending_cancel", "3", OrderState.PARTIALLY_FILLED),
        ("pending_replace", "0", OrderState.WORKING),
        ("replaced", "0", OrderState.WORKING),
        ("replaced", "3", OrderState.PARTIALLY_FILLED),
        ("suspended", "0", OrderState.WORKING),
        ("done_for_day", "3", OrderState.PARTIALLY_FILLED),
        ("a_state_of_the_future", "0", OrderState.WORKING),
        ("partially_filled", "3", OrderState.PARTIALLY_FILLED),
        ("filled", "10", OrderState.FILLED),
        ("canceled", "3", OrderState.CANCELLED),
        ("expired", "0", OrderState.EXPIRED),
        ("rejected", "0", OrderState.REJECTED),
    ],
)
def test_only_a_proven_end_is_an_end(status, filled, state):
    assert parse.report({**ORDER, "status": status, "filled_qty": filled}).state is state


def test_a_stop_alpaca_calls_held_protects_once_its_entry_has_filled():
    legs = [leg("limit", "new"), leg("stop", "held")]
    waiting = parse.report({**ORDER, "legs": [leg("limit", "held"), leg("stop", "held")]})
    filled = parse.report({**ORDER, "status": "filled", "filled_qty": "10", "legs": legs})
    assert [part.held for part in waiting.legs] == [True, True]
    assert [part.held for part in filled.legs] == [False, False]
    assert [part.role for part in filled.legs] == [LegRole.TAKE_PROFIT, LegRole.STOP_LOSS]
    oco = parse.report({**leg("limit", "new", "oco"), "legs": [leg("stop", "held", "oco")]})
    assert (oco.role, oco.legs[0].role, oco.legs[0].held) == (LegRole.TAKE_PROFIT, LegRole.STOP_LOSS, False)


def test_an_average_price_of_nothing_is_none():
    assert parse.report({**ORDER, "filled_avg_price": "0"}).average_price is None


def test_times_keep_their_zone_and_survive_nanoseconds():
    found = moment("2026-03-02T15:00:00.123456789Z")
    assert found == datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        moment("2026-03-02T15:00:00")


@pytest.mark.parametrize(
    "bad", ["", "abc", "NaN", "Infinity", True, None, [], {}, float("nan"), float("inf")]
)
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="number"):
        number(bad)


@given(st.decimals(min_value=D("0.000001"), max_value=D(10**6), places=6))
def test_a_json_number_is_read_as_it_was_written(value):
    assert number(float(str(value))) == value or abs(number(float(str(value))) - value) < D("1e-9")
    assert number(str(value)) == value


@given(st.decimals(min_value=D("0.0001"), max_value=D(100000), places=7))
def test_prices_on_the_wire_are_always_on_alpacas_steps(value):
    stock = parse.bare_instrument("AAPL", AssetClass.EQUITY)
    price = wire.price(stock, value)
    assert price % (D("0.01") if value >= 1 else D("0.0001")) == 0
    assert abs(price - value) <= D("0.005")


@given(st.decimals(min_value=D("0.0000001"), max_value=D(100000), places=12))
def test_quantities_on_the_wire_are_never_more_than_asked(value):
    coin = parse.bare_instrument("BTCUSD", AssetClass.CRYPTO)
    assert 0 <= value - wire.quantity(coin, value) < parse.SHARE_STEP


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("BTCUSD", "BTC/USD"),
        ("BTCUSDT", "BTC/USDT"),
        ("ETHBTC", "ETH/BTC"),
        ("BTC/USD", "BTC/USD"),
        ("USD", "USD"),
    ],
)
def test_a_coin_pair_gets_its_slash_back(ours, theirs):
    assert parse.slashed(ours) == theirs


def test_a_short_is_negative_however_alpaca_writes_it():
    raw = {
        "symbol": "AAPL",
        "asset_class": "us_equity",
        "side": "short",
        "avg_entry_price": "10",
        "current_price": None,
    }
    for written in ("10", "-10"):
        assert parse.position({**raw, "qty": written}, None).quantity == D(-10)


class Odd(Exception):
    def __init__(self, body, status):
        super().__init__(body)
        self.status_code = status


@given(st.integers(min_value=100, max_value=599), st.text(max_size=200))
def test_no_answer_makes_the_classifier_itself_fail(status, body):
    error = classify(Odd(body, status), Errors(broker="alpaca", operation="submit"))
    assert isinstance(error, BrokerError)
    # Without Alpaca's own JSON a refusal is not proven, except of credentials and of speed.
    if status not in (401, 429):
        assert isinstance(error, OutcomeUnknown) or body.strip().startswith("{")


@given(
    st.sampled_from(
        [ValueError("x"), KeyError("x"), RuntimeError("x"), OSError("x"), TimeoutError(), Exception()]
    )
)
def test_an_error_nobody_knows_is_an_outcome_nobody_knows(error):
    assert classify(error, Errors(broker="alpaca", operation="submit")).sent is Sent.MAYBE


def test_credentials_print_as_stars():
    shown = repr(Credentials({"key_id": "PK123", "secret_key": "s3cret"}))
    assert "PK123" not in shown
    assert "s3cret" not in shown
    assert Environment.PAPER.value == "paper"
