"""Coinbase's words, read: states, kinds, times, keys, and the manifest's own promises."""

import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import formatdate

import pytest

from adapters.coinbasepro import errors as named
from adapters.coinbasepro import keys, manifest, parse, sdk
from adapters.kit.errors import Errors
from adapters.kit.reading import number
from domain.errors import (
    AuthFailed,
    Denied,
    InsufficientFunds,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Sent,
    Throttled,
)
from domain.orders import OrderState, OrderType
from sim.coinbase.auth import ecdsa_key, eddsa_key

D = Decimal
AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
ERRORS = Errors(broker="coinbasepro", operation="submit")
RAW = {
    "order_id": "b-1",
    "client_order_id": "c-1",
    "product_id": "BTC-USD",
    "side": "SELL",
    "status": "OPEN",
    "order_configuration": {"limit_limit_gtc": {"base_size": "0.2", "limit_price": "60000.5"}},
    "created_time": "2026-03-02T15:00:00.123456789Z",
    "filled_size": "0",
    "average_filled_price": "0",
    "product_type": "SPOT",
}


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("OPEN", "0", OrderState.WORKING),
        ("OPEN", "0.1", OrderState.PARTIALLY_FILLED),
        ("PENDING", "0", OrderState.WORKING),
        ("QUEUED", "0", OrderState.WORKING),
        ("CANCEL_QUEUED", "0.1", OrderState.PARTIALLY_FILLED),
        ("EDIT_QUEUED", "0", OrderState.WORKING),
        ("FILLED", "0.2", OrderState.FILLED),
        ("CANCELLED", "0", OrderState.CANCELLED),
        ("CANCELLED", "0.1", OrderState.CANCELLED),
        ("EXPIRED", "0", OrderState.EXPIRED),
        ("FAILED", "0", OrderState.REJECTED),
        ("FAILED", "0.1", OrderState.CANCELLED),
    ],
)
def test_every_state_is_read_and_what_was_filled_stays_filled(status, filled, state):
    found = parse.report(RAW | {"status": status, "filled_size": filled, "average_filled_price": "60001"})
    assert (found.state, found.filled_quantity) == (state, D(filled))


def test_the_table_of_states_holds_all_that_the_documents_name_but_the_unknown():
    named_in_docs = {"PENDING", "OPEN", "FILLED", "CANCELLED", "EXPIRED", "FAILED", "QUEUED"}
    assert set(parse.STATES) == named_in_docs | {"CANCEL_QUEUED", "EDIT_QUEUED"}


@pytest.mark.parametrize("status", ["UNKNOWN_ORDER_STATUS", "open", "", None])
def test_another_state_is_not_guessed(status):
    with pytest.raises(KeyError):
        parse.report(RAW | {"status": status})


@pytest.mark.parametrize(
    ("configuration", "kind"),
    [
        ({"market_market_ioc": {"base_size": "1"}}, OrderType.MARKET),
        ({"sor_limit_ioc": {"base_size": "1", "limit_price": "2"}}, OrderType.LIMIT),
        ({"stop_limit_stop_limit_gtc": {"base_size": "1", "limit_price": "2", "stop_price": "3"}}, "stop"),
        ({"trigger_bracket_gtc": {"base_size": "1", "limit_price": "2", "stop_trigger_price": "3"}}, "stop"),
        ({"twap_limit_gtd": {"base_size": "1", "limit_price": "2"}}, OrderType.LIMIT),
        ({}, OrderType.LIMIT),
        (None, OrderType.LIMIT),
    ],
)
def test_a_kind_of_order_that_is_not_known_is_shown_as_a_limit(configuration, kind):
    found = parse.report(RAW | {"order_configuration": configuration})
    assert found.order_type is (OrderType.STOP_LIMIT if kind == "stop" else kind)
    assert found.stop_price == (D(3) if kind == "stop" else None)


def test_an_order_for_money_has_no_quantity_until_it_is_done():
    money = {"order_configuration": {"market_market_ioc": {"quote_size": "100"}}}
    assert parse.report(RAW | money).quantity is None
    assert parse.report(RAW | money | {"status": "FILLED", "filled_size": "0.3"}).quantity == D("0.3")


def test_an_average_of_zero_is_no_average():
    assert parse.report(RAW).average_price is None


def test_an_update_of_an_ended_order_does_not_invent_its_quantity():
    update = {"order_id": "b", "product_id": "BTC-USD", "order_side": "BUY", "status": "CANCELLED"}
    found = parse.update(update | {"cumulative_quantity": "0.1", "leaves_quantity": "0"}, AT)
    assert (found.quantity, found.filled_quantity) == (None, D("0.1"))


@pytest.mark.parametrize("value", [True, "NaN", "Infinity", "x", None, [], {}])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError):
        number(value)


@pytest.mark.parametrize(
    "blocked",
    [{"trading_disabled": True}, {"view_only": True}, {"cancel_only": True}, {"status": "delisted"}],
)
def test_a_pair_that_takes_no_orders_is_not_tradable(blocked):
    raw = {"product_id": "A-USD", "quote_currency_id": "USD", "base_increment": "1", "quote_increment": "1"}
    assert parse.instrument(raw).tradable
    assert not parse.instrument(raw | blocked).tradable


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, None, AuthFailed),
        (403, {"error": "PERMISSION_DENIED"}, AuthFailed),
        (403, None, OutcomeUnknown),
        (404, {"error": "NOT_FOUND"}, NotFound),
        (429, None, Throttled),
        (400, {"error": "INVALID_ARGUMENT"}, Rejected),
        (400, {"error": "INSUFFICIENT_FUND"}, InsufficientFunds),
        (409, {}, Rejected),
        (500, {"error": "INTERNAL"}, OutcomeUnknown),
        (200, None, OutcomeUnknown),
        (302, {}, OutcomeUnknown),
    ],
)
def test_an_http_status_is_named_by_itself_and_not_by_ccxts_tree(status, body, kind):
    assert type(named.classify(sdk.Answered(status, {}, body), ERRORS)) is kind


@pytest.mark.parametrize(
    ("apart", "kind"), [(0, AuthFailed), (20, AuthFailed), (-20, AuthFailed), (90, Denied), (-90, Denied)]
)
def test_a_refused_key_is_put_down_to_the_clock_only_where_the_clocks_lie_apart(apart, kind):
    headers = {"date": formatdate(time.time() + apart, usegmt=True)}
    failure = named.classify(sdk.Answered(401, headers, None), ERRORS)
    assert (type(failure), failure.sent is Sent.NO) == (kind, kind is Denied)


@pytest.mark.parametrize("date", ["", "yesterday", "99999"])
def test_a_date_nobody_can_read_blames_no_clock(date):
    assert type(named.classify(sdk.Answered(401, {"Date": date}, None), ERRORS)) is AuthFailed


def test_what_nobody_foresaw_is_unknown():
    assert isinstance(named.classify(RuntimeError("?"), ERRORS), OutcomeUnknown)


def test_the_wizards_patterns_take_real_keys_however_they_were_pasted():
    name, secret = (re.compile(f.pattern) for f in manifest.MANIFEST.fields)
    for key in (ecdsa_key(), eddsa_key()):
        for pasted in (key.secret, key.secret.replace("\n", "\\n"), key.secret.replace("\n", " ")):
            assert secret.fullmatch(pasted)
            assert secret.fullmatch(pasted.strip())
            assert len(pasted) <= manifest.MANIFEST.fields[1].max_length
        assert name.fullmatch(key.name)
    assert not secret.fullmatch("hunter2")
    assert not name.fullmatch("-----BEGIN EC PRIVATE KEY-----")


def test_labels_and_help_fit_discord():
    for field in manifest.MANIFEST.fields:
        assert len(field.label) <= 45
        assert len(field.help) <= 100
        assert field.secret


@pytest.mark.parametrize("text", ["", "abc", "AAAA", "-----BEGIN EC PRIVATE KEY-----"])
def test_what_is_no_key_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError) as told:
        keys.private_key(text)
    assert str(told.value) == "not a private key"


def test_importing_the_adapter_imports_no_sdk():
    import subprocess
    import sys

    code = "import sys, adapters.coinbasepro as a; assert a.ADAPTER; print('ccxt' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
