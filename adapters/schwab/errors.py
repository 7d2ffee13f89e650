"""Turn what the SDK gives and raises into the project's errors: what went wrong, and did it reach Schwab.

The SDK raises on no HTTP status, so every answer passes ``check``. Schwab documents few codes; its sentences
are matched on parts, and what matches nothing stays a plain refusal.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.kit.errors import Errors, never_connected
from adapters.schwab import texts
from domain.errors import BrokerError

# Parts of Schwab's sentences, looked through in this order.
_FEW = (
    "oversold",
    "more shares than",
    "more contracts than",
    "insufficient shares",
    "no position",
    "do not own",
)
_SHORT = ("short", "borrow")
_FUNDS = ("buying power", "insufficient funds", "not enough available cash", "sufficient funds", "margin")
_HOURS = ("market is closed", "market hours", "not open", "outside of", "trading session")
_SYMBOL = ("symbol", "security", "not tradable", "halted", "not eligible for trading")


def classify(error: BaseException, errors: Errors) -> BrokerError:
    """Name an exception of the SDK or of httpx. What cannot be proven is OutcomeUnknown."""
    if isinstance(error, BrokerError):
        return error
    name = type(error).__name__
    if never_connected(error) or name == "PoolTimeout":
        return errors.unreachable(texts.UNREACHABLE)
    if isinstance(error, TimeoutError) or name in {"ReadTimeout", "WriteTimeout"}:
        return errors.unknown(texts.NO_REPLY, "timeout")
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | ArithmeticError):
        return errors.unknown(texts.UNREADABLE, "unreadable")
    return errors.unknown(texts.DROPPED, "dropped")


def check(response: Any, errors: Errors, now: datetime) -> None:
    """Raise what a status says; give nothing back when it is 2xx."""
    status = int(response.status_code)
    if 200 <= status < 300:
        return
    if status == 429:
        raise errors.throttled(texts.THROTTLED, _seconds(response.headers.get("Retry-After"), now))
    if status == 401:
        raise errors.auth(texts.ACCESS_OVER, "access_expired")
    if status >= 500 or status in {408, 425}:
        raise errors.unknown(texts.BROKEN, f"http_{status}")
    said = message(response)
    if said is None or status < 400:
        # A page of a proxy or firewall: it proves nothing about the order.
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    if status == 403:
        raise errors.auth(texts.FORBIDDEN, "forbidden")
    if status == 404 and errors.operation != "submit":
        raise errors.not_found(texts.NOT_FOUND)
    raise refusal(said, errors)


def refusal(said: str, errors: Errors) -> BrokerError:
    """Name a refusal by Schwab's own sentence, from a 400 or from an order that was rejected."""
    text = said.lower()
    if errors.operation in {"cancel", "replace"} and ("cannot be" in text or "status" in text):
        return errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    if any(part in text for part in _FEW):
        return errors.funds(texts.TOO_FEW, "insufficient_quantity")
    if any(part in text for part in _SHORT):
        return errors.rejected(texts.SHORTING, "no_shorting")
    if any(part in text for part in _FUNDS):
        return errors.funds(texts.FUNDS)
    if any(part in text for part in _HOURS):
        return errors.closed(texts.CLOSED)
    if any(part in text for part in _SYMBOL):
        return errors.not_tradable(texts.REFUSED_SYMBOL)
    return errors.rejected(texts.REFUSED, "refused")


def message(response: Any) -> str | None:
    """Read the sentence in a JSON answer, or None where the answer is none of Schwab's."""
    try:
        body = json.loads(response.text)
    except ValueError:
        return None
    if not isinstance(body, Mapping):
        return None
    parts = [body.get("message"), body.get("error"), body.get("error_description")]
    for item in body.get("errors") or ():
        parts += [item.get("title"), item.get("detail")] if isinstance(item, Mapping) else [item]
    return " ".join(str(part) for part in parts if part)


def body_of(response: Any, errors: Errors) -> Any:
    """Read a JSON answer with exact numbers. Raises OutcomeUnknown for anything else."""
    try:
        return json.loads(response.text, parse_float=Decimal)
    except (ValueError, UnicodeDecodeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def _seconds(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None
