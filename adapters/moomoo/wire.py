"""Write orders as the SDK wants them: on moomoo's steps first, and only then as floats."""

from decimal import Decimal
from typing import Any

from adapters.moomoo.parse import LIMITED, STOPPED, TYPES
from domain.instruments import Instrument
from domain.money import ZERO, floor_to, round_to
from domain.orders import OrderRequest, OrderType, Side, TimeInForce

CENT, PENNY_STOCK_STEP = Decimal("0.01"), Decimal("0.0001")
_NAMES = {kind: name for name, kind in TYPES.items()}
_SIDES = {Side.BUY: "BUY", Side.SELL: "SELL"}
FORCES = {TimeInForce.DAY: "DAY", TimeInForce.GTC: "GTC"}


def price(value: Decimal) -> Decimal:
    """Put a price on its step: cents from 1 dollar up, hundredths of a cent below (SEC Rule 612)."""
    return round_to(value, CENT if value >= 1 else PENNY_STOCK_STEP)


def quantity(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a quantity on its step, never above what was asked."""
    return floor_to(value, instrument.quantity_increment)


def place(request: OrderRequest, trd_env: str, account: int) -> dict[str, Any]:
    """Write a checked request as arguments of ``place_order``; every default is spelt out."""
    limited = request.order_type in LIMITED and request.limit_price is not None
    stopped = request.order_type in STOPPED and request.stop_price is not None
    return {
        # A market order carries a price nobody reads; the field is required.
        "price": float(price(request.limit_price)) if limited and request.limit_price else 0.0,
        "qty": float(quantity(request.instrument, request.quantity or ZERO)),
        "code": request.instrument.broker_symbol,
        "trd_side": _SIDES[request.side],
        "order_type": _NAMES[request.order_type],
        "adjust_limit": 0,
        "trd_env": trd_env,
        "acc_id": account,
        "acc_index": 0,
        "remark": request.client_order_id,
        "time_in_force": FORCES[request.time_in_force],
        "fill_outside_rth": request.extended_hours,
        "aux_price": float(price(request.stop_price)) if stopped and request.stop_price else None,
        **_trail(request),
    }


def _trail(request: OrderRequest) -> dict[str, Any]:
    if request.order_type is not OrderType.TRAILING_STOP:
        return {"trail_type": None, "trail_value": None, "trail_spread": None}
    if request.trail_percent is not None:
        value = round_to(request.trail_percent, CENT)
        return {"trail_type": "RATIO", "trail_value": float(value), "trail_spread": None}
    amount = price(request.trail_amount or ZERO)
    return {"trail_type": "AMOUNT", "trail_value": float(amount), "trail_spread": None}
