"""Be one open connection to one account at Interactive Brokers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from adapters.ibkr import checks, texts
from adapters.ibkr.contracts import ContractDesk
from adapters.ibkr.link import Item, Link, is_paper
from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.orders import OrderDesk
from adapters.ibkr.reads import Reads
from adapters.kit import closing
from adapters.kit.checks import check_change
from adapters.kit.errors import Errors
from domain.broker import BrokerManifest, Credentials, HistoryFilter, SessionDeps, Verified
from domain.errors import BrokerError
from domain.ids import ClientOrderId
from domain.instruments import Instrument, InstrumentQuery
from domain.money import ZERO
from domain.orders import LIVE, OrderReport, OrderRequest
from domain.portfolio import AccountState, Fees, Position, Quote


class IbkrSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through the SDK."""

    def __init__(self, credentials: Credentials, deps: SessionDeps) -> None:
        self._deps = deps
        self._link = Link(credentials, deps)
        self._reads = Reads(self._link, deps)
        self._orders = OrderDesk(self._link, self._reads, deps)
        self._contracts = ContractDesk(self._link, deps.clock)
        self._updates: asyncio.Queue[Item] | None = None
        self._placing = asyncio.Lock()

    async def connect(self) -> None:
        """Connect, and learn of every order there is."""
        errors = _errors("connect")
        await self._link.ensure(errors)
        await self._link.sync(errors)

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that TWS is there and logged in to the account. The API cannot move money out."""
        state = await self._reads.account(_errors("verify"))
        notes = (texts.PAPER_NOTE,) if is_paper(self._deps) else ()
        shown = tuple("…" + account[-4:] for account in self._link.accounts)
        return Verified(state=state, accounts=shown, notes=(*notes, texts.HISTORY_NOTE))

    async def account(self) -> AccountState:
        """Give the account's money."""
        return await self._reads.account(_errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give every open position."""
        return await self._reads.positions(_errors("positions"))

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument a signal names. Raises NotTradable when there is none."""
        return await self._contracts.resolve(query, _errors("resolve"))

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the live bid and ask. Raises NotTradable when TWS has none for this login."""
        return await self._reads.quote(instrument, _errors("quote"))

    async def fees(self, request: OrderRequest) -> Fees:
        """Give the commission as TWS previews it, or an estimate."""
        errors = _errors("fees")
        checks.check(request, errors, self._deps.clock.now())
        return await self._reads.fees(request, errors)

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up, legs included. Raises NotFound."""
        errors = _errors("order")
        return self._orders.report(await self._orders.by_id(broker_order_id, errors), errors)

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id among open orders, finished ones and executions. Raises NotFound."""
        errors = _errors("find_order")
        return self._orders.report(await self._orders.by_ref(client_order_id, errors), errors)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order of the account, whoever placed it, legs nested."""
        errors = _errors("open_orders")
        await self._orders.fresh(errors)
        return [r for r in self._tops(errors) if _works(r) or any(_works(leg) for leg in r.legs)]

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give today's orders, newest first: TWS tells of no others."""
        errors = _errors("history")
        await self._orders.fresh(errors)
        found = [r for r in self._tops(errors) if _matches(r, query)]
        return sorted(found, key=lambda r: r.at, reverse=True)[: query.limit]

    def _tops(self, errors: Errors) -> list[OrderReport]:
        book, found = self._link.book, []
        for record in book.every():
            if record.account not in {"", self._link.account} or not (record.status and record.action):
                continue
            if book.family(record)[0] is record:
                found.append(self._orders.report(record, errors))
        return found

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever TWS may have it."""
        async with self._placing:
            return await self._orders.submit(request, _errors("submit"))

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended is success."""
        await self._orders.cancel(broker_order_id, _errors("cancel"))

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order; it keeps its id."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        record = await self._orders.by_id(broker_order_id, errors)
        instrument = await self._contracts.of(record.contract, errors)
        async with self._placing:
            return await self._orders.replace(
                broker_order_id,
                errors,
                quantity=quantity,
                limit_price=limit_price,
                stop_price=stop_price,
                instrument=instrument,
            )

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop on an open position."""
        return await self.submit(closing.stop_loss(instrument, quantity, stop, client_order_id))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit order on an open position."""
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Close all of a position, or ``quantity`` of it, at the market.

        Raises NotFound without a position, InsufficientFunds where open orders are about to close it.
        """
        errors = _errors("close_position")
        held = await self._orders.held(instrument, errors)
        if held == ZERO:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        size = closing.size(held, quantity)
        return await self.submit(closing.at_market(instrument, held, size, client_order_id))

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap.

        What arrives between a raise and the next call is kept; once the link is up again every order is read,
        and those that changed meanwhile are yielded.
        """
        if self._updates is None:
            self._updates = self._link.listener = asyncio.Queue()
        queue = self._updates
        if not self._link.up:
            await self._link.ensure(_errors("events"))
        if self._link.synced_at is None:
            await self._link.sync(_errors("events"))
        while (item := await queue.get()) is not None:
            if isinstance(item, BrokerError):
                raise item
            yield item

    async def renew(self) -> None:
        """Do nothing: the login is TWS's own."""

    def is_connected(self) -> bool:
        """Tell whether TWS is connected to us, and to Interactive Brokers."""
        return self._link.up and not self._link.cut_off

    async def disconnect(self) -> None:
        """Close the socket. Idempotent; resting orders stay."""
        await self._link.close()


def _works(report: OrderReport) -> bool:
    return report.state in LIVE


def _matches(report: OrderReport, query: HistoryFilter) -> bool:
    if query.since is not None and report.at < query.since:
        return False
    if query.symbol is not None and report.symbol != query.symbol:
        return False
    return not query.states or report.state in query.states


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)
