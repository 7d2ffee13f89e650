"""Describe what the paper broker trades: it has no list of its own, so shapes and prices decide."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.instruments import AssetClass, Instrument, InstrumentQuery, OptionContract

_COINS = frozenset(
    {"AAVE", "ADA", "ALGO", "APT", "ARB", "ATOM", "AVAX", "BAT", "BCH", "BNB", "BTC", "CRV"}
    | {"DOGE", "DOT", "ETC", "ETH", "FIL", "GRT", "HBAR", "ICP", "INJ", "LINK", "LTC", "MATIC"}
    | {"MKR", "NEAR", "OP", "PEPE", "POL", "SHIB", "SOL", "SUI", "SUSHI", "TON", "TRUMP", "TRX"}
    | {"UNI", "USDC", "USDT", "WIF", "XLM", "XRP", "XTZ", "YFI"}
)
_DOLLARS = ("USDT", "USDC", "USD")
_PENNY = Decimal("0.01")
_SMALL = Decimal("0.0001")
_TINY = Decimal("0.00000001")


def describe(query: InstrumentQuery) -> Instrument | None:
    """Give the instrument a query names, or None for a class that is not traded on paper."""
    if query.option is not None:
        return _option(query.option)
    pair = _pair(query.symbol)
    if query.asset_class is AssetClass.CRYPTO or (query.asset_class is None and pair in _COINS):
        return _crypto(pair)
    if query.asset_class in {None, AssetClass.EQUITY}:
        return _stock(query.symbol)
    return None


def priced(instrument: Instrument, price: Decimal) -> Instrument:
    """Give the instrument with the price steps usual at that price.

    Shares below a dollar: SEC rule 612. Coins: about six digits.
    """
    step = instrument.price_increment
    if instrument.asset_class is AssetClass.EQUITY:
        step = _SMALL if price < 1 else _PENNY
    elif instrument.asset_class is AssetClass.CRYPTO:
        step = _PENNY if price >= 100 else _SMALL if price >= 1 else _TINY
    return replace(instrument, price_increment=step)


def expired(instrument: Instrument, today: date) -> bool:
    """Tell whether an option's last day is over."""
    return instrument.option is not None and instrument.option.expiry < today


def _pair(symbol: str) -> str:
    """Give the coin of a dollar pair, or the symbol itself."""
    for dollars in _DOLLARS:
        if symbol.endswith(dollars) and symbol != dollars:
            return symbol.removesuffix(dollars)
    return symbol


def _stock(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        asset_class=AssetClass.EQUITY,
        broker_symbol=symbol,
        quantity_increment=_SMALL,
        shortable=True,
        fractionable=True,
    )


def _crypto(coin: str) -> Instrument:
    return Instrument(
        symbol=f"{coin}USD",
        asset_class=AssetClass.CRYPTO,
        broker_symbol=f"{coin}USD",
        quantity_increment=_TINY,
        min_notional=Decimal(1),
        fractionable=True,
    )


def _option(contract: OptionContract) -> Instrument:
    return Instrument(
        symbol=contract.occ,
        asset_class=AssetClass.OPTION,
        broker_symbol=contract.occ,
        multiplier=Decimal(100),
        option=contract,
    )
