"""Know Kraken's pairs: its names for them, ours, and their steps.

Kraken calls bitcoin XBT or XXBT and dollars ZUSD, and a pair XXBTZUSD (id), XBTUSD (altname) or BTC/USD
(WebSocket). ccxt knows the aliases; ours is ``BTCUSD``. Accounts here are in dollars, so that a signal's
USDT or USDC means the dollar pair.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.instruments import AssetClass, Instrument
from domain.money import ZERO

LIFE = 3600.0
DOLLARS = ("USDT", "USDC", "USD")
_ALIASES = {"XBT": "BTC", "XXBT": "BTC", "XDG": "DOGE", "XXDG": "DOGE", "XETH": "ETH", "XLTC": "LTC"}
_DEFAULT_TAKER = Decimal("0.4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Hold one pair: the instrument, Kraken's other names for it, and its listed taker fee in percent."""

    instrument: Instrument
    id: str
    stream_name: str
    base: str
    quote: str
    taker: Decimal = _DEFAULT_TAKER


class Markets:
    """Remember the pairs for an hour, for all accounts."""

    def __init__(self) -> None:
        self._names: dict[str, Pair] = {}
        self._bases: dict[str, Pair] = {}
        self._at: float | None = None
        self._loading = asyncio.Lock()

    async def load(self, now: float, ask: Callable[[], Awaitable[Any]]) -> None:
        """Read the pairs where they are not known or old. ``ask`` gives ccxt's markets."""
        async with self._loading:
            if self._at is not None and 0 <= now - self._at < LIFE:
                return
            pairs = [read(market) for market in (await ask()).values() if "info" in market]
            names: dict[str, Pair] = {}
            for pair in pairs:
                for name in (
                    pair.id,
                    pair.stream_name,
                    pair.instrument.broker_symbol,
                    pair.instrument.symbol,
                ):
                    names.setdefault(name, pair)
            self._names = names
            self._bases = {pair.base: pair for pair in pairs if pair.quote == "ZUSD"}
            self._at = now

    def named(self, name: str) -> Pair | None:
        """Give a pair by any of Kraken's names for it, or ours."""
        return self._names.get(name)

    def of_asset(self, asset: str) -> Pair | None:
        """Give the dollar pair of an asset in Kraken's spelling, such as XXBT."""
        return self._bases.get(asset)

    def wanted(self, symbol: str) -> Pair | None:
        """Give the dollar pair that a signal means by BTC, BTCUSD, XBTUSDT or BTC/USD."""
        base = symbol.upper().replace("/", "").replace("-", "")
        for dollars in DOLLARS:
            if base.endswith(dollars) and len(base) > len(dollars):
                base = base.removesuffix(dollars)
                break
        return self._names.get(_ALIASES.get(base, base) + "USD")


def read(market: Mapping[str, Any]) -> Pair:
    """Read one of ccxt's markets; the numbers are Kraken's own text, not ccxt's floats."""
    raw = market["info"]
    step = raw.get("tick_size")
    price = Decimal(str(step)) if step else Decimal(1).scaleb(-int(raw["pair_decimals"]))
    fees = raw.get("fees") or ()
    instrument = Instrument(
        symbol=f"{market['base']}{market['quote']}",
        asset_class=AssetClass.CRYPTO,
        broker_symbol=str(raw["altname"]),
        price_increment=price,
        quantity_increment=Decimal(1).scaleb(-int(raw["lot_decimals"])),
        min_quantity=Decimal(str(raw.get("ordermin") or 0)),
        min_notional=Decimal(str(raw.get("costmin") or 0)),
        currency=str(market["quote"]),
        name=f"{market['base']}/{market['quote']}",
        tradable=raw.get("status", "online") == "online",
        fractionable=True,
    )
    return Pair(
        instrument=instrument,
        id=str(market["id"]),
        stream_name=str(market["symbol"]),
        base=str(raw["base"]),
        quote=str(raw["quote"]),
        taker=Decimal(str(fees[0][1])) if fees else _DEFAULT_TAKER,
    )


def bare(symbol: str) -> Instrument:
    """Describe an instrument when only a name for it is known."""
    return Instrument(
        symbol=symbol.replace("/", ""),
        asset_class=AssetClass.CRYPTO,
        broker_symbol=symbol,
        quantity_increment=Decimal("0.00000001"),
        min_quantity=ZERO,
        tradable=False,
        fractionable=True,
    )
