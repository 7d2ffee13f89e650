"""Write domain values as JSON. Only what is named here ever leaves the process."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson
from aiohttp import web

from domain.broker import BrokerManifest, ClassRules, FieldSpec
from domain.events import Event
from domain.tiers import TierRules
from trading.gate import GateReport

_TIER_FIELDS = tuple(field.name for field in fields(TierRules))


def json_response(body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _rules(rules: ClassRules) -> dict[str, Any]:
    return {
        "order_types": sorted(kind.value for kind in rules.order_types),
        "times_in_force": sorted(tif.value for tif in rules.times_in_force),
        "bracket": rules.bracket.value,
        "fractional": rules.fractional,
        "notional": rules.notional,
        "short": rules.short,
        "replace": rules.replace,
        "extended_hours": rules.extended_hours,
    }


def _field(spec: FieldSpec) -> dict[str, Any]:
    return {
        "key": spec.key,
        "label": spec.label,
        "help": spec.help,
        "secret": spec.secret,
        "required": spec.required,
        "choices": [{"value": value, "label": label} for value, label in spec.choices],
    }


def broker(manifest: BrokerManifest) -> dict[str, Any]:
    """Show a broker's public data: what it does and what linking it asks for."""
    return {
        "key": manifest.slug,
        "name": manifest.title,
        "summary": manifest.summary,
        "environments": [environment.value for environment in manifest.environments],
        "asset_classes": {kind.value: _rules(rules) for kind, rules in manifest.classes.items()},
        "auth": manifest.auth,
        "beta": manifest.beta,
        "setup_url": manifest.setup_url,
        "fields": [_field(spec) for spec in manifest.fields],
    }


def gate(report: GateReport) -> dict[str, Any]:
    """Show what a member may do; the tier is null while nobody knows it."""
    rules = report.rules
    return {
        "type": "gate",
        "guild": report.guild,
        "tier": report.standing.tier,
        "memberships": report.standing.set_up,
        "entries_today": report.entries_today,
        "allows": None if rules is None else {name: getattr(rules, name) for name in _TIER_FIELDS},
        "brokers": [
            {
                "broker": line.broker,
                "environment": line.environment.value,
                "allowed": line.verdict.allowed,
                "code": line.verdict.code,
                "reason": line.verdict.reason,
            }
            for line in report.lines
        ],
    }


def event(value: Event) -> dict[str, Any]:
    """Show one event as the feed sends it; money is already text in ``data``."""
    return {
        "type": "event",
        "sequence": value.sequence,
        "account": value.account_key,
        "id": value.id,
        "kind": value.kind.value,
        "at": value.at.isoformat(),
        "trade": value.trade,
        "order": value.order,
        "signal": value.signal,
        "data": dict(value.data),
    }


def encode(message: Mapping[str, Any]) -> bytes:
    """Serialise one frame."""
    return orjson.dumps(message)
