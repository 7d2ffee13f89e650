"""Be one open paper account, as the contract asks."""

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal

from adapters.kit import closing
from adapters.kit.errors import Errors
from adapters.paper import reports, requests, texts
from adapters.paper.instruments import describe, expired, priced
from adapters.paper.livebook import LiveBook
from adapters.paper.manifest import FEES, MANIFEST
from adapters.paper.prices import Prices
from domain.broker import BrokerManifest, HistoryFilter, SessionDeps, Verified
from domain.ids import ClientOrderId
from domain.instruments import Instrument, InstrumentQuery
from domain.money import ZERO, plain
from domain.orders import OrderReport, OrderRequest, Side
from domain.portfolio import AccountState, Fees, Position, Quote


class PaperSession:
    """Keep ``domain.broker.BrokerSession`` on an engine of its own.

    Every change is in the store before it is answered or told. One session per account at a time: the
    caller holds the account's lease, and a second writer makes the first fail its compare-and-set.
    """

    def __init__(
        self, deps: SessionDeps, book: LiveBook, prices: Prices, on_point: Callable[[str], None]
    ) -> None:
        self._ref = deps.ref
        self._clock = deps.clock
        self._book = book
        self._prices = prices
        self._on_point = on_point

    @property
    def manifest(self) -> BrokerManifest:
        """Give the paper broker's static data."""
        return MANIFEST

    # Reading

    async def verify(self) -> Verified:
        """Read the account; there are no credentials to be wrong."""
        return Verified(state=await self.account(), notes=(texts.VERIFIED,))

    async def account(self) -> AccountState:
        """Give the account's money at the latest prices."""
        async with self._book.marked("account") as engine:
            return reports.account_state(engine, self._ref)

    async def positions(self) -> Sequence[Position]:
        """Give every open position at the latest prices."""
        async with self._book.marked("positions") as engine:
            return [reports.position(held) for held in engine.positions(self._book.key)]

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument: what somebody quotes exists. Raises NotTradable, Unreachable."""
        errors = _errors("resolve")
        found = describe(query)
        if found is None:
            kind = query.asset_class.value if query.asset_class else "such things"
            raise errors.not_tradable(texts.NO_CLASS.format(kind=kind), "unsupported_class")
        if expired(found, self._clock.now().date()) and found.option is not None:
            text = texts.OPTION_OVER.format(symbol=found.symbol, day=found.option.expiry)
            raise errors.not_tradable(text, "option_expired")
        quote = await self._prices.ask(found)
        if quote is None and self._prices.known:
            raise errors.not_tradable(texts.NO_SYMBOL.format(symbol=found.symbol), "unknown_symbol")
        return found if quote is None else priced(found, quote.mid)

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable."""
        quote = await self._prices.latest(instrument)
        if quote is None:
            text = texts.NO_QUOTE.format(symbol=instrument.symbol)
            raise _errors("quote").not_tradable(text, "no_quote")
        return quote

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate the fee at the order's price, or at the quote."""
        instrument = request.instrument
        rate = FEES.rates.get(instrument.asset_class)
        if rate is None:
            return Fees(amount=ZERO)
        price = request.limit_price or request.stop_price
        if price is None:
            quote = await self._prices.latest(instrument)
            if quote is None:
                return Fees(amount=ZERO, note=texts.NO_FREE_FEE)
            price = quote.ask if request.side is Side.BUY else quote.bid
        unit = price * instrument.multiplier
        quantity = request.quantity if request.quantity is not None else (request.notional or ZERO) / unit
        note = texts.FEE_NOTE.format(points=plain(rate.basis_points), unit=plain(rate.per_unit))
        return Fees(amount=FEES.fee(instrument, quantity, price), note=note)

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look an order or leg up. Raises NotFound."""
        async with self._book.changing("order") as engine:
            return reports.order_report(engine.order(broker_order_id), engine)

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id among open and closed ones. Raises NotFound."""
        async with self._book.changing("find_order") as engine:
            found = engine.find(self._book.key, client_order_id)
            if found is None:
                raise _errors("find_order").not_found(texts.NO_ORDER)
            return reports.order_report(found, engine)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every order that works or whose legs do, legs nested."""
        async with self._book.changing("open_orders") as engine:
            every = engine.orders(self._book.key)
            open_ones = [o for o in every if o.live or any(leg.live for leg in o.legs)]
            return [reports.order_report(o, engine) for o in open_ones]

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past and open orders, newest first."""
        async with self._book.changing("history") as engine:
            found = [
                order
                for order in reversed(engine.orders(self._book.key))
                if (query.since is None or order.created_at >= query.since)
                and (query.symbol is None or order.symbol == query.symbol)
                and (not query.states or order.state in query.states)
            ]
            return [reports.order_report(order, engine) for order in found[: query.limit]]

    # Ordering

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Take an order and fill what fills at once; it is in the store before this answers."""
        errors = _errors("submit")
        request = requests.prepare(request, errors, self._clock.now())
        quote = await self._prices.latest(request.instrument)
        async with self._book.changing("submit") as engine:
            self._book.take(engine, request.instrument, quote)
            placed = engine.place(self._book.key, request)
            self._on_point("paper.before_persist")
            await self._book.save(engine, errors)
            self._on_point("paper.after_persist")
            return reports.order_report(placed, engine)

    async def cancel(self, broker_order_id: str) -> None:
        """Cancel; what is over already is success. Raises NotFound."""
        async with self._book.changing("cancel") as engine:
            if engine.order(broker_order_id).live:
                engine.cancel(broker_order_id)

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order in place; it keeps its id. Raises Rejected when it cannot be changed."""
        errors = _errors("replace")
        async with self._book.changing("replace") as engine:
            instrument = engine.order(broker_order_id).request.instrument
            changed = engine.replace(
                broker_order_id,
                quantity=None if quantity is None else requests.quantity(instrument, quantity, errors),
                limit_price=None if limit_price is None else requests.price(instrument, limit_price, errors),
                stop_price=None if stop_price is None else requests.price(instrument, stop_price, errors),
            )
            return reports.order_report(changed, engine)

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop on an open position, until cancelled."""
        _not_zero(instrument, quantity)
        return await self.submit(closing.stop_loss(instrument, quantity, stop, client_order_id))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit on an open position, until cancelled."""
        _not_zero(instrument, quantity)
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Close all of a position, or ``quantity`` of it, at the market.

        Orders that rest on the position keep their part of it, as at Alpaca: cancel them first.
        """
        errors = _errors("close_position")
        async with self._book.changing("close_position") as engine:
            known = {p.instrument.symbol: p.quantity for p in engine.positions(self._book.key)}
        held = known.get(instrument.symbol, ZERO)
        if not held:
            raise errors.rejected(texts.NO_POSITION.format(symbol=instrument.symbol), "nothing_to_close")
        amount = abs(held) if quantity is None else abs(quantity)
        _not_zero(instrument, amount)
        return await self.submit(closing.at_market(instrument, held, amount, client_order_id))

    # Living

    def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates from this call on, until disconnected."""
        return self._book.feed.listen()

    async def renew(self) -> None:
        """Do nothing: nothing expires."""

    def is_connected(self) -> bool:
        """Tell whether the book could be read and written at the last try."""
        return self._book.healthy and not self._book.feed.closed

    async def disconnect(self) -> None:
        """End the event streams; the book is in the store already. Idempotent."""
        self._book.feed.close()


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)


def _not_zero(instrument: Instrument, quantity: Decimal) -> None:
    if not quantity:
        text = texts.TOO_SMALL.format(symbol=instrument.symbol, step=plain(instrument.quantity_increment))
        raise _errors("submit").denied(text, "too_small")
