"""Gather what the verbs are given, so that each part takes one thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.broker import BrokerAdapter, Credentials
from domain.ports import Clock, PriceSource, RoleSource, SharedQuota, SkuSource, Store, Vault
from trading.config import TradingConfig
from trading.hub import Hub
from trading.points import FaultPoints
from trading.tallies import Tallies


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDeps:
    """Hold the outside world as ports. ``endpoints`` maps a broker's slug to an address override."""

    store: Store
    clock: Clock
    vault: Vault
    roles: RoleSource
    skus: SkuSource | None
    adapters: Mapping[str, BrokerAdapter]
    prices: PriceSource | None
    endpoints: Mapping[str, str]
    rate_ceilings: Mapping[str, int]
    config: TradingConfig
    hub: Hub
    points: FaultPoints
    tallies: Tallies
    quota: SharedQuota | None = None
    apps: Mapping[str, Credentials] = field(default_factory=dict)
    """The operator's own apps at brokers, by slug."""
    hide: Callable[[str], None] = lambda _: None
    """Is told every secret as it is met, so that logs can mask it."""
