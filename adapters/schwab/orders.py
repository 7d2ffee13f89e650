"""Read orders back from Schwab, and tell which of them are ours."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.kit.errors import Errors
from adapters.schwab import parse, texts, wire
from adapters.schwab.claims import SKEW, Ambiguous, Claims, Doubt, Seen, Shape
from adapters.schwab.client import Client
from adapters.schwab.parse import Foreign, Json
from domain.broker import HistoryFilter, Lane
from domain.errors import BrokerError, NotFound
from domain.orders import LIVE, OrderReport
from domain.ports import Clock

REACH = timedelta(days=60) - timedelta(hours=1)
"""How far back Schwab lists orders, short of what a clock that is slow would overstep."""
_MOST = 3000
_AHEAD = timedelta(minutes=5)
"""Schwab's list ends at a whole second, which would cut off what was entered in this one."""


class OrderDesk:
    """Look orders up and list them, for one account."""

    def __init__(self, client: Client, clock: Clock, account_hash: str, claims: Claims) -> None:
        self._client, self._clock, self._hash = client, clock, account_hash
        self.claims = claims

    async def raw(self, number: str, errors: Errors) -> Json:
        """Give one order as Schwab tells it. Raises NotFound."""
        if not number.isdecimal():
            raise errors.not_found(texts.NOT_FOUND)
        found = await self._client.read(lambda: self._client.sdk.get_order(number, self._hash), errors)
        return _object(found, errors)

    async def by_number(self, number: str, errors: Errors) -> OrderReport:
        """Give one order with its legs. Raises NotFound."""
        raw = await self.raw(number, errors)
        doubt = self.claims.doubt_of(replacement_of(number))
        if raw.get("status") == parse.REPLACED and doubt is not None and not doubt.flying:
            await self._settle(doubt, errors)
        return self.read_one(raw, errors)

    async def by_client_id(self, client_order_id: str, errors: Errors) -> OrderReport:
        """Give an order of ours, looking for it by its shape where its answer was lost. Raises NotFound."""
        doubt = self.claims.doubt_of(client_order_id)
        if doubt is not None and doubt.flying:
            await self.claims.quiet()
            doubt = self.claims.doubt_of(client_order_id)
        if doubt is not None:
            await self._settle(doubt, errors)
        number = self.claims.number_of(client_order_id)
        if number is None:
            raise errors.not_found(texts.NOT_FOUND)
        return await self.by_number(number, errors)

    async def confirm(self, number: str, shape: Shape, errors: Errors) -> Json:
        """Read an order that was just answered for, and check that it is the one that was sent.

        Raises OutcomeUnknown where it cannot be read, or is another: that happened at Schwab's predecessor.
        """
        try:
            # Ahead of plain reads: without its share of the quota an accepted order would be in doubt.
            raw = await self._client.read(lambda: self._fresh(number, errors), errors, lane=Lane.EXIT)
        except BrokerError:
            raise errors.unknown(texts.UNVERIFIED, "unverified") from None
        if _shape(_object(raw, errors)) != shape:
            raise errors.unknown(texts.WRONG_LOCATION, "wrong_location")
        return _object(raw, errors)

    async def _fresh(self, number: str, errors: Errors) -> Any:
        """Ask for an order so new that Schwab may not find it yet, which is then asked again."""
        response = await self._client.sdk.get_order(number, self._hash)
        if response.status_code == 404:
            raise errors.unknown(texts.UNVERIFIED, "unverified")
        return response

    async def working(self, errors: Errors) -> list[OrderReport]:
        """Give every order that works or has a working leg."""
        found = self.read_all(await self.listed(errors), errors)
        return [r for r in found if r.state in LIVE or any(leg.state in LIVE for leg in r.legs)]

    async def history(self, query: HistoryFilter, errors: Errors) -> list[OrderReport]:
        """Give past orders, newest first."""
        raws = await self.listed(errors, since=query.since)
        found = self.read_all(raws, errors)
        return [r for r in found if _matches(r, query)][: query.limit]

    async def listed(self, errors: Errors, since: datetime | None = None) -> list[Json]:
        """List orders entered since a time, newest first, and recognise those in doubt among them."""
        now = self._clock.now()
        start = max(since or now - REACH, now - REACH)
        answer = await self._client.read(
            lambda: self._client.sdk.get_orders_for_account(
                self._hash,
                # Both always: the SDK would fill in this machine's own clock.
                from_entered_datetime=start,
                to_entered_datetime=now + _AHEAD,
                max_results=_MOST,
            ),
            errors,
        )
        if not isinstance(answer, list):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        raws = sorted((_object(raw, errors) for raw in answer), key=_newest_first, reverse=True)
        self.claims.recognise(seen(raws))
        return raws

    async def _settle(self, doubt: Doubt, errors: Errors) -> None:
        """Look for an order in doubt. Raises OutcomeUnknown where several fit."""
        if doubt.number is not None:
            try:
                raw = await self.raw(doubt.number, errors)
            except NotFound:
                raw = {}
            if raw and _shape(raw) == doubt.shape:
                self.claims.claim(doubt.client_order_id, doubt.number)
                return
        raws = await self.listed(errors, since=doubt.sent - 2 * SKEW)
        if self.claims.doubt_of(doubt.client_order_id) is None:
            return
        try:
            self.claims.find(doubt, seen(raws))
        except Ambiguous:
            raise errors.unknown(texts.AMBIGUOUS, "ambiguous") from None

    def read_one(self, raw: Json, errors: Errors) -> OrderReport:
        """Read one order; one that cannot be read is OutcomeUnknown, for the order exists."""
        try:
            report = parse.report(raw, self.claims.client_of)
        except Foreign:
            raise errors.denied(texts.NOT_OURS, "foreign_order") from None
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        if raw.get("status") != parse.REPLACED:
            return report
        successor = self.claims.successor_of(report.broker_order_id)
        if successor is None:
            # Not cancelled: it lives on under a number that Schwab does not tell.
            raise errors.unknown(texts.SUCCESSOR, "replaced_elsewhere")
        return _replaced(report, successor)

    def read_all(self, raws: Iterable[Json], errors: Errors) -> list[OrderReport]:
        """Read a list, passing over what this bot never trades and what was replaced."""
        found = []
        for raw in raws:
            if raw.get("status") == parse.REPLACED:
                continue
            try:
                found.append(parse.report(raw, self.claims.client_of))
            except Foreign:
                continue
            except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
                raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return found


def replacement_of(number: str) -> str:
    """Name the order that is to take the place of another, while its own number is not known."""
    return f"replace/{number}"


def seen(raws: Iterable[Json]) -> list[Seen]:
    """Give what recognises each order; what cannot be read is none of ours."""
    found = []
    for raw in raws:
        shape = _shape(raw)
        if shape is not None and raw.get("status") != parse.REPLACED:
            entered = parse.moment(_entered(raw))
            found.append(Seen(number=str(raw["orderId"]), shape=shape, entered=entered))
    return found


def _shape(raw: Json) -> Shape | None:
    try:
        return wire.shape_of(raw)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError):
        return None


def _entered(raw: Json) -> str:
    """Give when an order was entered; an OCO, where it does not say, by its orders."""
    return str(raw.get("enteredTime") or raw["childOrderStrategies"][0]["enteredTime"])


def _newest_first(raw: Json) -> tuple[datetime, int]:
    try:
        return parse.moment(_entered(raw)), int(raw["orderId"])
    except (ValueError, KeyError, TypeError, IndexError):
        return datetime.min.replace(tzinfo=UTC), 0


def _object(raw: object, errors: Errors) -> Json:
    if not isinstance(raw, dict):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    return raw


def _replaced(report: OrderReport, successor: str) -> OrderReport:
    return replace(report, replaced_by=successor)


def _matches(report: OrderReport, query: HistoryFilter) -> bool:
    symbol = query.symbol is None or report.symbol == query.symbol
    late_enough = query.since is None or report.at >= query.since
    return symbol and late_enough and (not query.states or report.state in query.states)
