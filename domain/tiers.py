"""Say what membership tiers there are, and what each allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """Rank members, lowest first."""

    FREE = "free"
    BASIC = "basic"
    PRO = "pro"
    PREMIUM = "premium"

    @property
    def rank(self) -> int:
        """Give the place in the order, 0 for the lowest."""
        return _ORDER.index(self)


_ORDER = tuple(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRules:
    """Say what one tier allows; None means as many as one likes.

    ``accounts`` counts linked accounts at real brokers, ``sources`` the channels a member follows in one
    server, ``followers`` the members who follow one source that a member of this tier posts in, and
    ``signals_per_day`` the entries a member takes from one server's sources in one UTC day.
    """

    accounts: int | None = None
    live: bool = True
    sources: int | None = None
    followers: int | None = None
    signals_per_day: int | None = None


DEFAULT_TIERS: Mapping[Tier, TierRules] = {
    Tier.FREE: TierRules(accounts=2, live=False, sources=5, followers=50, signals_per_day=100),
    Tier.BASIC: TierRules(accounts=3, sources=10, followers=250, signals_per_day=250),
    Tier.PRO: TierRules(accounts=6, sources=50, followers=1000, signals_per_day=1000),
    Tier.PREMIUM: TierRules(),
}
"""What holds where the operator says nothing else."""
