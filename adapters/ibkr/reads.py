"""Ask TWS for money, positions, quotes and previews."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from adapters.ibkr import codes, contracts, sdk, texts, wire
from adapters.ibkr.link import Link, is_paper
from adapters.ibkr.records import amount, number
from adapters.kit.errors import Errors
from domain.broker import SessionDeps
from domain.errors import BrokerError
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import OrderRequest
from domain.portfolio import AccountState, Fees, Position, Quote

_TAGS = "NetLiquidation,TotalCashValue,BuyingPower"
QUOTE_PATIENCE = 12.0
"""Seconds a snapshot may take: TWS gives it eleven where nothing trades."""
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, StopIteration)
_POSITIONS_LIFE = 5.0
# [?] Fixed pricing for the US, interactivebrokers.com/en/pricing: a share, an option; a future with what its
# exchange and regulators take (E-mini); a fifty-thousandth of a currency trade; and the least of an order.
_RATES = {
    AssetClass.EQUITY: (Decimal("0.005"), Decimal(1)),
    AssetClass.OPTION: (Decimal("0.65"), Decimal(1)),
    AssetClass.FUTURE: (Decimal("2.25"), Decimal("2.25")),
    AssetClass.FOREX: (Decimal("0.00002"), Decimal(2)),
}


class Reads:
    """Read one account."""

    def __init__(self, link: Link, deps: SessionDeps) -> None:
        self._link, self._deps = link, deps
        self._positions_at: float | None = None

    async def account(self, errors: Errors) -> AccountState:
        """Ask for the account's money; the subscription this opens is closed again, for TWS allows two."""

        async def start(ib: Any) -> dict[tuple[str, str, str], Any]:
            request = ib.client.getReqId()
            ib.wrapper.acctSummary.clear()
            future = ib.wrapper.startReq(request)
            ib.client.reqAccountSummary(request, "All", _TAGS)
            try:
                await _asked(future, errors)
            finally:
                if self._link.up:
                    ib.client.cancelAccountSummary(request)
            return dict(ib.wrapper.acctSummary)

        values = await self._link.read(start, errors, count=2)
        mine = [v for v in values.values() if v.account == self._link.account]
        try:
            money = {v.tag: v for v in mine if v.tag in _TAGS.split(",")}
            return AccountState(
                number_masked="…" + self._link.account[-4:],
                cash=amount(money["TotalCashValue"].value),
                equity=amount(money["NetLiquidation"].value),
                buying_power=amount(money["BuyingPower"].value),
                currency=money["NetLiquidation"].currency or "USD",
                paper=is_paper(self._deps),
            )
        except _UNREADABLE:
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None

    async def positions(self, errors: Errors, *, fresh: bool = False) -> Sequence[Position]:
        """Give positions as TWS keeps them up to date, asked anew after an execution or a while."""
        await self._link.ensure(errors)
        now = self._deps.clock.monotonic()
        old = self._positions_at is None or now - self._positions_at > _POSITIONS_LIFE
        if fresh or old or self._link.stale_positions:
            self._link.stale_positions = False
            try:
                await self._link.read(lambda ib: ib.reqPositionsAsync(), errors)
            except BaseException:
                self._link.stale_positions = True
                raise
            self._positions_at = now
        try:
            ib = self._link.ib
            marks = {
                i.contract.conId: i.marketPrice for i in ib.portfolio() if i.account == self._link.account
            }
            held = ib.positions(self._link.account)
            return [_position(p, marks.get(p.contract.conId)) for p in held if p.position]
        except _UNREADABLE:
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None

    async def quote(self, instrument: Instrument, errors: Errors) -> Quote:
        """Ask for one snapshot. Raises NotTradable where there is no live bid and ask."""
        none = errors.not_tradable(texts.NO_QUOTE.format(symbol=instrument.symbol), "no_quote")
        known, _, _ = instrument.broker_symbol.partition("@")
        if not known.isdecimal():
            raise errors.denied(texts.BAD_INSTRUMENT, "unresolved")

        async def start(ib: Any) -> Any:
            try:
                return await _snapshot(ib, wire.contract(instrument))
            except sdk.load().wrapper.RequestError as error:
                if error.code in codes.QUOTE_REFUSED:
                    raise none from None
                raise errors.unknown(texts.UNREADABLE, f"ibkr_{error.code}") from None

        ticker = await self._link.read(start, errors, patience=QUOTE_PATIENCE)
        try:
            bid, ask = number(ticker.bid), number(ticker.ask)
            sizes = [_size(ticker.bidSize), _size(ticker.askSize)]
        except ValueError:
            raise none from None
        # Frozen and delayed prices (types 2 to 4) are old; TWS marks a missing side with -1.
        if ticker.marketDataType != 1 or bid is None or ask is None or bid <= ZERO or ask < bid:
            raise none
        at = self._deps.clock.now()
        return Quote(symbol=instrument.symbol, bid=bid, ask=ask, at=at, bid_size=sizes[0], ask_size=sizes[1])

    async def fees(self, request: OrderRequest, errors: Errors) -> Fees:
        """Let TWS preview the order; where it does not, estimate by the published fixed rate."""
        order = wire.orders(request, self._link.account or "none")[0]
        order.transmit = True

        async def start(ib: Any) -> Any:
            order.account = self._link.account
            try:
                return await ib.whatIfOrderAsync(wire.contract(request.instrument), order)
            except sdk.load().wrapper.RequestError:
                return None

        try:
            state = await self._link.read(start, errors)
            found = [number(v) for v in (state.commission, state.maxCommission)] if state else []
        except (BrokerError, *_UNREADABLE):
            found = []
        known = [v for v in found if v is not None]
        if known:
            currency = state.commissionCurrency or "USD"
            return Fees(amount=_up(max(known)), currency=currency, note=texts.FEE_NOTE)
        return _guess(request)


async def _snapshot(ib: Any, contract: Any) -> Any:
    """Ask for prices once, and go as soon as both sides are there: TWS says "end" only after eleven seconds.

    The SDK keeps every contract it was ever asked a price for; what it kept of this one is thrown away.
    """
    request, wrapper = ib.client.getReqId(), ib.wrapper
    future = wrapper.startReq(request, contract)
    ticker = wrapper.startTicker(request, contract, "snapshot")

    def seen(_: Any) -> None:
        if ticker.bid > 0 and ticker.ask > 0 and not future.done():
            future.set_result(None)

    ticker.updateEvent += seen
    ib.client.reqMktData(request, contract, "", True, False, [])
    try:
        await future
        return ticker
    finally:
        wrapper.endTicker(ticker, "snapshot")
        for kept in (wrapper._futures, wrapper._results, wrapper.reqId2Ticker):
            kept.pop(request, None)
        # One SDK keeps it by the object, the other by the contract id.
        for key in [key for key, known in wrapper.tickers.items() if known is ticker]:
            del wrapper.tickers[key]


def _position(raw: Any, mark: float | None) -> Position:
    instrument = contracts.bare(raw.contract)
    # The average cost of a contract is for all it stands for: 500 for an option bought at 5.
    return Position(
        instrument=instrument,
        quantity=amount(raw.position),
        average_price=amount(raw.avgCost) / instrument.multiplier,
        mark=number(mark) if mark else None,
    )


def _size(value: float) -> Decimal | None:
    found = number(value) if value == value else None
    return found if found is None or found >= ZERO else None


def _guess(request: OrderRequest) -> Fees:
    kind = request.instrument.asset_class
    each, least = _RATES[kind]
    size = request.quantity or ZERO
    if kind is AssetClass.FOREX:
        size *= request.limit_price or request.stop_price or ZERO
    found = _up(max(size * each, least))
    return Fees(amount=found, currency=request.instrument.currency, note=texts.FEE_GUESS)


def _up(value: Decimal) -> Decimal:
    return max(value, ZERO).quantize(Decimal("0.01"), rounding=ROUND_CEILING)


async def _asked(future: Any, errors: Errors) -> None:
    try:
        await future
    except sdk.load().wrapper.RequestError as error:
        raise errors.unknown(texts.NO_REPLY, f"ibkr_{error.code}") from None
