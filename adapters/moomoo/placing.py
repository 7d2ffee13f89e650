"""Send an order once, under an id that is used once, and only for shares that are there."""

from decimal import Decimal
from typing import Any

from adapters.kit.checks import check_licence
from adapters.kit.errors import Errors
from adapters.moomoo import parse, texts, wire
from adapters.moomoo.client import Client
from adapters.moomoo.desk import Desk, read_one
from adapters.moomoo.shared import Shared
from domain.accounts import Environment
from domain.broker import Lane, SessionDeps
from domain.errors import BrokerError, Sent
from domain.money import ZERO
from domain.orders import OrderReport, OrderRequest, OrderState, PositionEffect, Side

ACT = "PlaceOrder"
"""The SDK's class whose request decides; around it the SDK makes others."""


class Placing:
    """Place orders for one session."""

    def __init__(self, shared: Shared, client: Client, desk: Desk, deps: SessionDeps) -> None:
        self._shared, self._client, self._desk, self._deps = shared, client, desk, deps
        self._env = "SIMULATE" if deps.environment is Environment.PAPER else "REAL"

    async def send(self, request: OrderRequest, errors: Errors) -> OrderReport:
        """Send a checked request. Raises DuplicateClientId where its id was sent before.

        moomoo takes any number of orders under one remark, so the id is guarded here.
        """
        account = await self._client.account(errors)
        if request.side is Side.SELL or request.effect is PositionEffect.CLOSE:
            await self._covered(request, errors)
        if not self._shared.sent.claim(self._client.scope, request.client_order_id):
            raise errors.duplicate(texts.DUPLICATE)
        facts = wire.place(request, self._env, account.number)
        lane = Lane.EXIT if request.effect is PositionEffect.CLOSE else Lane.ENTRY

        def ask(context: Any) -> Any:
            return context.place_order(**facts)

        def licence() -> None:
            # The wait for quota and for a thread may have outlived the licence to send.
            check_licence(request, errors, self._deps.clock.now())

        try:
            table = await self._client.ask(ask, errors, lane=lane, kind="place", act=ACT, before=licence)
        except BrokerError as error:
            if error.sent is not Sent.MAYBE:
                self._shared.sent.release(self._client.scope, request.client_order_id)
            raise
        return self._taken(table.to_dict("records")[0], request, errors)

    def _taken(self, row: dict[str, Any], request: OrderRequest, errors: Errors) -> OrderReport:
        """Read the answer. The SDK adds the order as it stands, where it could read it; the id is enough."""
        if isinstance(row.get("code"), str):
            return read_one(row, errors)
        order_id = row.get("order_id")
        if not isinstance(order_id, str) or not order_id:
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        stop = request.stop_price if request.order_type in parse.STOPPED else None
        limit = request.limit_price if request.order_type in parse.LIMITED else None
        return OrderReport(
            broker_order_id=order_id,
            client_order_id=request.client_order_id,
            state=OrderState.WORKING,
            symbol=request.instrument.symbol,
            side=request.side,
            order_type=request.order_type,
            quantity=wire.quantity(request.instrument, request.quantity or ZERO),
            filled_quantity=ZERO,
            average_price=None,
            limit_price=None if limit is None else wire.price(limit),
            stop_price=None if stop is None else wire.price(stop),
            at=self._deps.clock.now(),
        )

    async def _covered(self, request: OrderRequest, errors: Errors) -> None:
        """Refuse to sell what is not there: moomoo would sell it short, and knows no "closing only"."""
        size = wire.quantity(request.instrument, request.quantity or ZERO)
        if size <= await self._free(request, errors, fresh=False):
            return
        # The cache may lag a fill; the servers' word decides.
        if size > await self._free(request, errors, fresh=True):
            raise errors.funds(texts.TOO_FEW, "insufficient_quantity")

    async def _free(self, request: OrderRequest, errors: Errors, *, fresh: bool) -> Decimal:
        for row in await self._desk.positions(errors, fresh=fresh, lane=Lane.EXIT):
            try:
                held = parse.position(row)
                free = abs(parse.number(row["can_sell_qty"]))
            except (ValueError, KeyError, TypeError):
                raise errors.unreachable(texts.UNREADABLE, "positions_unreadable") from None
            same = held.instrument.symbol == request.instrument.symbol
            if same and (held.quantity > ZERO) is (request.side is Side.SELL):
                return min(free, abs(held.quantity))
        return ZERO
