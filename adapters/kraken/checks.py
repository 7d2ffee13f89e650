"""Refuse, before the socket, what Kraken does not take: a Denied says what to do and costs nothing."""

from datetime import datetime
from decimal import Decimal

from adapters.kit.checks import check_class, check_kind
from adapters.kit.errors import Errors
from adapters.kraken import texts, wire
from adapters.kraken.manifest import MANIFEST
from domain.instruments import Instrument
from domain.money import ZERO, plain
from domain.orders import OrderRequest, OrderType, TimeInForce


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF)
    # A market order is immediate anyway; a stop that is cancelled at once would protect nothing.
    at_once = request.order_type in {OrderType.LIMIT, OrderType.MARKET}
    if request.time_in_force is TimeInForce.IOC and not at_once:
        raise errors.denied(texts.TIF_KIND, "unsupported_tif")
    if request.take_profit is not None or request.stop_loss is not None:
        raise errors.denied(texts.NO_LEGS, "no_brackets")
    if request.extended_hours:
        raise errors.denied(texts.EXTENDED, "extended_hours")
    if not request.instrument.tradable:
        raise errors.denied(texts.HALTED.format(symbol=request.instrument.symbol), "not_tradable")
    if request.notional is not None and request.order_type is not OrderType.MARKET:
        raise errors.denied(texts.NOTIONAL_KIND, "notional_kind")
    if request.quantity is not None:
        size(request.instrument, request.quantity, errors)
    _prices(request, errors)


def size(instrument: Instrument, asked: Decimal, errors: Errors) -> Decimal:
    """Give the quantity on its step. Raises Denied below the pair's smallest order."""
    found = wire.quantity(instrument, asked)
    if found <= ZERO or found < instrument.min_quantity:
        least = plain(max(instrument.min_quantity, instrument.quantity_increment))
        raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol, least=least), "too_small")
    return found


def _prices(request: OrderRequest, errors: Errors) -> None:
    instrument = request.instrument
    for value in (request.limit_price, request.stop_price, request.trail_amount):
        if value is not None and wire.price(instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=instrument.symbol), "price_too_low")
    base = request.limit_price or request.stop_price
    if base is None or request.quantity is None:
        return
    if base * request.quantity < instrument.min_notional:
        least = plain(instrument.min_notional)
        text = texts.WORTH_TOO_LITTLE.format(symbol=instrument.symbol, least=least)
        raise errors.denied(text, "too_small")
