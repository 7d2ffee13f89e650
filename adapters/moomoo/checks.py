"""Refuse, before the socket, what moomoo is known to refuse: a Denied says what to do and costs nothing."""

from datetime import datetime

from adapters.kit.checks import check_class, check_kind
from adapters.kit.errors import Errors
from adapters.moomoo import texts, wire
from adapters.moomoo.manifest import MANIFEST
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType

REMARK = 64
"""Bytes a remark may have; the SDK itself refuses one more."""


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF)
    if request.take_profit is not None or request.stop_loss is not None:
        raise errors.denied(texts.NO_LEGS, "no_brackets")
    if request.extended_hours and request.order_type is not OrderType.LIMIT:
        raise errors.denied(texts.EXTENDED, "extended_hours")
    if len(request.client_order_id.encode()) > REMARK:
        raise errors.denied(texts.LONG_ID, "id_too_long")
    _size(request, errors)


def _size(request: OrderRequest, errors: Errors) -> None:
    symbol = request.instrument.symbol
    if request.notional is not None:
        raise errors.denied(texts.NO_NOTIONAL, "unsupported_notional")
    if wire.quantity(request.instrument, request.quantity or ZERO) <= ZERO:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=symbol), "too_small")
    if request.instrument.quantity_increment % 1 != 0:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=symbol), "fractional")
    for value in (request.limit_price, request.stop_price, request.trail_amount):
        if value is not None and wire.price(value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=symbol), "price_too_low")
