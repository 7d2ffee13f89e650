"""Hold what the operator decides for the verbs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.accounts import RiskLimits
from domain.tiers import DEFAULT_TIERS, Tier, TierRules


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """Say who may use brokers at all (product.md, environment variables)."""

    integrations_enabled: bool = True
    premium_only: bool = True
    """Live mode needs a tier that allows it."""
    allowed_brokers: frozenset[str] = frozenset(
        {"alpaca", "ibkr", "schwab", "moomoo", "kraken", "coinbasepro"}
    )
    tiers: Mapping[Tier, TierRules] = field(default_factory=lambda: DEFAULT_TIERS)
    skus: Mapping[str, Tier] = field(default_factory=dict)
    """Products sold in Discord, by id, and the tier each gives everywhere."""
    beta_brokers: frozenset[str] = frozenset()
    """Brokers being rolled out: only ``beta_users``, and ``beta_percent`` of all others, may use them."""
    beta_users: frozenset[str] = frozenset()
    beta_percent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingConfig:
    """Say how the verbs behave. Times in seconds."""

    gate: GateConfig = field(default_factory=GateConfig)
    limits: RiskLimits = field(default_factory=lambda: RiskLimits(id="default"))
    """What holds for a member who set nothing."""
    holder: str = "main"
    """The name of this process as an owner of leases."""
    gateway_hosts: tuple[str, ...] = ()
    """Where members' gateways may run beside this machine."""
    send_window: float = 2.0
    poll_interval: float = 5.0
    lease_ttl: float = 30.0
    write_ahead: bool = True
    """Never switched off outside the harness that proves it can fail."""
    fault_file: str = ""
    """Where the kill harness names the point at which to end the process; empty in production."""
