"""Refuse, before the socket, what Schwab is known to refuse: a Denied says what to do and costs nothing."""

from datetime import datetime
from decimal import Decimal

from adapters.kit.errors import Errors
from adapters.schwab import texts, wire
from adapters.schwab.manifest import MANIFEST
from domain.broker import ClassRules
from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, PositionEffect, Side, TimeInForce

_WITH_LEGS = frozenset({TimeInForce.DAY, TimeInForce.GTC})


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = MANIFEST.classes.get(request.instrument.asset_class)
    if rules is None:
        raise errors.denied(texts.NO_CLASS, "unsupported_class")
    not_expired(request, errors, now)
    _kind(request, rules, errors)
    _size(request, errors)
    if request.order_class is not OrderClass.SINGLE:
        _legs(request, errors)
    elif request.effect is PositionEffect.CLOSE and (request.take_profit or request.stop_loss):
        raise errors.denied(texts.LONE_LEG, "lone_leg")
    if request.extended_hours:
        _extended(request, errors)


def not_expired(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied when the licence to send is over."""
    if request.expires_at is not None and now >= request.expires_at:
        raise errors.denied(texts.EXPIRED, "expired")


def _kind(request: OrderRequest, rules: ClassRules, errors: Errors) -> None:
    what = "options" if request.instrument.asset_class is AssetClass.OPTION else "stocks"
    if request.order_type not in rules.order_types:
        kind = request.order_type.value.replace("_", " ")
        raise errors.denied(texts.NO_TYPE.format(kind=kind, what=what), "unsupported_type")
    if request.time_in_force not in rules.times_in_force:
        tif = request.time_in_force.value.upper()
        raise errors.denied(texts.NO_TIF.format(tif=tif, what=what), "unsupported_tif")


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


def _legs(request: OrderRequest, errors: Errors) -> None:
    if request.time_in_force not in _WITH_LEGS:
        raise errors.denied(texts.LEG_TIF, "bracket_tif")
    if request.order_type is OrderType.TRAILING_STOP:
        raise errors.denied(texts.LEG_TYPE, "bracket_type")
    closing = request.effect is PositionEffect.CLOSE
    base = None if closing else request.limit_price or request.stop_price
    up = Decimal(1) if (request.side is Side.BUY) is not closing else Decimal(-1)
    take, stop = request.take_profit, request.stop_loss
    if base is None:
        if take is not None and stop is not None and (take - stop) * up <= ZERO:
            raise errors.denied(texts.TAKE_SIDE, "take_profit_side")
        return
    if take is not None and (take - base) * up <= ZERO:
        raise errors.denied(texts.TAKE_SIDE, "take_profit_side")
    if stop is not None and (base - stop) * up <= ZERO:
        raise errors.denied(texts.STOP_SIDE, "stop_loss_side")


def _extended(request: OrderRequest, errors: Errors) -> None:
    plain_limit = request.order_type is OrderType.LIMIT and request.order_class is OrderClass.SINGLE
    stock = request.instrument.asset_class is AssetClass.EQUITY
    if not (stock and plain_limit and request.time_in_force in _WITH_LEGS):
        raise errors.denied(texts.EXTENDED, "extended_hours")
