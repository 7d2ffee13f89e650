"""Ask before an account is removed, and remove it."""

import re
from typing import Any, Self

import discord

from cogs import replies, texts
from cogs.base import member
from cogs.errors import report
from cogs.kit import Tone, box, note, panel
from cogs.wording import escape
from domain.accounts import LinkedAccount

_LABEL = 80
REMOVE, KEEP = "remove", "keep"


def remove_panel(account: LinkedAccount, broker: str) -> discord.ui.LayoutView:
    """Ask whether to remove an account; only its owner sees the question."""
    asked = texts.REMOVE_ASK.format(name=escape(account.name), broker=escape(broker))
    row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    row.add_item(RemoveButton(REMOVE, account.id, name=account.name))
    row.add_item(RemoveButton(KEEP, account.id))
    frame = box(Tone.WAITING, asked)
    frame.add_item(row)
    return panel(frame)


class RemoveButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"account:(?P<verb>remove|keep):(?P<account>[^:]{1,64})",
):
    """Carry the account in the button's id, so that it works after any restart."""

    def __init__(self, verb: str, account: str, *, name: str = "") -> None:
        self.verb, self.account = verb, account
        label = texts.REMOVE_YES.format(name=name)[:_LABEL] if verb == REMOVE else texts.REMOVE_NO
        style = discord.ButtonStyle.danger if verb == REMOVE else discord.ButtonStyle.secondary
        super().__init__(discord.ui.Button(style=style, label=label, custom_id=f"account:{verb}:{account}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Read the button back from its id."""
        return cls(match["verb"], match["account"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; an error is answered like a command's."""
        try:
            await self._answer(interaction)
        except Exception as error:  # noqa: BLE001  discord.py would only log it and leave the person waiting
            await report(interaction, error)

    async def _answer(self, interaction: discord.Interaction[Any]) -> None:
        if self.verb == KEEP:
            await interaction.response.edit_message(view=note(texts.KEPT, Tone.QUIET))
            return
        await interaction.response.defer()  # closing the account's session may take a while
        removed = await interaction.client.services.accounts.remove(member(interaction), self.account)
        said = texts.REMOVED.format(name=escape(removed.name))
        await interaction.edit_original_response(view=note(said), allowed_mentions=replies.NOBODY)
