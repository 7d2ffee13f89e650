"""Let members link, see, test and remove broker accounts."""

from collections.abc import Mapping

from discord import app_commands
from discord.ext import commands

from cogs import choices, replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.kit import Tone
from cogs.panels.accounts import accounts_panel
from cogs.panels.remove import RemoveButton, remove_panel
from cogs.papers import PAPER, link_paper
from cogs.wording import escape, money
from domain.errors import InvalidValue

LINK_FLOW = "link_account"
Name = app_commands.Range[str, 1, 32]


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
class Brokers(ServiceCog, commands.GroupCog, group_name="broker", group_description="Your broker accounts"):
    """Keep members' broker accounts."""

    @app_commands.command(name="list", description="Show your linked accounts and what you may link")
    async def show(self, interaction: Ix) -> None:
        """List accounts."""
        await replies.thinking(interaction)
        user = member(interaction)
        linked = await self.services.accounts.accounts(user)
        linkable = [manifest.title for manifest in await self.services.accounts.available(user)]
        await replies.show(interaction, accounts_panel(linked, self._titles(), linkable))

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
        found = await choices.find_account(self.services, member(interaction), account)
        verified = await self.services.accounts.test(member(interaction), found.id)
        state = verified.state
        lines = [
            texts.BROKER_WORKS.format(
                name=escape(found.name),
                equity=money(state.equity, state.currency),
                power=money(state.buying_power, state.currency),
            )
        ]
        lines += [escape(note, 300) for note in verified.notes]
        if verified.may_withdraw:
            lines.append(texts.BROKER_MAY_WITHDRAW)
        tone = Tone.PROBLEM if verified.may_withdraw else Tone.GOOD
        await replies.say(interaction, "\n".join(lines), tone)

    @app_commands.command(description="Remove a linked account and destroy its keys")
    @app_commands.describe(account="Which of your accounts")
    @app_commands.autocomplete(account=choices.accounts)
    async def remove(self, interaction: Ix, account: str) -> None:
        """Ask whether to remove an account."""
        found = await choices.find_account(self.services, member(interaction), account)
        title = self._titles().get(found.broker, found.broker)
        await replies.show(interaction, remove_panel(found, title))

    def _titles(self) -> Mapping[str, str]:
        return {manifest.slug: manifest.title for manifest in self.services.accounts.supported()}

    async def _slug(self, interaction: Ix, given: str) -> str:
        for manifest in await self.services.accounts.available(member(interaction)):
            if given.strip().casefold() in {manifest.slug, manifest.title.casefold()}:
                return manifest.slug
        raise InvalidValue(texts.UNKNOWN_BROKER.format(given=given[:40]))


async def setup(bot: ServiceBot) -> None:
    """Add the cog and its buttons."""
    bot.add_dynamic_items(RemoveButton)
    await bot.add_cog(Brokers(bot))
