"""Write the orders that protect or close a position at Interactive Brokers."""

from decimal import Decimal

from domain.ids import ClientOrderId
from domain.instruments import Instrument
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce


def stop_loss(
    instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting stop; ``quantity`` is the signed position."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=_away(quantity),
        order_type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=abs(quantity),
        stop_price=stop,
    )


def take_profit(
    instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting target; ``quantity`` is the signed position."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=_away(quantity),
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=abs(quantity),
        limit_price=limit,
    )


def at_market(
    instrument: Instrument, held: Decimal, size: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a market order that closes ``size`` of a position of ``held``."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=_away(held),
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        effect=PositionEffect.CLOSE,
        quantity=size,
    )


def _away(quantity: Decimal) -> Side:
    return Side.SELL if quantity > ZERO else Side.BUY
