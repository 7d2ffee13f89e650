"""Answer interactions: privately unless said otherwise, whatever was sent before."""

from typing import Any

import discord

from cogs.kit import Tone, note

NOBODY = discord.AllowedMentions.none()


async def thinking(interaction: discord.Interaction[Any]) -> None:
    """Tell Discord that the answer takes longer than its three seconds allow; the answer stays private."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def show(interaction: discord.Interaction[Any], view: discord.ui.LayoutView) -> None:
    """Answer with a panel: at once, in place of "thinking…", or below the panel whose button was pressed."""
    if not interaction.response.is_done():
        await interaction.response.send_message(view=view, ephemeral=True, allowed_mentions=NOBODY)
    elif interaction.type is discord.InteractionType.application_command:
        await interaction.edit_original_response(view=view, allowed_mentions=NOBODY)
    else:
        await interaction.followup.send(view=view, ephemeral=True, allowed_mentions=NOBODY)


async def say(interaction: discord.Interaction[Any], text: str, tone: Tone = Tone.GOOD) -> None:
    """Answer with one sentence or two."""
    await show(interaction, note(text, tone))


async def problem(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer with what is wrong."""
    await show(interaction, note(text, Tone.PROBLEM))
