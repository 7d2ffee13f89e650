from decimal import Decimal

import pytest

from domain.events import EventKind
from domain.orders import LegRole, OrderState, OrderType
from tests.unit.trading.builders import NOW, child, legs, order, report
from trading import lifecycle

D = Decimal


def kinds(events):
    return [event.kind for event in events]


def test_an_order_moves_only_as_the_table_says():
    with pytest.raises(lifecycle.IllegalTransition):
        lifecycle.advance(order(state=OrderState.FILLED), OrderState.READY, NOW)


def test_a_reply_makes_a_sending_order_work_and_remembers_the_brokers_id():
    sending = order(state=OrderState.SENDING, broker_order_id=None)
    working, events = lifecycle.apply(sending, report(OrderState.WORKING), NOW)
    assert working.state is OrderState.WORKING
    assert working.broker_order_id == "b-entry.0"
    assert kinds(events) == [EventKind.ORDER_WORKING]


def test_fills_are_cumulative_and_each_is_told_once_with_its_own_price():
    working = order(state=OrderState.WORKING)
    half, first = lifecycle.apply(working, report(OrderState.PARTIALLY_FILLED, "4", "412"), NOW)
    whole, second = lifecycle.apply(half, report(OrderState.FILLED, "10", "413.2"), NOW)
    assert [e.data["price"] for e in (*first, *second) if e.kind is EventKind.ORDER_FILL] == ["412", "414"]
    assert [e.data["quantity"] for e in (*first, *second) if e.kind is EventKind.ORDER_FILL] == ["4", "6"]
    assert whole.state is OrderState.FILLED
    assert lifecycle.apply(whole, report(OrderState.FILLED, "10", "413.2"), NOW) == (whole, ())


def test_old_news_changes_nothing():
    filled = order(state=OrderState.FILLED, filled="10")
    for state, quantity in ((OrderState.WORKING, "0"), (OrderState.PARTIALLY_FILLED, "4")):
        assert lifecycle.apply(filled, report(state, quantity, "412.5"), NOW)[0].state is OrderState.FILLED
        assert lifecycle.apply(filled, report(state, quantity, "412.5"), NOW)[1] == ()


def test_a_fill_that_won_the_race_against_a_cancel_is_counted():
    cancelled = order(state=OrderState.CANCELLED)
    after, events = lifecycle.apply(cancelled, report(OrderState.CANCELLED, "3", "412"), NOW)
    assert after.filled_quantity == D(3)
    assert kinds(events) == [EventKind.ORDER_FILL]


def test_legs_are_followed_under_their_entry():
    told = report(
        OrderState.FILLED,
        "10",
        "412",
        legs=(
            report(OrderState.WORKING, broker_order_id="tp", order_type=OrderType.LIMIT, limit_price=D(425)),
            report(OrderState.WORKING, broker_order_id="sl", order_type=OrderType.STOP, stop_price=D(405)),
        ),
    )
    filled, _ = lifecycle.apply(order(state=OrderState.WORKING), told, NOW)
    assert {(c.role, c.broker_order_id) for c in filled.children} == {
        (LegRole.TAKE_PROFIT, "tp"),
        (LegRole.STOP_LOSS, "sl"),
    }
    stopped, events = lifecycle.apply(
        filled, report(OrderState.FILLED, "10", "404.9", broker_order_id="sl", order_type=OrderType.STOP), NOW
    )
    assert EventKind.LEG_FILLED in kinds(events)
    assert next(c for c in stopped.children if c.role is LegRole.STOP_LOSS).filled_quantity == D(10)


def test_a_replaced_leg_keeps_its_place_under_its_new_id():
    entry = order(state=OrderState.FILLED, filled="10", children=legs())
    news = lifecycle.as_successor(
        report(OrderState.WORKING, broker_order_id="new", order_type=OrderType.STOP, stop_price=D(410)),
        "b-stop_loss",
    )
    moved, events = lifecycle.apply(entry, news, NOW)
    stop = next(c for c in moved.children if c.role is LegRole.STOP_LOSS)
    assert (stop.broker_order_id, stop.stop_price) == ("new", D(410))
    assert EventKind.LEG_CHANGED in kinds(events)
    assert len(moved.children) == 2


def test_a_late_report_of_the_replaced_leg_does_not_end_the_new_one():
    entry = order(state=OrderState.FILLED, filled="10", children=(child(LegRole.STOP_LOSS, price="410"),))
    late = report(
        OrderState.FILLED,
        "10",
        "412.5",
        legs=(
            report(
                OrderState.CANCELLED, broker_order_id="old-stop", order_type=OrderType.STOP, stop_price=D(405)
            ),
        ),
    )
    after, _ = lifecycle.apply(entry, late, NOW)
    assert [c.broker_order_id for c in after.children] == ["b-stop_loss"]
    assert after.children[0].state is OrderState.WORKING


def test_an_event_has_the_same_id_however_often_its_cause_is_applied():
    working = order(state=OrderState.WORKING)
    told = report(OrderState.FILLED, "10", "412")
    first, second = lifecycle.apply(working, told, NOW)[1], lifecycle.apply(working, told, NOW)[1]
    assert [e.id for e in first] == [e.id for e in second]


def test_a_report_from_before_the_fill_does_not_take_the_price_of_the_fill_away():
    filled, _ = lifecycle.apply(
        order(state=OrderState.WORKING), report(OrderState.FILLED, "10", "412.4"), NOW
    )
    after, events = lifecycle.apply(filled, report(OrderState.WORKING), NOW)
    assert (after.filled_quantity, after.average_price, events) == (D(10), D("412.4"), ())


def test_an_order_that_is_reported_as_a_leg_of_itself_has_no_leg():
    ours = order(state=OrderState.SENDING, broker_order_id=None)
    own = ours.intent.request.client_order_id
    itself = report(OrderState.WORKING, broker_order_id="71-5", client_order_id=own)
    filled, _ = lifecycle.apply(ours, report(OrderState.FILLED, "10", "412", legs=(itself,)), NOW)
    assert filled.state is OrderState.FILLED
    assert filled.children == ()


def test_a_leg_that_is_nowhere_any_more_is_given_up_and_told():
    held = order(state=OrderState.FILLED, filled="10", children=legs())
    stop = next(leg for leg in held.children if leg.role is LegRole.STOP_LOSS)
    after, events = lifecycle.leg_gone(held, stop.broker_order_id, NOW, code="leg_gone", reason="Gone.")
    assert {leg.role: leg.state for leg in after.children}[LegRole.STOP_LOSS] is OrderState.CANCELLED
    assert kinds(events) == [EventKind.LEG_CANCELLED]
    assert events[0].data["code"] == "leg_gone"
