"""Keep one account's cash and holdings. Long and short, one currency, Decimal only."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Hold one position: its signed quantity, and the signed money paid for it, multiplier included."""

    instrument: Instrument
    quantity: Decimal
    cost: Decimal

    @property
    def average_price(self) -> Decimal:
        """Give the mean price per share, contract or coin."""
        return self.cost / (self.quantity * self.instrument.multiplier) if self.quantity else ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePosition:
    """Show one position: ``held`` is what open closing orders speak for, ``mark`` the middle of the quote."""

    instrument: Instrument
    quantity: Decimal
    average_price: Decimal
    held: Decimal = ZERO
    mark: Decimal | None = None

    @property
    def available(self) -> Decimal:
        """Give how much may still be closed, never negative."""
        return abs(self.quantity) - self.held


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Hold one account."""

    id: str
    cash: Decimal
    holdings: dict[str, Holding] = field(default_factory=dict)
    realised: Decimal = ZERO
    fees: Decimal = ZERO

    def quantity(self, symbol: str) -> Decimal:
        """Give the signed quantity held."""
        held = self.holdings.get(symbol)
        return held.quantity if held else ZERO

    def reduces(self, symbol: str, side: Side) -> bool:
        """Tell whether trading this side brings the position nearer to nothing."""
        return self.quantity(symbol) * sign(side) < 0

    def apply(
        self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal, fee: Decimal
    ) -> None:
        """Book one execution."""
        signed = quantity * sign(side)
        self.cash -= signed * price * instrument.multiplier + fee
        self.fees += fee
        old = self.holdings.get(instrument.symbol)
        held = old or Holding(instrument=instrument, quantity=ZERO, cost=ZERO)
        closing = min(abs(signed), abs(held.quantity)) if held.quantity * signed < 0 else ZERO
        if closing:
            part = held.cost * closing / abs(held.quantity)
            self.realised += closing * price * instrument.multiplier * -sign(side) - part
            held = replace(held, quantity=held.quantity + closing * sign(side), cost=held.cost - part)
        opening = signed - closing * sign(side)
        held = replace(
            held,
            quantity=held.quantity + opening,
            cost=held.cost + opening * price * instrument.multiplier if held.quantity + opening else ZERO,
        )
        if held.quantity:
            self.holdings[instrument.symbol] = held
        else:
            self.holdings.pop(instrument.symbol, None)


def sign(side: Side) -> int:
    """Give +1 for a buy and -1 for a sell."""
    return 1 if side is Side.BUY else -1


_MARGINED = {AssetClass.FUTURE: Decimal("0.10"), AssetClass.FOREX: Decimal("0.05")}


def margin_rate(instrument: Instrument, leverage: Decimal) -> Decimal:
    """Give the share of a position's value that must be the member's own.

    Shares may be levered as the rules say. Futures and currencies, which only pretend brokers trade by this
    engine, are margined everywhere.
    """
    if instrument.asset_class is AssetClass.EQUITY:
        return 1 / leverage
    return _MARGINED.get(instrument.asset_class, Decimal(1))
