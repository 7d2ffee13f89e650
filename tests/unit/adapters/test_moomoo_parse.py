"""Read moomoo's rows: exactly, in New York time, loudly where a state says nothing."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.kit.errors import Errors
from adapters.moomoo import checks, fees, parse, wire
from adapters.moomoo.errors import REFUSED, Reply, classify
from adapters.moomoo.manifest import MANIFEST
from adapters.moomoo.sdk import Step, Trace
from domain.errors import Denied, OutcomeUnknown, Rejected, Sent, Unreachable
from domain.instruments import AssetClass
from domain.orders import OrderRequest, OrderState, OrderType, Side, TimeInForce

D = Decimal
ERRORS = Errors(broker="moomoo", operation="submit")
AAPL = parse.bare_instrument("AAPL")


def row(**changes):
    facts = {
        "code": "US.AAPL",
        "order_id": "FH1",
        "order_status": "SUBMITTED",
        "order_type": "NORMAL",
        "trd_side": "BUY",
        "qty": 10.0,
        "price": 90.12,
        "dealt_qty": 0.0,
        "dealt_avg_price": 0.0,
        "create_time": "2026-03-02 10:00:00.123",
        "updated_time": "2026-03-02 10:00:01",
        "last_err_msg": "",
        "remark": "mine",
        "aux_price": "N/A",
    }
    return {**facts, **changes}


def request(**changes):
    facts = {
        "client_order_id": "mine",
        "instrument": AAPL,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": D(1),
    }
    return OrderRequest(**{**facts, **changes})


def test_an_order_is_read_exactly():
    report = parse.report(row())
    assert (report.quantity, report.limit_price, report.average_price) == (D(10), D("90.12"), None)
    assert report.client_order_id == "mine"


def test_times_without_a_zone_are_new_yorks():
    assert parse.report(row()).at == datetime(2026, 3, 2, 15, 0, 1, tzinfo=UTC)
    summer = parse.report(row(updated_time="2026-07-01 10:00:00"))
    assert summer.at == datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


def test_every_state_of_the_sdk_is_either_known_or_known_to_say_nothing():
    import importlib.util
    import re
    from pathlib import Path

    folder = Path(importlib.util.find_spec("moomoo").origin).parent
    source = (folder / "common" / "constant.py").read_text(encoding="utf-8")
    part = source.split("class OrderStatus(FtEnum)")[1].split("\nclass ")[0]
    named = set(re.findall(r'^    [A-Z_]+ = "([^"]+)"', part, re.MULTILINE))
    assert len(named) > 15
    assert named == set(parse.STATES) | parse.UNSPEAKABLE
    assert not set(parse.STATES) & parse.UNSPEAKABLE


@pytest.mark.parametrize("status", ["TIMEOUT", "FILL_CANCELLED", "N/A", "BRAND_NEW"])
def test_a_state_that_says_nothing_is_not_guessed(status):
    with pytest.raises(KeyError):
        parse.report(row(order_status=status))


@pytest.mark.parametrize("status", ["UNSUBMITTED", "WAITING_SUBMIT", "SUBMITTING", "CANCELLING_ALL"])
def test_what_is_on_its_way_works(status):
    assert parse.report(row(order_status=status)).state is OrderState.WORKING


def test_what_was_filled_counts_in_any_working_state():
    report = parse.report(row(dealt_qty=4.0, dealt_avg_price=90.1))
    assert (report.state, report.average_price) == (OrderState.PARTIALLY_FILLED, D("90.1"))


def test_a_short_sale_and_a_buy_back_are_a_sale_and_a_purchase():
    assert parse.report(row(trd_side="SELL_SHORT")).side is Side.SELL
    assert parse.report(row(trd_side="BUY_BACK")).side is Side.BUY


def test_a_type_placed_by_hand_is_described_by_its_price():
    assert parse.report(row(order_type="LIMIT_IF_TOUCHED")).order_type is OrderType.LIMIT
    assert parse.report(row(order_type="TWAP", price=0.0)).order_type is OrderType.MARKET


def test_a_failed_order_gives_its_reason_in_our_words():
    report = parse.report(row(order_status="FAILED", last_err_msg="Insufficient buying power (2031)"))
    assert report.state is OrderState.REJECTED
    assert "buying power" in report.reason
    assert "2031" not in report.reason


def test_another_markets_order_is_not_read_as_ours():
    with pytest.raises(ValueError, match="US market"):
        parse.report(row(code="HK.00700"))


def test_a_short_position_is_negative_however_it_is_written():
    for qty in (10.0, -10.0):
        held = parse.position(
            {
                "code": "US.AAPL",
                "qty": qty,
                "position_side": "SHORT",
                "average_cost": 100.0,
                "nominal_price": 99.5,
            }
        )
        assert held.quantity == D(-10)


def test_paper_positions_have_their_cost_elsewhere():
    held = parse.position(
        {"code": "US.AAPL", "qty": 1.0, "position_side": "LONG", "average_cost": "N/A", "diluted_cost": 99.7}
    )
    assert held.average_price == D("99.7")


def test_a_held_option_is_known_as_one():
    held = parse.position({"code": "US.AAPL260619C150000", "qty": 1.0, "position_side": "LONG"})
    assert held.quantity == D(1)
    option = parse.bare_instrument("AAPL260619C00150000")
    assert (option.asset_class, option.multiplier) == (AssetClass.OPTION, D(100))


def test_a_quote_with_one_side_missing_is_none():
    facts = {"code": "US.AAPL", "update_time": "2026-03-02 10:00:00"}
    assert parse.quote({**facts, "bid_price": "N/A", "ask_price": 100.0}) is None
    assert parse.quote({**facts, "bid_price": 99.0, "ask_price": 0.0}) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, "N/A", []])
def test_what_is_no_number_is_not_read_as_one(value):
    with pytest.raises(ValueError):
        parse.number(value)


def reply(text, *steps):
    return Reply(code=-1, data=text, trace=Trace(steps=[Step(name=n, answer=a) for n, a in steps]))


@pytest.mark.parametrize(
    ("told", "kind", "sent"),
    [
        (reply("Connect timeout", ("PlaceOrder", None)), Unreachable, Sent.NO),
        (reply("closed", ("PlaceOrder", None)), Unreachable, Sent.NO),
        (reply("PacketErr.Timeout", ("PlaceOrder", None)), OutcomeUnknown, Sent.MAYBE),
        (reply("Disconnect", ("PlaceOrder", None)), OutcomeUnknown, Sent.MAYBE),
        (reply("PacketErr.Invalid", ("PlaceOrder", None)), OutcomeUnknown, Sent.MAYBE),
        (reply("no such field", ("PlaceOrder", 0)), OutcomeUnknown, Sent.MAYBE),
        (reply("nonsense", ("PlaceOrder", REFUSED)), Rejected, Sent.YES),
        (reply("wrong format of code"), Denied, Sent.NO),
        # A refusal of another request of the same call is none of the order's.
        (reply("not now", ("OrderListQuery", REFUSED)), Denied, Sent.NO),
    ],
)
def test_a_failed_call_is_named_by_how_far_its_request_came(told, kind, sent):
    error = classify(told, ERRORS, "PlaceOrder", "closed")
    assert isinstance(error, kind)
    assert error.sent is sent


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": D("0.5")}, "too_small"),
        ({"quantity": None, "notional": D(100)}, "unsupported_notional"),
        ({"time_in_force": TimeInForce.IOC}, "unsupported_tif"),
        ({"take_profit": D(110)}, "no_brackets"),
        ({"extended_hours": True}, "extended_hours"),
        ({"client_order_id": "x" * 65}, "id_too_long"),
        ({"instrument": parse.bare_instrument("AAPL260619C00150000")}, "unsupported_class"),
        ({"order_type": OrderType.LIMIT, "limit_price": D("0.00001")}, "price_too_low"),
        ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "expired"),
    ],
)
def test_what_moomoo_cannot_do_is_denied(changes, code):
    with pytest.raises(Denied) as told:
        checks.check(request(**changes), ERRORS, datetime(2026, 1, 1, tzinfo=UTC))
    assert told.value.code == code


def test_a_trailing_stop_sends_percent_or_money():
    percent = wire.place(request(order_type=OrderType.TRAILING_STOP, trail_percent=D("2.5")), "SIMULATE", 1)
    money = wire.place(request(order_type=OrderType.TRAILING_STOP, trail_amount=D("1.509")), "SIMULATE", 1)
    assert (percent["trail_type"], percent["trail_value"]) == ("RATIO", 2.5)
    assert (money["trail_type"], money["trail_value"]) == ("AMOUNT", 1.51)


def test_fees_are_for_sales_and_never_below_a_cent():
    assert fees.estimate(request(), D(100)).amount == 0
    assert fees.estimate(request(side=Side.SELL), D(100)).amount == D("0.02")


def test_labels_and_helps_fit_discords_limits():
    for field in MANIFEST.fields:
        assert len(field.label) <= 45
        assert len(field.help) <= 100
        assert field.pattern_hint
