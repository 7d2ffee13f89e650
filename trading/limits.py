"""Keep members' own limits, between bounds that hold for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from domain.accounts import RiskLimits
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.money import plain
from trading import guard, texts
from trading.deps import TradingDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Say between what one limit lies."""

    low: int
    high: int


BOUNDS: Mapping[str, Bound] = {
    "max_order_notional": Bound(low=1, high=1_000_000),
    "max_open_positions": Bound(low=1, high=100),
    "entry_max_age": Bound(low=5, high=300),
    "duplicate_window": Bound(low=0, high=3600),
}
"""What a member may choose: money in the account's currency, trades, and seconds twice."""


class LimitBook:
    """Read and change limits; they hold for the next signal."""

    def __init__(self, deps: TradingDeps) -> None:
        self._deps = deps

    @property
    def defaults(self) -> RiskLimits:
        """Give what holds for who set nothing."""
        return self._deps.config.limits

    async def of(self, user: UserId) -> RiskLimits:
        """Give what holds for a member."""
        return await guard.limits_of(self._deps, user)

    async def set(self, user: UserId, wanted: Mapping[str, Decimal]) -> RiskLimits:
        """Change some of a member's limits. Raises InvalidValue beyond the bounds."""
        for name, value in wanted.items():
            bound = BOUNDS[name]
            if not bound.low <= value <= bound.high:
                said = {"low": bound.low, "high": f"{bound.high:,}", "value": plain(value)}
                raise InvalidValue(texts.say("limit_bounds", **said))
        change: dict[str, Any] = {
            name: value if name == "max_order_notional" else int(value) for name, value in wanted.items()
        }
        while True:
            known = await self._deps.store.limits.get(user)
            fresh = replace(known or replace(self.defaults, id=user, version=0), **change)
            if known is None:
                if await self._deps.store.limits.insert(fresh):
                    return fresh
            elif (saved := await self._deps.store.limits.compare_and_set(fresh)) is not None:
                return saved
