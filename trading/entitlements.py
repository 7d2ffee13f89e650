"""Decide who may do what. Pure.

A server that gave no tier to any role limits nothing but live trading: there is nobody to sell to.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from domain.accounts import Environment, GuildSettings
from domain.tiers import Tier, TierRules
from trading import texts
from trading.config import GateConfig

PAPER = "paper"
Fits: TypeAlias = Callable[[TierRules], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Hold what is known of a member, in one server or over all they share with the bot.

    ``tier`` is None when nobody knows right now; ``set_up`` says whether any role or product gives a tier.
    """

    tier: Tier | None
    set_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Hold what a decision needs."""

    user: str
    broker: str
    environment: Environment
    standing: Standing
    opening: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold a decision, with a stable code and a sentence where it is no."""

    allowed: bool
    code: str = ""
    reason: str = ""


YES = Verdict(allowed=True)


def decide(gate: GateConfig, facts: Facts) -> Verdict:
    """Decide one order or link. Closing is never refused: a lapse means exits only."""
    if not facts.opening or facts.broker == PAPER:
        return YES
    if not gate.integrations_enabled:
        return _no("integrations_disabled")
    if facts.broker not in gate.allowed_brokers:
        return _no("broker_not_allowed", broker=facts.broker)
    if not in_beta(gate, facts.broker, facts.user):
        return _no("beta_only", broker=facts.broker)
    if facts.environment is Environment.PAPER or not gate.premium_only:
        return YES
    return _decide_live(gate, facts.standing)


def _decide_live(gate: GateConfig, standing: Standing) -> Verdict:
    if not standing.set_up:
        return _no("premium_not_set_up")
    if standing.tier is None:
        return _no("roles_unknown")
    if rules(gate, standing.tier).live:
        return YES
    return _no("premium_needed", tiers=unlocking(gate, lambda allowed: allowed.live))


def within(gate: GateConfig, standing: Standing, kind: str, used: int) -> Verdict:
    """Decide whether one more of ``kind`` (a field of TierRules) fits beside the ``used`` ones."""
    if not standing.set_up or standing.tier is None:
        return YES
    most = getattr(rules(gate, standing.tier), kind)
    if most is None or used < most:
        return YES
    return _no(
        f"tier_{kind}",
        tier=standing.tier.value,
        most=str(most),
        tiers=unlocking(gate, lambda allowed: _over(getattr(allowed, kind), most)),
    )


def rules(gate: GateConfig, tier: Tier) -> TierRules:
    """Give what a tier allows."""
    return gate.tiers[tier]


def unlocking(gate: GateConfig, fits: Fits) -> str:
    """Name the tiers that would do, for people: "basic, pro or premium"."""
    names = [tier.value for tier in Tier if fits(gate.tiers[tier])]
    if not names:
        return texts.say("no_tier")
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def tier_of(settings: GuildSettings, roles: Iterable[str]) -> Tier:
    """Give the highest tier that these roles give in a server."""
    held = frozenset(roles)
    for tier in (Tier.PREMIUM, Tier.PRO, Tier.BASIC):
        if held.intersection(settings.roles_of(tier)):
            return tier
    return Tier.FREE


def in_beta(gate: GateConfig, broker: str, user: str) -> bool:
    """Tell whether a member may use a broker that is being rolled out; the same member always may or not."""
    if broker not in gate.beta_brokers or user in gate.beta_users:
        return True
    bucket = int.from_bytes(hashlib.sha256(f"{broker}/{user}".encode()).digest()[:4], "big") % 100
    return bucket < gate.beta_percent


def _over(value: int | None, most: int) -> bool:
    return value is None or value > most


def _no(code: str, **values: str) -> Verdict:
    return Verdict(allowed=False, code=code, reason=texts.say(code, **values))
