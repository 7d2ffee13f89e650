"""Write what a signal names as TWS asks for it: stocks, options, futures and currency pairs."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.ibkr import futures, sdk
from domain.instruments import AssetClass, InstrumentQuery, OptionContract

_PAIR = re.compile(r"[A-Z]{6}", re.ASCII)
# The currencies IDEALPRO deals in, against one another: interactivebrokers.com, "Products", currencies.
_CURRENCIES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "AUD",
        "CAD",
        "CHF",
        "NZD",
        "HKD",
        "SGD",
        "SEK",
        "NOK",
        "DKK",
        "MXN",
        "PLN",
        "CZK",
        "HUF",
        "ILS",
        "ZAR",
        "CNH",
        "TRY",
    ]
)
PAIRS = "IDEALPRO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Be what to look for. ``name`` is how the signal calls it, in our words."""

    name: str
    kind: AssetClass
    option: OptionContract | None = None
    future: futures.Future | None = None


def wanted(query: InstrumentQuery, today: date) -> Wanted | None:
    """Say what a query means; None for a class that is not offered here.

    Where no class is named a pair or a dated future is one by its look; ES alone is a share.
    """
    if query.option is not None:
        return Wanted(name=query.option.occ, kind=AssetClass.OPTION, option=query.option)
    symbol, kind = query.symbol.upper(), query.asset_class
    if is_pair(symbol) and kind in {None, AssetClass.FOREX, AssetClass.CRYPTO}:
        return Wanted(name=symbol, kind=AssetClass.FOREX)
    future = futures.read(symbol, today)
    dated = future is not None and future.month is not None
    if kind is AssetClass.FUTURE or (kind is None and dated):
        return Wanted(name=future.symbol if future else symbol, kind=AssetClass.FUTURE, future=future)
    if kind in {None, AssetClass.EQUITY, AssetClass.FOREX}:
        return Wanted(name=symbol, kind=kind or AssetClass.EQUITY)
    return None


def is_pair(symbol: str) -> bool:
    """Tell whether a symbol is two different currencies in one word."""
    base, quote = symbol[:3], symbol[3:]
    return bool(_PAIR.fullmatch(symbol)) and base != quote and {base, quote} <= _CURRENCIES


def contract(thing: Wanted) -> Any | None:
    """Write the contract to ask details of; None where no such thing can exist."""
    make = sdk.load().Contract
    if thing.option is not None:
        return _option(make, thing.option)
    if thing.kind is AssetClass.FOREX:
        if not is_pair(thing.name):
            return None
        return make(symbol=thing.name[:3], secType="CASH", currency=thing.name[3:], exchange=PAIRS)
    if thing.kind is AssetClass.FUTURE:
        return _future(make, thing.future) if thing.future else None
    if not thing.name.replace(".", "").replace("-", "").isalnum():
        return None
    return make(symbol=_spaced(thing.name), secType="STK", exchange="SMART", currency="USD")


def _option(make: Any, option: OptionContract) -> Any:
    return make(
        symbol=_spaced(option.underlying),
        secType="OPT",
        lastTradeDateOrContractMonth=f"{option.expiry:%Y%m%d}",
        strike=float(option.strike),
        right=option.right.value,
        multiplier="100",
        exchange="SMART",
        currency="USD",
    )


def _future(make: Any, future: futures.Future) -> Any:
    symbol, exchange = futures.ROOTS[future.root]
    return make(
        symbol=symbol,
        secType="FUT",
        lastTradeDateOrContractMonth=f"{future.month:%Y%m}" if future.month else "",
        exchange=exchange,
        currency="USD",
        tradingClass=future.root,
    )


def _spaced(name: str) -> str:
    """TWS writes the classes of a share with a space: BRK B."""
    return name.replace(".", " ").replace("-", " ")


def chosen(found: list[Any], thing: Wanted, today: date) -> Any | None:
    """Choose among what TWS found; None where nothing of it is meant."""
    if thing.future is not None:
        if thing.future.month is None:
            return futures.front(found, thing.future.root, today)
        month = f"{thing.future.month:%Y%m}"
        same = [d for d in found if d.contractMonth == month and d.contract.tradingClass == thing.future.root]
        return same[0] if same else None
    if thing.option is not None:
        # One index has options of several classes (SPX in the morning, SPXW at night); the named one first.
        named = [d for d in found if d.contract.tradingClass == thing.option.underlying]
        return next(iter(named or found), None)
    return next(iter(found), None)
