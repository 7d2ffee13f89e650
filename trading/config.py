"""Hold what the operator decides for the verbs."""

from dataclasses import dataclass, field

from domain.accounts import RiskLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """Say who may use brokers at all (product.md, environment variables)."""

    integrations_enabled: bool = True
    premium_only: bool = True
    """Live mode needs a premium role."""
    allowed_brokers: frozenset[str] = frozenset(
        {"alpaca", "ibkr", "schwab", "moomoo", "kraken", "coinbasepro"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingConfig:
    """Say how the verbs behave. Times in seconds."""

    gate: GateConfig = field(default_factory=GateConfig)
    limits: RiskLimits = field(default_factory=lambda: RiskLimits(id="default"))
    """What holds for a member who set nothing."""
    holder: str = "main"
    """The name of this process as an owner of leases."""
    send_window: float = 2.0
    poll_interval: float = 5.0
    lease_ttl: float = 30.0
    write_ahead: bool = True
    """Never switched off outside the harness that proves it can fail."""
    fault_file: str = ""
    """Where the kill harness names the point at which to end the process; empty in production."""
