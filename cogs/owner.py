"""Give a server's owner the kill switch of the server."""

from discord import app_commands

from cogs import replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.guards import owned_server
from cogs.kit import Tone
from cogs.wording import escape
from domain.accounts import SwitchMode

_MODES = [app_commands.Choice(name=text[:100], value=mode.value) for mode, text in texts.HALT_CHOICE.items()]


class Owner(ServiceCog):
    """Stop and resume the entries of a whole server."""

    @app_commands.command(description="Stop new positions for everybody in this server; exits still work")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(reason="Why; members are told", mode="What to stop; all entries if left out")
    @app_commands.choices(mode=_MODES)
    async def halt(
        self,
        interaction: Ix,
        reason: app_commands.Range[str, 1, 200] | None = None,
        mode: app_commands.Choice[str] | None = None,
    ) -> None:
        """Raise the server's kill switch."""
        guild = owned_server(interaction)
        await replies.thinking(interaction)
        chosen = SwitchMode(mode.value) if mode is not None else SwitchMode.HALT
        switch = await self.services.trading.halt(
            f"guild:{guild}", chosen, reason=reason or texts.HALT_REASON, by=member(interaction)
        )
        said = texts.HALTED.format(mode=texts.HALT_MODE[switch.mode], reason=escape(switch.reason, 200))
        await replies.say(interaction, said, Tone.PROBLEM)

    @app_commands.command(description="Allow new positions in this server again")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def resume(self, interaction: Ix) -> None:
        """Lower the server's kill switch."""
        guild = owned_server(interaction)
        await replies.thinking(interaction)
        lifted = await self.services.trading.lift(f"guild:{guild}", by=member(interaction))
        said = texts.RESUMED if lifted else texts.NOT_HALTED
        wide = next((s for s in await self.services.trading.switches() if s.id == "global"), None)
        if wide is None:
            await replies.say(interaction, said, Tone.GOOD if lifted else Tone.QUIET)
            return
        still = texts.STILL_HALTED.format(reason=escape(wide.reason, 200))
        await replies.say(interaction, f"{said}\n{still}", Tone.WAITING)


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Owner(bot))
