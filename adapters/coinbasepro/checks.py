"""Refuse, before the socket, what Coinbase is known to refuse: a Denied says what to do and costs nothing."""

from datetime import datetime

from adapters.coinbasepro import texts, wire
from adapters.coinbasepro.manifest import MANIFEST
from adapters.kit.errors import Errors
from domain.broker import ClassRules
from domain.money import ZERO
from domain.orders import OrderRequest, OrderType, Side, TimeInForce

_PRICES = ("limit_price", "stop_price")


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = MANIFEST.classes.get(request.instrument.asset_class)
    if rules is None:
        raise errors.denied(texts.NO_CLASS, "unsupported_class")
    not_expired(request, errors, now)
    _kind(request, rules, errors)
    _size(request, errors)
    for name in _PRICES:
        value = getattr(request, name)
        if value is not None and wire.price(request.instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=request.instrument.symbol), "price_too_low")


def not_expired(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied when the licence to send is over."""
    if request.expires_at is not None and now >= request.expires_at:
        raise errors.denied(texts.EXPIRED, "expired")


def _kind(request: OrderRequest, rules: ClassRules, errors: Errors) -> None:
    force = request.time_in_force
    if request.order_type not in rules.order_types:
        kind = request.order_type.value.replace("_", " ")
        raise errors.denied(texts.NO_TYPE.format(kind=kind), "unsupported_type")
    # A stop-limit rests until cancelled: Coinbase has no other.
    waits = request.order_type is OrderType.STOP_LIMIT and force is not TimeInForce.GTC
    if force not in rules.times_in_force or waits:
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
