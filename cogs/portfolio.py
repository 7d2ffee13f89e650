"""Show members what they hold and what it is worth."""

from discord import app_commands

from cogs import replies
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.panels.accounts import balances_panel, positions_panel

_WHERE = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)


class Portfolio(ServiceCog):
    """Read accounts at the brokers."""

    @app_commands.command(description="Show what you hold in every linked account")
    @_WHERE
    async def positions(self, interaction: Ix) -> None:
        """List positions."""
        await replies.thinking(interaction)
        await replies.show(
            interaction, positions_panel(await self.services.trading.positions(member(interaction)))
        )

    @app_commands.command(description="Show the money in every linked account")
    @_WHERE
    async def balance(self, interaction: Ix) -> None:
        """List balances."""
        await replies.thinking(interaction)
        await replies.show(
            interaction, balances_panel(await self.services.trading.balances(member(interaction)))
        )


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Portfolio(bot))
