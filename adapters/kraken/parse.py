"""Read what Kraken sends. Order states are a closed table: one not in it is an error, never a guess."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.kraken.markets import Markets
from domain.money import ZERO
from domain.orders import Fill, OrderReport, OrderState, OrderType, Side
from domain.portfolio import Quote

Json = Mapping[str, Any]

_STATES: Mapping[str, OrderState] = {
    "pending": OrderState.WORKING,
    "open": OrderState.WORKING,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    # The stream's words for the same.
    "pending_new": OrderState.WORKING,
    "new": OrderState.WORKING,
    "partially_filled": OrderState.PARTIALLY_FILLED,
    "filled": OrderState.FILLED,
}
ORDER_TYPES: Mapping[OrderType, str] = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop-loss",
    OrderType.STOP_LIMIT: "stop-loss-limit",
    OrderType.TRAILING_STOP: "trailing-stop",
}
_TYPES: Mapping[str, OrderType] = {word: kind for kind, word in ORDER_TYPES.items()} | {
    "take-profit": OrderType.STOP,
    "take-profit-limit": OrderType.STOP_LIMIT,
    "trailing-stop-limit": OrderType.TRAILING_STOP,
}
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def number(value: object) -> Decimal:
    """Read a number: Kraken's text, or a Decimal. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("not a number")
    try:
        found = Decimal(value)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if not found.is_finite():
        raise ValueError("not a finite number")
    return found


def maybe(value: object) -> Decimal | None:
    """Read a price that may be missing: empty, zero, or relative such as ``+5%``."""
    text = str(value if value is not None else "")
    if not text or text[0] in "+-#" or text.endswith("%"):
        return None
    found = number(value)
    return found or None


def moment(value: object) -> datetime:
    """Read a time: seconds since 1970, or RFC 3339."""
    if isinstance(value, str) and "T" in value:
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(float(str(value)), UTC)


def report(txid: str, raw: Json, markets: Markets) -> OrderReport:
    """Read one order of the REST API. Raises ValueError, KeyError or TypeError when it cannot be read."""
    descr, kind = raw["descr"], kind_of(raw["descr"]["ordertype"])
    filled = number(raw["vol_exec"])
    first, second = maybe(descr.get("price")), maybe(descr.get("price2"))
    stops = kind in _STOPS
    return OrderReport(
        broker_order_id=txid,
        client_order_id=raw.get("cl_ord_id") or None,
        state=state_of(raw["status"], filled),
        symbol=symbol_of(descr["pair"], markets),
        side=Side(descr["type"]),
        order_type=kind,
        quantity=number(raw["vol"]),
        filled_quantity=filled,
        average_price=_average(raw, filled),
        limit_price=second if stops else first if kind is OrderType.LIMIT else None,
        stop_price=first if stops else maybe(raw.get("stopprice")),
        at=moment(raw.get("closetm") or raw["opentm"]),
        reason=str(raw.get("reason") or ""),
    )


def _average(raw: Json, filled: Decimal) -> Decimal | None:
    """Give the mean price; where Kraken leaves it out, what was paid says it."""
    if not filled:
        return None
    return maybe(raw.get("price")) or number(raw["cost"]) / filled


def state_of(word: object, filled: Decimal) -> OrderState:
    """Read a state. Raises ValueError for one that is not in the table: the order may well live."""
    state = _STATES.get(str(word))
    if state is None:
        raise ValueError("an order state nobody knows")
    return OrderState.PARTIALLY_FILLED if state is OrderState.WORKING and filled > ZERO else state


def kind_of(word: object) -> OrderType:
    """Read an order type; one placed elsewhere that has no name here is shown as a limit order."""
    return _TYPES.get(str(word), OrderType.LIMIT)


def symbol_of(name: str, markets: Markets) -> str:
    """Give our symbol of a pair; a pair nobody knows keeps Kraken's name."""
    pair = markets.named(name)
    return pair.instrument.symbol if pair else name.replace("/", "")


def update(raw: Json, markets: Markets) -> OrderReport:
    """Read one merged execution report of the stream. Raises as ``report`` does."""
    kind = kind_of(raw["order_type"])
    filled = number(raw.get("cum_qty") or 0)
    trigger = (raw.get("triggers") or {}).get("price") if kind in _STOPS else None
    average = maybe(raw.get("avg_price"))
    return OrderReport(
        broker_order_id=str(raw["order_id"]),
        client_order_id=raw.get("cl_ord_id") or None,
        state=state_of(raw["order_status"], filled),
        symbol=symbol_of(raw["symbol"], markets),
        side=Side(raw["side"]),
        order_type=kind,
        quantity=number(raw["order_qty"]),
        filled_quantity=filled,
        average_price=average if filled else None,
        limit_price=maybe(raw.get("limit_price")),
        stop_price=maybe(trigger),
        at=moment(raw["timestamp"]),
        reason=str(raw.get("reason") or ""),
    )


def fill(raw: Json) -> Fill | None:
    """Read the execution in a message of the stream, where there is one."""
    if raw.get("exec_type") not in {"trade", "filled"} or not raw.get("exec_id"):
        return None
    fees = raw.get("fees") or ()
    return Fill(
        id=str(raw["exec_id"]),
        broker_order_id=str(raw["order_id"]),
        quantity=number(raw["last_qty"]),
        price=number(raw["last_price"]),
        at=moment(raw["timestamp"]),
        fee=sum((number(fee["qty"]) for fee in fees if fee.get("asset") == "USD"), ZERO),
    )


def quote(symbol: str, raw: Json, at: datetime) -> Quote | None:
    """Read one ticker; None when a side is empty. Kraken gives it no time, so it carries the time read."""
    bid, ask = number(raw["b"][0]), number(raw["a"][0])
    if bid <= ZERO or ask <= ZERO:
        return None
    return Quote(
        symbol=symbol, bid=bid, ask=ask, at=at, bid_size=number(raw["b"][2]), ask_size=number(raw["a"][2])
    )
