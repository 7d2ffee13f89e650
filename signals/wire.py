"""Write a Reading as the JSON object shared/signals/SPEC.md describes."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.signals import Leg, Reading

_PLAIN = (
    "action", "side", "symbol", "asset_class", "strike", "right", "expiry", "price", "entry_range", "entries",
    "order_type", "stop", "stop_pct", "stop_to", "targets", "targets_pct", "target_trail_pct", "quantity",
    "fraction", "leverage", "scope", "tags", "candidates", "confidence", "reason",
)  # fmt: skip


def as_json(reading: Reading, *, explain: bool = False) -> dict[str, Any]:
    """Give the fields that apply, numbers as JSON numbers and dates in ISO 8601; spans only to explain."""
    found: dict[str, Any] = {"kind": str(reading.kind)}
    for name in _PLAIN:
        value = getattr(reading, name)
        if value is not None and value != ():
            found[name] = _plain(value)
    if reading.legs:
        found["legs"] = [_leg(leg) for leg in reading.legs]
    if reading.signals:
        found["signals"] = [as_json(one, explain=explain) for one in reading.signals]
    if explain:
        found["spans"] = {name: list(span) for name, span in reading.spans.items()}
        if reading.explanation:
            found["explanation"] = reading.explanation
    return found


def _leg(leg: Leg) -> dict[str, Any]:
    found = {"action": leg.action, "strike": _plain(leg.strike), "right": str(leg.right)}
    if leg.expiry is not None:
        found["expiry"] = leg.expiry.isoformat()
    return found


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value)
