"""Read orders back from Kraken.

QueryOrders knows Kraken's own ids only; our id is asked of OpenOrders, then of ClosedOrders, in this order:
an order that fills between the two reads is then seen, not missed.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.kit.errors import Errors
from adapters.kraken import parse, texts
from adapters.kraken.client import Client
from adapters.kraken.markets import Markets
from domain.broker import HistoryFilter, Lane
from domain.errors import NotFound
from domain.orders import OrderReport

_TXID = re.compile(r"O[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}", re.ASCII)
PAGE = 50
"""How many closed orders Kraken gives at once."""
_MAX_PAGES = 6


class OrderDesk:
    """Look orders up and list them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def by_id(self, txid: str, errors: Errors, lane: Lane = Lane.READ) -> OrderReport:
        """Give one order. Raises NotFound; what cannot be an id of Kraken's is not asked for."""
        raw = await self.raw(txid, errors, lane)
        return self._read(txid, raw, await self._client.markets(errors), errors)

    @staticmethod
    def check_id(txid: str, errors: Errors) -> None:
        """Raise NotFound for what cannot be an id of Kraken's."""
        if not _TXID.fullmatch(txid):
            raise errors.not_found(texts.NOT_FOUND)

    async def raw(self, txid: str, errors: Errors, lane: Lane = Lane.READ) -> Mapping[str, Any]:
        """Give one order as Kraken sends it. Raises NotFound."""
        self.check_id(txid, errors)
        # Asked as a plain look-up, so that an unknown order is not found, whatever it is needed for.
        result = await self._client.read("QueryOrders", {"txid": txid}, errors.during("order"), lane)
        if txid not in result:
            raise errors.not_found(texts.NOT_FOUND)
        found = result[txid]
        if not isinstance(found, dict):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        return found

    async def by_client_id(self, client_order_id: str, errors: Errors, lane: Lane = Lane.READ) -> OrderReport:
        """Give the order under our id, open or closed. Raises NotFound only when both lists lack it."""
        for name, key in (("OpenOrders", "open"), ("ClosedOrders", "closed")):
            found = await self._list(name, key, {"cl_ord_id": client_order_id}, errors, lane)
            # The filter is Kraken's; that it was kept is looked at here.
            mine = [r for r in found if r.client_order_id == client_order_id]
            if mine:
                return max(mine, key=lambda report: report.at)
        raise errors.not_found(texts.NOT_FOUND)

    async def working(self, errors: Errors) -> list[OrderReport]:
        """Give every open order."""
        return await self._list("OpenOrders", "open", {}, errors)

    async def closed_since(self, at: datetime, errors: Errors) -> list[OrderReport]:
        """Give orders that ended since a time, oldest first."""
        found = await self._closed(at, errors, enough=lambda _: False)
        return sorted(found, key=lambda report: report.at)

    async def history(self, query: HistoryFilter, errors: Errors) -> list[OrderReport]:
        """Give past orders, newest first, page by page until there are enough."""

        def wanted(report: OrderReport) -> bool:
            right = not query.states or report.state in query.states
            return right and query.symbol in {None, report.symbol}

        def enough(found: list[OrderReport]) -> bool:
            return sum(map(wanted, found)) >= query.limit

        opened = await self.working(errors)
        if query.since is not None:
            opened = [report for report in opened if report.at >= query.since]
        closed = await self._closed(query.since, errors, enough=enough)
        every = {report.broker_order_id: report for report in (*opened, *closed) if wanted(report)}
        return sorted(every.values(), key=lambda report: report.at, reverse=True)[: query.limit]

    async def _closed(self, since: datetime | None, errors: Errors, *, enough: Any) -> list[OrderReport]:
        found: dict[str, OrderReport] = {}
        for page in range(_MAX_PAGES):
            params: dict[str, Any] = {"ofs": str(page * PAGE)}
            if since is not None:
                params["start"] = str(int(since.timestamp()))
            fresh = await self._list("ClosedOrders", "closed", params, errors)
            found.update((report.broker_order_id, report) for report in fresh)
            if len(fresh) < PAGE or enough(list(found.values())):
                break
        return list(found.values())

    async def _list(
        self, name: str, key: str, params: Mapping[str, Any], errors: Errors, lane: Lane = Lane.READ
    ) -> list[OrderReport]:
        try:
            result = await self._client.read(name, params, errors.during("order"), lane)
        except NotFound:
            return []
        markets, raws = await self._client.markets(errors), result.get(key)
        if not isinstance(raws, dict):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        return [self._read(txid, raw, markets, errors) for txid, raw in raws.items()]

    @staticmethod
    def _read(txid: str, raw: Any, markets: Markets, errors: Errors) -> OrderReport:
        """Read one order; one that cannot be read is OutcomeUnknown, for the order may well exist."""
        try:
            return parse.report(txid, raw, markets)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
