"""Let members set their own limits."""

from discord import app_commands

from cogs.base import Ix, ServiceBot, ServiceCog

LIMITS_FLOW = "risk_profile"


class Limits(ServiceCog):
    """Start the wizard for limits."""

    @app_commands.command(description="See and change your own limits: money, open trades, age of signals")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def limits(self, interaction: Ix) -> None:
        """Show the limits that hold, with a way to change them."""
        await self.services.wizard.start(interaction, LIMITS_FLOW, {})


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Limits(bot))
