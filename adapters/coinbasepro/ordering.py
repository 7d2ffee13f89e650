"""Read what Coinbase answers to an order, a cancel and a change; HTTP 200 says nothing about success."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.coinbasepro import texts, wire
from adapters.coinbasepro.errors import refusal
from adapters.coinbasepro.parse import Json
from adapters.kit.errors import Errors
from domain.instruments import Instrument
from domain.money import ZERO, plain
from domain.orders import LIVE, OrderReport, OrderRequest, OrderState

EDITABLE = frozenset({"limit_limit_gtc", "stop_limit_stop_limit_gtc"})
_SAME = "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST"


def placed(answer: Json, request: OrderRequest, errors: Errors, now: datetime) -> OrderReport:
    """Report an order that was taken. It may be an older one under the same id: then that is what is told.

    Raises Rejected and its kind for a refusal, OutcomeUnknown for an answer that says neither.
    """
    if answer.get("success") is False:
        raise refusal(answer, errors)
    told = answer.get("success_response")
    if answer.get("success") is not True or not isinstance(told, dict):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    order_id = told.get("order_id")
    if not isinstance(order_id, str) or not order_id:
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    pair, size = request.instrument, request.quantity
    limit, stop = request.limit_price, request.stop_price
    if told.get("product_id", pair.broker_symbol) != pair.broker_symbol:
        raise errors.duplicate(texts.NOT_CHANGEABLE)  # our id once named an order in another pair
    return OrderReport(
        broker_order_id=order_id,
        client_order_id=request.client_order_id,
        state=OrderState.WORKING,
        symbol=pair.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=None if size is None else wire.quantity(pair, size),
        filled_quantity=ZERO,
        average_price=None,
        limit_price=None if limit is None else wire.price(pair, limit),
        stop_price=None if stop is None else wire.price(pair, stop),
        at=now,
    )


def cancelled(answer: Json, order_id: str, errors: Errors) -> None:
    """Check the answer to a cancel. Raises Rejected where the order could not be cancelled."""
    results = answer.get("results")
    found: Mapping[str, Any] = next(
        (r for r in results if isinstance(r, dict) and r.get("order_id") in {order_id, None, ""})
        if isinstance(results, list)
        else iter(()),
        {},
    )
    if found.get("success") is True or found.get("failure_reason") == "DUPLICATE_CANCEL_REQUEST":
        return
    if found.get("success") is not False:
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    raise errors.rejected(texts.NOT_CHANGEABLE, str(found.get("failure_reason") or "not_changeable").lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Hold a change as it will stand, and as it is sent."""

    body: Mapping[str, str]
    quantity: Decimal
    limit_price: Decimal
    stop_price: Decimal | None


def change(
    raw: Json,
    current: OrderReport,
    pair: Instrument | None,
    wanted: tuple[Decimal | None, Decimal | None, Decimal | None],
    errors: Errors,
) -> Change:
    """Write a change of quantity, limit and stop. Coinbase wants size and price told, changed or not."""
    if current.state not in LIVE:
        raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    editable = set(raw.get("order_configuration") or ()) <= EDITABLE
    if not editable or pair is None or current.quantity is None or current.limit_price is None:
        raise errors.denied(texts.NOT_CHANGEABLE, "not_editable")
    quantity, limit, stop = wanted
    if stop is not None and current.stop_price is None:
        raise errors.denied(texts.NOT_CHANGEABLE, "no_stop_price")
    size = current.quantity if quantity is None else wire.quantity(pair, quantity)
    price = current.limit_price if limit is None else wire.price(pair, limit)
    trigger = current.stop_price if stop is None else wire.price(pair, stop)
    if size < max(pair.min_quantity, pair.quantity_increment):
        raise errors.denied(texts.TOO_LITTLE.format(symbol=pair.symbol), "too_small")
    if price <= ZERO or (trigger is not None and trigger <= ZERO):
        raise errors.denied(texts.PRICE_TOO_LOW.format(symbol=pair.symbol), "price_too_low")
    body = {"order_id": current.broker_order_id, "size": plain(size), "price": plain(price)}
    if trigger is not None:
        body["stop_price"] = plain(trigger)
    return Change(body=body, quantity=size, limit_price=price, stop_price=trigger)


def changed(answer: Json, errors: Errors) -> None:
    """Check the answer to a change; an order that already stands as wanted is success."""
    if answer.get("success") is True:
        return
    told = answer.get("errors")
    first = told[0] if isinstance(told, list) and told else told
    if isinstance(first, dict) and first.get("edit_failure_reason") == _SAME:
        return
    if answer.get("success") is not False:
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    raise refusal(answer, errors)
