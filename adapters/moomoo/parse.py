"""Read the SDK's rows into the project's values. Floats end here; the odd raises ValueError or KeyError."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from adapters.moomoo.errors import sentence
from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument, OptionContract
from domain.money import ZERO
from domain.orders import OrderReport, OrderState, OrderType, Side
from domain.portfolio import AccountState, Position, Quote

Row = Mapping[str, Any]

NEW_YORK = ZoneInfo("America/New_York")
"""OpenD writes times of US orders and quotes in New York time, without a zone."""
PREFIX = "US."
NOTHING = "N/A"
_S = OrderState
STATES: Mapping[str, OrderState] = {
    "UNSUBMITTED": _S.WORKING,
    "WAITING_SUBMIT": _S.WORKING,
    "SUBMITTING": _S.WORKING,
    "SUBMITTED": _S.WORKING,
    "FILLED_PART": _S.PARTIALLY_FILLED,
    "CANCELLING_PART": _S.PARTIALLY_FILLED,
    "CANCELLING_ALL": _S.WORKING,
    "FILLED_ALL": _S.FILLED,
    "CANCELLED_PART": _S.CANCELLED,
    "CANCELLED_ALL": _S.CANCELLED,
    "DELETED": _S.CANCELLED,
    "FAILED": _S.REJECTED,
    "SUBMIT_FAILED": _S.REJECTED,
    "DISABLED": _S.EXPIRED,
}
"""Every state that says something. TIMEOUT and FILL_CANCELLED are left out on purpose: they say that nobody
knows, and that what was bought is gone; both need to be looked at, not guessed."""
UNSPEAKABLE = frozenset({"TIMEOUT", "FILL_CANCELLED", NOTHING})
TYPES: Mapping[str, OrderType] = {
    "NORMAL": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP": OrderType.STOP,
    "STOP_LIMIT": OrderType.STOP_LIMIT,
    "TRAILING_STOP": OrderType.TRAILING_STOP,
}
"""The types this bot places. Others, placed by hand, are described by whether they carry a price."""
SIDES: Mapping[str, Side] = {
    "BUY": Side.BUY,
    "SELL": Side.SELL,
    "SELL_SHORT": Side.SELL,
    "BUY_BACK": Side.BUY,
}
LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def number(value: object) -> Decimal:
    """Read an amount; ``repr`` of a float is its shortest exact form."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("not a number")
    try:
        found = Decimal(repr(float(value)) if isinstance(value, float) else str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not found.is_finite():
        raise ValueError("not a finite number")
    return found


def maybe(value: object) -> Decimal | None:
    """Read an amount that may be missing: written N/A, or left out."""
    if value is None or value in {NOTHING, ""} or value != value:
        return None
    return number(value)


def moment(value: object) -> datetime:
    """Read a time of the US market."""
    return datetime.fromisoformat(str(value)).replace(tzinfo=NEW_YORK)


def symbol(code: object) -> str:
    """Turn ``US.AAPL`` into AAPL. Raises ValueError for another market's."""
    text = str(code)
    if not text.startswith(PREFIX):
        raise ValueError("not of the US market")
    return text.removeprefix(PREFIX)


def is_ours(row: Row) -> bool:
    """Tell whether a row is of the US market."""
    return str(row["code"]).startswith(PREFIX)


def report(row: Row) -> OrderReport:
    """Read one order. Raises KeyError for a state that says nothing."""
    filled = maybe(row.get("dealt_qty")) or ZERO
    state = STATES[row["order_status"]]
    if state is OrderState.WORKING and filled > ZERO:
        state = OrderState.PARTIALLY_FILLED
    price = maybe(row.get("price")) or ZERO
    kind = TYPES.get(row["order_type"], OrderType.LIMIT if price > ZERO else OrderType.MARKET)
    average = maybe(row.get("dealt_avg_price"))
    said = str(row.get("last_err_msg") or "")
    return OrderReport(
        broker_order_id=_text(row["order_id"]),
        client_order_id=str(row.get("remark") or "") or None,
        state=state,
        symbol=symbol(row["code"]),
        side=SIDES[row["trd_side"]],
        order_type=kind,
        quantity=number(row["qty"]),
        filled_quantity=filled,
        average_price=average if filled > ZERO and average else None,
        limit_price=price if kind in LIMITED and price > ZERO else None,
        stop_price=(maybe(row.get("aux_price")) or None) if kind in STOPPED else None,
        at=moment(row.get("updated_time") or row["create_time"]),
        reason=sentence("" if said == NOTHING else said) if state is OrderState.REJECTED else "",
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no order id")
    return value


def account(row: Row, masked: str, *, paper: bool) -> AccountState:
    """Read the account's money, in dollars."""
    return AccountState(
        number_masked=masked,
        cash=number(row["cash"]),
        equity=number(row["total_assets"]),
        buying_power=number(row["power"]),
        currency=row["currency"] if row.get("currency") not in {None, NOTHING} else "USD",
        paper=paper,
    )


def position(row: Row) -> Position:
    """Read one position; a short is negative whichever way OpenD writes it."""
    held = abs(number(row["qty"]))
    # Paper accounts have no average cost; live ones move the other with every partial sale.
    average = maybe(row.get("average_cost"))
    if average is None:
        average = maybe(row.get("diluted_cost"))
    if average is None:
        average = maybe(row.get("cost_price"))
    return Position(
        instrument=bare_instrument(symbol(row["code"]), str(row.get("stock_name") or "")),
        quantity=-held if row["position_side"] == "SHORT" or number(row["qty"]) < ZERO else held,
        average_price=average or ZERO,
        mark=maybe(row.get("nominal_price")),
    )


def bare_instrument(name: str, title: str = "", *, tradable: bool = True) -> Instrument:
    """Describe a stock, or an option that is held, by its symbol."""
    try:
        option = OptionContract.from_occ(name)
    except InvalidValue:
        option = None
    return Instrument(
        symbol=option.occ if option else name,
        asset_class=AssetClass.OPTION if option else AssetClass.EQUITY,
        broker_symbol=PREFIX + name,
        multiplier=Decimal(100) if option else Decimal(1),
        name=title,
        option=option,
        tradable=tradable,
    )


def stock(row: Row) -> Instrument:
    """Read a stock's facts."""
    return bare_instrument(
        symbol(row["code"]), str(row.get("name") or ""), tradable=row.get("delisting") is not True
    )


def quote(row: Row) -> Quote | None:
    """Read a bid and an ask; None when one side is missing."""
    bid, ask = maybe(row["bid_price"]), maybe(row["ask_price"])
    if not bid or not ask or bid <= ZERO or ask <= ZERO:
        return None
    return Quote(symbol=symbol(row["code"]), bid=bid, ask=ask, at=moment(row["update_time"]))
