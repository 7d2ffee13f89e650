"""Refuse, before the socket, what Alpaca is known to refuse: a Denied says what to do and costs nothing.

Rules of fractional orders, brackets and extended hours: docs.alpaca.markets/docs/orders-at-alpaca.
Rules of options: docs.alpaca.markets/us/docs/options-trading-overview.
"""

from datetime import datetime

from adapters.alpaca import expiry, texts, wire
from adapters.alpaca.manifest import MANIFEST
from adapters.kit.checks import check_class, check_kind, check_legs, check_lone_leg
from adapters.kit.errors import Errors
from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, PositionEffect, Side, TimeInForce

_NAMES = {AssetClass.EQUITY: "stocks", AssetClass.CRYPTO: "crypto", AssetClass.OPTION: "options"}


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied where the order cannot be sent as it is."""
    rules = check_class(request, MANIFEST, errors, now, texts.NO_CLASS)
    what = _NAMES[request.instrument.asset_class]
    check_kind(request, rules, errors, texts.NO_TYPE, texts.NO_TIF, what)
    if request.instrument.asset_class is AssetClass.OPTION:
        _option(request, errors, now)
    _size(request, errors)
    check_lone_leg(request, errors)
    if request.order_class is not OrderClass.SINGLE:
        _legs(request, errors)
    if request.extended_hours:
        _extended(request, errors)


def _option(request: OrderRequest, errors: Errors, now: datetime) -> None:
    opens = request.effect is PositionEffect.OPEN
    contract, symbol = request.instrument.option, request.instrument.symbol
    if request.notional is not None:
        raise errors.denied(texts.WHOLE_CONTRACTS, "option_notional")
    if request.order_class is not OrderClass.SINGLE:
        raise errors.denied(texts.NO_OPTION_LEGS, "no_option_brackets")
    if opens and request.side is Side.SELL:
        raise errors.denied(texts.NO_WRITING, "no_option_writing")
    if contract is None:
        return
    if expiry.is_over(contract, now):
        raise errors.denied(texts.OPTION_OVER.format(option=symbol, day=contract.expiry), "option_expired")
    if opens and expiry.too_late_to_open(contract, now):
        raise errors.denied(texts.EXPIRES_TODAY.format(option=symbol), "expires_today")


def _size(request: OrderRequest, errors: Errors) -> None:
    instrument, stock = request.instrument, request.instrument.asset_class is AssetClass.EQUITY
    if request.notional is not None:
        day = request.time_in_force is TimeInForce.DAY or not stock
        if request.order_type is not OrderType.MARKET or not day:
            raise errors.denied(texts.NOTIONAL_KIND, "notional_kind")
        if not instrument.fractionable:
            raise errors.denied(texts.NOT_FRACTIONAL.format(symbol=instrument.symbol), "not_fractional")
        return
    size = wire.quantity(instrument, request.quantity or ZERO)
    if size <= ZERO or size < instrument.min_quantity:
        raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")
    if stock and size % 1 != 0:
        if not instrument.fractionable:
            raise errors.denied(texts.NOT_FRACTIONAL.format(symbol=instrument.symbol), "not_fractional")
        if request.time_in_force is not TimeInForce.DAY:
            raise errors.denied(texts.FRACTIONAL_DAY, "fractional_day")
    for value in (request.limit_price, request.stop_price, request.take_profit, request.stop_loss):
        if value is not None and wire.price(instrument, value) <= ZERO:
            raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=instrument.symbol), "price_too_low")


def _legs(request: OrderRequest, errors: Errors) -> None:
    if request.instrument.asset_class is AssetClass.CRYPTO:
        raise errors.denied(texts.NO_CRYPTO_LEGS, "no_crypto_brackets")
    if request.notional is not None or wire.quantity(request.instrument, request.quantity or ZERO) % 1 != 0:
        raise errors.denied(texts.WHOLE_SHARES, "fractional_bracket")
    check_legs(request, errors, texts.LEG_TIF, texts.LEG_TYPE)


def _extended(request: OrderRequest, errors: Errors) -> None:
    plain_limit = request.order_type is OrderType.LIMIT and request.order_class is OrderClass.SINGLE
    stock = request.instrument.asset_class is AssetClass.EQUITY
    if not (stock and plain_limit and request.time_in_force is TimeInForce.DAY):
        raise errors.denied(texts.EXTENDED, "extended_hours")
