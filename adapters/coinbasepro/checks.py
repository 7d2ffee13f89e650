"""Refuse, before the socket, what Coinbase is known to refuse: a Denied says what to do and costs nothing."""

from datetime import datetime

from adapters.coinbasepro import texts, wire
from adapters.coinbasepro.manifest import MANIFEST
from adapters.kit.checks import check_class, check_kind
from adapters.kit.errors import Errors
from domain.broker import ClassRules
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType, Side, TimeInForce

_PRICES = ("limit_price", "stop_price")


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    _kind(request, rules, errors)
    _size(request, errors)
    for name in _PRICES:
        value = getattr(request, name)
        if value is not None and wire.price(request.instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=request.instrument.symbol), "price_too_low")


def _kind(request: OrderRequest, rules: ClassRules, errors: Errors) -> None:
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF)
    force = request.time_in_force
    # A stop-limit rests until cancelled: Coinbase has no other.
    if request.order_type is OrderType.STOP_LIMIT and force is not TimeInForce.GTC:
        raise errors.denied(texts.NO_TIF.format(tif=force.value.upper()), "unsupported_tif")
    if request.take_profit is not None or request.stop_loss is not None:
        raise errors.denied(texts.NO_LEGS, "no_brackets")


def _size(request: OrderRequest, errors: Errors) -> None:
    pair = request.instrument
    if request.notional is not None:
        if request.order_type is not OrderType.MARKET or request.side is not Side.BUY:
            raise errors.denied(texts.NOTIONAL_KIND, "notional_kind")
        if request.notional < max(pair.min_notional, wire.CENT):
            raise errors.denied(texts.TOO_CHEAP.format(symbol=pair.symbol), "too_small")
        return
    size = wire.quantity(pair, request.quantity or ZERO)
    if size <= ZERO or size < pair.min_quantity:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=pair.symbol), "too_small")
