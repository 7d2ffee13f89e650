"""Draw a form as a modal, and read what came back."""

from collections.abc import Iterable, Mapping
from typing import Any

import discord
from discord import ui

from domain.broker import FieldSpec
from wizard.discord_view.ids import FORM, Aim
from wizard.discord_view.panels import clip, words
from wizard.flow import Form, Turn

MOST_TEXT = 4000
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
            yield inner["custom_id"], str(inner.get("value") or next(iter(chosen), ""))


def _input(spec: FieldSpec, value: str) -> ui.Item[Any]:
    if spec.choices:
        options = [
            discord.SelectOption(label=clip(label, 100), value=choice, default=choice == value)
            for choice, label in spec.choices
        ]
        return ui.Select(custom_id=spec.key, options=options, required=spec.required)
    most = min(spec.max_length, MOST_TEXT)
    style = discord.TextStyle.paragraph if most > _LONG else discord.TextStyle.short
    return ui.TextInput(
        custom_id=spec.key,
        style=style,
        default=clip(value, most) or None,
        required=spec.required,
        max_length=most,
    )
