"""Describe what an account holds and what things cost: snapshots, never mutated."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.instruments import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """Hold an account's money as the broker states it, in ``currency``.

    ``number_masked`` shows at most the last four characters; the whole number never leaves the adapter.
    """

    number_masked: str
    cash: Decimal
    equity: Decimal
    buying_power: Decimal
    currency: str = "USD"
    paper: bool = True
    restricted: str = ""
    """Why the broker does not let this account trade, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Hold one position. ``quantity`` is negative for a short."""

    instrument: Instrument
    quantity: Decimal
    average_price: Decimal
    mark: Decimal | None = None

    @property
    def unrealised(self) -> Decimal | None:
        """Give profit or loss at the mark, or None without one."""
        if self.mark is None:
            return None
        return (self.mark - self.average_price) * self.quantity * self.instrument.multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Hold a bid and an ask with the time the venue gave them, and their sizes where it told them."""

    symbol: str
    bid: Decimal
    ask: Decimal
    at: datetime
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None

    @property
    def mid(self) -> Decimal:
        """Give the middle of bid and ask."""
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Hold what an order costs beside its price. ``estimated`` until the broker has booked it."""

    amount: Decimal
    currency: str = "USD"
    estimated: bool = True
    note: str = ""
