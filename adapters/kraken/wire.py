"""Write orders as Kraken wants them: exact numbers as text, on the steps Kraken takes.

AddOrder: docs.kraken.com/api/docs/rest-api/add-order. ``price`` is the limit of a limit order and the trigger
of a stop; ``price2`` is the limit behind a trigger.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from adapters.kraken.manifest import DEADLINE
from adapters.kraken.parse import ORDER_TYPES
from domain.instruments import Instrument
from domain.money import floor_to, plain, round_to
from domain.orders import OrderRequest, OrderType, TimeInForce

_CENT = Decimal("0.01")


def price(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a price on its step."""
    return round_to(value, instrument.price_increment)


def quantity(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a quantity on its step, never above what was asked."""
    return floor_to(value, instrument.quantity_increment)


def order(request: OrderRequest, size: Decimal, now: datetime) -> dict[str, str]:
    """Write a checked request for ``size`` coins."""
    fields = {
        "pair": request.instrument.broker_symbol,
        "type": request.side.value,
        "ordertype": ORDER_TYPES[request.order_type],
        "volume": plain(size),
        "cl_ord_id": request.client_order_id,
        # A copy that hangs somewhere on the way cannot land later than this.
        "deadline": _rfc3339(now + timedelta(seconds=DEADLINE)),
        # Fees in dollars: what is bought is then exactly what was asked, and all of it can be sold again.
        "oflags": "fciq",
    }
    if request.time_in_force is TimeInForce.IOC and request.order_type is OrderType.LIMIT:
        fields["timeinforce"] = "IOC"
    return fields | _prices(request)


def changes(
    instrument: Instrument, size: Decimal | None, limit: Decimal | None, stop: Decimal | None
) -> dict[str, str]:
    """Write what AmendOrder changes; the order keeps its id (docs.kraken.com, "Amend Order")."""
    fields: dict[str, str] = {}
    if size is not None:
        fields["order_qty"] = plain(quantity(instrument, size))
    if limit is not None:
        fields["limit_price"] = plain(price(instrument, limit))
    if stop is not None:
        fields["trigger_price"] = plain(price(instrument, stop))
    return fields


def _prices(request: OrderRequest) -> dict[str, str]:
    instrument, limit, stop = request.instrument, request.limit_price, request.stop_price
    if request.order_type is OrderType.LIMIT and limit is not None:
        return {"price": plain(price(instrument, limit))}
    if request.order_type is OrderType.STOP and stop is not None:
        return {"price": plain(price(instrument, stop))}
    if request.order_type is OrderType.STOP_LIMIT and stop is not None and limit is not None:
        return {"price": plain(price(instrument, stop)), "price2": plain(price(instrument, limit))}
    if request.trail_percent is not None:
        return {"price": f"+{plain(round_to(request.trail_percent, _CENT))}%"}
    if request.trail_amount is not None:
        return {"price": f"+{plain(price(instrument, request.trail_amount))}"}
    return {}


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
