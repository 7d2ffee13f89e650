"""Let members link, see, test and remove broker accounts."""

from discord import app_commands
from discord.ext import commands

from cogs import choices, replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.kit import Tone
from cogs.panels import manage
from cogs.panels.accounts import accounts_panel
from cogs.panels.manage import AccountButton, remove_panel, row
from cogs.papers import PAPER, link_paper
from cogs.wording import escape, money
from domain.accounts import LinkedAccount
from domain.errors import InvalidValue

LINK_FLOW = "link_account"
_ROWS = 5
"""Buttons one list holds beside its blocks; /broker remove and the others take any account."""
Name = app_commands.Range[str, 1, 32]


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
class Brokers(ServiceCog, commands.GroupCog, group_name="broker", group_description="Your broker accounts"):
    """Keep members' broker accounts."""

    @app_commands.command(name="list", description="Show your linked accounts and what you may link")
    async def show(self, interaction: Ix) -> None:
        """List accounts, each with a way to look after it."""
        await replies.thinking(interaction)
        user = member(interaction)
        linked = await self.services.care.overview(user)
        linkable = [manifest.title for manifest in await self.services.accounts.available(user)]
        rows = [row(one.account, "manage") for one in linked[:_ROWS]]
        await replies.show(interaction, accounts_panel(linked, linkable, rows))

    @app_commands.command(description="Link an account; keys are asked for in a private message")
    @app_commands.describe(
        broker="Which broker; you are asked if left out", name="What to call a paper account"
    )
    @app_commands.autocomplete(broker=choices.brokers)
    async def add(self, interaction: Ix, broker: str | None = None, name: Name | None = None) -> None:
        """Start the wizard, or link the paper broker at once."""
        if broker is None:
            await self.services.wizard.start(interaction, LINK_FLOW, {})
            return
        slug = await self._slug(interaction, broker)
        if slug != PAPER:
            await self.services.wizard.start(interaction, LINK_FLOW, {"broker": slug})
            return
        await replies.thinking(interaction)
        account, verified = await link_paper(self.services, member(interaction), name or "")
        equity = money(verified.state.equity, verified.state.currency)
        await replies.say(interaction, texts.PAPER_LINKED.format(name=escape(account.name), equity=equity))

    @app_commands.command(description="Test a linked account live; nothing is changed")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def test(self, interaction: Ix, account: str) -> None:
        """Connect and read."""
        await replies.thinking(interaction)
        found = await self._found(interaction, account)
        said = await manage.test(self.services, member(interaction), found.id)
        tone = Tone.PROBLEM if texts.BROKER_MAY_WITHDRAW in said else Tone.GOOD
        await replies.say(interaction, said, tone)

    @app_commands.command(description="Let commands that name no account mean this one")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def default(self, interaction: Ix, account: str) -> None:
        """Choose the default account."""
        await self._carry_out(interaction, account, "default")

    @app_commands.command(description="Give an account another name")
    @app_commands.describe(account="Which of your accounts", name="The new name")
    @app_commands.autocomplete(account=choices.accounts)
    async def rename(self, interaction: Ix, account: str, name: Name) -> None:
        """Rename an account."""
        await replies.thinking(interaction)
        found = await self._found(interaction, account)
        renamed = await self.services.care.rename(member(interaction), found.id, name)
        await replies.say(interaction, texts.RENAMED.format(name=escape(renamed.name)))

    @app_commands.command(description="Take no entries in an account; exits and stops go on")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def pause(self, interaction: Ix, account: str) -> None:
        """Pause an account."""
        await self._carry_out(interaction, account, "pause")

    @app_commands.command(description="Take entries in a paused account again")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def resume(self, interaction: Ix, account: str) -> None:
        """Resume an account."""
        await self._carry_out(interaction, account, "resume")

    @app_commands.command(description="Give an account fresh keys, or sign in again; nothing else changes")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def relink(self, interaction: Ix, account: str) -> None:
        """Start the wizard for fresh keys."""
        await manage.relink(interaction, await self._found(interaction, account))

    @app_commands.command(description="Change an account's name and settings; tested before it is saved")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def edit(self, interaction: Ix, account: str) -> None:
        """Start the wizard for an account's settings."""
        await manage.edit(interaction, await self._found(interaction, account))

    @app_commands.command(description="Remove a linked account and destroy its keys")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def remove(self, interaction: Ix, account: str) -> None:
        """Ask whether to remove an account."""
        await replies.thinking(interaction)
        found = await self._found(interaction, account)
        one = await self.services.care.look(member(interaction), found.id)
        title = self.services.accounts.titles().get(found.broker, found.broker)
        await replies.show(interaction, remove_panel(one, title))

    async def _carry_out(self, interaction: Ix, account: str, verb: str) -> None:
        await replies.thinking(interaction)
        found = await self._found(interaction, account)
        await replies.say(
            interaction, await manage.carry_out(self.services, member(interaction), found.id, verb)
        )

    async def _found(self, interaction: Ix, account: str) -> LinkedAccount:
        return await choices.find_account(self.services, member(interaction), account)

    async def _slug(self, interaction: Ix, given: str) -> str:
        for manifest in await self.services.accounts.available(member(interaction)):
            if given.strip().casefold() in {manifest.slug, manifest.title.casefold()}:
                return manifest.slug
        raise InvalidValue(texts.UNKNOWN_BROKER.format(given=given[:40]))


async def setup(bot: ServiceBot) -> None:
    """Add the cog and its buttons."""
    bot.add_dynamic_items(AccountButton)
    await bot.add_cog(Brokers(bot))
