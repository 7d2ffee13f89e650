"""Read orders back from Alpaca, with the legs it hides.

What Alpaca hides (alpaca-trade-api-js issues 80 and 87, csharp issue 252): a list of open orders has no held
legs; asked for nested ones it drops the legs of an entry that has filled; a look-up by our id never nests.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.alpaca import parse, texts
from adapters.alpaca.client import Client
from adapters.alpaca.parse import Json
from adapters.kit.errors import Errors
from adapters.kit.reading import moment
from domain.broker import HistoryFilter
from domain.orders import LIVE, OrderReport

PAGE = 500
"""The most orders Alpaca gives at once."""
_MAX_PAGES = 10


class OrderDesk:
    """Look orders up and list them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def by_id(self, broker_order_id: str, errors: Errors) -> Json:
        """Give one order with its legs."""
        return _object(await self._client.read(lambda: self._get(broker_order_id), errors), errors)

    async def by_client_id(self, client_order_id: str, errors: Errors) -> Json:
        """Give one order under our id; a second look fetches the legs, which the first never shows."""
        found = _object(
            await self._client.read(
                lambda: self._client.trading.get_order_by_client_id(client_order_id), errors
            ),
            errors,
        )
        if (found.get("order_class") or "simple") in {"simple", ""}:
            return found
        return await self.by_id(str(found["id"]), errors)

    async def working(self, errors: Errors) -> list[OrderReport]:
        """Give every order that works or has a working leg.

        Two lists: all recent orders with their legs, and the open ones of any age without.
        """
        recent = read_all(await self._list(errors, status="all", nested=True), errors)
        flat = read_all(await self._list(errors, status="open", nested=False), errors)
        found = [r for r in recent if _works(r) or any(_works(leg) for leg in r.legs)]
        seen = {r.broker_order_id for r in recent} | {leg.broker_order_id for r in recent for leg in r.legs}
        return found + [r for r in flat if r.broker_order_id not in seen]

    async def changed_since(self, at: datetime, errors: Errors) -> list[OrderReport]:
        """Give recent orders that changed since a time, themselves or a leg, oldest first."""
        recent = read_all(await self._list(errors, status="all", nested=True), errors)
        return [r for r in reversed(recent) if max((r.at, *(leg.at for leg in r.legs))) >= at]

    async def history(self, query: HistoryFilter, errors: Errors) -> list[OrderReport]:
        """Give past orders, newest first, page by page until there are enough."""
        found: dict[str, OrderReport] = {}
        until: datetime | None = None
        for _ in range(_MAX_PAGES):
            raws = await self._list(
                errors, status="all", nested=True, after=query.since, until=until, symbol=query.symbol
            )
            page = read_all(raws, errors)
            fresh = [r for r in page if r.broker_order_id not in found]
            found.update((r.broker_order_id, r) for r in fresh)
            enough = sum(1 for r in found.values() if _matches(r, query)) >= query.limit
            if enough or len(page) < PAGE or not fresh:
                break
            # Until is exclusive; a microsecond more keeps orders of the very same moment.
            until = moment(raws[-1]["submitted_at"]) + timedelta(microseconds=1)
        return [r for r in found.values() if _matches(r, query)][: query.limit]

    async def _list(
        self,
        errors: Errors,
        *,
        status: str,
        nested: bool,
        after: datetime | None = None,
        until: datetime | None = None,
        symbol: str | None = None,
    ) -> list[Json]:
        def ask() -> Any:
            from alpaca.trading.enums import QueryOrderStatus
            from alpaca.trading.requests import GetOrdersRequest

            return self._client.trading.get_orders(
                GetOrdersRequest(
                    status=QueryOrderStatus(status),
                    limit=PAGE,
                    nested=nested,
                    after=after,
                    until=until,
                    symbols=[symbol] if symbol else None,
                )
            )

        answer = await self._client.read(ask, errors)
        if not isinstance(answer, list):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        return answer

    def _get(self, broker_order_id: str) -> Any:
        from alpaca.trading.requests import GetOrderByIdRequest

        return self._client.trading.get_order_by_id(broker_order_id, GetOrderByIdRequest(nested=True))


def read_one(raw: object, errors: Errors) -> OrderReport:
    """Read one order; one that cannot be read is OutcomeUnknown, for the order may well exist."""
    try:
        return parse.report(_object(raw, errors))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def read_all(raws: Sequence[Json], errors: Errors) -> list[OrderReport]:
    """Read a list of orders, passing over those of several legs of options, which this bot never places."""
    return [read_one(raw, errors) for raw in _single_symbol(raws)]


def _single_symbol(raws: Sequence[Json]) -> Iterable[Json]:
    return (raw for raw in raws if not isinstance(raw, dict) or raw.get("order_class") != "mleg")


def _object(raw: object, errors: Errors) -> Json:
    if not isinstance(raw, dict):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    return raw


def _works(report: OrderReport) -> bool:
    return report.state in LIVE and report.replaced_by is None


def _matches(report: OrderReport, query: HistoryFilter) -> bool:
    return report.replaced_by is None and (not query.states or report.state in query.states)
