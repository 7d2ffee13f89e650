"""Be one open connection to one Coinbase account."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from adapters.coinbasepro import checks, ordering, texts, wire
from adapters.coinbasepro.client import Client
from adapters.coinbasepro.manifest import MANIFEST
from adapters.coinbasepro.money import MoneyDesk
from adapters.coinbasepro.orders import OrderDesk, read_one
from adapters.coinbasepro.products import ProductDesk
from adapters.coinbasepro.shared import Shared
from adapters.coinbasepro.stream import UserFeed
from adapters.kit import closing
from adapters.kit.checks import check_change, check_licence
from adapters.kit.errors import Errors
from adapters.kit.polling import Poller
from domain.accounts import Environment
from domain.broker import BrokerManifest, Credentials, HistoryFilter, Lane, SessionDeps, Verified
from domain.errors import AuthFailed, BrokerError, Rejected
from domain.ids import ClientOrderId
from domain.instruments import Instrument, InstrumentQuery
from domain.money import ZERO
from domain.orders import LIVE, OrderReport, OrderRequest, PositionEffect, TimeInForce
from domain.portfolio import AccountState, Fees, Position, Quote

_SKEW = timedelta(seconds=60)
"""How far Coinbase's clock and ours may lie apart when asking what changed since."""
_POLL_EVERY, _POLL_FOR = 2.0, 30.0
"""Seconds between two looks while the stream is not up, and until it is tried again."""
_HIGHEST_RATE = Decimal("0.012")
"""Taker rate of the lowest tier (the SDK's own default, after Coinbase's fee page)."""
_CENT = Decimal("0.01")


class CoinbaseSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through the SDK."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._deps = deps
        self._client = Client(
            shared,
            credentials,
            clock=deps.clock,
            endpoint=deps.endpoint,
            ceiling=deps.rate_ceiling,
            quota=deps.quota,
        )
        self._products = ProductDesk(self._client, shared, deps.clock)
        self._orders = OrderDesk(self._client)
        self._money = MoneyDesk(self._client, self._products)
        self._feed: UserFeed | None = None
        self._deaf_since: datetime = deps.clock.now()
        self._rate: Decimal | None = None
        self._closing = False

    async def connect(self) -> None:
        """Build the SDK's client. Raises Denied for paper: Coinbase has none."""
        if self._deps.environment is not Environment.LIVE:
            raise _errors("connect").denied(texts.LIVE_ONLY, "wrong_environment")
        await self._client.open()

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that the key works, may trade, and tell whether it may move money out."""
        errors = _errors("verify")
        may = await self._money.permissions(errors)
        if may.get("can_view") is not True or may.get("can_trade") is not True:
            raise errors.denied(texts.NO_TRADE, "no_trade_permission")
        state = await self._money.account(errors)
        # What Coinbase does not deny is taken for allowed.
        leaks = may.get("can_transfer") is not False
        return Verified(state=state, accounts=(state.number_masked,), may_withdraw=leaks)

    async def account(self) -> AccountState:
        """Give the account's money."""
        return await self._money.account(_errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give every coin that is worth selling."""
        return [holding.position for holding in await self._money.holdings(_errors("positions"))]

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the pair a signal names. Raises NotTradable when there is none."""
        return await self._products.resolve(query, _errors("resolve"))

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when Coinbase has no price."""
        errors = _errors("quote")
        found = await self._products.quotes((instrument.broker_symbol,), errors)
        if instrument.broker_symbol not in found:
            raise errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        return found[instrument.broker_symbol]

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate the fee at the account's own taker rate, rounded up to a cent."""
        self._rate = self._rate or await self._money.taker_rate(_errors("fees"))
        rate = self._rate if self._rate is not None else _HIGHEST_RATE
        value = request.notional
        if value is None:
            price = request.limit_price or request.stop_price or (await self.quote(request.instrument)).mid
            value = (request.quantity or ZERO) * price
        note = texts.FEE_HIGHEST if self._rate is None else texts.FEE_TIER.format(percent=f"{rate * 100:f}")
        return Fees(amount=(value * rate).quantize(_CENT, rounding=ROUND_CEILING), note=note)

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up. Raises NotFound."""
        return await self._orders.by_id(broker_order_id, _errors("order"))

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id, open or closed. Raises NotFound."""
        return await self._orders.by_client_id(client_order_id, _errors("find_order"))

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order."""
        return await self._orders.working(_errors("open_orders"))

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders, newest first."""
        errors = _errors("history")
        product = None
        if query.symbol is not None:
            known = (await self._products.all(errors)).values()
            product = next((p.broker_symbol for p in known if p.symbol == query.symbol), None)
            if product is None:
                return []
        return await self._orders.history(query, product, errors)

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever Coinbase may have it."""
        errors = _errors("submit")
        checks.check(request, errors, self._deps.clock.now())
        body = wire.order_body(request)

        async def send(sdk: Any) -> Any:
            # The wait for quota may have outlived the licence to send.
            check_licence(request, errors, self._deps.clock.now())
            return await sdk.v3PrivatePostBrokerageOrders(body)

        lane = Lane.EXIT if request.effect is PositionEffect.CLOSE else Lane.ENTRY
        answer = await self._client.ask(send, errors, lane=lane)
        return ordering.placed(answer, request, errors, self._deps.clock.now())

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended, or is being cancelled, is success."""
        errors = _errors("cancel")
        body = {"order_ids": [broker_order_id]}
        answer = await self._client.ask(
            lambda sdk: sdk.v3PrivatePostBrokerageOrdersBatchCancel(body), errors, lane=Lane.CANCEL
        )
        try:
            ordering.cancelled(answer, broker_order_id, errors)
        except Rejected:
            if (await self._orders.by_id(broker_order_id, errors)).state in LIVE:
                raise

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working limit or stop-limit order, which keeps its id."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        raw = await self._orders.raw(broker_order_id, errors)
        current = read_one(raw, errors)
        pair = (await self._products.all(errors)).get(str(raw["product_id"]))
        change = ordering.change(raw, current, pair, (quantity, limit_price, stop_price), errors)
        answer = await self._client.ask(
            lambda sdk: sdk.v3PrivatePostBrokerageOrdersEdit(change.body), errors, lane=Lane.EXIT
        )
        ordering.changed(answer, errors)
        return replace(
            current,
            quantity=change.quantity,
            limit_price=change.limit_price,
            stop_price=change.stop_price,
            at=self._deps.clock.now(),
        )

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop-limit, with 2 % of room, under an open position."""
        self._long_only(quantity, "set_stop_loss")
        # Coinbase has no plain stop.
        return await self.submit(closing.stop_loss(instrument, quantity, stop, client_order_id, limited=True))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit order above an open position."""
        self._long_only(quantity, "set_take_profit")
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Sell all of a coin, or ``quantity`` of it, at the market.

        Raises NotFound without a position, InsufficientFunds where open orders hold the coins.
        """
        errors = _errors("close_position")
        held = {h.position.instrument.symbol: h for h in await self._money.holdings(errors)}
        found = held.get(instrument.symbol)
        if found is None:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        total = found.position.quantity
        size = closing.size(total, quantity)
        if found.free < size:
            raise errors.funds(texts.HELD, "held_for_orders")
        coin = found.position.instrument
        return await self.submit(closing.at_market(coin, total, size, client_order_id, TimeInForce.GTC))

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap, AuthFailed on bad keys.

        Orders that changed while nobody listened are read and yielded first. While no socket can be opened,
        the orders are asked for every two seconds instead.
        """
        feed = self._feed = UserFeed(self._client)
        try:
            try:
                await feed.open()
            except AuthFailed:
                # The socket does not say why; a plain request does, be it the key or our clock.
                await self._money.permissions(_errors("events"))
                raise
            except BrokerError:
                self._feed = None
                async for report in self._polled():
                    yield report
                return
            for report in await self._orders.changed_since(self._deaf_since - _SKEW, _errors("events")):
                yield report
            feed.heard = True
            async for report in feed.listen():
                yield report
        except BrokerError:
            if not self._closing:
                raise
        finally:
            if feed.heard:
                self._deaf_since = self._deps.clock.now()
            await feed.close()

    async def _polled(self) -> AsyncIterator[OrderReport]:
        errors, clock = _errors("events"), self._deps.clock
        since, until = self._deaf_since - _SKEW, clock.monotonic() + _POLL_FOR
        poller = Poller(
            clock,
            lambda: self._orders.working(errors),
            lambda: self._orders.changed_since(since, errors),
        )
        while clock.monotonic() < until:
            for report in await poller.look():
                yield report
            await clock.sleep(_POLL_EVERY)
        raise errors.unknown(texts.STREAM_DOWN, "stream_down")

    async def renew(self) -> None:
        """Do nothing: every request is signed anew."""

    def is_connected(self) -> bool:
        """Tell whether the last exchange worked, and the socket, if there is one, is up."""
        # An answer may still come in while the session is closing.
        return not self._closing and self._client.healthy and (self._feed is None or self._feed.up)

    async def disconnect(self) -> None:
        """Close the sockets of this session. Idempotent; resting orders stay."""
        feed, self._feed = self._feed, None
        self._closing = True
        if feed is not None:
            await feed.close()
        await self._client.close()

    def _long_only(self, quantity: Decimal, operation: str) -> None:
        if quantity <= ZERO:
            raise _errors(operation).denied(texts.NO_SHORT, "no_short")


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)
