"""Build the limits Coinbase counts: private requests per user, public ones per internet address."""

from adapters.coinbasepro.manifest import MANIFEST
from adapters.kit import sharing
from adapters.kit.limits import Limiter
from domain.broker import RateRule, Scope
from domain.ports import Clock, SharedQuota


def private(clock: Clock, ceiling: int | None) -> Limiter:
    """Make the limiter of one user; ``ceiling`` is requests a second."""
    return Limiter(clock, _rules(Scope.ACCOUNT), ceiling)


def public(clock: Clock, ceiling: int | None, quota: SharedQuota | None = None, name: str = "") -> Limiter:
    """Make the limiter of our address, over all processes."""
    return sharing.limiter(clock, _rules(Scope.IP), ceiling, quota=quota, name=f"coinbase:ip:{name}")


def _rules(scope: Scope) -> tuple[RateRule, ...]:
    return tuple(rule for rule in MANIFEST.rates if rule.scope is scope)
