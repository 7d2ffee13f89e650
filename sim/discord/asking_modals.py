"""Fill in modals the way a person would, and refuse what the form would not accept."""

from typing import Any

from sim.discord.asking import Resolver, check_amount
from sim.discord.errors import JSON
from sim.discord.messages import (
    CHECKBOX,
    CHECKBOX_GROUP,
    FILE_UPLOAD,
    LABEL,
    RADIO_GROUP,
    ROW,
    SELECTS,
    TEXT_DISPLAY,
    TEXT_INPUT,
)
from sim.discord.state import Channel, World


def fields(modal: JSON) -> list[JSON]:
    """List the fields of a modal, each as {label, custom_id, type, required, component}."""
    found: list[JSON] = []
    for top in modal["components"]:
        if top["type"] == LABEL:
            found.append(_field(top["label"], top["component"]))
        elif top["type"] == ROW:
            found += [_field(child.get("label"), child) for child in top["components"]]
    return found


def _field(label: str | None, component: JSON) -> JSON:
    required = component.get("required", component["type"] != CHECKBOX)
    return {
        "label": label,
        "custom_id": component["custom_id"],
        "type": component["type"],
        "required": required is not False,
        "component": component,
    }


def _answers(modal: JSON, given: JSON) -> JSON:
    """Sort what was typed by custom id. Labels go before custom ids; spaces may be underscores."""
    answers: JSON = {}
    listed = fields(modal)
    for name, value in given.items():
        field = _match(listed, name)
        if field is None:
            raise ValueError(f"no field {name!r} in the modal; there are {[f['label'] for f in listed]}")
        answers[field["custom_id"]] = value
    return answers


def _match(listed: list[JSON], name: str) -> JSON | None:
    plain = name.replace("_", " ").casefold()
    ranked = (
        [field for field in listed if field["label"] == name],
        [field for field in listed if (field["label"] or "").casefold() == plain],
        [field for field in listed if field["custom_id"] == name],
    )
    return next((found[0] for found in ranked if found), None)


def modal_data(world: World, channel: Channel, modal: JSON, given: JSON) -> JSON:
    """Write the data of a modal submission. Raises ValueError for what the form would not take."""
    answers = _answers(modal, given)
    resolver = Resolver(world, channel)
    components = [_top(resolver, top, answers) for top in modal["components"]]
    data: JSON = {"custom_id": modal["custom_id"], "components": components}
    if resolver.found:
        data["resolved"] = resolver.found
    return data


def _top(resolver: Resolver, top: JSON, answers: JSON) -> JSON:
    body: JSON = {"type": top["type"], "id": top.get("id", 0)}
    if top["type"] == TEXT_DISPLAY:
        return body
    if top["type"] == ROW:
        return body | {"components": [_answer(resolver, child, answers) for child in top["components"]]}
    return body | {"component": _answer(resolver, top["component"], answers)}


def _answer(resolver: Resolver, component: JSON, answers: JSON) -> JSON:
    kind, key = component["type"], component["custom_id"]
    body: JSON = {"type": kind, "id": component.get("id", 0), "custom_id": key}
    value = answers.get(key)
    if kind == TEXT_INPUT:
        return body | {"value": _text(component, value)}
    if kind == CHECKBOX:
        return body | {"value": bool(component.get("default") if value is None else value)}
    if kind == RADIO_GROUP:
        return body | {"value": _radio(component, value)}
    values = (
        _defaults(component) if value is None else list(value if isinstance(value, list | tuple) else [value])
    )
    if kind == FILE_UPLOAD:
        values = [value] if isinstance(value, tuple) else list(value or [])
        check_amount(component, len(values))
        return body | {"values": [resolver.file(one) for one in values]}
    _check_group(component, values)
    if kind == CHECKBOX_GROUP:
        return body | {"values": [_offered(component, one) for one in values]}
    return body | {"values": [resolver.select(component, one) for one in values]}


def _check_group(component: JSON, values: list[Any]) -> None:
    if component["type"] in SELECTS:
        check_amount(component, len(values))
        return
    defaults = {
        "min_values": 0 if component.get("required") is False else 1,
        "max_values": len(component["options"]),
    }
    check_amount(
        defaults | {key: value for key, value in component.items() if value is not None}, len(values)
    )


def _defaults(component: JSON) -> list[Any]:
    chosen = [option["value"] for option in component.get("options") or [] if option.get("default")]
    return chosen + [one["id"] for one in component.get("default_values") or []]


def _text(component: JSON, value: Any) -> str:
    text = str(component.get("value") or "") if value is None else str(value)
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    if not text:
        if component.get("required", True) is not False:
            raise ValueError(f"{component['custom_id']!r} must be filled in")
        return text
    if not low <= len(text) <= high:
        raise ValueError(f"{component['custom_id']!r} takes {low} to {high} characters, not {len(text)}")
    return text


def _radio(component: JSON, value: Any) -> str | None:
    chosen = [value] if value is not None else _defaults(component)
    if not chosen:
        if component.get("required", True) is not False:
            raise ValueError(f"{component['custom_id']!r} needs a choice")
        return None
    return _offered(component, chosen[0])


def _offered(component: JSON, value: Any) -> str:
    for key in ("value", "label"):
        for option in component["options"]:
            if option[key] == str(value):
                return str(option["value"])
    raise ValueError(
        f"{value!r} is not offered; the options are {[o['label'] for o in component['options']]}"
    )
