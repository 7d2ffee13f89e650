"""Check components of messages and modals against Discord's limits.

Source: the component schemas of Discord's OpenAPI file (lengths, counts), and Discord's component reference
for what the schemas do not say (unique custom ids, forty components, four thousand characters of text).
"""

from collections.abc import Callable
from typing import Any

from sim.discord.errors import JSON, Form, Path
from sim.discord.messages import (
    BUTTON,
    CHANNEL_SELECT,
    CHECKBOX,
    CHECKBOX_GROUP,
    CONTAINER,
    FILE,
    FILE_UPLOAD,
    GALLERY,
    LABEL,
    MENTIONABLE_SELECT,
    RADIO_GROUP,
    ROLE_SELECT,
    ROW,
    SECTION,
    SELECTS,
    SEPARATOR,
    STRING_SELECT,
    TEXT_DISPLAY,
    TEXT_INPUT,
    THUMBNAIL,
    USER_SELECT,
    walk,
)

TOP_LEVEL_V2 = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER})
IN_CONTAINER = TOP_LEVEL_V2 - {CONTAINER}
IN_LABEL = SELECTS | {TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX}
LINK_STYLE, PREMIUM_STYLE = 5, 6
MAX_COMPONENTS, MAX_TEXT, MAX_ROWS, MAX_MODAL = 40, 4000, 5, 5


def check_message_components(form: Form, components: Any, *, v2: bool) -> None:
    """Note everything wrong with a message's components."""
    top = form.count(components, ("components",), high=MAX_COMPONENTS if v2 else MAX_ROWS)
    allowed = TOP_LEVEL_V2 if v2 else frozenset({ROW})
    for index, component in enumerate(top):
        _one(form, component, ("components", index), allowed)
    if form.problems:
        return
    everything = list(walk(top))
    _unique(form, everything, ("components",))
    if v2 and len(everything) > MAX_COMPONENTS:
        form.add(
            ("components",), "COMPONENT_MAX_TOTAL_EXCEEDED", f"Must have {MAX_COMPONENTS} or fewer components"
        )
    if sum(len(c.get("content") or "") for c in everything) > MAX_TEXT:
        message = f"The total displayable text size of this message exceeds {MAX_TEXT} characters"
        form.add(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


def check_modal(form: Form, data: JSON) -> None:
    """Note everything wrong with a modal."""
    form.text(data.get("custom_id"), ("custom_id",), low=1, high=100, required=True)
    form.text(data.get("title"), ("title",), low=1, high=45, required=True)
    top = form.count(data.get("components"), ("components",), low=1, high=MAX_MODAL)
    for index, component in enumerate(top):
        _one(form, component, ("components", index), frozenset({ROW, LABEL, TEXT_DISPLAY}), modal=True)
    if not form.problems:
        _unique(form, list(walk(top)), ("components",))


def _one(form: Form, component: Any, path: Path, allowed: frozenset[int], *, modal: bool = False) -> None:
    if not isinstance(component, dict):
        form.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    kind = component.get("type")
    if not isinstance(kind, int) or not form.choice(kind, (*path, "type"), allowed):
        return
    form.number(component.get("id"), (*path, "id"), low=0, high=2**31 - 1)
    if kind == ROW:
        _row(form, component, path, modal=modal)
    elif kind in SELECTS:
        _select(form, component, path, modal=modal)
    else:
        _CHECKS[kind](form, component, path)


def _row(form: Form, row: JSON, path: Path, *, modal: bool) -> None:
    children = form.count(row.get("components"), (*path, "components"), low=1, high=1 if modal else 5)
    allowed = frozenset({TEXT_INPUT}) if modal else SELECTS | {BUTTON}
    for index, child in enumerate(children):
        _one(form, child, (*path, "components", index), allowed)
        if modal and isinstance(child, dict):
            form.text(
                child.get("label"), (*path, "components", index, "label"), low=1, high=45, required=True
            )
    kinds = [child.get("type") for child in children if isinstance(child, dict)]
    if len(kinds) > 1 and any(kind in SELECTS for kind in kinds):
        form.add(
            (*path, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )


def _button(form: Form, button: JSON, path: Path) -> None:
    style = button.get("style")
    if not form.choice(style, (*path, "style"), frozenset(range(1, 7))):
        return
    form.text(button.get("label"), (*path, "label"), high=80)
    form.text(button.get("url"), (*path, "url"), low=1, high=512, required=style == LINK_STYLE)
    ordinary = style not in (LINK_STYLE, PREMIUM_STYLE)
    form.text(button.get("custom_id"), (*path, "custom_id"), low=1, high=100, required=ordinary)
    if style == PREMIUM_STYLE:
        if not button.get("sku_id"):
            form.required((*path, "sku_id"))
    elif not button.get("label") and not button.get("emoji"):
        form.add(path, "BUTTON_COMPONENT_INVALID_LABEL", "A button must have a label or an emoji")
    if style == LINK_STYLE and button.get("custom_id"):
        message = "A custom id and url cannot both be specified"
        form.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)


def _custom_id(form: Form, component: JSON, path: Path) -> None:
    form.text(component.get("custom_id"), (*path, "custom_id"), low=1, high=100, required=True)


def _bounds(form: Form, component: JSON, path: Path, high: int) -> None:
    low, most = component.get("min_values"), component.get("max_values")
    form.number(low, (*path, "min_values"), low=0, high=high)
    form.number(most, (*path, "max_values"), low=1, high=high)
    if isinstance(low, int) and low > (1 if most is None else most):
        form.add((*path, "min_values"), "BASE_TYPE_MIN_LARGER_MAX", "min_values is larger than max_values")


def _select(form: Form, select: JSON, path: Path, *, modal: bool) -> None:
    _custom_id(form, select, path)
    _bounds(form, select, path, 25)
    form.text(select.get("placeholder"), (*path, "placeholder"), high=150)
    if modal and select.get("disabled"):
        form.add((*path, "disabled"), "MODAL_COMPONENT_DISABLED", "Modal components cannot be disabled")
    if select["type"] == STRING_SELECT:
        options = _options(form, select, path, low=1, high=25)
        most = select.get("max_values")
        if isinstance(most, int) and options and most > len(options):
            form.add(
                (*path, "max_values"),
                "NUMBER_TYPE_MAX",
                f"int value should be less than or equal to {len(options)}.",
            )
    else:
        form.count(select.get("default_values"), (*path, "default_values"), high=25)


def _options(form: Form, component: JSON, path: Path, *, low: int, high: int) -> list[Any]:
    options = form.count(component.get("options"), (*path, "options"), low=low, high=high)
    values: set[Any] = set()
    for index, option in enumerate(options):
        at = (*path, "options", index)
        form.text(option.get("label"), (*at, "label"), low=1, high=100, required=True)
        form.text(option.get("value"), (*at, "value"), low=1, high=100, required=True)
        form.text(option.get("description"), (*at, "description"), high=100)
        if option.get("value") in values:
            form.add(
                (*at, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        values.add(option.get("value"))
    return options


def _section(form: Form, section: JSON, path: Path) -> None:
    texts = form.count(section.get("components"), (*path, "components"), low=1, high=3)
    for index, text in enumerate(texts):
        _one(form, text, (*path, "components", index), frozenset({TEXT_DISPLAY}))
    if section.get("accessory") is None:
        form.required((*path, "accessory"))
    else:
        _one(form, section["accessory"], (*path, "accessory"), frozenset({BUTTON, THUMBNAIL}))


def _text_display(form: Form, component: JSON, path: Path) -> None:
    form.text(component.get("content"), (*path, "content"), low=1, high=4000, required=True)


def _media(form: Form, item: JSON, path: Path, key: str) -> None:
    form.text((item.get(key) or {}).get("url"), (*path, key, "url"), low=1, high=2048, required=True)
    form.text(item.get("description"), (*path, "description"), high=1024)


def _thumbnail(form: Form, component: JSON, path: Path) -> None:
    _media(form, component, path, "media")


def _file(form: Form, component: JSON, path: Path) -> None:
    _media(form, component, path, "file")


def _gallery(form: Form, component: JSON, path: Path) -> None:
    for index, item in enumerate(form.count(component.get("items"), (*path, "items"), low=1, high=10)):
        _media(form, item, (*path, "items", index), "media")


def _separator(form: Form, component: JSON, path: Path) -> None:
    if component.get("spacing") is not None:
        form.choice(component["spacing"], (*path, "spacing"), frozenset({1, 2}))


def _container(form: Form, component: JSON, path: Path) -> None:
    form.number(component.get("accent_color"), (*path, "accent_color"), low=0, high=0xFFFFFF)
    children = form.count(component.get("components"), (*path, "components"), low=1, high=MAX_COMPONENTS)
    for index, child in enumerate(children):
        _one(form, child, (*path, "components", index), IN_CONTAINER)


def _label(form: Form, component: JSON, path: Path) -> None:
    form.text(component.get("label"), (*path, "label"), low=1, high=45, required=True)
    form.text(component.get("description"), (*path, "description"), high=100)
    if component.get("component") is None:
        form.required((*path, "component"))
    else:
        _one(form, component["component"], (*path, "component"), IN_LABEL, modal=True)


def _text_input(form: Form, component: JSON, path: Path) -> None:
    _custom_id(form, component, path)
    form.choice(component.get("style"), (*path, "style"), frozenset({1, 2}))
    form.text(component.get("placeholder"), (*path, "placeholder"), high=100)
    form.text(component.get("value"), (*path, "value"), high=4000)
    low, high = component.get("min_length"), component.get("max_length")
    form.number(low, (*path, "min_length"), low=0, high=4000)
    form.number(high, (*path, "max_length"), low=1, high=4000)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        form.add((*path, "min_length"), "BASE_TYPE_MIN_LARGER_MAX", "min_length is larger than max_length")


def _file_upload(form: Form, component: JSON, path: Path) -> None:
    _custom_id(form, component, path)
    _bounds(form, component, path, 10)


def _radio(form: Form, component: JSON, path: Path) -> None:
    _custom_id(form, component, path)
    _options(form, component, path, low=2, high=10)


def _checkboxes(form: Form, component: JSON, path: Path) -> None:
    _custom_id(form, component, path)
    options = _options(form, component, path, low=1, high=10)
    _bounds(form, component | {"max_values": component.get("max_values") or len(options) or 1}, path, 10)


_CHECKS: dict[int, Callable[[Form, JSON, Path], None]] = {
    BUTTON: _button,
    SECTION: _section,
    TEXT_DISPLAY: _text_display,
    THUMBNAIL: _thumbnail,
    GALLERY: _gallery,
    FILE: _file,
    SEPARATOR: _separator,
    CONTAINER: _container,
    LABEL: _label,
    TEXT_INPUT: _text_input,
    FILE_UPLOAD: _file_upload,
    RADIO_GROUP: _radio,
    CHECKBOX_GROUP: _checkboxes,
    CHECKBOX: _custom_id,
}

RESOLVED_KINDS = {
    USER_SELECT: "users",
    ROLE_SELECT: "roles",
    CHANNEL_SELECT: "channels",
    MENTIONABLE_SELECT: "users",
}


def _unique(form: Form, components: list[JSON], path: Path) -> None:
    for key, code, name in (
        ("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id"),
        ("id", "COMPONENT_ID_DUPLICATED", "Component id"),
    ):
        values = [component[key] for component in components if component.get(key)]
        if len(values) != len(set(values)):
            form.add(path, code, f"{name} cannot be duplicated")


def number_components(components: list[JSON]) -> list[JSON]:
    """Give every component an id, as Discord does for those sent without one; changes and gives the list."""
    everything = list(walk(components))
    taken = {component["id"] for component in everything if component.get("id")}
    following = 1
    for component in everything:
        if not component.get("id"):
            while following in taken:
                following += 1
            component["id"] = following
            taken.add(following)
    return components
