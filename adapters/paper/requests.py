"""Prepare a request: refuse what the manifest does not offer, and round to the instrument's steps."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from adapters.kit.errors import Errors
from adapters.paper import texts
from adapters.paper.manifest import MANIFEST
from domain.instruments import Instrument
from domain.money import ZERO, floor_to, plain, round_to
from domain.orders import OrderRequest, PositionEffect

_PRICES = ("limit_price", "stop_price", "trail_amount", "take_profit", "stop_loss", "stop_loss_limit")


def prepare(request: OrderRequest, errors: Errors, now: datetime) -> OrderRequest:
    """Give the request in the instrument's steps. Raises Denied; nothing has been done then.

    The time it had to be sent by is dropped with that: an order which was taken rests as long as it may.
    """
    check(request, errors, now)
    instrument = request.instrument
    changes: dict[str, Decimal] = {}
    if request.quantity is not None:
        changes["quantity"] = quantity(instrument, request.quantity, errors)
    for name in _PRICES:
        asked = getattr(request, name)
        if asked is not None:
            changes[name] = price(instrument, asked, errors)
    return replace(request, expires_at=None, **changes)  # type: ignore[arg-type]


def check(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Refuse what the manifest does not offer. Raises Denied."""
    kind = request.instrument.asset_class
    rules = MANIFEST.classes.get(kind)
    if rules is None:
        raise errors.denied(texts.NO_CLASS.format(kind=kind.value), "unsupported_class")
    if request.expires_at is not None and request.expires_at <= now:
        raise errors.denied(texts.ORDER_EXPIRED, "expired")
    if request.order_type not in rules.order_types:
        name = request.order_type.value.replace("_", " ")
        raise errors.denied(texts.NO_TYPE.format(kind=name, what=kind.value), "unsupported_type")
    if request.time_in_force not in rules.times_in_force:
        raise errors.denied(texts.NO_TIF.format(tif=request.time_in_force.value.upper()), "unsupported_tif")
    if request.notional is not None and not rules.notional:
        raise errors.denied(texts.NO_NOTIONAL, "unsupported_notional")
    legs = (request.take_profit is not None) + (request.stop_loss is not None)
    if request.effect is PositionEffect.CLOSE and legs == 1:
        raise errors.denied(texts.LONE_LEG, "lone_leg")


def quantity(instrument: Instrument, asked: Decimal, errors: Errors) -> Decimal:
    """Round a quantity down to the instrument's steps. Raises Denied when nothing is left."""
    rounded = floor_to(asked, instrument.quantity_increment)
    if rounded <= ZERO:
        step = plain(instrument.quantity_increment)
        raise errors.denied(texts.TOO_SMALL.format(symbol=instrument.symbol, step=step), "too_small")
    return rounded


def price(instrument: Instrument, asked: Decimal, errors: Errors) -> Decimal:
    """Round a price to the nearest of the instrument's steps. Raises Denied when it would be nothing."""
    rounded = round_to(asked, instrument.price_increment)
    if rounded <= ZERO:
        step = plain(instrument.price_increment)
        raise errors.denied(
            texts.PRICE_TOO_SMALL.format(symbol=instrument.symbol, step=step), "price_too_low"
        )
    return rounded
