"""Be one open connection to one Schwab account."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from adapters.kit import closing
from adapters.kit.checks import check_change
from adapters.kit.errors import Errors
from adapters.kit.reading import readable
from adapters.schwab import checks, fees, parse, symbols, texts
from adapters.schwab.client import Client
from adapters.schwab.manifest import MANIFEST
from adapters.schwab.orders import OrderDesk
from adapters.schwab.sending import Sender
from adapters.schwab.shared import Shared, digest
from adapters.schwab.stream import Activity
from domain.broker import BrokerManifest, Credentials, HistoryFilter, SessionDeps, Verified
from domain.ids import ClientOrderId
from domain.instruments import AssetClass, Instrument, InstrumentQuery, OptionContract
from domain.money import ZERO
from domain.orders import LIVE, OrderReport, OrderRequest, PositionEffect, Side
from domain.portfolio import AccountState, Fees, Position, Quote

_SKEW = timedelta(seconds=60)
_DAY = 24 * 3600
_DIGITS = 8
"""Last digits of an account number by which it is chosen."""


class SchwabSession:
    """Carry the contract of ``domain.broker.BrokerSession`` through the SDK."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._credentials, self._deps = shared, credentials, deps
        self._client = Client(shared, credentials, deps)
        self._hash = ""
        self._number = ""
        self._desk: OrderDesk | None = None
        self._sender: Sender | None = None
        self._activity: Activity | None = None
        self._told: dict[str, object] | None = None

    async def connect(self) -> None:
        """Build the SDK's client and sign in where that is still to be done."""
        await self._client.open()

    @property
    def manifest(self) -> BrokerManifest:
        """Give the broker's static data."""
        return MANIFEST

    # Reads

    async def verify(self) -> Verified:
        """Prove that the sign-in works. An app of this kind cannot withdraw."""
        errors = _errors("verify")
        state = await self._account(errors)
        left = self._client.login.left
        return Verified(
            state=state,
            accounts=(state.number_masked,),
            notes=(texts.DAYS_LEFT.format(days=int(left // _DAY) + 1),),
            expires_at=self._deps.clock.now() + timedelta(seconds=left),
        )

    async def account(self) -> AccountState:
        """Give the account's money."""
        return await self._account(_errors("account"))

    async def positions(self) -> Sequence[Position]:
        """Give every open position in what is traded from here."""
        return await self._positions(_errors("positions"))

    async def resolve(self, query: InstrumentQuery) -> Instrument:
        """Find the instrument a signal names. Raises NotTradable when there is none."""
        errors = _errors("resolve")
        if query.option is None and query.asset_class not in {None, AssetClass.EQUITY}:
            raise errors.denied(texts.NO_CLASS, "unsupported_class")
        shown = query.option.occ if query.option else query.symbol.upper()
        name = symbols.option(query.option) if query.option else symbols.stock(query.symbol.upper())
        known = self._shared.known(self._deps.clock, self._deps.endpoint, name)
        return known or await self._look_up(name, shown, query.option, errors)

    async def _look_up(
        self, name: str, shown: str, contract: OptionContract | None, errors: Errors
    ) -> Instrument:
        raw = await self._quotes(name, errors)
        with readable(errors, texts.UNREADABLE):
            try:
                found = parse.instrument(raw, contract) if raw else None
            except parse.Foreign:
                found = None
        if found is None:
            raise errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=shown), "unknown_symbol")
        if not found.tradable:
            raise errors.not_tradable(texts.HALTED.format(symbol=shown), "halted")
        self._shared.learn(self._deps.clock, self._deps.endpoint, found)
        return found

    async def quote(self, instrument: Instrument) -> Quote:
        """Give the latest bid and ask. Raises NotTradable when Schwab has no quote."""
        errors = _errors("quote")
        raw = await self._quotes(instrument.broker_symbol, errors)
        with readable(errors, texts.UNREADABLE):
            found = parse.quote(instrument.symbol, raw) if raw else None
        if found is None:
            raise errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        return found

    async def fees(self, request: OrderRequest) -> Fees:
        """Estimate what the order costs beside its price; only a sale of stock needs to know that."""
        price = request.limit_price or request.stop_price
        sale = request.side is Side.SELL and request.instrument.asset_class is AssetClass.EQUITY
        if price is None and sale:
            price = (await self.quote(request.instrument)).mid
        return fees.estimate(request, price or Decimal(1))

    async def order(self, broker_order_id: str) -> OrderReport:
        """Look one order up, legs included. Raises NotFound."""
        errors = _errors("order")
        return await (await self._orders(errors)).by_number(broker_order_id, errors)

    async def find_order(self, client_order_id: ClientOrderId) -> OrderReport:
        """Look an order of ours up, by what this process knows of it: Schwab keeps no id of ours.

        Raises NotFound, which proves nothing here, and OutcomeUnknown where several orders fit.
        """
        errors = _errors("find_order")
        return await (await self._orders(errors)).by_client_id(client_order_id, errors)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Give every working order of the last 60 days, legs nested."""
        errors = _errors("open_orders")
        return await (await self._orders(errors)).working(errors)

    async def history(self, query: HistoryFilter) -> Sequence[OrderReport]:
        """Give past orders of the last 60 days, newest first."""
        errors = _errors("history")
        return await (await self._orders(errors)).history(query, errors)

    # Orders

    async def submit(self, request: OrderRequest) -> OrderReport:
        """Send the order once. Raises OutcomeUnknown whenever Schwab may have it."""
        errors = _errors("submit")
        checks.check(request, errors, self._deps.clock.now())
        await self._orders(errors)
        effect = await self._effect(request, errors)
        assert self._sender is not None
        return await self._sender.place(request, effect, errors)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel. An order that already ended, or is being cancelled, is success."""
        errors = _errors("cancel")
        await self._orders(errors)
        assert self._sender is not None
        await self._sender.cancel(broker_order_id, errors)

    async def replace(
        self,
        broker_order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> OrderReport:
        """Change a working order that has not filled at all; Schwab makes a new one, whose report this is."""
        errors = _errors("replace")
        check_change(quantity, limit_price, stop_price, errors)
        await self._orders(errors)
        assert self._sender is not None
        return await self._sender.change(broker_order_id, quantity, limit_price, stop_price, errors)

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
        """Close all of a position, or ``quantity`` of it, at the market. Raises NotFound without one."""
        errors = _errors("close_position")
        held = await self._held(instrument.symbol, errors)
        if held == ZERO:
            raise errors.not_found(texts.NO_POSITION.format(symbol=instrument.symbol), "no_position")
        size = closing.size(held, quantity)
        return await self.submit(closing.at_market(instrument, held, size, client_order_id))

    async def _effect(self, request: OrderRequest, errors: Errors) -> PositionEffect:
        """Tell selling what is held from selling short: Schwab wants another word for each."""
        if request.effect is PositionEffect.CLOSE or request.side is Side.BUY:
            return request.effect
        held = await self._held(request.instrument.symbol, errors)
        if held <= ZERO:
            if not MANIFEST.classes[request.instrument.asset_class].short:
                raise errors.denied(texts.NO_WRITING, "no_shorting")
            return PositionEffect.OPEN
        if request.quantity is not None and request.quantity > held:
            raise errors.denied(texts.SELL_BEYOND, "sell_beyond")
        return PositionEffect.CLOSE

    # Updates and life

    async def events(self) -> AsyncIterator[OrderReport]:
        """Yield order updates until disconnected. Raises OutcomeUnknown at a gap.

        A message of the stream is taken as a bell: the orders are read, and what changed since the last
        reading is yielded. What changes between a raise and the next call is yielded then.
        """
        errors = _errors("events")
        if not self._client.joined:
            return
        activity = self._activity = Activity(self._client, self._deps.endpoint)
        try:
            desk = await self._orders(errors)
            await activity.open(errors)
            more = True
            while more:
                for report in await self._changed(desk, errors):
                    yield report
                more = await activity.ring()
        finally:
            await activity.close()

    async def renew(self) -> None:
        """Have an access token that lasts. Raises AuthFailed when the sign-in is over or was refused."""
        await self._client.login.ready(_errors("renew"))

    def is_connected(self) -> bool:
        """Tell whether the last exchange worked, and the stream, if one is wanted, is up."""
        return self._client.healthy and (self._activity is None or self._activity.up)

    async def disconnect(self) -> None:
        """Close the stream of this session. Idempotent; resting orders stay."""
        activity, self._activity = self._activity, None
        if activity is not None:
            await activity.close()
        await self._client.close()

    async def _changed(self, desk: OrderDesk, errors: Errors) -> list[OrderReport]:
        """Read the orders and give what was not told yet, oldest first."""
        # An order on its way has no number yet by which to tell that it is ours.
        await desk.claims.quiet()
        reports = desk.read_all(await desk.listed(errors), errors)
        latest = {report.broker_order_id: _gist(report) for report in reports}
        before, self._told = self._told, latest
        if before is None:
            since = self._deps.clock.now() - _SKEW
            news = [
                r for r in reports if r.state in LIVE or any(_recent(part, since) for part in (r, *r.legs))
            ]
        else:
            news = [r for r in reports if before.get(r.broker_order_id) != latest[r.broker_order_id]]
        return sorted(news, key=lambda report: report.at)

    # The account

    async def _orders(self, errors: Errors) -> OrderDesk:
        """Know the account's hash, which every later path holds, and be ready to read and send."""
        if self._desk is not None and self._sender is not None:
            return self._desk
        answer = await self._client.read(lambda: self._client.sdk.get_account_numbers(), errors)
        with readable(errors, texts.UNREADABLE):
            accounts = {str(raw["accountNumber"]): str(raw["hashValue"]) for raw in answer}
        self._number = self._choose(list(accounts), errors)
        self._hash = accounts[self._number]
        clock = self._deps.clock
        claims = self._shared.claims(clock, digest(self._hash, self._deps.endpoint))
        self._client.orders_of(self._hash)
        self._desk = OrderDesk(self._client, clock, self._hash, claims)
        self._sender = Sender(self._client, clock, self._hash, self._desk)
        return self._desk

    def _choose(self, numbers: list[str], errors: Errors) -> str:
        wanted = self._credentials.get("account")
        shown = ", ".join(parse.mask(n) for n in numbers)
        if not numbers:
            raise errors.denied(texts.NO_ACCOUNT, "no_account")
        found = [n for n in numbers if n.endswith(wanted)]
        if not found:
            raise errors.denied(texts.NO_SUCH_ACCOUNT.format(accounts=shown), "no_such_account")
        if len(found) > 1:
            choices = tuple((number[-_DIGITS:], parse.mask(number)) for number in found)
            raise errors.denied(texts.CHOOSE.format(accounts=shown), "several_accounts", choices)
        return found[0]

    async def _account(self, errors: Errors) -> AccountState:
        raw = await self._holdings(errors)
        with readable(errors, texts.UNREADABLE):
            return parse.account(raw)

    async def _positions(self, errors: Errors) -> list[Position]:
        raw = await self._holdings(errors)
        found = []
        with readable(errors, texts.UNREADABLE):
            for item in raw["securitiesAccount"].get("positions") or ():
                try:
                    found.append(parse.position(item))
                except parse.Foreign:
                    continue
        return [position for position in found if position.quantity != ZERO]

    async def _held(self, symbol: str, errors: Errors) -> Decimal:
        return sum((p.quantity for p in await self._positions(errors) if p.instrument.symbol == symbol), ZERO)

    async def _holdings(self, errors: Errors) -> Any:
        await self._orders(errors)

        def ask() -> Any:
            sdk = self._client.sdk  # none once the session is closed, which read() tells before it asks
            return sdk.get_account(self._hash, fields=sdk.Account.Fields.POSITIONS)

        return await self._client.read(ask, errors)

    async def _quotes(self, name: str, errors: Errors) -> Any:
        """Ask for one symbol's quote; None where Schwab lists it as invalid, or leaves it out."""
        answer = await self._client.read(lambda: self._client.sdk.get_quotes([name]), errors)
        with readable(errors, texts.UNREADABLE):
            return answer.get(name)


def _errors(operation: str) -> Errors:
    return Errors(broker=MANIFEST.slug, operation=operation)


def _recent(report: OrderReport, since: Any) -> bool:
    return report.state in LIVE or bool(report.at >= since)


def _gist(report: OrderReport) -> object:
    """Keep what a caller acts on."""
    numbers = (report.quantity, report.filled_quantity, report.average_price)
    prices = (report.limit_price, report.stop_price)
    legs = tuple(_gist(leg) for leg in report.legs)
    return (report.state, report.client_order_id, numbers, prices, report.held, legs)
