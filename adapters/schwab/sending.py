"""Place, change and cancel orders: each is sent once, and an answer is read back before it is believed."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from adapters.kit.checks import check_licence
from adapters.kit.errors import Errors
from adapters.schwab import parse, texts, wire
from adapters.schwab.claims import Doubt
from adapters.schwab.client import Client
from adapters.schwab.errors import refusal
from adapters.schwab.orders import OrderDesk, replacement_of
from adapters.schwab.parse import Json
from domain.broker import Lane
from domain.errors import BrokerError, OutcomeUnknown, Rejected
from domain.money import ZERO
from domain.orders import LIVE, OrderReport, OrderRequest, OrderState, PositionEffect
from domain.ports import Clock

Send = Callable[[], Awaitable[Any]]


class Sender:
    """Send the orders of one account."""

    def __init__(self, client: Client, clock: Clock, account_hash: str, desk: OrderDesk) -> None:
        self._client, self._clock, self._hash, self._desk = client, clock, account_hash, desk
        self._claims = desk.claims

    async def place(self, request: OrderRequest, effect: PositionEffect, errors: Errors) -> OrderReport:
        """Place a checked order once."""
        client_id = request.client_order_id
        body = wire.order_body(request, effect)
        shape = wire.shape_of(body)
        await self._refuse_twin(client_id, shape, errors)

        async def send() -> Any:
            # The wait for quota may have outlived the licence to send.
            check_licence(request, errors, self._clock.now())
            return await self._client.sdk.place_order(self._hash, body)

        lane = Lane.EXIT if effect is PositionEffect.CLOSE else Lane.ENTRY
        doubt = self._claims.sending(client_id, shape)
        raw = await self._deliver(doubt, send, lane, errors)
        return self._judged(raw, errors)

    async def change(
        self, number: str, size: Decimal | None, limit: Decimal | None, stop: Decimal | None, errors: Errors
    ) -> OrderReport:
        """Put a changed order in the place of a working one; its number is a new one."""
        raw = await self._desk.raw(number, errors)
        if parse.is_container(raw):
            # An OCO is known by its target here; what is changed is one of its two orders.
            target, other = parse.oco_parts(raw)
            raw = target if stop is None else other
        report = self._desk.read_one(raw, errors)
        if report.state not in LIVE:
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        if report.filled_quantity > ZERO:
            # Schwab counts the new order's quantity apart from what the old one filled.
            raise errors.denied(texts.PARTLY_FILLED, "partly_filled")
        body = self._changed(raw, size, limit, stop, errors)
        old = str(raw["orderId"])
        doubt = self._claims.sending(replacement_of(old), wire.shape_of(body))
        doubt.replaces = old
        raw = await self._deliver(
            doubt, lambda: self._client.sdk.replace_order(self._hash, old, body), Lane.EXIT, errors
        )
        return self._judged(raw, errors)

    async def cancel(self, number: str, errors: Errors) -> None:
        """Ask for a cancel. An order that already ended, or is being cancelled, is success."""
        if not number.isdecimal():
            raise errors.not_found(texts.NOT_FOUND)
        try:
            await self._client.ask(
                lambda: self._client.sdk.cancel_order(number, self._hash),
                errors,
                lane=Lane.CANCEL,
                order=True,
            )
        except Rejected:
            raw = await self._desk.raw(number, errors)
            over = raw.get("status") in {"PENDING_CANCEL", parse.REPLACED}
            if not over and self._desk.read_one(raw, errors).state in LIVE:
                raise

    async def _refuse_twin(self, client_id: str, shape: Any, errors: Errors) -> None:
        """Refuse a second order under one id, and one that could not be told from one in doubt."""
        if self._claims.number_of(client_id) is not None or self._claims.doubt_of(client_id) is not None:
            raise errors.duplicate(texts.DUPLICATE)
        twin = self._claims.twin_of(shape)
        if twin is not None and twin.flying:
            await self._claims.quiet()
            twin = self._claims.twin_of(shape)
        if twin is not None:
            # Perhaps it can be found by now; a list recognises what is in doubt.
            await self._desk.listed(errors, since=twin.sent)
            twin = self._claims.twin_of(shape)
        if twin is not None:
            raise errors.denied(texts.TWIN, "twin_in_doubt")

    async def _deliver(self, doubt: Doubt, send: Send, lane: Lane, errors: Errors) -> Json:
        """Send once; claim the order its answer names, once that is seen to be the one sent."""
        try:
            response = await self._client.ask(send, errors, lane=lane, order=True)
            number = self._located(response, errors)
            doubt.number = number
            raw = await self._desk.confirm(number, doubt.shape, errors)
            self._claims.claim(doubt.client_order_id, number)
        except OutcomeUnknown:
            raise
        except BrokerError:
            self._claims.drop(doubt)
            raise
        finally:
            await self._claims.landed(doubt)
        return raw

    def _located(self, response: Any, errors: Errors) -> str:
        from schwab.utils import AccountHashMismatchException, UnsuccessfulOrderException, Utils

        try:
            number = Utils(self._client.sdk, self._hash).extract_order_id(response)
        except (AccountHashMismatchException, UnsuccessfulOrderException):
            number = None
        if number is None:
            raise errors.unknown(texts.NO_LOCATION, "no_location")
        return str(number)

    def _judged(self, raw: Json, errors: Errors) -> OrderReport:
        """Raise what an order that was taken and then rejected says of itself."""
        report = self._desk.read_one(raw, errors)
        if report.state is OrderState.REJECTED and report.filled_quantity == ZERO:
            raise refusal(_why(raw), errors.during("submit"))
        return report

    def _changed(
        self, raw: Json, size: Decimal | None, limit: Decimal | None, stop: Decimal | None, errors: Errors
    ) -> dict[str, Any]:
        try:
            instrument = parse.bare_instrument(raw["orderLegCollection"][0]["instrument"])
        except (parse.Foreign, KeyError, IndexError):
            raise errors.denied(texts.NOT_OURS, "foreign_order") from None
        size = None if size is None else wire.quantity(size)
        limit = None if limit is None else wire.price(instrument, limit)
        stop = None if stop is None else wire.price(instrument, stop)
        if any(value is not None and value <= ZERO for value in (size, limit, stop)):
            raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")
        return wire.changed_body(raw, size, limit, stop)


def _why(raw: Mapping[str, Any]) -> str:
    """Give Schwab's sentence about a rejected order; an OCO's orders have their own."""
    parts = [raw, *(raw.get("childOrderStrategies") or ())]
    return " ".join(str(part["statusDescription"]) for part in parts if part.get("statusDescription"))
