"""Write the orders that protect or close a position. A position is negative for a short."""

from decimal import Decimal

from domain.ids import ClientOrderId
from domain.instruments import Instrument
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce

STOP_ROOM = Decimal("0.02")
"""How far a stop-limit may slip, as a share of its price, where there is no plain stop."""


def stop_loss(
    instrument: Instrument,
    position: Decimal,
    stop: Decimal,
    client_order_id: ClientOrderId,
    force: TimeInForce = TimeInForce.GTC,
    *,
    limited: bool = False,
) -> OrderRequest:
    """Write a resting stop; ``limited`` makes it a stop-limit with ``STOP_ROOM``."""
    side = _away(position)
    room = 1 - STOP_ROOM if side is Side.SELL else 1 + STOP_ROOM
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=side,
        order_type=OrderType.STOP_LIMIT if limited else OrderType.STOP,
        time_in_force=force,
        effect=PositionEffect.CLOSE,
        quantity=abs(position),
        stop_price=stop,
        limit_price=stop * room if limited else None,
    )


def take_profit(
    instrument: Instrument,
    position: Decimal,
    limit: Decimal,
    client_order_id: ClientOrderId,
    force: TimeInForce = TimeInForce.GTC,
) -> OrderRequest:
    """Write a resting target."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=_away(position),
        order_type=OrderType.LIMIT,
        time_in_force=force,
        effect=PositionEffect.CLOSE,
        quantity=abs(position),
        limit_price=limit,
    )


def size(position: Decimal, asked: Decimal | None) -> Decimal:
    """Give how much to close: what was asked, and never more than there is."""
    return abs(position) if asked is None else min(asked, abs(position))


def at_market(
    instrument: Instrument,
    position: Decimal,
    quantity: Decimal,
    client_order_id: ClientOrderId,
    force: TimeInForce = TimeInForce.DAY,
) -> OrderRequest:
    """Write a market order that closes ``quantity`` of a position."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=_away(position),
        order_type=OrderType.MARKET,
        time_in_force=force,
        effect=PositionEffect.CLOSE,
        quantity=quantity,
    )


def _away(position: Decimal) -> Side:
    return Side.SELL if position > ZERO else Side.BUY
