"""Write orders as Alpaca wants them: exact numbers as text, on the steps Alpaca takes.

The SDK's own request models hold floats (0.1 + 0.2 shares would go out as 0.30000000000000004), so the SDK's
client is handed a ``Body`` instead: it only ever asks it for ``to_request_fields``.
"""

from decimal import Decimal
from typing import Any

from adapters.alpaca.parse import CENT
from domain.instruments import AssetClass, Instrument
from domain.money import floor_to, plain, round_to
from domain.orders import OrderClass, OrderRequest, OrderType, TimeInForce

_PENNY_STOCK_STEP = Decimal("0.0001")


class Body:
    """Carry request fields through the SDK unchanged."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def to_request_fields(self) -> dict[str, Any]:
        """Give the fields the SDK sends."""
        return self._fields


def price(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a price on its step: cents from 1 dollar up, hundredths of a cent below (SEC Rule 612)."""
    if instrument.asset_class is AssetClass.EQUITY:
        return round_to(value, CENT if value >= 1 else _PENNY_STOCK_STEP)
    return round_to(value, instrument.price_increment)


def quantity(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a quantity on its step, never above what was asked."""
    return floor_to(value, instrument.quantity_increment)


def resting(instrument: Instrument, quantity: Decimal) -> TimeInForce:
    """Rest until cancelled, or for the day where part of a share allows no more."""
    part = instrument.asset_class is AssetClass.EQUITY and quantity % 1 != 0
    return TimeInForce.DAY if part else TimeInForce.GTC


def order_body(request: OrderRequest) -> Body:
    """Write a checked request."""
    fields: dict[str, Any] = {
        "symbol": request.instrument.broker_symbol,
        "side": request.side.value,
        "type": request.order_type.value,
        "time_in_force": request.time_in_force.value,
        "client_order_id": request.client_order_id,
    }
    if request.notional is not None:
        fields["notional"] = plain(floor_to(request.notional, CENT))
    elif request.quantity is not None:
        fields["qty"] = plain(quantity(request.instrument, request.quantity))
    if request.extended_hours:
        fields["extended_hours"] = True
    if request.instrument.asset_class is AssetClass.OPTION:
        # Without it, a sale of contracts that are gone already would be taken for the start of a short.
        fields["position_intent"] = f"{request.side.value}_to_{request.effect.value}"
    if request.order_class is OrderClass.OCO:
        fields["type"] = OrderType.LIMIT.value
    else:
        fields |= _prices(request)
    return Body(fields | _legs(request))


def _prices(request: OrderRequest) -> dict[str, str]:
    fields: dict[str, str] = {}
    if request.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and request.limit_price is not None:
        fields["limit_price"] = plain(price(request.instrument, request.limit_price))
    if request.order_type in {OrderType.STOP, OrderType.STOP_LIMIT} and request.stop_price is not None:
        fields["stop_price"] = plain(price(request.instrument, request.stop_price))
    if request.order_type is OrderType.TRAILING_STOP:
        if request.trail_percent is not None:
            fields["trail_percent"] = plain(round_to(request.trail_percent, Decimal("0.01")))
        elif request.trail_amount is not None:
            fields["trail_price"] = plain(price(request.instrument, request.trail_amount))
    return fields


def _legs(request: OrderRequest) -> dict[str, Any]:
    if request.order_class is OrderClass.SINGLE:
        return {}
    fields: dict[str, Any] = {"order_class": request.order_class.value}
    if request.take_profit is not None:
        fields["take_profit"] = {"limit_price": plain(price(request.instrument, request.take_profit))}
    if request.stop_loss is not None:
        stop = {"stop_price": plain(price(request.instrument, request.stop_loss))}
        if request.stop_loss_limit is not None:
            stop["limit_price"] = plain(price(request.instrument, request.stop_loss_limit))
        fields["stop_loss"] = stop
    return fields
