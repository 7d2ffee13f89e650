"""Build the limits Alpaca counts: one for trading, one for market data, each per account."""

from adapters.alpaca.manifest import MANIFEST
from adapters.kit.limits import Limiter
from domain.ports import Clock


def trading(clock: Clock, ceiling: int | None) -> Limiter:
    """Make the limiter of the trading API; ``ceiling`` is requests a minute."""
    return Limiter(clock, MANIFEST.rates, ceiling)


def data(clock: Clock, ceiling: int | None) -> Limiter:
    """Make the limiter of the data API: it counts apart, by the same number on the free plan."""
    return Limiter(clock, MANIFEST.rates, ceiling)
