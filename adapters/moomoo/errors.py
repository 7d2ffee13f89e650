"""Name what went wrong from what OpenD answered: a result type, and a text in no fixed wording.

The result types are those of Common.proto. Only -1 is a refusal: the others say that OpenD's own line to the
servers failed, and then the order may well exist.
"""

from dataclasses import dataclass
from typing import Any

from adapters.kit.errors import Errors
from adapters.moomoo import texts
from adapters.moomoo.sdk import UNSENT, Trace
from domain.errors import BrokerError

REFUSED = -1

# Parts of refusals, English and Chinese as far as known; live wording is unverified, so matching is loose.
_BUSY = ("too frequent", "frequency", "frequen", "频率", "频繁")
_LOCKED = ("unlock", "trade password", "log in", "login", "not logged", "解锁", "登录")
_FUNDS = ("buying power", "insufficient fund", "insufficient cash", "not enough", "购买力", "资金不足")
_SHARES = ("available to sell", "exceeds the maximum quantity", "insufficient position", "可卖")
_PAPER = ("paper trading", "simulate", "模拟")
_SYMBOL = ("unknown stock", "suspended", "delist", "cannot be traded", "未知股票", "停牌")
_CLOSED = ("market closed", "market is closed", "trading hours", "trading session", "非交易时段", "休市")
_MISSING = ("does not exist", "not exist", "not found", "订单不存在", "nonexisting order")
_SHORTS = ("short sell", "short selling", "卖空")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Hold what one call of the SDK gave."""

    code: int
    data: Any
    trace: Trace


def classify(reply: Reply, errors: Errors, act: str, closed_text: str) -> BrokerError:
    """Name a failed call. ``act`` is the request that counts, or empty for the last one made."""
    text = str(reply.data)
    if reply.trace.wrong_account:
        return errors.denied(texts.PAPER_STAYS_PAPER, "wrong_account")
    step = reply.trace.of(act) if act else (reply.trace.steps[-1] if reply.trace.steps else None)
    if step is None:
        # The SDK itself found fault with it; nothing was packed, so nothing was sent.
        return errors.denied(texts.REFUSED, "refused_by_sdk")
    if step.answer is None:
        return _unanswered(text, errors, closed_text)
    if step.answer == REFUSED:
        return refused(text, errors)
    if step.answer == 0:
        return errors.unknown(texts.UNREADABLE, "unreadable")
    return errors.unknown(texts.BROKEN, f"opend_{abs(step.answer)}")


def _unanswered(text: str, errors: Errors, closed_text: str) -> BrokerError:
    if text in UNSENT or text == closed_text:
        return errors.unreachable(texts.UNREACHABLE)
    if "Timeout" in text:
        return errors.unknown(texts.NO_REPLY, "timeout")
    if "Disconnect" in text:
        return errors.unknown(texts.DROPPED, "dropped")
    return errors.unknown(texts.UNREADABLE, "unreadable")


def refused(text: str, errors: Errors) -> BrokerError:
    """Name a refusal by the words in it; one nobody knows is a refusal still."""
    said = text.lower()

    def has(parts: tuple[str, ...]) -> bool:
        return any(part in said for part in parts)

    if has(_BUSY):
        return errors.throttled(texts.THROTTLED, None)
    if has(_PAPER):
        return errors.rejected(texts.PAPER_LIMITS, "paper_limits")
    if has(_LOCKED):
        return errors.auth(texts.AUTH)
    if has(_SHARES):
        return errors.funds(texts.TOO_FEW, "insufficient_quantity")
    if has(_FUNDS):
        return errors.funds(texts.FUNDS)
    return _terms(has, errors)


def _terms(has: Any, errors: Errors) -> BrokerError:
    if has(_SYMBOL):
        return errors.not_tradable(texts.REFUSED_SYMBOL)
    if has(_CLOSED):
        return errors.closed(texts.CLOSED)
    if has(_SHORTS):
        return errors.rejected(texts.NO_SHORTS, "no_shorts")
    if has(_MISSING):
        return errors.not_found(texts.NOT_FOUND)
    if errors.operation in {"cancel", "replace"}:
        return errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    return errors.rejected(texts.REFUSED, "refused")


def sentence(text: str) -> str:
    """Say in our words why an order failed after it was taken."""
    return refused(text, Errors(broker="moomoo", operation="submit")).text if text else texts.REFUSED
