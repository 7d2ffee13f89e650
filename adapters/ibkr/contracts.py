"""Find the instrument a signal names, at Interactive Brokers, and remember it."""

from decimal import Decimal
from typing import Any

from adapters.ibkr import sdk, texts
from adapters.ibkr.link import Link
from adapters.ibkr.records import amount, number, our_symbol
from adapters.kit.errors import Errors
from domain.instruments import AssetClass, Instrument, InstrumentQuery, OptionContract
from domain.ports import Clock

_LIFE = 3600.0
_KINDS = {
    "STK": AssetClass.EQUITY,
    "OPT": AssetClass.OPTION,
    "CASH": AssetClass.FOREX,
    "FUT": AssetClass.FUTURE,
}


class ContractDesk:
    """Ask for contract details; an answer is good for an hour."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link, self._clock = link, clock
        self._known: dict[str, tuple[float, Instrument]] = {}

    async def resolve(self, query: InstrumentQuery, errors: Errors) -> Instrument:
        """Find a stock or an option. Raises NotTradable, or Denied for a class not offered here."""
        kind = query.asset_class or (AssetClass.OPTION if query.option else AssetClass.EQUITY)
        if query.option is not None:
            kind = AssetClass.OPTION
        if kind not in {AssetClass.EQUITY, AssetClass.OPTION} or (
            kind is AssetClass.OPTION and not query.option
        ):
            raise errors.denied(texts.NO_CLASS, "unsupported_class")
        symbol = query.option.occ if query.option else query.symbol.upper()
        found = self._known.get(symbol)
        if found is not None and self._clock.monotonic() - found[0] < _LIFE:
            return found[1]
        unknown = errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=symbol), "unknown_symbol")
        if query.option is None and not symbol.replace(".", "").replace("-", "").isalnum():
            raise unknown
        details = await self._ask(query.option, symbol, errors)
        if not details:
            raise unknown
        instrument = _read(details[0], symbol, errors, query.option)
        self._known[symbol] = (self._clock.monotonic(), instrument)
        return instrument

    def known(self, symbol: str) -> Instrument | None:
        """Give what was found before."""
        found = self._known.get(symbol)
        return found[1] if found else None

    async def _ask(self, option: OptionContract | None, symbol: str, errors: Errors) -> list[Any]:
        module = sdk.load()
        if option is None:
            # TWS writes the classes of a share with a space: BRK B.
            name = symbol.replace(".", " ").replace("-", " ")
            wanted = module.Contract(symbol=name, secType="STK", exchange="SMART", currency="USD")
        else:
            wanted = module.Contract(
                symbol=option.underlying,
                secType="OPT",
                lastTradeDateOrContractMonth=f"{option.expiry:%Y%m%d}",
                strike=float(option.strike),
                right=option.right.value,
                multiplier="100",
                exchange="SMART",
                currency="USD",
            )

        async def start(ib: Any) -> list[Any]:
            try:
                return list(await ib.reqContractDetailsAsync(wanted))
            except module.wrapper.RequestError as error:
                if error.code == 200:
                    return []
                raise errors.unknown(texts.UNREADABLE, f"ibkr_{error.code}") from None

        return await self._link.read(start, errors)


def _read(details: Any, symbol: str, errors: Errors, option: OptionContract | None) -> Instrument:
    try:
        contract = details.contract
        return Instrument(
            symbol=symbol.replace("-", "."),
            asset_class=_KINDS[contract.secType],
            broker_symbol=f"{contract.conId}@SMART",
            price_increment=amount(details.minTick),
            quantity_increment=Decimal(1),
            min_quantity=Decimal(1),
            multiplier=number(contract.multiplier) or Decimal(1),
            currency=contract.currency or "USD",
            name=details.longName or "",
            shortable=contract.secType == "STK",
            option=option,
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def bare(contract: Any) -> Instrument:
    """Describe the instrument of a position, whatever it is. Raises ValueError where it cannot be read."""
    symbol = our_symbol(contract)
    kind = _KINDS.get(contract.secType, AssetClass.INDEX)
    option = OptionContract.from_occ(symbol) if kind is AssetClass.OPTION else None
    return Instrument(
        symbol=symbol,
        asset_class=kind,
        broker_symbol=f"{contract.conId}@{'SMART' if kind in _PLAIN else contract.exchange}",
        multiplier=number(contract.multiplier) or Decimal(1),
        currency=contract.currency or "USD",
        tradable=kind in _PLAIN,
        shortable=kind is AssetClass.EQUITY,
        option=option,
    )


_PLAIN = frozenset({AssetClass.EQUITY, AssetClass.OPTION})
