"""Read orders back from Coinbase, which knows no look-up by our id: its lists are gone through."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from adapters.coinbasepro import parse, texts
from adapters.coinbasepro.client import Client
from adapters.kit.errors import Errors
from domain.broker import HistoryFilter
from domain.orders import LIVE, OrderReport

PAGE = 250
MAX_PAGES = 40
"""Pages looked through before it is said that nobody knows: 10,000 orders."""
# OPEN may not be asked for together with others (List Orders, order_status). Later states come last, so that
# an order that moves on between the two is seen as it then is.
_WORKING = (("PENDING", "QUEUED"), ("OPEN",), ("CANCEL_QUEUED", "EDIT_QUEUED"))
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)


class OrderDesk:
    """Look orders up and list them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def by_id(self, broker_order_id: str, errors: Errors) -> OrderReport:
        """Give one order. Raises NotFound."""
        return read_one(await self.raw(broker_order_id, errors), errors)

    async def raw(self, broker_order_id: str, errors: Errors) -> parse.Json:
        """Give one order as Coinbase wrote it. Raises NotFound."""
        answer = await self._client.read(
            lambda sdk: sdk.v3PrivateGetBrokerageOrdersHistoricalOrderId({"order_id": broker_order_id}),
            errors,
        )
        found = answer.get("order")
        if not isinstance(found, dict):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        return found

    async def by_client_id(self, client_order_id: str, errors: Errors) -> OrderReport:
        """Give one order under our id. Raises NotFound once every order was seen, else OutcomeUnknown."""
        async for raw in self._every({}, errors):
            if isinstance(raw, dict) and raw.get("client_order_id") == client_order_id:
                return read_one(raw, errors)
        raise errors.not_found(texts.NOT_FOUND)

    async def working(self, errors: Errors) -> list[OrderReport]:
        """Give every working spot order."""
        found: dict[str, OrderReport] = {}
        for states in _WORKING:
            async for raw in self._every({"order_status": list(states)}, errors):
                report = read_one(raw, errors)
                found[report.broker_order_id] = report
        return [r for r in found.values() if r.state in LIVE]

    async def changed_since(self, at: datetime, errors: Errors) -> list[OrderReport]:
        """Give recent orders that changed since a time, oldest first; the newest page is looked at."""
        raws, _ = await self._page({}, "", errors)
        found = [read_one(raw, errors) for raw in raws if _spot(raw)]
        return [r for r in reversed(found) if r.at >= at]

    async def history(self, query: HistoryFilter, product: str | None, errors: Errors) -> list[OrderReport]:
        """Give past orders, newest first, page by page until there are enough."""
        wanted: dict[str, Any] = {}
        if product is not None:
            wanted["product_ids"] = [product]
        if query.since is not None:
            wanted["start_date"] = query.since.isoformat().replace("+00:00", "Z")
        found: list[OrderReport] = []
        async for raw in self._every(wanted, errors):
            report = read_one(raw, errors)
            if not query.states or report.state in query.states:
                found.append(report)
            if len(found) >= query.limit:
                break
        return found

    async def _every(self, wanted: Mapping[str, Any], errors: Errors) -> AsyncIterator[Any]:
        cursor = ""
        for _ in range(MAX_PAGES):
            raws, cursor = await self._page(wanted, cursor, errors)
            for raw in raws:
                if _spot(raw):
                    yield raw
            if not cursor:
                return
        raise errors.unknown(texts.TOO_MANY, "too_many_orders")

    async def _page(self, wanted: Mapping[str, Any], cursor: str, errors: Errors) -> tuple[list[Any], str]:
        asked = {**wanted, "limit": PAGE} | ({"cursor": cursor} if cursor else {})
        answer = await self._client.read(
            lambda sdk: sdk.v3PrivateGetBrokerageOrdersHistoricalBatch(asked), errors
        )
        raws = answer.get("orders")
        if not isinstance(raws, list):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        return raws, str(answer.get("cursor") or "") if answer.get("has_next") else ""


def read_one(raw: object, errors: Errors) -> OrderReport:
    """Read one order; one that cannot be read is OutcomeUnknown, for the order may well exist."""
    try:
        return parse.report(raw)  # type: ignore[arg-type]
    except _UNREADABLE:
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def _spot(raw: object) -> bool:
    """Tell whether an order is for coins; futures of the same login are none of ours."""
    return not isinstance(raw, dict) or raw.get("product_type") in {None, "", "SPOT", "UNKNOWN_PRODUCT_TYPE"}
