"""Write orders as Coinbase wants them: exact numbers as text, on the steps of the pair.

The SDK's ``create_order`` drops ``clientOrderId`` for an id of its own, asks a price of a market buy, and
turns a trigger price the wrong way round (shared/reference/brokers.md section 5). Its endpoint is handed the
whole body instead.
"""

from decimal import Decimal
from typing import Any

from domain.instruments import Instrument
from domain.money import floor_to, plain, round_to
from domain.orders import OrderRequest, OrderType, Side, TimeInForce

CENT = Decimal("0.01")
LIMITS = {
    TimeInForce.GTC: "limit_limit_gtc",
    TimeInForce.IOC: "sor_limit_ioc",
    TimeInForce.FOK: "limit_limit_fok",
}
DIRECTIONS = {Side.BUY: "STOP_DIRECTION_STOP_UP", Side.SELL: "STOP_DIRECTION_STOP_DOWN"}
"""A bought stop waits above the market, a sold one below."""


def price(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a price on its step."""
    return round_to(value, instrument.price_increment)


def quantity(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a quantity on its step, never above what was asked."""
    return floor_to(value, instrument.quantity_increment)


def order_body(request: OrderRequest) -> dict[str, Any]:
    """Write a checked request."""
    return {
        "client_order_id": request.client_order_id,
        "product_id": request.instrument.broker_symbol,
        "side": request.side.value.upper(),
        "order_configuration": _configuration(request),
    }


def _configuration(request: OrderRequest) -> dict[str, dict[str, Any]]:
    pair = request.instrument
    if request.notional is not None:
        return {"market_market_ioc": {"quote_size": plain(floor_to(request.notional, CENT))}}
    size = {"base_size": plain(quantity(pair, request.quantity or Decimal(0)))}
    if request.order_type is OrderType.MARKET:
        return {"market_market_ioc": size}
    limit = {"limit_price": plain(price(pair, request.limit_price or Decimal(0)))}
    if request.order_type is OrderType.STOP_LIMIT:
        stop = {
            "stop_price": plain(price(pair, request.stop_price or Decimal(0))),
            "stop_direction": DIRECTIONS[request.side],
        }
        return {"stop_limit_stop_limit_gtc": size | limit | stop}
    name = LIMITS[request.time_in_force]
    post_only = {"post_only": False} if name == "limit_limit_gtc" else {}
    return {name: size | limit | post_only}
