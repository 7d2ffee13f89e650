"""Refuse, before the socket, what TWS is known to refuse, or would do although nobody wants it.

TWS has no order that only closes: what sells more than is held sells short. So what closes is counted here.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from adapters.ibkr import texts, wire
from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.records import SIDES, Record
from adapters.kit.checks import check_class, check_kind, check_legs, check_lone_leg
from adapters.kit.errors import Errors
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, Side, TimeInForce

MOST_PER_SIDE = 20
"""Open orders TWS takes for one contract, side and account."""


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    known, _, _ = request.instrument.broker_symbol.partition("@")
    if not known.isdecimal():
        raise errors.denied(texts.BAD_INSTRUMENT, "unresolved")
    what = texts.CLASSES[request.instrument.asset_class]
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF, what)
    _size(request, errors)
    check_lone_leg(request, errors)
    if request.order_class is not OrderClass.SINGLE:
        _legs(request, errors)
    plain = request.order_class is OrderClass.SINGLE
    if request.extended_hours and not (plain and request.order_type is OrderType.LIMIT):
        raise errors.denied(texts.EXTENDED, "extended_hours")
    opens = request.order_type in {OrderType.MARKET, OrderType.LIMIT} and plain
    if request.time_in_force is TimeInForce.OPG and not opens:
        raise errors.denied(texts.OPENING, "opening")


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
    check_legs(request, errors, texts.LEG_TIF, texts.LEG_TYPE)


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
