"""Turn what Coinbase answered, or the SDK raised, into the project's errors: what went wrong, did it arrive.

Reasons: docs.cdp.coinbase.com, Create Order and Edit Order. A refusal comes with HTTP 200 and
``success: false``; its reason is in one of several fields, and the most exact of them decides.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.coinbasepro import texts
from adapters.coinbasepro.sdk import Answered
from adapters.kit.errors import Errors, never_connected
from domain.errors import BrokerError

_FIELDS = ("preview_failure_reason", "new_order_failure_reason", "edit_failure_reason", "error")
_FUNDS = ("INSUFFICIENT_FUND", "INVALID_LEDGER_BALANCE", "INSUFFICIENT_BALANCE")
_SYMBOL = ("INVALID_PRODUCT_ID", "INELIGIBLE_PAIR", "UNSUPPORTED_PRODUCT", "PRODUCT_NOT_FOUND")
_CLOSED = ("ORDER_ENTRY_DISABLED", "TRADING_DISABLED", "MARKET_CLOSED", "CANCEL_ONLY", "VIEW_ONLY")
_SIZE = ("INVALID_SIZE", "INVALID_BASE_SIZE", "INVALID_QUOTE_SIZE", "SIZE_TOO_SMALL", "SIZE_TOO_LARGE")
_APART = 30.0
"""Seconds between Coinbase's clock and this computer's from which a refusal is put down to the clock."""
_STOP = ("STOP_PRICE_ABOVE_LAST", "STOP_PRICE_BELOW_LAST")


def classify(error: BaseException, errors: Errors) -> BrokerError:
    """Name an exception of the SDK. What cannot be proven is OutcomeUnknown."""
    if isinstance(error, BrokerError):
        return error
    if isinstance(error, Answered):
        return _by_status(error, errors)
    if never_connected(error):
        return errors.unreachable(texts.UNREACHABLE)
    if isinstance(error, TimeoutError) or type(error).__name__ == "RequestTimeout":
        return errors.unknown(texts.NO_REPLY, "timeout")
    return errors.unknown(texts.DROPPED, "dropped")


def refusal(answer: Mapping[str, Any], errors: Errors) -> BrokerError:
    """Name a ``success: false``. One that gives no reason proves nothing, so it is OutcomeUnknown."""
    told = _details(answer)
    reason = next((r for r in (_reason(told, field) for field in _FIELDS) if r), "")
    if not reason:
        return errors.unknown(texts.UNEXPLAINED, "unexplained")
    known: tuple[tuple[tuple[str, ...], BrokerError], ...] = (
        (_FUNDS, errors.funds(texts.FUNDS)),
        (_SYMBOL, errors.not_tradable(texts.SYMBOL)),
        (_CLOSED, errors.closed(texts.CLOSED)),
        (_STOP, errors.rejected(texts.STOP_SIDE_REFUSED, "stop_side")),
        (_SIZE, errors.rejected(texts.TOO_SMALL, "invalid_size")),
    )
    for parts, refused in known:
        if any(part in reason for part in parts):
            return refused
    if errors.operation in {"replace", "cancel"}:
        return errors.rejected(texts.NOT_CHANGEABLE, reason.lower())
    return errors.rejected(texts.REFUSED, reason.lower())


def _details(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    response = answer.get("error_response")
    if isinstance(response, dict):
        return response
    several = answer.get("errors")
    if isinstance(several, list) and several and isinstance(several[0], dict):
        return several[0]
    return answer


def _reason(told: Mapping[str, Any], field: str) -> str:
    """Give a field's reason; the UNKNOWN_… values say that there is none."""
    value = told.get(field)
    return value if isinstance(value, str) and value and not value.startswith("UNKNOWN_") else ""


def _by_status(answer: Answered, errors: Errors) -> BrokerError:
    status, body = answer.status, answer.body
    if status == 429:
        return errors.throttled(texts.THROTTLED, _seconds(answer.headers))
    if status == 401:
        return _unauthorized(answer, errors)
    if status >= 500 or status == 408 or body is None:
        code = "unreadable" if status < 400 else f"http_{status}"
        return errors.unknown(texts.UNREADABLE if status < 400 else texts.BROKEN, code)
    if status == 403:
        return errors.auth(texts.AUTH, "forbidden")
    if status == 404:
        return errors.not_found(texts.NOT_FOUND)
    if status == 400 and errors.operation == "order":
        return errors.not_found(texts.NOT_FOUND)  # an id that is no id of Coinbase's
    if 400 <= status < 500:
        found = refusal(body, errors)
        return found if found.code != "unexplained" else errors.rejected(texts.REFUSED_ELSE, f"http_{status}")
    return errors.unknown(texts.UNREADABLE, "unreadable")


def _unauthorized(answer: Answered, errors: Errors) -> BrokerError:
    """Tell a wrong clock from a wrong key: a request is signed for two minutes from now, and no other time.

    Denied, and not AuthFailed, where it is the clock: nothing was done, and no new key would help.
    """
    told = _header(answer.headers, "date")
    try:
        apart = abs(parsedate_to_datetime(told).timestamp() - time.time()) if told else 0.0
    except (TypeError, ValueError):
        apart = 0.0
    return errors.denied(texts.CLOCK, "wrong_clock") if apart > _APART else errors.auth(texts.AUTH)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((v for k, v in headers.items() if k.lower() == name), "")


def _seconds(headers: Mapping[str, str]) -> float | None:
    value = _header(headers, "retry-after")
    return float(value) if value.isdecimal() else None
