"""Build the limits Schwab counts: one per app for everything but orders, one per account for orders."""

from adapters.kit import sharing
from adapters.kit.limits import Limiter
from adapters.schwab.manifest import APP_RATES, ORDER_RATES
from domain.ports import Clock, SharedQuota


def app(clock: Clock, ceiling: int | None, quota: SharedQuota | None = None, name: str = "") -> Limiter:
    """Make the limiter of an app key, over all its users in all processes; ``ceiling`` is a minute's."""
    return sharing.limiter(clock, APP_RATES, ceiling, quota=quota, name=f"schwab:app:{name}")


def orders(clock: Clock, ceiling: int | None) -> Limiter:
    """Make the limiter of one account's orders."""
    return Limiter(clock, ORDER_RATES, ceiling)
