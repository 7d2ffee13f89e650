"""List the futures and currency pairs that only the pretend TWS trades, and say what TWS knows of each."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.instruments import AssetClass, Instrument
from sim.market import Market

CODES = "FGHJKMNQUVXZ"
PAIRS = "IDEALPRO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Describe a future: TWS's symbol, where it trades, and the months that are listed."""

    symbol: str
    exchange: str
    multiplier: str
    tick: str
    price: str
    months: str = "HMUZ"
    magnifier: int = 1
    long_names: bool = False
    """Whether its local symbol is spelled as ``ZB   MAR 26``."""


ROOTS = {
    "ES": Root(symbol="ES", exchange="CME", multiplier="50", tick="0.25", price="5000"),
    "MES": Root(symbol="MES", exchange="CME", multiplier="5", tick="0.25", price="5000"),
    "6E": Root(symbol="EUR", exchange="CME", multiplier="125000", tick="0.00005", price="1.10"),
    "MCL": Root(symbol="MCL", exchange="NYMEX", multiplier="100", tick="0.01", price="75", months=CODES),
    "MGC": Root(symbol="MGC", exchange="COMEX", multiplier="10", tick="0.1", price="2000", months=CODES),
    "SIL": Root(symbol="SI", exchange="COMEX", multiplier="1000", tick="0.005", price="25", months=CODES),
    "MYM": Root(symbol="MYM", exchange="CBOT", multiplier="0.5", tick="1", price="40000", long_names=True),
    "ZC": Root(symbol="ZC", exchange="CBOT", multiplier="5000", tick="0.25", price="450", magnifier=100),
}
_CURRENCIES = {
    "EURUSD": ("0.00005", "1.10"),
    "GBPUSD": ("0.00005", "1.27"),
    "USDJPY": ("0.005", "150"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Be one month of a future."""

    name: str
    root: Root
    month: date

    @property
    def symbol(self) -> str:
        """Name it as we do."""
        return f"{self.name}{self._code}{self.month:%y}"

    @property
    def local(self) -> str:
        """Name it as TWS does."""
        if self.root.long_names:
            return f"{self.name:<4} {calendar.month_abbr[self.month.month].upper()} {self.month:%y}"
        return f"{self.name}{self._code}{self.month:%y}"[:-2] + f"{self.month:%y}"[-1]

    @property
    def last(self) -> date:
        """Give the last day of trading: of oil it is in the month before, of all else the third Friday."""
        if self.name == "MCL":
            return (self.month - timedelta(days=1)).replace(day=19)
        fridays = [day for day in range(15, 22) if self.month.replace(day=day).weekday() == 4]
        return self.month.replace(day=fridays[0])

    @property
    def _code(self) -> str:
        return CODES[self.month.month - 1]


def contracts(today: date) -> Iterator[Contract]:
    """Give every future that trades, soonest first."""
    for ahead in range(15):
        index = today.month - 1 + ahead
        month = date(today.year + index // 12, index % 12 + 1, 1)
        for name, root in ROOTS.items():
            made = Contract(name=name, root=root, month=month)
            if CODES[month.month - 1] in root.months and made.last >= today:
                yield made


def contract(symbol: str) -> Contract:
    """Give the contract of one of our symbols, ``ESH26``."""
    name, code, year = symbol[:-3], symbol[-3], symbol[-2:]
    return Contract(name=name, root=ROOTS[name], month=date(2000 + int(year), CODES.index(code) + 1, 1))


def add(market: Market, today: date) -> None:
    """List them all."""
    for made in contracts(today):
        market.add(_future(made), Decimal(made.root.price))
    for symbol, (tick, price) in _CURRENCIES.items():
        market.add(_pair(symbol, tick), Decimal(price))


def _future(made: Contract) -> Instrument:
    return Instrument(
        symbol=made.symbol,
        asset_class=AssetClass.FUTURE,
        broker_symbol=made.local,
        price_increment=Decimal(made.root.tick),
        multiplier=Decimal(made.root.multiplier),
        shortable=True,
        name=f"{made.name} {made.month:%b %Y}",
    )


def _pair(symbol: str, tick: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        asset_class=AssetClass.FOREX,
        broker_symbol=f"{symbol[:3]}.{symbol[3:]}",
        price_increment=Decimal(tick),
        currency=symbol[3:],
        shortable=True,
        name=f"{symbol[:3]} in {symbol[3:]}",
    )
