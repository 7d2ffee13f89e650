"""Say what trading costs beside the quoted price."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from domain.instruments import AssetClass, Instrument
from domain.money import ZERO, ceil_to, floor_to
from domain.orders import Side

_CENT = Decimal("0.01")
_BASIS = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRate:
    """Charge ``basis_points`` of the value plus ``per_unit`` for each share, contract or coin."""

    basis_points: Decimal = ZERO
    per_unit: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeModel:
    """Hold a rate per asset class; a class without one is free."""

    rates: Mapping[AssetClass, FeeRate] = field(default_factory=dict)

    def fee(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        """Give the fee of one execution in the account's currency, rounded up to a cent."""
        rate = self.rates.get(instrument.asset_class)
        if rate is None:
            return ZERO
        value = quantity * price * instrument.multiplier
        exact = value * rate.basis_points / _BASIS + quantity * rate.per_unit
        return exact.quantize(_CENT, rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slippage:
    """Worsen the quoted price of what takes liquidity by ``basis_points``, never past a limit."""

    basis_points: Decimal = ZERO

    def apply(self, instrument: Instrument, side: Side, price: Decimal) -> Decimal:
        """Give the slipped price, rounded against the trader to the price increment."""
        if not self.basis_points:
            return price
        part = price * self.basis_points / _BASIS
        if side is Side.BUY:
            return ceil_to(price + part, instrument.price_increment)
        return max(floor_to(price - part, instrument.price_increment), instrument.price_increment)
