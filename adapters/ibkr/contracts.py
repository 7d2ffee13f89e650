"""Find the instrument a signal names, at Interactive Brokers, and remember it."""

from datetime import date
from decimal import Decimal
from typing import Any

from adapters.ibkr import asking, futures, sdk, texts
from adapters.ibkr.asking import Wanted
from adapters.ibkr.link import Link
from adapters.ibkr.records import amount, number, our_symbol
from adapters.kit.errors import Errors
from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument, InstrumentQuery, OptionContract
from domain.ports import Clock

_LIFE = 3600.0
KINDS = {
    "STK": AssetClass.EQUITY,
    "OPT": AssetClass.OPTION,
    "CASH": AssetClass.FOREX,
    "FUT": AssetClass.FUTURE,
}
_ODD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)


class ContractDesk:
    """Ask for contract details; an answer is good for an hour."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link, self._clock = link, clock
        self._asked: dict[tuple[AssetClass, str], tuple[float, Instrument]] = {}
        self._known: dict[str, Instrument] = {}

    async def resolve(self, query: InstrumentQuery, errors: Errors) -> Instrument:
        """Find what is meant. Raises NotTradable, or Denied for what is not offered here."""
        today = self._clock.now().date()
        thing = asking.wanted(query, today)
        if thing is None:
            raise errors.denied(texts.NO_CLASS, "unsupported_class")
        key = (thing.kind, thing.name)
        found = self._asked.get(key)
        if found is not None and self._clock.monotonic() - found[0] < _LIFE:
            return found[1]
        instrument = await self._look(thing, today, errors)
        self._asked[key] = (self._clock.monotonic(), instrument)
        self._known[instrument.symbol] = instrument
        return instrument

    def known(self, symbol: str) -> Instrument | None:
        """Give what was found before."""
        return self._known.get(symbol)

    async def of(self, contract: Any, errors: Errors) -> Instrument:
        """Describe an order's contract; the steps of what is no share or option stand in its details only."""
        try:
            known = self.known(our_symbol(contract))
            if known is None and KINDS.get(contract.secType) in _FINE:
                exchange = _exchange(contract, KINDS[contract.secType])
                wanted = sdk.load().Contract(
                    conId=contract.conId, secType=contract.secType, exchange=exchange
                )
                for details in await self._ask(wanted, errors):
                    known = self._known[our_symbol(contract)] = _read(details, KINDS[contract.secType])
            return known or bare(contract)
        except _ODD:
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None

    async def _look(self, thing: Wanted, today: date, errors: Errors) -> Instrument:
        unknown = errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=thing.name), "unknown_symbol")
        contract = asking.contract(thing)
        if contract is None:
            raise unknown
        try:
            details = asking.chosen(await self._ask(contract, errors), thing, today)
            if details is None:
                raise unknown
            if int(details.priceMagnifier or 1) != 1:
                # Executions of these come in dollars, orders go in cents; a mix-up is a hundredfold.
                raise errors.denied(texts.IN_CENTS.format(symbol=thing.name), "price_magnifier")
            return _read(details, thing.kind)
        except _ODD:
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None

    async def _ask(self, wanted: Any, errors: Errors) -> list[Any]:
        async def start(ib: Any) -> list[Any]:
            try:
                return list(await ib.reqContractDetailsAsync(wanted))
            except sdk.load().wrapper.RequestError as error:
                if error.code == 200:
                    return []
                raise errors.unknown(texts.UNREADABLE, f"ibkr_{error.code}") from None

        return await self._link.read(start, errors)


def _read(details: Any, wanted: AssetClass) -> Instrument:
    contract = details.contract
    kind = KINDS[contract.secType]
    if kind is not wanted:
        raise ValueError("another kind of contract than was asked for")
    symbol = our_symbol(contract)
    step = max(number(details.sizeIncrement) or Decimal(1), Decimal(1))
    return Instrument(
        symbol=symbol,
        asset_class=kind,
        broker_symbol=f"{contract.conId}@{_exchange(contract, kind)}",
        price_increment=amount(details.minTick),
        quantity_increment=step if kind is AssetClass.FOREX else Decimal(1),
        min_quantity=max(number(details.minSize) or step, step) if kind is AssetClass.FOREX else Decimal(1),
        multiplier=number(contract.multiplier) or Decimal(1),
        currency=contract.currency or "USD",
        name=details.longName or "",
        shortable=kind is not AssetClass.OPTION,
        option=OptionContract.from_occ(symbol) if kind is AssetClass.OPTION else None,
    )


def _exchange(contract: Any, kind: AssetClass) -> str:
    """Say where orders go; a position does not."""
    if kind is AssetClass.FUTURE:
        return futures.exchange_of(contract)
    return asking.PAIRS if kind is AssetClass.FOREX else "SMART"


def bare(contract: Any) -> Instrument:
    """Describe the instrument of a position, whatever it is. Raises ValueError where it cannot be read.

    An option of an adjusted share (AAPL1) has no OCC symbol of ours: it is shown and not traded.
    """
    symbol = our_symbol(contract)
    kind = KINDS.get(contract.secType, AssetClass.INDEX)
    exchange = _exchange(contract, kind) if contract.secType in KINDS else contract.exchange
    option = _option(symbol) if kind is AssetClass.OPTION else None
    odd = kind is AssetClass.OPTION and option is None
    return Instrument(
        symbol=symbol,
        asset_class=kind,
        broker_symbol=f"{contract.conId}@{exchange}",
        multiplier=number(contract.multiplier) or Decimal(1),
        currency=contract.currency or "USD",
        tradable=contract.secType in KINDS and bool(exchange) and not odd,
        shortable=kind in {AssetClass.EQUITY, *_FINE},
        option=option,
    )


def _option(symbol: str) -> OptionContract | None:
    try:
        return OptionContract.from_occ(symbol)
    except InvalidValue:
        return None


_FINE = frozenset({AssetClass.FUTURE, AssetClass.FOREX})
"""Their steps are of all sizes."""
