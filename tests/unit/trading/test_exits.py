from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.orders import LegRole, OrderState, OrderType, PositionEffect
from domain.trades import TradeState
from tests.unit.trading.builders import BTC, NATIVE, NOW, SOFTWARE, child, legs, order, part, trade
from trading import exits, standing

D = Decimal


def filled(**changes):
    return order(state=OrderState.FILLED, filled="10", children=legs(), **changes)


def steps(wanted, *orders, rules=NATIVE, sweep=False):
    return exits.next_steps(wanted, orders, rules, NOW, sweep=sweep)


def test_a_protected_position_at_its_wanted_prices_needs_nothing():
    assert steps(trade(part()), filled()) == []
    assert steps(trade(part()), filled(), sweep=True) == []


def test_a_stop_that_should_lie_elsewhere_is_moved():
    (step,) = steps(trade(part(stop="410")), filled())
    assert isinstance(step, exits.Move)
    assert (step.broker_order_id, step.stop_price) == ("b-stop_loss", D(410))


def test_a_trim_frees_the_quantity_first_then_sells_then_protects_the_rest():
    wanted = trade(part(hold="5"))
    assert {s.broker_order_id for s in steps(wanted, filled())} == {"b-stop_loss", "b-take_profit"}
    freed = order(
        state=OrderState.FILLED,
        filled="10",
        children=tuple(replace(c, state=OrderState.CANCELLED) for c in legs()),
    )
    (sale,) = steps(wanted, freed)
    assert isinstance(sale, exits.Submit)
    assert sale.intent.request.quantity == D(5)
    assert sale.intent.request.effect is PositionEffect.CLOSE
    sold = order("exit.0.0", filled="5", effect=PositionEffect.CLOSE, minute=1)
    (guard,) = steps(wanted, freed, sold, sweep=True)
    assert guard.intent.request.quantity == D(5)
    assert (guard.intent.request.take_profit, guard.intent.request.stop_loss) == (D(425), D(405))


def test_nothing_is_decided_while_a_closing_order_is_in_doubt():
    unknown = order("exit.0.0", OrderState.UNKNOWN, effect=PositionEffect.CLOSE, minute=1)
    assert steps(trade(part(hold="0")), filled(), unknown, sweep=True) == []


def test_an_exit_of_an_unfilled_entry_cancels_it():
    working = order(state=OrderState.WORKING)
    (step,) = steps(trade(part(hold="0"), cancel_entry=True), working)
    assert step == exits.Cancel(working, "b-entry.0")


def test_an_entry_not_sent_yet_is_dropped():
    ready = order(state=OrderState.READY)
    assert steps(trade(part(hold="0"), cancel_entry=True), ready) == [exits.Drop(ready)]


def test_a_missing_bracket_leg_is_looked_up_before_it_is_believed_and_then_replaced():
    bare = order(state=OrderState.FILLED, filled="10")
    assert steps(trade(part()), bare) == [exits.Refresh(bare)]
    (guard,) = steps(trade(part()), bare, sweep=True)
    assert guard.intent.request.stop_loss == D(405)


def test_where_legs_are_ours_a_stop_rests_as_soon_as_the_entry_has_filled():
    entry = order(state=OrderState.FILLED, filled="10", tied=False, instrument=BTC)
    wanted = trade(part(stop="62000", target="67000"), instrument=BTC)
    (guard,) = steps(wanted, entry, rules=SOFTWARE)
    assert guard.intent.request.order_type is OrderType.STOP_LIMIT
    assert guard.intent.request.stop_price == D(62000)
    assert guard.intent.request.limit_price == D(60760)
    assert exits.software_targets(wanted, [entry], SOFTWARE) == list(wanted.slices)


def refused(leg, count):
    return [
        order(
            f"{leg}.0.{n}",
            OrderState.REJECTED,
            effect=PositionEffect.CLOSE,
            minute=n,
            reason="Halted.",
            updated_at=NOW,
        )
        for n in range(count)
    ]


def test_an_exit_the_broker_keeps_refusing_goes_to_a_person_and_the_stop_comes_back():
    bare = order(state=OrderState.FILLED, filled="10", tied=False)
    wanted = trade(part(hold="0"))
    first, second = steps(wanted, bare, *refused("exit", 3))
    assert isinstance(first, exits.Stuck)
    assert second.intent.request.stop_loss == D(405)
    stands = standing.as_it_stands(wanted, [bare, *refused("exit", 3)])
    assert stands.state is TradeState.NEEDS_HUMAN
    assert "keeps refusing to close" in stands.reason
    assert "Halted." in stands.reason


def test_a_refused_exit_is_tried_again_after_ten_minutes():
    bare = order(state=OrderState.FILLED, filled="10", tied=False)
    wanted = trade(part(hold="0", stop=None, target=None))
    later = NOW + timedelta(minutes=11)
    (again,) = exits.next_steps(wanted, [bare, *refused("exit", 3)], NATIVE, later)
    assert again.intent.leg == "exit.0.3"


def test_two_refusals_are_not_yet_a_reason_to_stop_trying():
    bare = order(state=OrderState.FILLED, filled="10", tied=False)
    (again,) = steps(trade(part(hold="0", stop=None, target=None)), bare, *refused("exit", 2))
    assert isinstance(again, exits.Submit)


def test_what_a_fee_in_coin_left_over_is_not_taken_for_a_position():
    bought = order(state=OrderState.FILLED, filled="10", tied=False, instrument=BTC)
    sold = order("exit.0.0", filled="9.975", effect=PositionEffect.CLOSE, instrument=BTC, minute=1)
    wanted = trade(part(hold="0", stop="62000", target="67000"), instrument=BTC)
    assert standing.state_of(wanted, [bought, sold]) is TradeState.CLOSED
    assert steps(wanted, bought, sold, rules=SOFTWARE, sweep=True) == []
    half = order("exit.0.0", filled="5", effect=PositionEffect.CLOSE, instrument=BTC, minute=1)
    assert standing.held([bought, half]) == D(5)


def test_what_protects_a_position_that_is_gone_is_tidied_away_in_a_quiet_moment():
    gone = order(
        state=OrderState.FILLED,
        filled="10",
        children=(
            child(LegRole.TAKE_PROFIT, OrderState.FILLED, "425", "10"),
            child(LegRole.STOP_LOSS, OrderState.WORKING),
        ),
    )
    assert steps(trade(part()), gone) == []
    assert [s.broker_order_id for s in steps(trade(part()), gone, sweep=True)] == ["b-stop_loss"]


def test_a_trades_state_follows_from_its_orders():
    wanted = trade(part())
    assert standing.state_of(wanted, [order(state=OrderState.READY)]) is TradeState.OPENING
    assert standing.state_of(wanted, [filled()]) is TradeState.OPEN
    assert standing.state_of(wanted, [order(state=OrderState.REJECTED)]) is TradeState.UNFILLED
    assert standing.state_of(wanted, [order(state=OrderState.DENIED)]) is TradeState.DENIED
    assert standing.state_of(trade(part(hold="0")), [filled()]) is TradeState.CLOSING
    sold = order("exit.0.0", filled="10", effect=PositionEffect.CLOSE)
    assert standing.state_of(wanted, [filled(), sold]) is TradeState.CLOSED
