"""Decide who may do what. Pure."""

from dataclasses import dataclass

from domain.accounts import Environment
from trading import texts
from trading.config import GateConfig

PAPER = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Hold what a decision needs.

    ``roles`` is None when nobody knows right now. ``premium_roles`` are those of the server in question;
    outside a server, those of every server the member shares with the bot, ``roles`` likewise.
    """

    broker: str
    environment: Environment
    premium_roles: frozenset[str]
    roles: frozenset[str] | None
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
    if facts.environment is Environment.PAPER or not gate.premium_only:
        return YES
    if not facts.premium_roles:
        return _no("premium_not_set_up")
    if facts.roles is None:
        return _no("roles_unknown")
    if facts.roles & facts.premium_roles:
        return YES
    return _no("premium_needed")


def _no(code: str, **values: str) -> Verdict:
    return Verdict(allowed=False, code=code, reason=texts.say(code, **values))
