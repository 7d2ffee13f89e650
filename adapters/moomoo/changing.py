"""Write changes and cancels as the SDK wants them: every number again, changed or not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.kit.errors import Errors
from adapters.moomoo import parse, texts, wire
from adapters.moomoo.parse import LIMITED, STOPPED
from domain.money import ZERO
from domain.orders import OrderReport

ACT = "ModifyOrder"
"""The SDK's class whose request decides."""


def cancel(order_id: str, trd_env: str, account: int) -> dict[str, Any]:
    """Write a cancel; quantity and price are required and not read."""
    return _facts("CANCEL", order_id, trd_env, account) | {"qty": 0.0, "price": 0.0}


def modify(order: OrderReport, trd_env: str, account: int) -> dict[str, Any]:
    """Write the order as it shall stand."""
    facts = _facts("NORMAL", order.broker_order_id, trd_env, account)
    facts["qty"] = float(order.quantity or ZERO)
    facts["price"] = float(order.limit_price or ZERO)
    facts["aux_price"] = None if order.stop_price is None else float(order.stop_price)
    return facts


def changed(
    order: OrderReport,
    quantity: Decimal | None,
    limit_price: Decimal | None,
    stop_price: Decimal | None,
    errors: Errors,
) -> OrderReport:
    """Give the order as it shall stand, on moomoo's steps. Raises Denied for what it cannot carry."""
    if (limit_price is not None and order.order_type not in LIMITED) or (
        stop_price is not None and order.order_type not in STOPPED
    ):
        raise errors.denied(texts.WRONG_CHANGE, "wrong_change")
    new = order
    if quantity is not None:
        new = replace(new, quantity=wire.quantity(parse.bare_instrument(order.symbol), quantity))
    if limit_price is not None:
        new = replace(new, limit_price=wire.price(limit_price))
    if stop_price is not None:
        new = replace(new, stop_price=wire.price(stop_price))
    if any(value is not None and value <= ZERO for value in (new.quantity, new.limit_price, new.stop_price)):
        raise errors.denied(texts.TOO_LITTLE.format(symbol=order.symbol), "too_small")
    return new


def _facts(operation: str, order_id: str, trd_env: str, account: int) -> dict[str, Any]:
    return {
        "modify_order_op": operation,
        "order_id": order_id,
        "adjust_limit": 0,
        "trd_env": trd_env,
        "acc_id": account,
        "acc_index": 0,
    }
