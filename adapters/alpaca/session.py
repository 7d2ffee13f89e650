"""Be one open connection to one Alpaca account."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.alpaca import activities, checks, consent, fees, parse, quotes, texts, wire
from adapters.alpaca.assets import AssetDesk
from adapters.alpaca.client import Client
from adapters.alpaca.levels import Levels
from adapters.alpaca.manifest import MANIFEST
from adapters.alpaca.orders import OrderDesk, read_one
from adapters.alpaca.shared import Shared
from adapters.alpaca.stream import Item, Mark, TradeFeed
from adapters.kit import closing
from adapters.kit.checks import check_change, check_licence
from adapters.kit.errors import Errors
from adapters.kit.reading import maybe, readable
from domain.accounts import Environment
from domain.broker import BrokerManifest, Credentials, HistoryFilter, Lane, SessionDeps, Verified
from domain.errors import BrokerError, Rejected
from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.money import plain
from domain.orders import LIVE, OrderReport, OrderRequest, PositionEffect, Side, TimeInForce
from domain.portfolio import AccountState, Fees, Position, Quote

_SKEW = timedelta(seconds=60)
"""How far Alpaca's clock and ours may lie apart when asking what changed since."""


class AlpacaSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through the SDK."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._deps = shared, deps
        self._equip(credentials)
        self._levels = Levels(deps.clock)
        self._updates: asyncio.Queue[Item] | None = None
        self._feed: TradeFeed | None = None
        self._deaf_since: datetime | None = deps.clock.now()

    def _equip(self, credentials: Credentials) -> None:
        deps = self._deps
        self._credentials = credentials
        self._client = Client(
            self._shared,
            credentials,
            clock=deps.clock,
            environment=deps.environment,
            endpoint=deps.endpoint,
            ceiling=deps.rate_ceiling,
        )
        self._orders = OrderDesk(self._client)
        self._assets = AssetDesk(self._client, self._shared.assets, deps.clock, deps.endpoint)

    async def connect(self) -> None:
        """Build the SDK's clients, exchanging a sign-in for its token first."""
        if consent.needed(self._credentials):
            self._equip(await consent.exchange(self._credentials, self._deps))
        await self._client.open()

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that the key pair works for the chosen environment. Alpaca's trading keys cannot withdraw."""
        errors = _errors("verify")
        paper, key = self._deps.environment is Environment.PAPER, self._credentials.get("key_id")
        if key.startswith("AK" if paper else "PK"):
            text = texts.LIVE_KEY_FOR_PAPER if paper else texts.PAPER_KEY_FOR_LIVE
            raise errors.denied(text, "wrong_environment")
        state = await self._account(errors)
        notes = (texts.PAPER_NOTE,) if paper else ()
        return Verified(state=state, accounts=(state.number_masked,), notes=notes + self._levels.notes())

    async def account(self) -> AccountState:
        """Give the account's money."""
        return await self._account(_errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give every open position."""
        errors = _errors("positions")
        return [position for _, position in await self._positions(errors)]

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument a signal names. Raises NotTradable when there is none."""
        return await self._assets.resolve(query, _errors("resolve"))

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when Alpaca has no quote."""
        errors = _errors("quote")
        with readable(errors, texts.UNREADABLE):
            found = await quotes.latest(self._client, instrument, errors)
        if found is None:
            raise errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        return found

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate what the order costs beside its price; a buy of stock costs nothing and asks nothing."""
        price = request.limit_price or request.stop_price
        if price is None and not _free(request):
            price = (await self.quote(request.instrument)).mid
        return fees.estimate(request, price or Decimal(1))

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up, legs included. Raises NotFound."""
        errors = _errors("order")
        return read_one(await self._orders.by_id(broker_order_id, errors), errors)

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id, open or closed, legs included. Raises NotFound."""
        errors = _errors("find_order")
        return read_one(await self._orders.by_client_id(client_order_id, errors), errors)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order, held legs included."""
        return await self._orders.working(_errors("open_orders"))

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders, newest first, and what became of options without an order."""
        errors, asked = _errors("history"), await self._in_alpacas_words(query)
        found = await self._orders.history(asked, errors)
        happened = await activities.history(self._client, asked, errors)
        if not happened:
            return found
        return sorted(found + happened, key=lambda r: r.at, reverse=True)[: query.limit]

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever Alpaca may have it."""
        errors = _errors("submit")
        checks.check(request, errors, self._deps.clock.now())
        await self._check_level(request, errors)
        body = wire.order_body(request)

        def send() -> Any:
            # The wait for quota and for a thread may have outlived the licence to send.
            check_licence(request, errors, self._deps.clock.now())
            return self._client.trading.submit_order(body)

        lane = Lane.EXIT if request.effect is PositionEffect.CLOSE else Lane.ENTRY
        return read_one(await self._client.ask(send, errors, lane=lane), errors)

    async def _check_level(self, request: OrderRequest, errors: Errors) -> None:
        """Raise Denied where the account may not buy options; closing them is never held up by this."""
        opens = request.effect is PositionEffect.OPEN
        if not opens or request.instrument.asset_class is not AssetClass.OPTION or self._levels.may_buy():
            return
        try:
            raw = await self._client.ask(self._client.trading.get_account, errors, lane=Lane.ENTRY)
            self._levels.note(raw)
        except (BrokerError, ValueError, AttributeError):
            return  # nothing was sent, so nothing is unknown: Alpaca judges the level itself
        self._levels.check(errors)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended, or is being cancelled, is success."""
        errors = _errors("cancel")
        try:
            await self._client.ask(
                lambda: self._client.trading.cancel_order_by_id(broker_order_id), errors, lane=Lane.CANCEL
            )
        except Rejected:
            raw = await self._orders.by_id(broker_order_id, errors)
            if read_one(raw, errors).state in LIVE and raw["status"] not in {"pending_cancel", "replaced"}:
                raise

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order; Alpaca makes a new one, whose report this is."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        raw = await self._orders.by_id(broker_order_id, errors)
        with readable(errors, texts.UNREADABLE):
            instrument = await self._assets.of(raw["symbol"], parse.asset_class(raw), errors)
        body: dict[str, Any] = {}
        if quantity is not None:
            body["qty"] = plain(wire.quantity(instrument, quantity))
        if limit_price is not None:
            body["limit_price"] = plain(wire.price(instrument, limit_price))
        if stop_price is not None:
            body["stop_price"] = plain(wire.price(instrument, stop_price))
        if "0" in body.values():
            raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")

        def send() -> Any:
            return self._client.trading.replace_order_by_id(broker_order_id, wire.Body(body))

        return read_one(await self._client.ask(send, errors, lane=Lane.EXIT), errors)

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop on an open position: for crypto a stop-limit, with 2 % of room."""
        coin, force = instrument.asset_class is AssetClass.CRYPTO, wire.resting(instrument, quantity)
        request = closing.stop_loss(instrument, quantity, stop, client_order_id, force, limited=coin)
        return await self.submit(request)

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit order on an open position."""
        force = wire.resting(instrument, quantity)
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id, force))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Close all of a position, or ``quantity`` of it, at the market.

        A plain order under our id: Alpaca's own way to close takes no id, so a lost answer could not be
        looked up. Raises NotFound without a position, InsufficientFunds where open orders hold the shares.
        """
        errors = _errors("close_position")
        held = {p.instrument.symbol: (raw, p) for raw, p in await self._positions(errors)}
        if instrument.symbol not in held:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        raw, position = held[instrument.symbol]
        size = closing.size(position.quantity, quantity)
        free = maybe(raw.get("qty_available"))
        if free is not None and abs(free) < size:
            raise errors.funds(texts.HELD, "held_for_orders")
        coin = position.instrument.asset_class is AssetClass.CRYPTO
        force = TimeInForce.GTC if coin else TimeInForce.DAY
        request = closing.at_market(position.instrument, position.quantity, size, client_order_id, force)
        return await self.submit(request)

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap, AuthFailed on bad keys.

        What arrives between a raise and the next call is kept. Whenever the socket starts to listen, the
        orders that changed while it did not are read and yielded first.
        """
        if self._feed is None or self._updates is None or (self._feed.dead and self._updates.empty()):
            self._feed = self._shared.feed(self._deps.clock, self._client.scope, self._new_feed)
            self._updates = self._feed.join()
        queue = self._updates
        while (item := await queue.get()) is not Mark.CLOSED:
            if isinstance(item, BrokerError):
                self._deaf_since = self._deaf_since or self._deps.clock.now()
                raise item
            if not isinstance(item, Mark):
                yield item
                continue
            since = (self._deaf_since or self._deps.clock.now()) - _SKEW
            for report in await self._orders.changed_since(since, _errors("events")):
                yield report
            self._deaf_since = None

    async def renew(self) -> None:
        """Do nothing: key pairs do not expire."""

    def is_connected(self) -> bool:
        """Tell whether the last exchange worked, and the socket, if one is wanted, is up."""
        return self._client.healthy and (self._feed is None or self._feed.up)

    async def disconnect(self) -> None:
        """Close the sockets of this session. Idempotent; resting orders stay."""
        queue, self._updates, self._feed = self._updates, None, None
        if queue is not None:
            queue.put_nowait(Mark.CLOSED)
            await self._shared.release(self._deps.clock, self._client.scope, queue)
        self._client.close()

    def _new_feed(self) -> TradeFeed:
        return TradeFeed(self._credentials, self._deps.environment, self._deps.endpoint)

    async def _account(self, errors: Errors) -> AccountState:
        raw = await self._client.read(lambda: self._client.trading.get_account(), errors)
        with readable(errors, texts.UNREADABLE):
            self._levels.note(raw)
            return parse.account(raw, paper=self._deps.environment is Environment.PAPER)

    async def _positions(self, errors: Errors) -> list[tuple[parse.Json, Position]]:
        raws = await self._client.read(lambda: self._client.trading.get_all_positions(), errors)
        found = []
        with readable(errors, texts.UNREADABLE):
            for raw in raws:
                kind = parse.asset_class(raw)
                known = await self._assets.of(raw["symbol"], kind, errors)
                found.append((raw, parse.position(raw, known)))
        return found

    async def _in_alpacas_words(self, query: HistoryFilter) -> HistoryFilter:
        if query.symbol is None or parse.is_option(query.symbol):
            return query
        try:
            instrument = await self.resolve(InstrumentQuery(symbol=query.symbol))
        except BrokerError:
            return query
        return HistoryFilter(
            since=query.since, symbol=instrument.broker_symbol, states=query.states, limit=query.limit
        )


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)


def _free(request: OrderRequest) -> bool:
    return request.side is Side.BUY and request.instrument.asset_class is not AssetClass.CRYPTO
