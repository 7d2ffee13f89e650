"""Turn what ccxt raises, and what Kraken answers, into the project's errors.

ccxt's own error classes are not used: an unmapped HTTP status becomes a NetworkError there, and a bad
signature a plain ExchangeError (shared/reference/brokers.md section 5). Kraken's codes are read instead:
support.kraken.com, "API error messages". What proves nothing is OutcomeUnknown.
"""

from collections.abc import Callable, Mapping, Sequence

from adapters.kit.errors import Errors, never_connected
from adapters.kraken import texts
from domain.errors import BrokerError


class Refused(Exception):
    """Carry Kraken's answer out of ccxt: its status, and its codes where the body was Kraken's."""

    def __init__(self, status: int, codes: Sequence[str], retry_after: float | None = None) -> None:
        super().__init__("Kraken refused")
        self.status = status
        self.codes = tuple(codes)
        self.retry_after = retry_after


_Make = Callable[[Errors], BrokerError]


def _throttled(errors: Errors) -> BrokerError:
    return errors.throttled(texts.THROTTLED, 5.0)


def _no_order(errors: Errors) -> BrokerError:
    if errors.operation in {"replace", "cancel"}:
        return errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    return errors.not_found(texts.NOT_FOUND)


def _small(errors: Errors) -> BrokerError:
    return errors.rejected(texts.TOO_SMALL, "too_small")


# By the beginning of the code; the longest beginning that fits is taken.
_CODES: Mapping[str, _Make] = {
    "EAPI:Invalid key": lambda e: e.auth(texts.AUTH),
    "EAPI:Invalid signature": lambda e: e.auth(texts.AUTH),
    "EAPI:Invalid nonce": lambda e: e.throttled(texts.NONCE, 0.1),
    "EAPI:Rate limit exceeded": _throttled,
    "EOrder:Rate limit exceeded": _throttled,
    "EGeneral:Too many requests": _throttled,
    "EService:Throttled": _throttled,
    "EGeneral:Temporary lockout": lambda e: e.throttled(texts.THROTTLED, 60.0),
    "EGeneral:Permission denied": lambda e: e.auth(texts.PERMISSION, "no_permission"),
    "EAPI:Feature disabled": lambda e: e.rejected(texts.REFUSED_ELSE, "feature_disabled"),
    "EAccount:Invalid permissions": lambda e: e.not_tradable(texts.REFUSED_SYMBOL),
    "EOrder:Insufficient funds": lambda e: e.funds(texts.FUNDS),
    "EOrder:Insufficient margin": lambda e: e.funds(texts.FUNDS),
    "EOrder:Order minimum not met": _small,
    "EOrder:Cost minimum not met": _small,
    "EGeneral:Invalid arguments:volume minimum": _small,
    "EOrder:Orders limit exceeded": lambda e: e.rejected(texts.LIMITS, "too_many_orders"),
    "EOrder:Positions limit exceeded": lambda e: e.rejected(texts.LIMITS, "too_many_orders"),
    "EOrder:Unknown order": _no_order,
    "EOrder:Invalid order": _no_order,
    "EQuery:Unknown asset pair": lambda e: e.not_tradable(texts.REFUSED_SYMBOL),
    "EOrder:Trading agreement required": lambda e: e.not_tradable(texts.REFUSED_SYMBOL),
    "EService:Market in cancel_only mode": lambda e: e.closed(texts.CLOSED),
    "EService:Market in post_only mode": lambda e: e.closed(texts.CLOSED),
    "EService:Market in limit_only mode": lambda e: e.closed(texts.CLOSED),
    # It may have been the default deadline of a gateway in front of the engine: that would prove nothing.
    "EService:Deadline elapsed": lambda e: e.unknown(texts.DEADLINE, "deadline"),
    "EService:": lambda e: e.unknown(texts.BROKEN, "kraken_busy"),
    "EGeneral:Internal error": lambda e: e.unknown(texts.BROKEN, "kraken_broken"),
    "EGeneral:Unknown error": lambda e: e.unknown(texts.BROKEN, "kraken_broken"),
    # Only the deadline we write goes by our clock: Kraken takes none that is more than a minute ahead.
    "EGeneral:Invalid arguments:deadline": lambda e: e.rejected(texts.CLOCK, "wrong_clock"),
    "EGeneral:Invalid arguments": lambda e: e.rejected(texts.REFUSED, "invalid"),
    "EGeneral:Unknown method": lambda e: e.rejected(texts.REFUSED_ELSE, "unknown_method"),
    "EOrder:": lambda e: e.rejected(texts.REFUSED, "invalid"),
}
_TAKEN = ("duplicate", "already", "in use", "not unique", "must be unique")


def classify(error: BaseException, errors: Errors) -> BrokerError:
    """Name an exception."""
    if isinstance(error, BrokerError):
        return error
    if isinstance(error, Refused):
        return _answered(error, errors)
    if never_connected(error):
        return errors.unreachable(texts.UNREACHABLE)
    if isinstance(error, TimeoutError) or type(error).__name__ == "RequestTimeout":
        return errors.unknown(texts.NO_REPLY, "timeout")
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | ArithmeticError):
        return errors.unknown(texts.UNREADABLE, "unreadable")
    return errors.unknown(texts.DROPPED, "dropped")


def _answered(answer: Refused, errors: Errors) -> BrokerError:
    if answer.status == 429:
        return errors.throttled(texts.THROTTLED, answer.retry_after)
    for code in answer.codes:
        return _coded(code, errors)
    if answer.status >= 500 or answer.status == 408:
        return errors.unknown(texts.BROKEN, f"http_{answer.status}")
    # A page of a proxy, or a shape nobody knows: it proves nothing about the order.
    return errors.unknown(texts.UNREADABLE, "unreadable")


def _coded(code: str, errors: Errors) -> BrokerError:
    lower = code.lower()
    about_id = "cl_ord_id" in lower or "client order id" in lower or "clordid" in lower
    if about_id and any(word in lower for word in _TAKEN):
        return errors.duplicate(texts.DUPLICATE)
    fits = [start for start in _CODES if code.startswith(start)]
    if not fits:
        return errors.unknown(texts.BROKEN, "unknown_code")
    return _CODES[max(fits, key=len)](errors)
