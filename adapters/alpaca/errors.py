"""Turn what the SDK raises into the project's errors: what went wrong, and did it reach Alpaca.

Alpaca's codes: docs.alpaca.markets and shared/reference/brokers.md section 1. ``APIError.code`` parses the
body as JSON and blows up on HTML, so the HTTP status is looked at first and the body read with care.
"""

import json
from typing import Any

from adapters.alpaca import texts
from adapters.kit.errors import Errors, never_connected
from domain.errors import BrokerError

# Parts of Alpaca's messages under 40310000 that are not about money, and what to say. Those about options:
# docs.alpaca.markets/us/docs/options-trading-overview, Error Responses.
_FORBIDDEN = (
    ("authorized to trade options", "options_level", texts.OPTION_LEVEL),
    ("for level", "options_level", texts.OPTION_LEVEL),
    ("eligible to trade long option", "options_level", texts.OPTION_LEVEL),
    ("eligible to trade options", "options_level", texts.OPTION_LEVEL),
    ("contracts expiring today", "expires_today", texts.EXPIRY_LIMIT),
    ("assignment lock", "assignment_lock", texts.ASSIGNMENT_LOCK),
    ("wash trade", "wash_trade", texts.WASH),
    ("opposite side", "wash_trade", texts.WASH),
    ("sell order is open", "wash_trade", texts.WASH),
    ("short", "no_shorting", texts.SHORTING),
    ("cost basis", "too_small", texts.TOO_SMALL),
    ("minimal amount", "too_small", texts.TOO_SMALL),
)
# The contracts are not there to sell: another order was faster, or the owner closed by hand.
_UNCOVERED = ("uncovered", "for covered call", "for cash-secured put", "intent mismatch")
_SYMBOL = ("asset", "symbol", "not tradable", "not active", '" not found', '" is expired', "invalid contract")
# "opg orders must be submitted after 7:00pm and before 9:28am" (github.com/QuantConnect/Lean/issues/8374).
_HOURS = (
    *("market is closed", "market hours", "outside of market", "not open", "after 3:50", "after 9:28"),
    "orders must be submitted after",
)


def classify(error: BaseException, errors: Errors, *, retry_after: float | None = None) -> BrokerError:
    """Name an exception of the SDK or of requests. What cannot be proven is OutcomeUnknown."""
    if isinstance(error, BrokerError):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_status(status, _body(error), errors, retry_after)
    if never_connected(error):
        return errors.unreachable(texts.UNREACHABLE)
    if isinstance(error, TimeoutError) or type(error).__name__ == "ReadTimeout":
        return errors.unknown(texts.NO_REPLY, "timeout")
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | ArithmeticError):
        return errors.unknown(texts.UNREADABLE, "unreadable")
    return errors.unknown(texts.DROPPED, "dropped")


def _body(error: BaseException) -> dict[str, Any] | None:
    """Read the JSON object Alpaca sent, or None for HTML, half an object and the like."""
    try:
        body = json.loads(str(error.args[0]))
    except (ValueError, IndexError):
        return None
    return body if isinstance(body, dict) else None


def _by_status(
    status: int, body: dict[str, Any] | None, errors: Errors, retry_after: float | None
) -> BrokerError:
    if status == 429:
        return errors.throttled(texts.THROTTLED, retry_after)
    if status == 401:
        return errors.auth(texts.AUTH)
    if status >= 500 or status == 408:
        return errors.unknown(texts.BROKEN, f"http_{status}")
    if body is None or status < 400:
        # A page of a proxy or firewall: it proves nothing about the order.
        return errors.unknown(texts.UNREADABLE, "unreadable")
    message = str(body.get("message", "")).lower()
    if status == 403:
        return _forbidden(message, body.get("code"), errors)
    if status == 404:
        return _missing(message, errors)
    return _invalid(message, body.get("code"), errors)


def _forbidden(message: str, code: object, errors: Errors) -> BrokerError:
    if code is None or "forbidden" in message:
        return errors.auth(texts.AUTH)
    if any(part in message for part in _UNCOVERED):
        return errors.funds(texts.UNCOVERED, "insufficient_quantity")
    for part, name, text in _FORBIDDEN:
        if part in message:
            return errors.rejected(text, name)
    if "qty available" in message or "held_for_orders" in message:
        return errors.funds(texts.FUNDS, "insufficient_quantity")
    if code == 40310000:
        return errors.funds(texts.FUNDS)
    return errors.rejected(texts.REFUSED_ELSE, f"alpaca_{code}")


def _missing(message: str, errors: Errors) -> BrokerError:
    if errors.operation == "submit" or any(part in message for part in ("asset", "symbol")):
        return errors.not_tradable(texts.REFUSED_SYMBOL)
    return errors.not_found(texts.NOT_FOUND)


def _invalid(message: str, code: object, errors: Errors) -> BrokerError:
    if "client_order_id" in message and "unique" in message:
        return errors.duplicate(texts.DUPLICATE)
    if any(part in message for part in _UNCOVERED):
        return errors.funds(texts.UNCOVERED, "insufficient_quantity")
    if "expires soon" in message:
        return errors.rejected(texts.EXPIRES_SOON, "expires_today")
    if any(part in message for part in _HOURS):
        return errors.closed(texts.CLOSED)
    if any(part in message for part in _SYMBOL):
        return errors.not_tradable(texts.REFUSED_SYMBOL)
    if errors.operation in {"cancel", "replace"}:
        return errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    return errors.rejected(texts.REFUSED, f"alpaca_{code}" if code is not None else "invalid")
