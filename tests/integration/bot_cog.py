"""Be a cog whose commands go wrong in every way a cog can."""

import discord
from discord import app_commands
from discord.ext import commands

from domain.errors import InvalidValue, StoreUnavailable


class Old(discord.ui.View):
    """Be a panel that a later version no longer knows."""

    @discord.ui.button(label="Press", custom_id="old:press")
    async def press(self, interaction, button):
        raise AssertionError("nobody listens any more")


class Wrong(commands.Cog):
    def __init__(self, bot) -> None:
        self.bot = bot

    @app_commands.command(description="Raise what nobody foresaw")
    async def bug(self, interaction: discord.Interaction) -> None:
        raise KeyError("canary-in-the-error")

    @app_commands.command(description="Raise a sentence for the person")
    async def refuse(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        raise InvalidValue("the size must be above zero")

    @app_commands.command(description="Raise after the answer")
    async def late(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("all good", ephemeral=True)
        raise RuntimeError("canary-too-late")

    @app_commands.command(description="Raise while the database is away")
    async def down(self, interaction: discord.Interaction) -> None:
        raise StoreUnavailable("canary mongodb://host")

    @app_commands.command(description="Show an old panel")
    async def panel(self, interaction: discord.Interaction) -> None:
        view = Old(timeout=None)
        await interaction.response.send_message("panel", view=view, ephemeral=True)
        view.stop()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.content == "break the listener":
            raise ZeroDivisionError("canary-listener")
        self.bot.heard.append(message.content)


async def setup(bot) -> None:
    bot.heard = []
    await bot.add_cog(Wrong(bot))
