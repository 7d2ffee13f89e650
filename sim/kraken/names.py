"""Spell assets and pairs as Kraken does."""

from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument
from sim.market import Market

_ASSETS = {"BTC": ("XXBT", "XBT"), "DOGE": ("XXDG", "XDG"), "ETH": ("XETH", "ETH"), "LTC": ("XLTC", "LTC")}
_BACK = {name: coin for coin, names in _ASSETS.items() for name in names}
LOT = 8


def base(instrument: Instrument) -> str:
    """Give the coin, ours."""
    return instrument.symbol.removesuffix("USD")


def asset(coin: str) -> str:
    """Give Kraken's name of a coin."""
    return _ASSETS.get(coin, (coin, coin))[0]


def alt(coin: str) -> str:
    """Give Kraken's alternative name of a coin."""
    return _ASSETS.get(coin, (coin, coin))[1]


def pair_id(instrument: Instrument) -> str:
    """Give a pair's id, such as XXBTZUSD or SOLUSD."""
    coin = base(instrument)
    return f"{asset(coin)}ZUSD" if coin in _ASSETS else f"{coin}USD"


def altname(instrument: Instrument) -> str:
    """Give a pair's alternative name, such as XBTUSD."""
    return alt(base(instrument)) + "USD"


def coins(market: Market) -> list[Instrument]:
    """Give every coin pair of the market."""
    return [i for i in market.instruments() if i.asset_class is AssetClass.CRYPTO]


def find(market: Market, name: str) -> Instrument | None:
    """Find a pair by any of Kraken's names for it."""
    for instrument in coins(market):
        if name in {pair_id(instrument), altname(instrument), f"{base(instrument)}/USD"}:
            return instrument
    try:
        found = market.instrument(_BACK.get(name.removesuffix("USD"), name.removesuffix("USD")) + "USD")
    except InvalidValue:
        return None
    return found if found.asset_class is AssetClass.CRYPTO else None


def decimals(instrument: Instrument) -> int:
    """Give how many decimals a price has."""
    exponent = instrument.price_increment.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
