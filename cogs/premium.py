"""Let a server's owner say which roles give a membership, and everybody see what theirs allows."""

from collections.abc import Mapping
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from cogs import replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.guards import in_server, owned_server
from cogs.kit import Tone
from cogs.panels.tiers import check_panel, tiers_panel
from domain.errors import InvalidValue
from domain.tiers import Tier

PREMIUM_FLOW = "premium"
Named = Literal["basic", "pro", "premium"]


@app_commands.guild_only()
class Premium(ServiceCog, commands.GroupCog, group_name="premium", group_description="Memberships here"):
    """Keep a server's memberships."""

    @app_commands.command(description="For the owner: show, add or remove the roles that give a membership")
    @app_commands.describe(
        add="A role that gives the membership from now on",
        remove="A role that gives it no longer",
        tier="Which membership; premium if left out",
    )
    async def roles(
        self,
        interaction: Ix,
        add: discord.Role | None = None,
        remove: discord.Role | None = None,
        tier: Named = "premium",
    ) -> None:
        """Show the roles of a membership, after the change that was asked for."""
        guild, level = owned_server(interaction), Tier(tier)
        if add is not None and str(add.id) == guild:
            raise InvalidValue(texts.PREMIUM_EVERYONE)
        roles = list((await self.services.trading.guild_settings(guild)).roles_of(level))
        if remove is not None and str(remove.id) not in roles:
            gone = texts.PREMIUM_NOT_ONE.format(role=remove.mention, tier=tier)
            await replies.say(interaction, gone, Tone.QUIET)
            return
        wanted = [role for role in roles if remove is None or role != str(remove.id)]
        if add is not None and str(add.id) not in wanted:
            wanted.append(str(add.id))
        if wanted != roles:
            await self.services.trading.give_tier(guild, level, wanted)
        if not wanted:
            await replies.say(interaction, texts.PREMIUM_NONE.format(tier=tier), Tone.WAITING)
            return
        named = ", ".join(f"<@&{role}>" for role in wanted)
        await replies.say(interaction, texts.PREMIUM_ROLES.format(tier=tier, roles=named))

    @app_commands.command(description="For the owner: choose the roles of every membership in one form")
    async def setup(self, interaction: Ix) -> None:
        """Start the wizard for memberships, right here: it picks from this server's roles."""
        await self.services.wizard.start(interaction, PREMIUM_FLOW, {"guild": owned_server(interaction)})

    @app_commands.command(description="What each membership allows, and which roles give it")
    async def tiers(self, interaction: Ix) -> None:
        """Show the table."""
        settings = await self.services.trading.guild_settings(in_server(interaction))
        given: Mapping[Tier, tuple[str, ...]] = {tier: settings.roles_of(tier) for tier in Tier}
        await replies.show(interaction, tiers_panel(self.services.gate.tiers, given))

    @app_commands.command(description="What your membership is here, and what it lets you do")
    async def check(self, interaction: Ix) -> None:
        """Show the member's own standing; an owner sees yesterday's and today's counts below."""
        guild = in_server(interaction)
        await replies.thinking(interaction)
        report = await self.services.gate.report(member(interaction), guild)
        counts: Mapping[str, int] = {}
        if interaction.permissions.manage_guild or interaction.permissions.administrator:
            counts = await self.services.gate.counts(self.services.clock.now().date().isoformat(), guild)
        titles = self.services.accounts.titles()
        await replies.show(interaction, check_panel(report, titles, counts, self.services.gate.products))


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Premium(bot))
