"""Draw a form as a modal, and read what came back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord
from discord import ui

from domain.broker import FieldSpec
from wizard.discord_view.ids import FORM, Aim
from wizard.discord_view.panels import clip, words
from wizard.flow import Form, Turn

MOST_TEXT = 4000
_KINDS = {
    "channel": discord.SelectDefaultValueType.channel,
    "role": discord.SelectDefaultValueType.role,
    "user": discord.SelectDefaultValueType.user,
}
_CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.public_thread,
    discord.ChannelType.private_thread,
    discord.ChannelType.news_thread,
]
_FEWEST, _RADIOS = 2, 10
"""So many choices are shown at once (reference/discord.md section 8)."""
_LONG = 300
"""Fields that may be longer are typed into a box of several lines: private keys."""


def modal(turn: Turn, form: Form) -> ui.Modal:
    """Draw the form of a turn; answers are read from the interaction, so it may outlive the process."""
    title = words(f"{turn.flow}.{turn.step}.title", form.params)
    aim = Aim(flow_id=turn.flow_id, step=turn.step, action=FORM)
    box = ui.Modal(title=clip(title, 45), custom_id=aim.custom_id)
    for spec in form.fields:
        label: ui.Label[Any] = ui.Label(
            text=clip(spec.label, 45),
            description=clip(spec.help, 100) or None,
            component=_input(spec, "" if spec.secret else form.values.get(spec.key, "")),
        )
        box.add_item(label)
    return box


def typed(interaction: discord.Interaction[Any]) -> Mapping[str, str]:
    """Read a submitted modal: field keys to what was typed or chosen."""
    data: Any = interaction.data or {}
    return dict(_answers(data.get("components", ())))


def _answers(components: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    for component in components:
        inner = component.get("component")
        if inner is not None:
            chosen = inner.get("values") or ()
            yield inner["custom_id"], str(inner.get("value") or " ".join(map(str, chosen)))


def _input(spec: FieldSpec, value: str) -> ui.Item[Any]:
    if spec.entity:
        return _picker(spec, value.split())
    if spec.choices:
        return _choice(spec, value)
    most = min(spec.max_length, MOST_TEXT)
    style = discord.TextStyle.paragraph if most > _LONG else discord.TextStyle.short
    return ui.TextInput(
        custom_id=spec.key,
        style=style,
        default=clip(value, most) or None,
        required=spec.required,
        max_length=most,
    )


def _choice(spec: FieldSpec, value: str) -> ui.Item[Any]:
    """Show a few choices at a glance, and many in a menu."""
    if _FEWEST <= len(spec.choices) <= _RADIOS:
        group: ui.RadioGroup[Any] = ui.RadioGroup(custom_id=spec.key, required=spec.required)
        for choice, label in spec.choices:
            group.add_option(label=clip(label, 100), value=choice, default=choice == value)
        return group
    options = [
        discord.SelectOption(label=clip(label, 100), value=choice, default=choice == value)
        for choice, label in spec.choices
    ]
    return ui.Select(custom_id=spec.key, options=options, required=spec.required)


def _picker(spec: FieldSpec, ids: Sequence[str]) -> ui.Item[Any]:
    """Let Discord show its own channels, members or roles."""
    low = 1 if spec.required else 0
    shared: dict[str, Any] = {
        "custom_id": spec.key,
        "required": spec.required,
        "min_values": low,
        "max_values": spec.most,
    }
    known = [int(one) for one in ids[: spec.most] if one.isdecimal()]
    defaults = [discord.SelectDefaultValue(id=one, type=_KINDS[spec.entity]) for one in known]
    if spec.entity == "channel":
        return ui.ChannelSelect(**shared, channel_types=_CHANNELS, default_values=defaults)
    if spec.entity == "role":
        return ui.RoleSelect(**shared, default_values=defaults)
    return ui.UserSelect(**shared, default_values=defaults)
