"""Give members a token for their own programs, and take it back."""

from discord import app_commands
from discord.ext import commands

from cogs import replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.kit import Tone


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
class ApiTokens(
    ServiceCog, commands.GroupCog, group_name="api", group_description="Access for your programs"
):
    """Keep personal tokens."""

    @app_commands.command(description="Make a personal token that reads your trades; shown once")
    async def token(self, interaction: Ix) -> None:
        """Issue a token."""
        plain, token = await self.services.tokens.issue(member(interaction))
        until = int(token.expires_at.timestamp())
        await replies.say(interaction, texts.SHOWN_ONCE.format(token=plain, until=until))

    @app_commands.command(description="Withdraw all your personal tokens")
    async def revoke(self, interaction: Ix) -> None:
        """Revoke every token of the member."""
        count = await self.services.tokens.revoke_all(member(interaction))
        if count:
            await replies.say(interaction, texts.REVOKED.format(count=count))
        else:
            await replies.say(interaction, texts.REVOKED_NONE, Tone.QUIET)


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(ApiTokens(bot))
