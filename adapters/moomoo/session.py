"""Be one open connection to one moomoo account."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.kit import closing
from adapters.kit.checks import check_change
from adapters.kit.errors import Errors
from adapters.kit.reading import readable
from adapters.moomoo import changing, checks, fees, parse, placing, stocks, texts
from adapters.moomoo.client import Client
from adapters.moomoo.desk import Desk, read_one
from adapters.moomoo.manifest import MANIFEST
from adapters.moomoo.shared import Shared
from adapters.moomoo.updates import Mark, Updates
from domain.accounts import Environment
from domain.broker import BrokerManifest, Credentials, HistoryFilter, Lane, SessionDeps, Verified
from domain.errors import AuthFailed, BrokerError, NotFound, Rejected
from domain.ids import ClientOrderId
from domain.instruments import Instrument, InstrumentQuery
from domain.orders import LIVE, OrderReport, OrderRequest, TimeInForce
from domain.portfolio import AccountState, Fees, Position, Quote

_SKEW = timedelta(seconds=60)
"""How far moomoo's clock and ours may lie apart when asking what changed since."""


class MoomooSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through the SDK."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._deps = shared, deps
        self._paper = deps.environment is Environment.PAPER
        self._env = "SIMULATE" if self._paper else "REAL"
        self._updates = Updates()
        self._client = Client(shared, credentials, deps, self._updates.heard)
        self._client.lost = self._went_deaf
        self._desk = Desk(self._client, deps)
        self._placing = placing.Placing(shared, self._client, self._desk, deps)
        self._deaf_since: datetime | None = deps.clock.now()

    async def connect(self) -> None:
        """Load the SDK; OpenD is reached when first needed."""
        await self._client.open()

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that OpenD runs, has the account, and lets it be unlocked. OpenD cannot withdraw."""
        state = await self._account(_errors("verify"))
        notes = (texts.PAPER_NOTE, texts.PAPER_LIMITS_NOTE) if self._paper else (texts.MARKET_NOTE,)
        choices = self._client.choices
        shown = tuple(label for _, label in choices) or (state.number_masked,)
        return Verified(state=state, accounts=shown, choices=choices, notes=notes)

    async def account(self) -> AccountState:
        """Give the account's money."""
        return await self._account(_errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give every open position."""
        errors = _errors("positions")
        fresh = await self._client.room("positions", errors)
        rows = await self._desk.positions(errors, fresh=fresh)
        with readable(errors, texts.UNREADABLE):
            return [parse.position(row) for row in rows]

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument a signal names. Raises NotTradable when there is none."""
        errors = _errors("resolve")
        return await stocks.resolve(self._client, self._shared.stocks, self._deps.clock, query, errors)

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when moomoo has no quote."""
        errors = _errors("quote")
        found = await stocks.latest(self._client, instrument, errors)
        if found is None:
            raise errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        return found

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate what the order costs beside its price; a buy asks nothing."""
        price = request.limit_price or request.stop_price
        if price is None and fees.depends_on_price(request):
            price = (await self.quote(request.instrument)).mid
        return fees.estimate(request, price or Decimal(1))

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up. Raises NotFound."""
        errors = _errors("order")
        return read_one(await self._desk.by_id(broker_order_id, errors), errors)

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order up by its remark, open or closed. Raises NotFound only on fresh evidence."""
        errors = _errors("find_order")
        return read_one(await self._desk.by_remark(client_order_id, errors), errors)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order."""
        return await self._desk.working(_errors("open_orders"))

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders, newest first."""
        return await self._desk.history(query, _errors("history"))

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever moomoo may have it."""
        errors = _errors("submit")
        checks.check(request, errors, self._deps.clock.now())
        return await self._placing.send(request, errors)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended, or is being cancelled, is success."""
        errors = _errors("cancel")
        account = await self._client.account(errors)

        def ask(context: Any) -> Any:
            facts = changing.cancel(broker_order_id, self._env, account.number)
            return context.modify_order(**facts)

        try:
            await self._client.ask(ask, errors, lane=Lane.CANCEL, kind="modify", act=changing.ACT)
        except (Rejected, NotFound) as refused:
            row = await self._desk.by_id(broker_order_id, errors)
            if read_one(row, errors).state not in LIVE or row["order_status"].startswith("CANCELLING"):
                return
            if isinstance(refused, Rejected):
                raise
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable") from None

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order, which keeps its id. What is not named stays as it stands."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        old = read_one(await self._desk.by_id(broker_order_id, errors), errors)
        if old.state not in LIVE:
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        new = changing.changed(old, quantity, limit_price, stop_price, errors)
        account = await self._client.account(errors)

        def ask(context: Any) -> Any:
            return context.modify_order(**changing.modify(new, self._env, account.number))

        await self._client.ask(ask, errors, lane=Lane.EXIT, kind="modify", act=changing.ACT)
        return replace(new, at=self._deps.clock.now())

    async def set_stop_loss(
        self, instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a stop on an open position."""
        return await self.submit(closing.stop_loss(instrument, quantity, stop, client_order_id))

    async def set_take_profit(
        self, instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
    ) -> OrderReport:
        """Rest a limit order on an open position; on paper for the day."""
        force = TimeInForce.DAY if self._paper else TimeInForce.GTC
        return await self.submit(closing.take_profit(instrument, quantity, limit, client_order_id, force))

    async def close_position(
        self, instrument: Instrument, client_order_id: ClientOrderId, quantity: Decimal | None = None
    ) -> OrderReport:
        """Close all of a position, or ``quantity`` of it, at the market.

        Raises NotFound without a position, InsufficientFunds where open orders hold the shares.
        """
        errors = _errors("close_position")
        rows = await self._desk.positions(errors, fresh=await self._client.room("positions", errors))
        with readable(errors, texts.UNREADABLE):
            held = {p.instrument.symbol: p for p in map(parse.position, rows)}.get(instrument.symbol)
        if held is None:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        size = closing.size(held.quantity, quantity)
        return await self.submit(closing.at_market(instrument, held.quantity, size, client_order_id))

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap, AuthFailed on a locked one.

        After a gap, orders that changed in it are read and yielded first.
        """
        errors = _errors("events")
        queue = self._updates.listen()
        try:
            missed = await self._missed(errors)
        except AuthFailed:
            raise
        except BrokerError as error:
            raise errors.unknown(texts.STREAM_LOST, "stream_lost") from error
        for report in missed:
            yield report
        while (item := await queue.get()) is not Mark.CLOSED:
            if isinstance(item, BrokerError):
                self._deaf_since = self._deaf_since or self._deps.clock.now()
                raise item
            if not isinstance(item, Mark):
                yield item

    async def _missed(self, errors: Errors) -> Sequence[OrderReport]:
        """Connect, and read what changed while nobody listened."""
        account = await self._client.account(errors)
        self._updates.account, self._updates.env = account.number, 0 if self._paper else 1
        since = self._deaf_since
        if since is None:
            return ()
        found = await self._desk.changed_since(since - _SKEW, errors)
        if self._deaf_since == since:
            self._deaf_since = None
        return found

    async def renew(self) -> None:
        """Do nothing: OpenD keeps its own login."""

    def is_connected(self) -> bool:
        """Tell whether the last exchange worked and the connection to OpenD is up."""
        return self._client.healthy and self._client.up

    async def disconnect(self) -> None:
        """Close the connections. Idempotent; resting orders stay."""
        self._updates.close()
        await self._client.close()

    def _went_deaf(self) -> None:
        self._deaf_since = self._deaf_since or self._deps.clock.now()
        self._updates.lost()

    async def _account(self, errors: Errors) -> AccountState:
        account = await self._client.account(errors)
        fresh = await self._client.room("funds", errors)

        def ask(context: Any) -> Any:
            return context.accinfo_query(
                trd_env=self._env,
                acc_id=account.number,
                acc_index=0,
                refresh_cache=fresh,
                currency="USD",
            )

        rows = await self._client.read(ask, errors, kind="funds" if fresh else "")
        with readable(errors, texts.UNREADABLE):
            return parse.account(rows[0], account.masked, paper=self._paper)


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)
