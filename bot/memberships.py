"""Read what the operator says of memberships: what each tier allows, and what is sold in Discord."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace

from domain.tiers import DEFAULT_TIERS, Tier, TierRules
from trading.config import GateConfig

_NAMES = ", ".join(tier.value for tier in Tier)
_RULES = {field.name: field.type for field in fields(TierRules)}


def tiers(text: str) -> Mapping[Tier, TierRules]:
    """Read changes to the tiers from JSON, such as ``{"free": {"sources": 2, "accounts": null}}``.

    What is not said stays as it is. Raises ValueError with what to write instead.
    """
    if not text.strip():
        return DEFAULT_TIERS
    try:
        given = json.loads(text)
    except ValueError:
        raise ValueError('must be JSON such as {"free": {"sources": 2}, "basic": {"live": false}}') from None
    if not isinstance(given, dict) or not all(isinstance(rules, dict) for rules in given.values()):
        raise ValueError('must be JSON such as {"free": {"sources": 2}, "basic": {"live": false}}')
    return {**DEFAULT_TIERS, **{_tier(name): _rules(name, rules) for name, rules in given.items()}}


def skus(entries: tuple[str, ...]) -> Mapping[str, Tier]:
    """Read ``product id:tier`` pairs. Raises ValueError with what to write instead."""
    found = {}
    for entry in entries:
        sku, _, tier = entry.partition(":")
        if not (sku.isascii() and sku.isdigit() and 15 <= len(sku) <= 20):
            raise ValueError("must be pairs such as 123456789012345678:premium, separated by commas")
        found[sku] = _tier(tier.strip())
    return found


def gate(
    *,
    enabled: bool,
    premium_only: bool,
    allowed: tuple[str, ...],
    membership_tiers: str,
    premium_skus: tuple[str, ...],
    beta: tuple[tuple[str, ...], tuple[str, ...], int],
) -> GateConfig:
    """Put the operator's choices together; ``beta`` holds brokers, members and a percentage of the others."""
    brokers, members, percent = beta
    return GateConfig(
        integrations_enabled=enabled,
        premium_only=premium_only,
        allowed_brokers=frozenset(allowed),
        tiers=tiers(membership_tiers),
        skus=skus(premium_skus),
        beta_brokers=frozenset(brokers),
        beta_users=frozenset(members),
        beta_percent=percent,
    )


def _tier(name: str) -> Tier:
    try:
        return Tier(name.strip().lower())
    except ValueError:
        raise ValueError(f"names a tier that does not exist; there are {_NAMES}") from None


def _rules(name: str, given: Mapping[str, object]) -> TierRules:
    for key, value in given.items():
        if key not in _RULES:
            raise ValueError(f"names {key}, which no tier has; there are {', '.join(_RULES)}")
        if key == "live" and not isinstance(value, bool):
            raise ValueError("must say true or false for live")
        if key != "live" and not (value is None or (type(value) is int and value >= 0)):
            raise ValueError(f"must give {key} as a whole number of 0 or more, or null for any number")
    changes: dict[str, bool | int | None] = {key: value for key, value in given.items()}  # type: ignore[misc]  # noqa: C416 - checked above
    return replace(DEFAULT_TIERS[_tier(name)], **changes)  # type: ignore[arg-type]
