"""Refuse, before the socket, what Schwab is known to refuse: a Denied says what to do and costs nothing."""

from datetime import datetime

from adapters.kit.checks import check_class, check_kind, check_legs, check_lone_leg
from adapters.kit.errors import Errors
from adapters.schwab import texts, wire
from adapters.schwab.manifest import MANIFEST
from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, TimeInForce

_EXTENDED = frozenset({TimeInForce.DAY, TimeInForce.GTC})


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    what = "options" if request.instrument.asset_class is AssetClass.OPTION else "stocks"
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF, what)
    _size(request, errors)
    check_lone_leg(request, errors)
    if request.order_class is not OrderClass.SINGLE:
        check_legs(request, errors, texts.LEG_TIF, texts.LEG_TYPE)
    if request.extended_hours:
        _extended(request, errors)


def _size(request: OrderRequest, errors: Errors) -> None:
    instrument = request.instrument
    if request.quantity is None:
        raise errors.denied(texts.NO_NOTIONAL, "notional")
    if wire.quantity(request.quantity) < 1:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")
    prices = (request.limit_price, request.stop_price, request.take_profit, request.stop_loss)
    for value in (*prices, request.stop_loss_limit, request.trail_amount):
        if value is not None and wire.price(instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=instrument.symbol), "price_too_low")


def _extended(request: OrderRequest, errors: Errors) -> None:
    plain_limit = request.order_type is OrderType.LIMIT and request.order_class is OrderClass.SINGLE
    stock = request.instrument.asset_class is AssetClass.EQUITY
    if not (stock and plain_limit and request.time_in_force in _EXTENDED):
        raise errors.denied(texts.EXTENDED, "extended_hours")
