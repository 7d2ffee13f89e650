import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.ibkr import checks, codes, guard, records
from adapters.ibkr.adapter import ADAPTER
from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.records import Record
from adapters.kit.errors import Errors
from domain.accounts import Environment
from domain.broker import Credentials
from domain.errors import AuthFailed, Denied
from domain.instruments import AssetClass, Instrument
from domain.orders import LegRole, OrderRequest, OrderState, OrderType, PositionEffect, Side, TimeInForce

D = Decimal
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
ERRORS = Errors(broker="ibkr", operation="submit")
STOCK = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="265598@SMART")
CALL = Instrument(symbol="AAPL260619C00100000", asset_class=AssetClass.OPTION, broker_symbol="1@SMART")


def made(**facts):
    return Record(**{"client_id": 71, "order_id": 1, "at": NOW, "symbol": "AAPL", "action": "BUY", **facts})


def ask(instrument=STOCK, **changes):
    facts = {"client_order_id": "x", "instrument": instrument, "side": Side.BUY, "quantity": D(1)}
    return OrderRequest(**{**facts, "order_type": OrderType.MARKET, **changes})


@pytest.mark.parametrize(
    ("status", "facts", "state"),
    [
        ("PendingSubmit", {}, OrderState.WORKING),
        ("PreSubmitted", {}, OrderState.WORKING),
        ("Submitted", {}, OrderState.WORKING),
        ("PendingCancel", {"filled": D(1)}, OrderState.PARTIALLY_FILLED),
        ("Filled", {"filled": D(10)}, OrderState.FILLED),
        ("Submitted", {"filled": D(10)}, OrderState.FILLED),
        ("Cancelled", {"filled": D(1)}, OrderState.CANCELLED),
        ("ApiCancelled", {}, OrderState.CANCELLED),
        ("Inactive", {}, OrderState.WORKING),
        ("Inactive", {"completed": True}, OrderState.REJECTED),
        ("Inactive", {"refused": "No."}, OrderState.REJECTED),
        ("Cancelled", {"refused": "No."}, OrderState.REJECTED),
        ("Submitted", {"refused": "A change was refused."}, OrderState.WORKING),
    ],
)
def test_every_status_has_one_meaning(status, facts, state):
    assert made(status=status, quantity=D(10), **facts).state is state


def test_a_status_nobody_knows_is_no_state():
    with pytest.raises(ValueError, match="status"):
        _ = made(status="Suspended").state


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1.1, D("1.1")),
        (0.1 + 0.2, D("0.30000000000000004")),
        ("", None),
        (sys.float_info.max, None),
        (None, None),
    ],
)
def test_numbers_of_the_sdk_are_read_exactly_and_its_largest_is_none(value, number):
    assert records.number(value) == number


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises((ValueError, ArithmeticError)):
        records.amount(value)


def test_a_legs_job_is_in_its_reference():
    assert made(ref="abc:sl").role is LegRole.STOP_LOSS
    assert made(ref="abc:tp").role is LegRole.TAKE_PROFIT
    assert made(ref="abc").role is None
    assert made(ref="abc", oca_group="abc").role is LegRole.TAKE_PROFIT
    assert made(ref="abc:sl").base == "abc"


def test_no_code_is_a_warning_and_a_refusal_at_once():
    assert not {code for code in codes.WARNINGS if codes.refuses(code)}


@pytest.mark.parametrize("code", [100, 103, 202, 10349, 399, 1100, 1102, 2104, 10147, 99999, 0])
def test_what_is_not_listed_proves_nothing(code):
    assert not codes.refuses(code)


@pytest.mark.parametrize("port", ["7496", "4001", "1", "80"])
def test_paper_has_two_ports_only(port):
    with pytest.raises(Denied):
        guard.address(Credentials({"host": "tws", "port": port}), Environment.PAPER, "")


@pytest.mark.parametrize("port", ["7497", "4002"])
def test_the_paper_ports_are_allowed(port):
    found = guard.address(Credentials({"host": "tws", "port": port}), Environment.PAPER, "")
    assert found == ("tws", int(port))


@pytest.mark.parametrize("endpoint", ["here:7496", "here:4001", "here", "here:x", ":7497", "here:70000"])
def test_an_endpoint_for_paper_names_a_host_and_no_live_port(endpoint):
    with pytest.raises(Denied):
        guard.address(Credentials({}), Environment.PAPER, endpoint)


def test_the_login_must_be_of_the_environment():
    assert guard.login(Environment.PAPER, ["DU1"], "") == "DU1"
    assert guard.login(Environment.LIVE, ["U1", "U2"], "U2") == "U2"
    for environment, accounts in (
        (Environment.PAPER, ["U1"]),
        (Environment.LIVE, ["DU1"]),
        (Environment.LIVE, []),
    ):
        with pytest.raises(Denied):
            guard.login(environment, accounts, "")
    with pytest.raises(Denied):
        guard.login(Environment.PAPER, ["DU1", "U1"], "DU1")
    with pytest.raises(AuthFailed):
        guard.login(Environment.LIVE, ["U1"], "U2")


@pytest.mark.parametrize(
    "request_",
    [
        ask(quantity=None, notional=D(100)),
        ask(quantity=D("0.5")),
        ask(time_in_force=TimeInForce.CLS),
        ask(take_profit=D(110), stop_loss=D(120)),
        ask(take_profit=D(110), time_in_force=TimeInForce.IOC),
        ask(effect=PositionEffect.CLOSE, stop_loss=D(90)),
        ask(extended_hours=True),
        ask(order_type=OrderType.STOP, stop_price=D(90), time_in_force=TimeInForce.OPG),
        ask(CALL, stop_loss=D(1)),
        ask(CALL, order_type=OrderType.TRAILING_STOP, trail_percent=D(5)),
        ask(Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")),
        ask(Instrument(symbol="BTCUSD", asset_class=AssetClass.CRYPTO, broker_symbol="1@PAXOS")),
        ask(expires_at=NOW),
    ],
)
def test_what_tws_would_refuse_or_misread_is_denied(request_):
    with pytest.raises(Denied):
        checks.check(request_, ERRORS, NOW)


def test_legs_of_one_trade_are_about_to_close_the_position_once():
    facts = {"action": "SELL", "status": "Submitted", "quantity": D(6)}
    live = [
        made(ref="a:sl", **facts),
        made(ref="a:tp", **facts),
        made(ref="b", **{**facts, "quantity": D(1)}),
    ]
    assert checks.free_to_close(STOCK, Side.SELL, D(10), live) == D(3)
    assert checks.free_to_close(STOCK, Side.BUY, D(10), live) == 0


def test_the_wizards_words_fit_discord():
    assert all(len(f.label) <= 45 and len(f.help) <= 100 and f.pattern_hint for f in MANIFEST.fields)
    assert not any(f.secret for f in MANIFEST.fields)
    assert ADAPTER.manifest is MANIFEST
