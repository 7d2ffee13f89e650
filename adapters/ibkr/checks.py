"""Refuse, before the socket, what TWS is known to refuse, or would do although nobody wants it.

TWS has no order that only closes: what sells more than is held sells short. So what closes is counted here.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from adapters.ibkr import texts, wire
from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.records import SIDES, Record
from adapters.kit.errors import Errors
from domain.broker import ClassRules
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, PositionEffect, Side, TimeInForce

_WITH_LEGS = frozenset({TimeInForce.DAY, TimeInForce.GTC})
MOST_PER_SIDE = 20
"""Open orders TWS takes for one contract, side and account."""


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = MANIFEST.classes.get(request.instrument.asset_class)
    if rules is None:
        raise errors.denied(texts.NO_CLASS, "unsupported_class")
    not_expired(request, errors, now)
    known, _, _ = request.instrument.broker_symbol.partition("@")
    if not known.isdecimal():
        raise errors.denied(texts.BAD_INSTRUMENT, "unresolved")
    _kind(request, rules, errors)
    _size(request, errors)
    if request.order_class is not OrderClass.SINGLE:
        _legs(request, errors)
    elif request.effect is PositionEffect.CLOSE and (request.take_profit or request.stop_loss):
        raise errors.denied(texts.LONE_LEG, "lone_leg")
    plain = request.order_class is OrderClass.SINGLE
    if request.extended_hours and not (plain and request.order_type is OrderType.LIMIT):
        raise errors.denied(texts.EXTENDED, "extended_hours")
    opens = request.order_type in {OrderType.MARKET, OrderType.LIMIT} and plain
    if request.time_in_force is TimeInForce.OPG and not opens:
        raise errors.denied(texts.OPENING, "opening")


def not_expired(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied when the licence to send is over."""
    if request.expires_at is not None and now >= request.expires_at:
        raise errors.denied(texts.EXPIRED, "expired")


def _kind(request: OrderRequest, rules: ClassRules, errors: Errors) -> None:
    what = texts.CLASSES[request.instrument.asset_class]
    if request.order_type not in rules.order_types:
        kind = request.order_type.value.replace("_", " ")
        raise errors.denied(texts.NO_TYPE.format(kind=kind, what=what), "unsupported_type")
    if request.time_in_force not in rules.times_in_force:
        tif = request.time_in_force.value.upper()
        raise errors.denied(texts.NO_TIF.format(tif=tif, what=what), "unsupported_tif")


def _size(request: OrderRequest, errors: Errors) -> None:
    instrument = request.instrument
    if request.notional is not None:
        raise errors.denied(texts.NO_NOTIONAL, "no_notional")
    size = wire.quantity(instrument, request.quantity or ZERO)
    if size <= ZERO or size < instrument.min_quantity:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")
    prices = (request.limit_price, request.stop_price, request.take_profit, request.stop_loss)
    for value in (*prices, request.stop_loss_limit, request.trail_amount):
        if value is not None and wire.price(instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=instrument.symbol), "price_too_low")


def _legs(request: OrderRequest, errors: Errors) -> None:
    if request.instrument.asset_class is AssetClass.OPTION:
        raise errors.denied(texts.NO_OPTION_LEGS, "no_option_brackets")
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


def crowded(instrument: Instrument, side: Side, count: int, live: Iterable[Record], errors: Errors) -> None:
    """Raise Denied where TWS takes no more open orders."""
    same = [r for r in live if r.symbol == instrument.symbol and SIDES.get(r.action) is side]
    if len(same) + count > MOST_PER_SIDE:
        raise errors.denied(texts.TOO_MANY.format(symbol=instrument.symbol), "too_many_orders")


def free_to_close(instrument: Instrument, side: Side, held: Decimal, live: Iterable[Record]) -> Decimal:
    """Give how much of a position no open order is about to close. Legs of one trade count once."""
    if (held > ZERO) is not (side is Side.SELL):
        return ZERO
    bound: dict[str, Decimal] = {}
    for record in live:
        if record.symbol == instrument.symbol and SIDES.get(record.action) is side:
            key = record.base or record.id
            bound[key] = max(bound.get(key, ZERO), record.left)
    return abs(held) - sum(bound.values(), ZERO)
