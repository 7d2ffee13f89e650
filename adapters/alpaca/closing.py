"""Write the orders that protect or close a position at Alpaca."""

from decimal import Decimal

from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce
from domain.portfolio import Position

STOP_ROOM = Decimal("0.02")
"""How far a coin's stop-limit may slip, as a share of its price: Alpaca has no plain stop for crypto."""


def stop_loss(
    instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting stop; ``quantity`` is the signed position."""
    side = _away(quantity)
    coin = instrument.asset_class is AssetClass.CRYPTO
    room = 1 - STOP_ROOM if side is Side.SELL else 1 + STOP_ROOM
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=side,
        order_type=OrderType.STOP_LIMIT if coin else OrderType.STOP,
        time_in_force=_resting(instrument, quantity),
        effect=PositionEffect.CLOSE,
        quantity=abs(quantity),
        stop_price=stop,
        limit_price=stop * room if coin else None,
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
        time_in_force=_resting(instrument, quantity),
        effect=PositionEffect.CLOSE,
        quantity=abs(quantity),
        limit_price=limit,
    )


def at_market(position: Position, size: Decimal, client_order_id: ClientOrderId) -> OrderRequest:
    """Write a market order that closes ``size`` of a position."""
    coin = position.instrument.asset_class is AssetClass.CRYPTO
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=position.instrument,
        side=_away(position.quantity),
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC if coin else TimeInForce.DAY,
        effect=PositionEffect.CLOSE,
        quantity=size,
    )


def _away(quantity: Decimal) -> Side:
    return Side.SELL if quantity > ZERO else Side.BUY


def _resting(instrument: Instrument, quantity: Decimal) -> TimeInForce:
    """Rest until cancelled, or for the day where part of a share allows no more."""
    part = instrument.asset_class is AssetClass.EQUITY and quantity % 1 != 0
    return TimeInForce.DAY if part else TimeInForce.GTC
