"""Build the limit TWS keeps: messages a second over one connection."""

from adapters.ibkr.manifest import MANIFEST
from adapters.kit.limits import Limiter
from domain.ports import Clock


def connection(clock: Clock, ceiling: int | None) -> Limiter:
    """Make the limiter of one connection; ``ceiling`` is messages a second."""
    return Limiter(clock, MANIFEST.rates, ceiling)
