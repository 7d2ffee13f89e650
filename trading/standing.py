"""Say how a trade stands: what is held, in which state it is, and what a person must be told. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from domain.instruments import AssetClass
from domain.money import ZERO, plain
from domain.orders import TERMINAL, Order, OrderState, PositionEffect
from domain.trades import Trade, TradeState
from trading import texts

MAX_REFUSALS = 3
COIN_DUST = Decimal("0.005")
"""Share of a coin position that fees taken in coin may have eaten: less than that is nothing held."""
_REFUSED = frozenset({OrderState.REJECTED, OrderState.DENIED})


def held(orders: Sequence[Order]) -> Decimal:
    """Give how much of a trade is held: what entries filled less what closed it.

    Brokers take a coin purchase's fee in the coin, so that a little less than what filled can be sold; what
    is left of it in the journal is not a position.
    """
    left = sum((_signed(order) for order in orders), ZERO)
    if orders and orders[0].intent.request.instrument.asset_class is AssetClass.CRYPTO:
        opened = sum((o.filled_quantity for o in orders if _opens(o)), ZERO)
        return left if left > opened * COIN_DUST else ZERO
    return left


def _opens(order: Order) -> bool:
    return order.intent.request.effect is PositionEffect.OPEN


def _signed(order: Order) -> Decimal:
    children = sum((c.filled_quantity for c in order.children), ZERO)
    if order.intent.request.effect is PositionEffect.OPEN:
        return order.filled_quantity - children
    return -order.filled_quantity - children


def state_of(trade: Trade, orders: Sequence[Order]) -> TradeState:
    """Derive a trade's state from its orders."""
    entries = [o for o in orders if o.intent.request.effect is PositionEffect.OPEN]
    if any(o.state is OrderState.NEEDS_HUMAN for o in orders):
        return TradeState.NEEDS_HUMAN
    if any(o.state is OrderState.AWAITING for o in entries):
        return TradeState.AWAITING
    position = held(orders)
    wanted = sum((s.hold for s in trade.slices), ZERO)
    working = [o for o in entries if o.state not in TERMINAL]
    if position > ZERO:
        return TradeState.CLOSING if wanted == ZERO else TradeState.OPEN
    if working:
        return TradeState.OPENING
    if any(o.filled_quantity > ZERO for o in orders):
        return TradeState.CLOSED
    if entries and all(o.state is OrderState.DENIED for o in entries):
        return TradeState.DENIED
    closing = any(o.state not in TERMINAL for o in orders)
    return TradeState.CLOSING if closing else TradeState.UNFILLED


def as_it_stands(trade: Trade, orders: Sequence[Order]) -> Trade:
    """Give the trade with the state and the reason its orders say it has.

    Only what is so now: a doubt that was settled is no longer told.
    """
    if not orders:
        return trade
    for order, code in kept_refusing(trade, orders):
        reason = refusal_text(trade, order, code)
        return replace(trade, state=TradeState.NEEDS_HUMAN, code=code, reason=reason)
    telling = next((o for o in reversed(orders) if o.reason), None)
    return replace(
        trade,
        state=state_of(trade, orders),
        code=telling.reason_code if telling else "",
        reason=telling.reason if telling else "",
    )


def kept_refusing(trade: Trade, orders: Sequence[Order]) -> Iterator[tuple[Order, str]]:
    """Name what the broker keeps refusing while something is held."""
    for part in trade.slices:
        mine = [o for o in orders if o.intent.slice == part.index]
        if held(mine) <= ZERO:
            continue
        for kind, code in (("exit.", "exit_failing"), ("guard.", "guard_failing")):
            closing = [o for o in mine if o.intent.leg.startswith(kind)]
            if refusals(closing) >= MAX_REFUSALS:
                yield closing[-1], code


def refusal_text(trade: Trade, order: Order, code: str) -> str:
    """Say what the broker refuses, why, and what to do."""
    return texts.say(
        code,
        broker=texts.broker_name(trade.ref.broker),
        symbol=trade.symbol,
        held=plain(order.intent.request.quantity or ZERO),
        why=order.reason,
    )


def refusals(orders: Sequence[Order]) -> int:
    """Count the refusals in a row at the end."""
    count = 0
    for order in reversed(orders):
        if order.state not in _REFUSED:
            break
        count += 1
    return count
