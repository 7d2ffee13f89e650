"""Look orders and positions up at OpenD: in its cache first, and absence only by its servers' word.

OpenD keeps orders and positions up to date by itself, and reading that costs no quota; asking it to refresh
does. So what is found in the cache is taken, and what is not found there is asked for again, refreshed. The
list of orders holds today's and all that still work; older ones are in the history.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.kit.errors import Errors
from adapters.moomoo import parse, texts
from adapters.moomoo.client import Client, Rows
from adapters.moomoo.parse import Row
from domain.accounts import Environment
from domain.broker import HistoryFilter, Lane, SessionDeps
from domain.orders import LIVE, OrderReport

_LOOK_BACK = timedelta(days=7)
_WINDOW = timedelta(days=89)
"""History is given for at most 90 days at once."""
_MAX_WINDOWS = 4


class Desk:
    """Read orders and positions of the pinned account."""

    def __init__(self, client: Client, deps: SessionDeps) -> None:
        self._client, self._clock = client, deps.clock
        self._env = "SIMULATE" if deps.environment is Environment.PAPER else "REAL"

    async def find(self, wanted: Callable[[Row], bool], errors: Errors, order_id: str = "") -> Row:
        """Give the newest order that fits: cached, refreshed, or of the last days. Raises NotFound."""
        now = self._clock.now()

        async def cached() -> Rows:
            return await self.listed(errors, order_id=order_id)

        async def refreshed() -> Rows:
            return await self.listed(errors, order_id=order_id, fresh=True, lane=Lane.EXIT)

        async def past() -> Rows:
            return await self._past(errors, now - _LOOK_BACK, now, Lane.EXIT)

        for look in (cached, refreshed, past):
            found = [row for row in await look() if wanted(row)]
            if found:
                return max(found, key=lambda row: str(row["create_time"]))
        raise errors.not_found(texts.NOT_FOUND)

    async def by_id(self, order_id: str, errors: Errors) -> Row:
        """Give one order. Raises NotFound."""
        return await self.find(lambda row: row["order_id"] == order_id, errors, order_id)

    async def by_remark(self, remark: str, errors: Errors) -> Row:
        """Give the order under our id. Raises NotFound."""
        return await self.find(lambda row: row["remark"] == remark, errors)

    async def listed(
        self, errors: Errors, *, order_id: str = "", fresh: bool = False, lane: Lane = Lane.READ
    ) -> Rows:
        """Give today's and all working orders of the US market."""
        account = await self._client.account(errors)

        def ask(context: Any) -> Any:
            return context.order_list_query(
                order_id=order_id,
                status_filter_list=[],
                trd_env=self._env,
                acc_id=account.number,
                acc_index=0,
                refresh_cache=fresh,
                order_market="US",
            )

        rows = await self._client.read(ask, errors, kind="orders" if fresh else "", lane=lane)
        return [row for row in rows if parse.is_ours(row)]

    async def latest(self, errors: Errors) -> list[OrderReport]:
        """Give today's and all working orders, refreshed while the quota has room."""
        fresh = await self._client.room("orders", errors)
        return read_all(await self.listed(errors, fresh=fresh), errors)

    async def working(self, errors: Errors) -> list[OrderReport]:
        """Give every working order."""
        return [report for report in await self.latest(errors) if report.state in LIVE]

    async def changed_since(self, at: datetime, errors: Errors) -> list[OrderReport]:
        """Give orders that changed since a time, oldest first."""
        found = [report for report in await self.latest(errors) if report.at >= at]
        return sorted(found, key=lambda report: report.at)

    async def history(self, query: HistoryFilter, errors: Errors) -> list[OrderReport]:
        """Give past orders, newest first: the list, and window by window what is older."""
        now = self._clock.now()
        rows = {row["order_id"]: row for row in await self.listed(errors)}
        since = query.since or now - _WINDOW
        end = now
        for _ in range(_MAX_WINDOWS):
            begin = max(since, end - _WINDOW)
            older = await self._past(errors, begin, end, Lane.READ)
            rows = {row["order_id"]: row for row in older} | rows
            if begin <= since:
                break
            end = begin
        newest = sorted(
            rows.values(), key=lambda row: (str(row["create_time"]), row["order_id"]), reverse=True
        )
        found = [read_one(row, errors) for row in newest if parse.moment(row["create_time"]) >= since]
        return [report for report in found if _matches(report, query)][: query.limit]

    async def positions(self, errors: Errors, *, fresh: bool, lane: Lane = Lane.READ) -> Rows:
        """Give the rows of open positions in the US market."""
        account = await self._client.account(errors)

        def ask(context: Any) -> Any:
            return context.position_list_query(
                trd_env=self._env,
                acc_id=account.number,
                acc_index=0,
                refresh_cache=fresh,
                position_market="US",
                currency="USD",
            )

        rows = await self._client.read(ask, errors, kind="positions" if fresh else "", lane=lane)
        return [row for row in rows if parse.is_ours(row) and parse.number(row["qty"])]

    async def _past(self, errors: Errors, begin: datetime, end: datetime, lane: Lane) -> Rows:
        account = await self._client.account(errors)
        span = [at.astimezone(parse.NEW_YORK).strftime("%Y-%m-%d %H:%M:%S") for at in (begin, end)]

        def ask(context: Any) -> Any:
            return context.history_order_list_query(
                status_filter_list=[],
                start=span[0],
                end=span[1],
                trd_env=self._env,
                acc_id=account.number,
                acc_index=0,
                order_market="US",
            )

        rows = await self._client.read(ask, errors, kind="history", lane=lane)
        return [row for row in rows if parse.is_ours(row)]


def read_one(row: Row, errors: Errors) -> OrderReport:
    """Read one order; one that cannot be read is OutcomeUnknown, for the order may well exist."""
    try:
        return parse.report(row)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def read_all(rows: Sequence[Row], errors: Errors) -> list[OrderReport]:
    """Read a list of orders."""
    return [read_one(row, errors) for row in rows]


def _matches(report: OrderReport, query: HistoryFilter) -> bool:
    named = query.symbol is None or report.symbol == query.symbol
    return named and (not query.states or report.state in query.states)
