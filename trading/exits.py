"""Bring what is to what is wanted: compare a trade with its orders and name the next steps. Pure.

Level-triggered on purpose: nothing here remembers. After a crash the same trade and the same orders give
the same steps, and orders made here have ids that are functions of the trade, so that nothing is made twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.broker import BracketKind, ClassRules
from domain.ids import client_order_id, order_id
from domain.money import ZERO, round_to
from domain.orders import (
    LIVE,
    TERMINAL,
    UNSETTLED,
    ChildOrder,
    LegRole,
    Order,
    OrderClass,
    OrderIntent,
    OrderRequest,
    OrderState,
    OrderType,
    PositionEffect,
    Side,
    TimeInForce,
)
from domain.trades import Slice, Trade
from trading.standing import MAX_REFUSALS, held, refusals

REFUSED_FOR = timedelta(minutes=10)
"""After so many refusals in a row a person is told; after so long it is tried again."""
# How far beyond the stop a stop-limit's limit lies, where a broker has no plain stop.
STOP_LIMIT_SLACK = Decimal("0.02")


@dataclass(frozen=True, slots=True)
class Submit:
    """Make this order."""

    intent: OrderIntent


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel this broker order."""

    order: Order
    broker_order_id: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Cancel this order before it is sent."""

    order: Order


@dataclass(frozen=True, slots=True)
class Move:
    """Move the price of this leg."""

    order: Order
    broker_order_id: str
    stop_price: Decimal | None = None
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Read this order again before deciding: a protective leg seems to be missing."""

    order: Order


@dataclass(frozen=True, slots=True)
class Stuck:
    """Tell a person: the broker keeps refusing an order that closes or protects."""

    order: Order
    code: str


Step = Submit | Cancel | Drop | Move | Refresh | Stuck


def next_steps(
    trade: Trade, orders: Sequence[Order], rules: ClassRules, now: datetime, *, sweep: bool = False
) -> list[Step]:
    """Name what to do next for one trade.

    ``sweep`` says that every order was read from the broker just now. Only then is a missing protective leg
    believed (the fill of one leg and the cancel of the other may arrive in either order), and are legs left
    without a position cancelled (the broker usually does so itself a moment later).
    """
    if trade.instrument is None:
        return []
    steps: list[Step] = []
    for part in trade.slices:
        mine = [o for o in orders if o.intent.slice == part.index]
        steps.extend(_SliceView(trade, part, mine, rules, now).steps(sweep=sweep))
    return steps


class _SliceView:
    """See one slice: its entry, what closes it, and what protects it."""

    def __init__(
        self, trade: Trade, part: Slice, orders: Sequence[Order], rules: ClassRules, now: datetime
    ) -> None:
        self.trade = trade
        self.part = part
        self.rules = rules
        self.now = now
        self.orders = orders
        self.entries = [o for o in orders if o.intent.request.effect is PositionEffect.OPEN]
        self.exits = [o for o in orders if o.intent.leg.startswith("exit.")]
        self.guards = [o for o in orders if o.intent.leg.startswith("guard.")]
        self.position = held(orders)

    def steps(self, *, sweep: bool) -> Iterator[Step]:
        if self.trade.cancel_entry:
            yield from self._cancel_entry()
        if any(o.state in UNSETTLED or o.state is OrderState.NEEDS_HUMAN for o in self.orders):
            return  # nothing more is decided on what nobody knows
        if any(o.state in {OrderState.NEW, OrderState.READY} for o in self.exits + self.guards):
            return
        if self.position <= ZERO:
            if sweep and any(o.filled_quantity > ZERO for o in self.entries):
                yield from self._cancel_protection()
            return
        excess = self.position - self.part.hold
        if excess > ZERO:
            yield from self._reduce(excess)
        elif not any(o.state not in TERMINAL for o in self.exits):
            yield from self._protect(sweep=sweep)

    def _cancel_entry(self) -> Iterator[Step]:
        for order in self.entries:
            if order.state in LIVE and order.broker_order_id:
                yield Cancel(order, order.broker_order_id)
            elif order.state in {OrderState.READY, OrderState.AWAITING}:
                yield Drop(order)

    def _protection(self) -> Iterator[tuple[Order, ChildOrder | None]]:
        """Give every live protective order: children of the entry, guards, and children of guards."""
        for order in self.entries + self.guards:
            if order in self.guards and order.state in LIVE:
                yield order, None
            for child in order.children:
                if child.state in LIVE:
                    yield order, child

    def _cancel_protection(self) -> Iterator[Step]:
        for order, child in self._protection():
            if child is None and order.broker_order_id:
                yield Cancel(order, order.broker_order_id)
            elif child is not None and not (order in self.guards and order.state in LIVE):
                yield Cancel(order, child.broker_order_id)  # a live OCO's children go with it

    def _reduce(self, excess: Decimal) -> Iterator[Step]:
        if any(o.state not in TERMINAL for o in self.exits):
            return
        if refusals(self.exits) >= MAX_REFUSALS and not self._long_ago(self.exits[-1]):
            # The position stays: it gets its stop back until somebody, or the next try, closes it.
            yield Stuck(self.exits[-1], "exit_failing")
            yield from self._protect(sweep=True)
            return
        # A resting protective order reserves the quantity; the broker would refuse a second sale of it.
        if any(True for _ in self._protection()):
            yield from self._cancel_protection()
            return
        yield Submit(self._intent(f"exit.{self.part.index}.{len(self.exits)}", self._exit_request(excess)))

    def _protect(self, *, sweep: bool) -> Iterator[Step]:
        if any(o.state in LIVE for o in self.entries):
            return  # the broker's own legs follow the entry; they are judged once it is done
        protection = list(self._protection())
        if not self._lacks(protection):
            yield from self._moves(protection)
        elif not sweep and (tied := [o for o in self.entries + self.guards if self._tied(o)]):
            yield from (Refresh(o) for o in tied)
        elif protection:
            yield from self._cancel_protection()  # a lone target would block the stop's quantity
        else:
            yield from self._guard()

    def _lacks(self, protection: Sequence[tuple[Order, ChildOrder | None]]) -> bool:
        if self.part.stop is not None:
            return not any(self._role(o, c) is LegRole.STOP_LOSS for o, c in protection)
        return self.part.target is not None and not protection

    def _tied(self, order: Order) -> bool:
        """Tell whether the broker ties legs to this order, so that it may know more than we were told."""
        return order.broker_order_id is not None and order.intent.request.order_class is not OrderClass.SINGLE

    def _guard(self) -> Iterator[Step]:
        if refusals(self.guards) >= MAX_REFUSALS and not self._long_ago(self.guards[-1]):
            yield Stuck(self.guards[-1], "guard_failing")
            return
        yield Submit(self._intent(f"guard.{self.part.index}.{len(self.guards)}", self._guard_request()))

    def _long_ago(self, order: Order) -> bool:
        return self.now - order.updated_at > REFUSED_FOR

    def _moves(self, protection: Sequence[tuple[Order, ChildOrder | None]]) -> Iterator[Step]:
        for order, child in protection:
            broker_id = child.broker_order_id if child else order.broker_order_id
            if broker_id is None:
                continue
            if self._role(order, child) is LegRole.STOP_LOSS:
                yield from self._move_stop(order, child, broker_id)
            elif self.part.target is not None:
                wanted = self._tick(self.part.target)
                if wanted != (child.limit_price if child else order.limit_price):
                    yield Move(order, broker_id, limit_price=wanted)

    def _move_stop(self, order: Order, child: ChildOrder | None, broker_id: str) -> Iterator[Step]:
        if self.part.stop is None:
            return
        wanted = self._tick(self.part.stop)
        current = child.stop_price if child else order.stop_price
        if current is None or wanted == current:
            return
        limit = child.limit_price if child else order.limit_price
        yield Move(
            order,
            broker_id,
            stop_price=wanted,
            limit_price=self._beyond(wanted) if limit is not None else None,
        )

    def _role(self, order: Order, child: ChildOrder | None) -> LegRole:
        if child is not None:
            return child.role
        limit = order.intent.request.order_type is OrderType.LIMIT
        return LegRole.TAKE_PROFIT if limit else LegRole.STOP_LOSS

    def _exit_request(self, amount: Decimal) -> OrderRequest:
        leg = f"exit.{self.part.index}.{len(self.exits)}"
        return self._close(leg, OrderType.MARKET, amount, tif=self._tif(TimeInForce.DAY))

    def _guard_request(self) -> OrderRequest:
        leg = f"guard.{self.part.index}.{len(self.guards)}"
        stop = None if self.part.stop is None else self._tick(self.part.stop)
        target = None if self.part.target is None else self._tick(self.part.target)
        tif = self._tif(TimeInForce.GTC)
        if stop is not None and target is not None and self.rules.bracket is BracketKind.NATIVE:
            return self._close(
                leg, OrderType.LIMIT, self.position, tif=tif, limit=target, take_profit=target, stop_loss=stop
            )
        if stop is None:
            return self._close(leg, OrderType.LIMIT, self.position, tif=tif, limit=target)
        if OrderType.STOP in self.rules.order_types:
            return self._close(leg, OrderType.STOP, self.position, tif=tif, stop=stop)
        limit = self._beyond(stop)
        return self._close(leg, OrderType.STOP_LIMIT, self.position, tif=tif, stop=stop, limit=limit)

    def _close(
        self,
        leg: str,
        order_type: OrderType,
        amount: Decimal,
        *,
        tif: TimeInForce,
        limit: Decimal | None = None,
        stop: Decimal | None = None,
        take_profit: Decimal | None = None,
        stop_loss: Decimal | None = None,
    ) -> OrderRequest:
        trade = self.trade
        assert trade.instrument is not None
        return OrderRequest(
            client_order_id=client_order_id(trade.signal, leg, trade.ref.user, trade.ref.account, 1),
            instrument=trade.instrument,
            side=trade.side.opposite,
            order_type=order_type,
            time_in_force=tif,
            effect=PositionEffect.CLOSE,
            quantity=amount,
            limit_price=limit,
            stop_price=stop,
            take_profit=take_profit,
            stop_loss=stop_loss,
        )

    def _intent(self, leg: str, request: OrderRequest) -> OrderIntent:
        trade = self.trade
        return OrderIntent(
            id=order_id(trade.signal, leg, trade.ref.user, trade.ref.account),
            trade=trade.id,
            signal=trade.signal,
            ref=trade.ref,
            leg=leg,
            slice=self.part.index,
            request=request,
            created_at=self.now,
        )

    def _tif(self, wanted: TimeInForce) -> TimeInForce:
        if wanted in self.rules.times_in_force:
            return wanted
        other = TimeInForce.GTC if wanted is TimeInForce.DAY else TimeInForce.DAY
        return other if other in self.rules.times_in_force else wanted

    def _tick(self, price: Decimal) -> Decimal:
        assert self.trade.instrument is not None
        return round_to(price, self.trade.instrument.price_increment)

    def _beyond(self, stop: Decimal) -> Decimal:
        slack = stop * STOP_LIMIT_SLACK
        return self._tick(stop - slack if self.trade.side is Side.BUY else stop + slack)


def software_targets(trade: Trade, orders: Sequence[Order], rules: ClassRules) -> list[Slice]:
    """Name the slices whose target nothing at the broker holds, so that the price must be watched."""
    if rules.bracket is not BracketKind.SOFTWARE or trade.instrument is None:
        return []
    watched = []
    for part in trade.slices:
        mine = [o for o in orders if o.intent.slice == part.index]
        if part.target is not None and part.stop is not None and part.hold > ZERO and held(mine) > ZERO:
            watched.append(part)
    return watched
