"""Change orders: the only place where an order's state moves. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.errors import DomainError
from domain.events import Event, EventKind
from domain.ids import event_id
from domain.money import ZERO, plain
from domain.orders import (
    TERMINAL,
    TRANSITIONS,
    UNSETTLED,
    ChildOrder,
    LegRole,
    Order,
    OrderReport,
    OrderState,
    OrderType,
)

Change = tuple[Order, tuple[Event, ...]]

_KINDS: Mapping[OrderState, EventKind] = {
    OrderState.READY: EventKind.ORDER_PLANNED,
    OrderState.AWAITING: EventKind.TRADE_AWAITING,
    OrderState.SENDING: EventKind.ORDER_SENDING,
    OrderState.UNKNOWN: EventKind.ORDER_UNKNOWN,
    OrderState.WORKING: EventKind.ORDER_WORKING,
    OrderState.FILLED: EventKind.ORDER_FILLED,
    OrderState.CANCELLED: EventKind.ORDER_CANCELLED,
    OrderState.EXPIRED: EventKind.ORDER_EXPIRED,
    OrderState.REJECTED: EventKind.ORDER_REJECTED,
    OrderState.DENIED: EventKind.ORDER_DENIED,
    OrderState.NOT_SENT: EventKind.ORDER_NOT_SENT,
    OrderState.NEEDS_HUMAN: EventKind.ORDER_NEEDS_HUMAN,
}


_DOUBTFUL = frozenset({OrderState.UNKNOWN, OrderState.NEEDS_HUMAN})


class IllegalTransition(DomainError):
    """Refuse a change of state the table does not allow."""


def advance(
    order: Order,
    to: OrderState,
    now: datetime,
    *,
    code: str = "",
    reason: str = "",
    send_by: datetime | None = None,
    epoch: int | None = None,
) -> Change:
    """Move an order by our own decision. Raises IllegalTransition for what the table does not allow."""
    if to not in TRANSITIONS[order.state]:
        raise IllegalTransition(f"an order cannot go from {order.state.value} to {to.value}")
    moved = replace(
        order,
        state=to,
        updated_at=now,
        reason_code=code,
        reason=reason,
        send_by=_may_leave_until(order, now) if to in _DOUBTFUL else send_by,
        epoch=order.epoch if epoch is None else epoch,
    )
    recorder = _Recorder(order, now)
    recorder.add(_KINDS[to], code=code, reason=reason)
    return moved, recorder.events


def _may_leave_until(order: Order, now: datetime) -> datetime:
    # A doubt is judged by when the request may have left, which waited for quota perhaps; never by the plan.
    return max(order.send_by or now, now) if order.state is OrderState.SENDING else order.send_by or now


def confirmed(order: Order, now: datetime, expires_at: datetime) -> Change:
    """Let an order its owner confirmed go, with a fresh time to be sent by."""
    moved, events = advance(order, OrderState.READY, now)
    request = replace(moved.intent.request, expires_at=expires_at)
    return replace(moved, intent=replace(moved.intent, request=request)), events


def as_successor(report: OrderReport, old_id: str) -> OrderReport:
    """Word a replacing order's report as news of the order it replaced, so that it finds its place."""
    if report.broker_order_id == old_id:
        return report
    return replace(report, broker_order_id=old_id, replaced_by=report.broker_order_id, client_order_id=None)


def move_refused(order: Order, code: str, reason: str, now: datetime) -> Change:
    """Note that the broker refused to move a leg; the leg stays where it was."""
    recorder = _Recorder(order, now)
    recorder.add(EventKind.LEG_CHANGED, code=code, reason=reason)
    return replace(order, reason_code=code, reason=reason, updated_at=now), recorder.events


def leg_gone(order: Order, broker_id: str, now: datetime, *, code: str, reason: str) -> Change:
    """Give up a leg that the broker no longer has under any list."""
    recorder = _Recorder(order, now)
    leg = next(child for child in order.children if child.broker_order_id == broker_id)
    recorder.add(EventKind.LEG_CANCELLED, role=leg.role.value, code=code, reason=reason)
    changed = _swap(order, leg, replace(leg, state=OrderState.CANCELLED))
    return replace(changed, updated_at=now), recorder.events


def looked(order: Order, now: datetime) -> Order:
    """Count one look at the broker that did not find the order."""
    return replace(order, seen=order.seen + 1, updated_at=now)


def apply(order: Order, report: OrderReport, now: datetime) -> Change:
    """Take in what a broker says of an order or of one of its legs.

    Late, repeated and reordered reports change nothing: cumulative fills only rise, and what is terminal
    stays. Gives the order unchanged and no events when the report says nothing new.
    """
    recorder = _Recorder(order, now)
    child = next((c for c in order.children if c.broker_order_id == report.broker_order_id), None)
    if child is not None:
        changed = _with_child(order, _apply_child(child, report, recorder))
    else:
        changed = _apply_main(order, report, recorder)
        for leg in report.legs:
            if leg.client_order_id != order.intent.request.client_order_id:  # it is no leg of itself
                changed = _merge_leg(changed, leg, recorder)
    if changed == order and not recorder.events:
        return order, ()
    return replace(changed, updated_at=now), recorder.events


def _apply_main(order: Order, report: OrderReport, recorder: "_Recorder") -> Order:
    filled = max(order.filled_quantity, report.filled_quantity)
    if filled > order.filled_quantity:
        price = _delta_price(order.filled_quantity, order.average_price, filled, report.average_price)
        recorder.fill(EventKind.ORDER_FILL, filled - order.filled_quantity, price, filled)
    state = _next_state(order.state, report.state)
    if state is not order.state and state is not OrderState.PARTIALLY_FILLED:
        recorder.add(_KINDS[state], reason=report.reason)
    settled = order.state in UNSETTLED and state not in UNSETTLED
    return replace(
        order,
        state=state,
        broker_order_id=report.replaced_by or _newer_id(order, report),
        filled_quantity=filled,
        average_price=_average(order, report),
        limit_price=report.limit_price if report.limit_price is not None else order.limit_price,
        stop_price=report.stop_price if report.stop_price is not None else order.stop_price,
        seen=0 if settled else order.seen,
        reason=report.reason or ("" if settled else order.reason),
        reason_code="broker" if report.reason else ("" if settled else order.reason_code),
    )


def _newer_id(order: Order, report: OrderReport) -> str:
    # A report of the order this one replaced must not bring the old id back.
    if order.broker_order_id and report.client_order_id not in {None, order.intent.request.client_order_id}:
        return order.broker_order_id
    return report.broker_order_id


def _apply_child(child: ChildOrder, report: OrderReport, recorder: "_Recorder") -> ChildOrder:
    filled = max(child.filled_quantity, report.filled_quantity)
    if filled > child.filled_quantity:
        price = _delta_price(child.filled_quantity, child.average_price, filled, report.average_price)
        recorder.fill(EventKind.LEG_FILL, filled - child.filled_quantity, price, filled, child.role)
    state = _next_state(child.state, report.state)
    if state is not child.state:
        kind = {
            OrderState.FILLED: EventKind.LEG_FILLED,
            OrderState.WORKING: EventKind.LEG_WORKING,
        }.get(state, EventKind.LEG_CANCELLED if state in TERMINAL else None)
        if kind is not None:
            recorder.add(kind, role=child.role.value, reason=report.reason)
    moved = _moved(child.stop_price, report.stop_price) or _moved(child.limit_price, report.limit_price)
    if moved is not None:
        recorder.add(EventKind.LEG_CHANGED, role=child.role.value, price=plain(moved))
    return replace(
        child,
        state=state,
        broker_order_id=report.replaced_by or child.broker_order_id,
        filled_quantity=filled,
        average_price=_average(child, report),
        quantity=report.quantity or child.quantity,
        limit_price=report.limit_price if report.limit_price is not None else child.limit_price,
        stop_price=report.stop_price if report.stop_price is not None else child.stop_price,
        held=report.held,
    )


def _merge_leg(order: Order, leg: OrderReport, recorder: "_Recorder") -> Order:
    known = next((c for c in order.children if c.broker_order_id == leg.broker_order_id), None)
    role = leg.role or _role_of(leg)
    if known is None:
        # The broker made a new order in the place of one we know: the same leg under a new id.
        known = next((c for c in order.children if c.role is role and leg.state not in TERMINAL), None)
        if known is not None:
            changed = _apply_child(known, leg, recorder)
            return _swap(order, known, replace(changed, broker_order_id=leg.broker_order_id))
        if leg.state in TERMINAL and any(c.role is role for c in order.children):
            return order  # the one that was replaced
        fresh = ChildOrder(
            role=role,
            broker_order_id=leg.broker_order_id,
            state=OrderState.WORKING,
            quantity=leg.quantity or order.intent.request.quantity or ZERO,
            limit_price=leg.limit_price,
            stop_price=leg.stop_price,
            held=leg.held,
        )
        if not leg.held:
            recorder.add(EventKind.LEG_WORKING, role=role.value)
        fresh = _apply_child(fresh, leg, recorder)
        return replace(order, children=(*order.children, fresh))
    return _swap(order, known, _apply_child(known, leg, recorder))


def _role_of(leg: OrderReport) -> LegRole:
    return LegRole.TAKE_PROFIT if leg.order_type is OrderType.LIMIT else LegRole.STOP_LOSS


def _with_child(order: Order, child: ChildOrder) -> Order:
    return replace(
        order,
        children=tuple(child if c.role is child.role and _same(c, child) else c for c in order.children),
    )


def _same(one: ChildOrder, other: ChildOrder) -> bool:
    return one.broker_order_id == other.broker_order_id or one.role is other.role


def _swap(order: Order, old: ChildOrder, new: ChildOrder) -> Order:
    return replace(order, children=tuple(new if c is old else c for c in order.children))


def _next_state(current: OrderState, reported: OrderState) -> OrderState:
    """Take a reported state only where the table allows it; anything else is old news."""
    return reported if reported in TRANSITIONS[current] else current


def _average(known: Order | ChildOrder, report: OrderReport) -> Decimal | None:
    """Take the average of whichever has filled more: a report from before a fill knows no price."""
    newer = report.filled_quantity >= known.filled_quantity and report.average_price is not None
    return report.average_price if newer else known.average_price


def _moved(known: Decimal | None, told: Decimal | None) -> Decimal | None:
    return told if told is not None and known is not None and told != known else None


def _delta_price(
    old_quantity: Decimal, old_average: Decimal | None, quantity: Decimal, average: Decimal | None
) -> Decimal | None:
    """Give the price of what was filled since, from two cumulative averages."""
    if average is None:
        return None
    before = old_quantity * (old_average or ZERO)
    return (quantity * average - before) / (quantity - old_quantity)


class _Recorder:
    """Number the events one change causes, so that a replay makes the same ids."""

    def __init__(self, order: Order, now: datetime) -> None:
        self._order = order
        self._now = now
        self._events: list[Event] = []

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._events)

    def add(self, kind: EventKind, **data: str) -> None:
        order = self._order
        request = order.intent.request
        facts = {
            "leg": order.intent.leg,
            "symbol": request.instrument.symbol,
            "side": request.side.value,
            **{key: value for key, value in data.items() if value},
        }
        self._events.append(
            Event(
                id=event_id(order.id, order.version + 1, len(self._events)),
                account_key=order.account_key,
                kind=kind,
                at=self._now,
                trade=order.trade,
                order=order.id,
                signal=order.intent.signal,
                data=facts,
            )
        )

    def fill(
        self,
        kind: EventKind,
        quantity: Decimal,
        price: Decimal | None,
        cumulative: Decimal,
        role: LegRole | None = None,
    ) -> None:
        self.add(
            kind,
            quantity=plain(quantity),
            price=plain(round(price, 8)) if price is not None else "",
            cumulative=plain(cumulative),
            role=role.value if role else "",
        )
