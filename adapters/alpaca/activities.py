"""Read what became of options without an order: exercises, assignments and expiries.

Activities: docs.alpaca.markets/docs/non-trade-activities-for-option-events. They are shown in the history as
orders of nobody: no client order id, a text that says what happened. Each exercise and assignment is two: the
contracts that went (OPEXC, OPASN), and the shares that came or went for them (OPTRD).
"""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from adapters.alpaca import parse, texts
from adapters.alpaca.client import Client
from adapters.alpaca.parse import Json
from adapters.kit.errors import Errors
from adapters.kit.reading import maybe, moment, number
from domain.broker import HistoryFilter
from domain.errors import NotFound
from domain.orders import OrderReport, OrderState, OrderType, Side

_PAGE = 100
"""The most activities Alpaca gives at once."""


async def history(client: Client, query: HistoryFilter, errors: Errors) -> list[OrderReport]:
    """Give what happened to options by itself, newest first, up to a page of it."""
    if query.states and OrderState.FILLED not in query.states:
        return []
    params: dict[str, Any] = {"activity_types": ",".join(texts.ACTIVITIES), "page_size": _PAGE}
    if query.since is not None:
        params["after"] = query.since.isoformat()
    try:
        raws = await client.read(lambda: client.trading.get("/account/activities", params), errors)
    except NotFound:
        return []  # a server that speaks Alpaca's language without this word
    try:
        found = [_report(raw) for raw in raws if raw["activity_type"] in texts.ACTIVITIES]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None
    return [r for r in found if query.symbol in {None, r.symbol}]


def _report(raw: Json) -> OrderReport:
    quantity = number(raw["qty"])
    price = maybe(raw.get("price"))
    return OrderReport(
        broker_order_id=str(raw["id"]),
        state=OrderState.FILLED,
        symbol=parse.plain_symbol(raw["symbol"]),
        side=Side.BUY if quantity > Decimal(0) else Side.SELL,
        order_type=OrderType.MARKET,
        quantity=abs(quantity),
        filled_quantity=abs(quantity),
        average_price=price if price else None,
        at=_at(raw),
        reason=texts.ACTIVITIES[raw["activity_type"]],
    )


def _at(raw: Json) -> datetime:
    """Give the moment it was booked, or the middle of its day: Alpaca always tells the day."""
    if raw.get("created_at"):
        return moment(raw["created_at"])
    return datetime.combine(datetime.fromisoformat(raw["date"]).date(), time(12), UTC)
