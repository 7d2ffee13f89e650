"""Describe what can be traded."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.errors import InvalidValue

_OCC = re.compile(r"([A-Z]{1,6})(\d{2})(\d{2})(\d{2})([CP])(\d{8})", re.ASCII)


class AssetClass(StrEnum):
    """Name the kinds of instrument, as shared/signals/SPEC.md does."""

    EQUITY = "equity"
    OPTION = "option"
    CRYPTO = "crypto"
    FOREX = "forex"
    COMMODITY = "commodity"
    INDEX = "index"
    FUTURE = "future"


class OptionRight(StrEnum):
    """Tell a call from a put."""

    CALL = "C"
    PUT = "P"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionContract:
    """Identify one listed option. ``strike`` is in dollars per share."""

    underlying: str
    expiry: date
    strike: Decimal
    right: OptionRight

    @property
    def occ(self) -> str:
        """Write the OCC symbol without padding: ``AAPL250321C00150000`` (OCC OSI, 2010)."""
        return f"{self.underlying}{self.expiry:%y%m%d}{self.right.value}{int(self.strike * 1000):08d}"

    @classmethod
    def from_occ(cls, symbol: str) -> "OptionContract":
        """Read an OCC symbol, padded or not. Raises InvalidValue when it is not one."""
        found = _OCC.fullmatch(symbol.replace(" ", ""))
        if not found:
            raise InvalidValue(f"{symbol[:30]!r} is not an option symbol such as AAPL250321C00150000")
        root, year, month, day, right, strike = found.groups()
        try:
            expiry = date(2000 + int(year), int(month), int(day))
        except ValueError as error:
            raise InvalidValue(f"{symbol[:30]!r} holds a date that does not exist") from error
        return cls(underlying=root, expiry=expiry, strike=Decimal(strike) / 1000, right=OptionRight(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentQuery:
    """Ask for an instrument the way a signal names it; a broker resolves it to an Instrument.

    ``symbol`` is upper case without separators (``AAPL``, ``BRK.B``, ``BTCUSDT``). ``asset_class`` is None
    where the text did not say. ``option`` is set for options only, with ``symbol`` the underlying.
    """

    symbol: str
    asset_class: AssetClass | None = None
    option: OptionContract | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Describe one tradable thing at one broker.

    ``symbol`` is ours: the plain ticker, the OCC symbol, or base and quote joined (``BTCUSD``); it is the
    same at every broker. ``broker_symbol`` is what that broker's SDK wants (``BTC/USD``). Increments are
    the smallest steps the broker takes; ``multiplier`` is 100 for an ordinary option.
    """

    symbol: str
    asset_class: AssetClass
    broker_symbol: str
    price_increment: Decimal = Decimal("0.01")
    quantity_increment: Decimal = Decimal(1)
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    currency: str = "USD"
    name: str = ""
    tradable: bool = True
    shortable: bool = False
    fractionable: bool = False
    option: OptionContract | None = None
