"""Let a server's owner say which roles are premium."""

import discord
from discord import app_commands
from discord.ext import commands

from cogs import replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog
from cogs.guards import owned_server
from cogs.kit import Tone
from domain.errors import InvalidValue


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Premium(ServiceCog, commands.GroupCog, group_name="premium", group_description="Premium roles here"):
    """Keep a server's premium roles."""

    @app_commands.command(description="Show, add or remove the roles that may trade live")
    @app_commands.describe(add="A role that becomes premium", remove="A role that is premium no longer")
    async def roles(
        self, interaction: Ix, add: discord.Role | None = None, remove: discord.Role | None = None
    ) -> None:
        """Show the premium roles, after the change that was asked for."""
        guild = owned_server(interaction)
        if add is not None and str(add.id) == guild:
            raise InvalidValue(texts.PREMIUM_EVERYONE)
        roles = list((await self.services.trading.guild_settings(guild)).premium_roles)
        if remove is not None and str(remove.id) not in roles:
            await replies.say(interaction, texts.PREMIUM_NOT_ONE.format(role=remove.mention), Tone.QUIET)
            return
        wanted = [role for role in roles if remove is None or role != str(remove.id)]
        if add is not None and str(add.id) not in wanted:
            wanted.append(str(add.id))
        if wanted != roles:
            await self.services.trading.set_premium_roles(guild, wanted)
        if not wanted:
            await replies.say(interaction, texts.PREMIUM_NONE, Tone.WAITING)
            return
        named = ", ".join(f"<@&{role}>" for role in wanted)
        await replies.say(interaction, texts.PREMIUM_ROLES.format(roles=named))


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Premium(bot))
