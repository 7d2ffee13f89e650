"""Make the buttons and menus that survive restarts."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import discord
from discord import ui

from wizard.discord_view.ids import BUTTON_TEMPLATE, SELECT_TEMPLATE

Clicked: TypeAlias = Callable[[discord.Interaction[Any], str, Sequence[str]], Awaitable[None]]
"""Take an interaction, the component's custom id and the values chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Hold the two kinds, tied to whoever handles their clicks."""

    button: "type[ui.DynamicItem[ui.Button[Any]]]"
    select: "type[ui.DynamicItem[ui.Select[Any]]]"


def items_for(clicked: Clicked) -> Items:
    """Make the kinds. They hold nothing: what a click means is in its custom id alone."""

    class WizardButton(ui.DynamicItem[ui.Button[Any]], template=BUTTON_TEMPLATE):
        @classmethod
        async def from_custom_id(
            cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: Any, /
        ) -> "WizardButton":
            assert isinstance(item, ui.Button)
            return cls(item)

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await clicked(interaction, self.custom_id, ())

    class WizardSelect(ui.DynamicItem[ui.Select[Any]], template=SELECT_TEMPLATE):
        @classmethod
        async def from_custom_id(
            cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: Any, /
        ) -> "WizardSelect":
            assert isinstance(item, ui.Select)
            return cls(item)

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await clicked(interaction, self.custom_id, self.item.values)

    return Items(button=WizardButton, select=WizardSelect)
