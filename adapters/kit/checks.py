"""Refuse, before the socket, what a broker's own data says it does not take."""

from datetime import datetime
from decimal import Decimal

from adapters.kit import texts
from adapters.kit.errors import Errors
from domain.broker import BrokerManifest, ClassRules
from domain.money import ZERO
from domain.orders import OrderClass, OrderRequest, OrderType, PositionEffect, Side, TimeInForce

_WITH_LEGS = frozenset({TimeInForce.DAY, TimeInForce.GTC})


def check_class(
    request: OrderRequest, manifest: BrokerManifest, errors: Errors, now: datetime, no_class: str
) -> ClassRules:
    """Give the rules of the order's asset class. Raises Denied without any, or when it is too late."""
    rules = manifest.classes.get(request.instrument.asset_class)
    if rules is None:
        raise errors.denied(no_class, "unsupported_class")
    check_licence(request, errors, now)
    return rules


def check_licence(request: OrderRequest, errors: Errors, now: datetime) -> None:
    """Raise Denied when the licence to send is over."""
    if request.expires_at is not None and now >= request.expires_at:
        raise errors.denied(texts.EXPIRED, "expired")


def check_kind(
    request: OrderRequest, rules: ClassRules, errors: Errors, no_type: str, no_tif: str, what: str = ""
) -> None:
    """Raise Denied for another order type or time in force; the sentences may name {kind}, {tif}, {what}."""
    if request.order_type not in rules.order_types:
        kind = request.order_type.value.replace("_", " ")
        raise errors.denied(no_type.format(kind=kind, what=what), "unsupported_type")
    if request.time_in_force not in rules.times_in_force:
        tif = request.time_in_force.value.upper()
        raise errors.denied(no_tif.format(tif=tif, what=what), "unsupported_tif")


def check_change(
    quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None, errors: Errors
) -> None:
    """Raise Denied when an order is to be replaced by the same."""
    if quantity is None and limit_price is None and stop_price is None:
        raise errors.denied(texts.NOTHING_TO_CHANGE, "nothing_to_change")


def check_lone_leg(request: OrderRequest, errors: Errors) -> None:
    """Raise Denied when a closing order carries a stop or a target alone."""
    alone = request.order_class is OrderClass.SINGLE and request.effect is PositionEffect.CLOSE
    if alone and (request.take_profit or request.stop_loss):
        raise errors.denied(texts.LONE_LEG, "lone_leg")


def check_legs(request: OrderRequest, errors: Errors, leg_tif: str, leg_type: str) -> None:
    """Raise Denied where an order cannot carry its stop and target, or they lie on the wrong side."""
    if request.time_in_force not in _WITH_LEGS:
        raise errors.denied(leg_tif, "bracket_tif")
    if request.order_type is OrderType.TRAILING_STOP:
        raise errors.denied(leg_type, "bracket_type")
    _check_sides(request, errors)


def _check_sides(request: OrderRequest, errors: Errors) -> None:
    """Check that the legs lie around the entry, where its price is known."""
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
