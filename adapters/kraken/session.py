"""Be one open connection to one Kraken account."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from decimal import Decimal

from adapters.kit import closing
from adapters.kit.checks import check_change, check_licence
from adapters.kit.errors import Errors
from adapters.kit.polling import Poller
from adapters.kraken import checks, fees, keys, parse, texts, wire
from adapters.kraken.client import Client
from adapters.kraken.holdings import HoldingDesk
from adapters.kraken.limits import amend_cost
from adapters.kraken.manifest import MANIFEST, SETTLE
from adapters.kraken.orders import OrderDesk
from adapters.kraken.shared import Shared
from adapters.kraken.stream import Executions
from domain.broker import BrokerManifest, Credentials, HistoryFilter, Lane, SessionDeps, Verified
from domain.errors import AuthFailed, BrokerError, NotFound, OutcomeUnknown, Rejected, Throttled
from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.money import ZERO
from domain.orders import LIVE, OrderReport, OrderRequest, OrderState, PositionEffect, TimeInForce
from domain.portfolio import AccountState, Fees, Position, Quote

_SKEW = timedelta(seconds=60)
"""How far Kraken's clock and ours may lie apart when asking what ended since."""
POLL = 10.0
"""Seconds between two looks where the key may not listen: each costs two of a counter that gains three."""


class KrakenSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through ccxt."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._deps, self._credentials = deps, credentials
        self._client = Client(shared, credentials, deps)
        self._orders = OrderDesk(self._client)
        self._holdings = HoldingDesk(self._client)
        self._stream: Executions | None = None
        self._deaf_since: datetime = deps.clock.now()
        self._ended = False

    async def connect(self) -> None:
        """Join the key's ccxt instance; nothing is sent. Raises Denied or AuthFailed."""
        self._client.open()
        keys.check_secret(self._credentials["private_key"], _errors("connect"))

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that the key works, may trade, and may not withdraw; see ``keys``."""
        errors = _errors("verify")
        allowed = await keys.permissions(self._client, errors)
        withdraws = keys.may_withdraw(allowed)
        if not withdraws:
            keys.require(allowed, errors)
        state = await self._holdings.account(self._number(), errors)
        quiet = () if keys.STREAM_PERMISSION in allowed else (texts.NO_STREAM,)
        return Verified(
            state=state,
            accounts=(state.number_masked,),
            may_withdraw=withdraws,
            notes=(texts.LIVE_NOTE, *quiet),
        )

    async def account(self) -> AccountState:
        """Give the account's money, in dollars."""
        return await self._holdings.account(self._number(), _errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give coins held, dust left out."""
        return await self._holdings.positions(_errors("positions"))

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the dollar pair a signal names. Raises NotTradable when there is none."""
        errors = _errors("resolve")
        symbol = query.symbol.upper()
        found = None
        if query.asset_class in {None, AssetClass.CRYPTO} and query.option is None:
            found = (await self._client.markets(errors)).wanted(symbol)
        if found is None:
            raise errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=symbol), "unknown_symbol")
        if not found.instrument.tradable:
            raise errors.not_tradable(texts.HALTED.format(symbol=symbol))
        return found.instrument

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when Kraken has no quote."""
        errors = _errors("quote")
        raws = await self._client.public("Ticker", {"pair": instrument.broker_symbol}, errors)
        try:
            found = parse.quote(instrument.symbol, next(iter(raws.values())), self._deps.clock.now())
        except (ValueError, KeyError, TypeError, IndexError, StopIteration):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        if found is None:
            raise errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        return found

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate the fee at the account's own taker rate, or the listed one where that is not told."""
        errors, instrument = _errors("fees"), request.instrument
        price = request.limit_price or request.stop_price
        value = request.notional
        if value is None:
            value = (request.quantity or ZERO) * (price or (await self.quote(instrument)).mid)
        rate, note = await fees.taker_rate(self._client, instrument, errors)
        return Fees(amount=fees.fee(value, rate), note=note)

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up. Raises NotFound."""
        return await self._orders.by_id(broker_order_id, _errors("order"))

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id, among open ones, then closed ones. Raises NotFound."""
        return await self._orders.by_client_id(client_order_id, _errors("find_order"))

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order. There are no legs at Kraken."""
        return await self._orders.working(_errors("open_orders"))

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders, newest first."""
        errors = _errors("history")
        if query.symbol is not None:
            pair = (await self._client.markets(errors)).wanted(query.symbol)
            symbol = pair.instrument.symbol if pair else query.symbol
            query = HistoryFilter(since=query.since, symbol=symbol, states=query.states, limit=query.limit)
        return await self._orders.history(query, errors)

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever Kraken may have it.

        Kraken takes an id again once its order is over. An id that went out from here is therefore looked up
        first: found, it is DuplicateClientId; not found within the settle time, OutcomeUnknown.
        """
        errors = _errors("submit")
        checks.check(request, errors, self._deps.clock.now())
        link, lane = self._client.link(errors), _lane(request)
        pair = request.instrument.broker_symbol
        await self._not_again(request.client_order_id, errors, lane)
        size = await self._size(request, errors)
        async with link.counters.order(pair, lane, errors), link.gate.changing(lane):
            # The wait for quota and for the gate may have outlived the licence to send.
            now = self._deps.clock.now()
            check_licence(request, errors, now)
            link.sending(request.client_order_id)
            try:
                answer = await self._client.send_now("AddOrder", wire.order(request, size, now), errors)
            except OutcomeUnknown:
                raise
            except BrokerError as error:
                link.unsent(request.client_order_id)
                if isinstance(error, Throttled) and error.text == texts.THROTTLED:
                    await link.counters.full(pair)
                raise
        txids = answer.get("txid")
        if not isinstance(txids, list) or len(txids) != 1 or not isinstance(txids[0], str):
            raise errors.unknown(texts.UNREADABLE, "unreadable")
        link.placed(txids[0], pair)
        return _accepted(request, size, txids[0], now)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended is success. Raises NotFound."""
        errors = _errors("cancel")
        self._orders.check_id(broker_order_id, errors)
        try:
            async with self._client.link(errors).cancelling(broker_order_id):
                await self._client.send("CancelOrder", {"txid": broker_order_id}, errors, Lane.CANCEL)
        except Rejected:
            if (await self._orders.by_id(broker_order_id, errors, Lane.CANCEL)).state in LIVE:
                raise

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order; it keeps its id. Raises Rejected when it is over."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        before = await self._orders.by_id(broker_order_id, errors, Lane.EXIT)
        if before.state not in LIVE:
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        pair = (await self._client.markets(errors)).named(before.symbol)
        if pair is None:
            raise errors.denied(texts.REFUSED_SYMBOL, "unknown_symbol")
        if quantity is not None:
            checks.size(pair.instrument, quantity, errors)
        fields = wire.changes(pair.instrument, quantity, limit_price, stop_price)
        if "0" in fields.values():
            text = texts.PRICE_TOO_LOW.format(symbol=before.symbol)
            raise errors.denied(text, "price_too_low")
        link, symbol = self._client.link(errors), pair.instrument.broker_symbol
        cost = amend_cost(link.age(broker_order_id))
        async with link.counters.order(symbol, Lane.EXIT, errors, cost):
            await self._client.send("AmendOrder", {"txid": broker_order_id, **fields}, errors, Lane.EXIT)
        link.placed(broker_order_id, symbol)
        return await self._orders.by_id(broker_order_id, errors, Lane.EXIT)

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop under the coins held."""
        _long(quantity, _errors("set_stop_loss"))
        return await self.submit(closing.stop_loss(instrument, quantity, stop, client_order_id))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit order above the coins held."""
        _long(quantity, _errors("set_take_profit"))
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Sell all coins of a pair, or ``quantity`` of them, at the market.

        Raises NotFound when there are none, InsufficientFunds where open orders hold them.
        """
        errors = _errors("close_position")
        pair = (await self._client.markets(errors)).named(instrument.symbol)
        balances = await self._holdings.balances(errors, Lane.EXIT)
        balance = balances.get(pair.base) if pair else None
        if balance is None or balance.total < instrument.quantity_increment:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        size = closing.size(balance.total, quantity)
        if balance.free < size:
            raise errors.funds(texts.HELD, "held_for_orders")
        force = TimeInForce.GTC
        return await self.submit(closing.at_market(instrument, balance.total, size, client_order_id, force))

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap, AuthFailed on bad keys.

        Whenever the socket starts to listen, what ended while it did not is read and yielded; open orders
        come with the socket's own snapshot. A key that may not listen is polled instead.
        """
        try:
            async with aclosing(self._heard(_errors("events"))) as heard:
                async for report in heard:
                    yield report
        except BrokerError:
            if not self._ended:
                raise

    async def renew(self) -> None:
        """Do nothing: API keys are renewed at Kraken."""

    def is_connected(self) -> bool:
        """Tell whether the last exchange worked, and the socket, if one is wanted, is up."""
        return self._client.healthy and (self._stream is None or self._stream.up)

    async def disconnect(self) -> None:
        """Close the sockets of this session. Idempotent; resting orders stay."""
        self._ended = True
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()
        await self._client.close()

    async def _heard(self, errors: Errors) -> AsyncGenerator[OrderReport, None]:
        stream = Executions(self._client, self._deps.endpoint, await self._client.markets(errors), errors)
        try:
            await stream.open()
        except AuthFailed as error:
            if error.code != "no_permission":
                raise
            async for report in self._polled():
                yield report
            return
        self._stream = stream
        try:
            async for item in stream.reports():
                for report in await self._told(item, errors):
                    yield report
        finally:
            self._deaf_since = self._deps.clock.now()
            await stream.close()

    async def _told(self, item: OrderReport | str | None, errors: Errors) -> Sequence[OrderReport]:
        """Give what an item of the stream says, reading where it says too little."""
        if isinstance(item, OrderReport):
            return (item,)
        if isinstance(item, str):
            return (await self._orders.by_id(item, errors),)
        return await self._orders.closed_since(self._deaf_since - _SKEW, errors)

    async def _polled(self) -> AsyncGenerator[OrderReport, None]:
        errors = _errors("events")

        async def recent() -> Sequence[OrderReport]:
            since = self._deps.clock.now() - timedelta(seconds=POLL) - 2 * _SKEW
            return await self._orders.closed_since(since, errors)

        poller = Poller(self._deps.clock, self.open_orders, recent, interval=POLL)
        async for report in poller.events():
            if self._ended:
                return
            yield report

    async def _not_again(self, client_order_id: str, errors: Errors, lane: Lane) -> None:
        ago = self._client.link(errors).sent_ago(client_order_id)
        if ago is None:
            return
        try:
            await self._orders.by_client_id(client_order_id, errors, lane)
        except NotFound:
            if ago < SETTLE:
                raise errors.unknown(texts.UNSETTLED, "unsettled") from None
        else:
            raise errors.duplicate(texts.DUPLICATE)

    async def _size(self, request: OrderRequest, errors: Errors) -> Decimal:
        """Give the coins to ask for. An amount of money is turned into coins here, at the quote.

        Kraken would take money (``viqc``), but for buys only, and would then report volumes in dollars.
        """
        if request.quantity is not None:
            return checks.size(request.instrument, request.quantity, errors)
        quote = await self.quote(request.instrument)
        price = fees.taking(request.side, quote)
        return checks.size(request.instrument, (request.notional or ZERO) / price, errors)

    def _number(self) -> str:
        """Name the account: Kraken's answers hold no number, so the key's last four characters."""
        return "…" + self._credentials["api_key"][-4:]


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)


def _lane(request: OrderRequest) -> Lane:
    return Lane.EXIT if request.effect is PositionEffect.CLOSE else Lane.ENTRY


def _long(quantity: Decimal, errors: Errors) -> None:
    if quantity <= ZERO:
        raise errors.denied(texts.NO_SHORT, "no_shorting")


def _accepted(request: OrderRequest, size: Decimal, txid: str, at: datetime) -> OrderReport:
    """Report an order Kraken took; what it did with it is told by events and look-ups."""
    instrument = request.instrument
    limit, stop = request.limit_price, request.stop_price
    return OrderReport(
        broker_order_id=txid,
        client_order_id=request.client_order_id,
        state=OrderState.WORKING,
        symbol=instrument.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=size,
        filled_quantity=ZERO,
        average_price=None,
        limit_price=None if limit is None else wire.price(instrument, limit),
        stop_price=None if stop is None else wire.price(instrument, stop),
        at=at,
    )
