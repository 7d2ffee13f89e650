"""Look after one account with buttons: they carry verb and account in their ids, so they outlive restarts."""

import re
from typing import Any, Self

import discord
from discord import ui

from cogs import replies, texts
from cogs.base import Services, member
from cogs.errors import report
from cogs.kit import Tone, box, note, panel
from cogs.panels.accounts import account_block
from cogs.wording import escape, money
from domain.accounts import AccountStatus, LinkedAccount
from domain.ids import UserId
from trading.care import AccountOverview, Leave

_LABEL = 80
_RED = frozenset({"remove", "shred", "close"})
_LEAVES = {"shred": Leave.ASK, "close": Leave.CLOSE, "leave": Leave.KEEP}
RELINK_FLOW, EDIT_FLOW = "reauth", "reconfigure"


def manage_panel(one: AccountOverview) -> discord.ui.LayoutView:
    """Show one account with everything that can be done about it."""
    account = one.account
    paused = account.status is AccountStatus.PAUSED
    verbs = ["test", "rename", "resume" if paused else "pause"]
    if not account.is_default:
        verbs.insert(1, "default")
    frame = box(Tone.QUIET, account_block(one))
    frame.add_item(row(account, *verbs))
    frame.add_item(row(account, *_renewals(one), "remove"))
    return panel(frame)


def _renewals(one: AccountOverview) -> tuple[str, ...]:
    """Offer settings and fresh keys where the broker has any."""
    fields = one.manifest.fields if one.manifest is not None else ()
    if not any(spec.required for spec in fields):
        return ()
    plain = any(not spec.secret for spec in fields)
    return ("settings", "relink") if plain else ("relink",)


def remove_panel(one: AccountOverview, broker: str) -> discord.ui.LayoutView:
    """Ask whether to remove an account, and what becomes of open trades; only its owner sees the question."""
    account = one.account
    asked = texts.REMOVE_ASK.format(name=escape(account.name), broker=escape(broker))
    if not one.open_trades:
        frame = box(Tone.WAITING, asked)
        frame.add_item(row(account, "shred", "keep"))
        return panel(frame)
    symbols = ", ".join(sorted({trade.symbol for trade in one.open_trades})[:5])
    open_ = texts.REMOVE_OPEN.format(
        name=escape(account.name), count=len(one.open_trades), symbols=escape(symbols)
    )
    frame = box(Tone.WAITING, asked, open_)
    frame.add_item(row(account, "close", "leave", "keep"))
    return panel(frame)


def account_note(text: str, account: LinkedAccount | None) -> discord.ui.LayoutView:
    """Say something about an account, with the button that puts it right where fresh keys would."""
    frame = box(Tone.WAITING, text)
    if account is not None and (account.expires_at or account.status is AccountStatus.NEEDS_REAUTH):
        frame.add_item(row(account, "relink"))
    return panel(frame)


def row(account: LinkedAccount, *verbs: str) -> discord.ui.ActionRow[Any]:
    """Put buttons of one account side by side."""
    made: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
    for verb in verbs:
        made.add_item(AccountButton(verb, account.id, name=account.name))
    return made


class AccountButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"account:(?P<verb>[a-z]{1,10}):(?P<account>[^:]{1,64})",
):
    """Do one thing about one account, for its owner only."""

    def __init__(self, verb: str, account: str, *, name: str = "") -> None:
        self.verb, self.account = verb, account
        label = texts.ACCOUNT_BUTTONS.get(verb, verb).format(name=name)[:_LABEL]
        style = discord.ButtonStyle.danger if verb in _RED else discord.ButtonStyle.secondary
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
            await self._answer(interaction, interaction.client.services, member(interaction))
        except Exception as error:  # noqa: BLE001  discord.py would only log it and leave the person waiting
            await report(interaction, error)

    async def _answer(self, interaction: discord.Interaction[Any], services: Services, user: UserId) -> None:
        match self.verb:
            case "keep":
                await interaction.response.edit_message(view=note(texts.KEPT, Tone.QUIET))
            case "rename":
                account = await services.accounts.get(user, self.account)
                await interaction.response.send_modal(RenameModal(account))
            case "relink":
                await relink(interaction, await services.accounts.get(user, self.account))
            case "settings":
                await edit(interaction, await services.accounts.get(user, self.account))
            case "manage" | "remove":
                await interaction.response.defer(ephemeral=True, thinking=self.verb == "manage")
                await self._show(interaction, services, user)
            case "shred" | "close" | "leave":
                await interaction.response.defer()  # closing positions and the session may take a while
                said = await take_leave(services, user, self.account, _LEAVES[self.verb])
                await interaction.edit_original_response(view=note(said), allowed_mentions=replies.NOBODY)
            case _:
                await interaction.response.defer()
                said = await carry_out(services, user, self.account, self.verb)
                await replies.say(interaction, said)
                await self._show(interaction, services, user)

    async def _show(self, interaction: discord.Interaction[Any], services: Services, user: UserId) -> None:
        one = await services.care.look(user, self.account)
        if self.verb == "remove":
            titles = services.accounts.titles()
            view = remove_panel(one, titles.get(one.account.broker, one.account.broker))
        else:
            view = manage_panel(one)
        await interaction.edit_original_response(view=view, allowed_mentions=replies.NOBODY)


class RenameModal(ui.Modal):
    """Ask for another name."""

    def __init__(self, account: LinkedAccount) -> None:
        super().__init__(title=texts.RENAME_TITLE.format(name=account.name)[:45])
        self._account = account.id
        self._name: ui.TextInput[Any] = ui.TextInput(default=account.name, max_length=32)
        self.add_item(ui.Label(text=texts.RENAME_LABEL, description=texts.RENAME_HELP, component=self._name))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Rename, and show the account as it is now."""
        services, user = interaction.client.services, member(interaction)
        try:
            renamed = await services.care.rename(user, self._account, self._name.value)
            await replies.say(interaction, texts.RENAMED.format(name=escape(renamed.name)))
        except Exception as error:  # noqa: BLE001  as above
            await report(interaction, error)


async def carry_out(services: Services, user: UserId, account: str, verb: str) -> str:
    """Do what needs no question, and say what came of it."""
    if verb == "test":
        return await test(services, user, account)
    if verb == "default":
        chosen = await services.care.make_default(user, account)
        return texts.DEFAULT_SET.format(name=escape(chosen.name))
    if verb == "pause":
        return texts.ACCOUNT_PAUSED.format(name=escape((await services.care.pause(user, account)).name))
    return texts.ACCOUNT_RESUMED.format(name=escape((await services.care.resume(user, account)).name))


async def test(services: Services, user: UserId, account: str) -> str:
    """Connect and read, and say what was found."""
    found = await services.accounts.get(user, account)
    verified = await services.accounts.test(user, found.id)
    state = verified.state
    lines = [
        texts.BROKER_WORKS.format(
            name=escape(found.name),
            equity=money(state.equity, state.currency),
            power=money(state.buying_power, state.currency),
        )
    ]
    lines += [escape(remark, 300) for remark in verified.notes]
    if verified.may_withdraw:
        lines.append(texts.BROKER_MAY_WITHDRAW)
    return "\n".join(lines)


async def take_leave(services: Services, user: UserId, account: str, leave: Leave) -> str:
    """Remove an account, and say where its key can be deleted at the broker."""
    removed = await services.care.remove(user, account, leave)
    pages = {manifest.slug: manifest.setup_url for manifest in services.accounts.supported()}
    url = pages.get(removed.broker, "")
    where = texts.REMOVED_WHERE.format(url=url) if url else ""
    return texts.REMOVED.format(name=escape(removed.name), where=where)


async def relink(interaction: discord.Interaction[Any], account: LinkedAccount) -> None:
    """Ask for fresh keys of an account, in a private message."""
    await interaction.client.services.wizard.start(interaction, RELINK_FLOW, {"account": account.id})


async def edit(interaction: discord.Interaction[Any], account: LinkedAccount) -> None:
    """Ask for an account's name and settings, in a private message."""
    await interaction.client.services.wizard.start(interaction, EDIT_FLOW, {"account": account.id})
