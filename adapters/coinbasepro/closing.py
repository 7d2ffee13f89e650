"""Write the orders that protect or close a position at Coinbase."""

from decimal import Decimal

from domain.ids import ClientOrderId
from domain.instruments import Instrument
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce

STOP_ROOM = Decimal("0.02")
"""How far a stop-limit may slip, as a share of its price: Coinbase has no plain stop."""


def stop_loss(
    instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting stop-limit under a position."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=quantity,
        stop_price=stop,
        limit_price=stop * (1 - STOP_ROOM),
    )


def take_profit(
    instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting target above a position."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=quantity,
        limit_price=limit,
    )


def at_market(instrument: Instrument, quantity: Decimal, client_order_id: ClientOrderId) -> OrderRequest:
    """Write a market order that sells ``quantity``."""
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=Side.SELL,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=quantity,
    )
