"""Let a server's owner say which channels and authors are signals."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs import choices, numbers, replies, texts
from cogs.base import Ix, ServiceBot, ServiceCog, member
from cogs.guards import in_server, owned_server
from cogs.kit import Tone
from cogs.panels.lists import authors, sources_panel
from cogs.wording import channel as mention
from domain.errors import InvalidValue
from domain.ids import ChannelId

SOURCE_FLOW = "source"
AnyChannel = app_commands.AppCommandChannel | app_commands.AppCommandThread


class Readable(app_commands.Transformer):
    """Offer channels and threads that hold messages; what Discord sends is taken as it is.

    The channel is not looked up, so that one the bot cannot see can be chosen and warned about.
    """

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Ask for a channel."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """List the kinds that Discord offers."""
        kind = discord.ChannelType
        return [kind.text, kind.news, kind.voice, kind.public_thread, kind.private_thread, kind.news_thread]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> AnyChannel:
        """Give the channel."""
        channel: AnyChannel = value
        return channel


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Channels(ServiceCog, commands.GroupCog, group_name="channel", group_description="Signal sources here"):
    """Keep a server's signal sources."""

    @app_commands.command(description="Read the signals of an author in a channel")
    @app_commands.describe(
        channel="The channel in which signals are posted",
        author="Whose messages are signals: a member or a bot",
        webhook="The id of a webhook that posts signals, if one does",
    )
    async def add(
        self,
        interaction: Ix,
        channel: app_commands.Transform[AnyChannel, Readable],
        author: discord.User | None = None,
        webhook: str | None = None,
    ) -> None:
        """Make a channel a source, or add an author to one."""
        guild = owned_server(interaction)
        if author is None and webhook is None:
            raise InvalidValue(texts.CHANNEL_NEEDS_AUTHOR)
        hook = numbers.snowflake(webhook) if webhook is not None else None
        await replies.thinking(interaction)
        source = await self.services.trading.add_source(
            guild,
            ChannelId(str(channel.id)),
            authors=[str(author.id)] if author is not None else [],
            webhooks=[hook] if hook is not None else [],
            by=member(interaction),
        )
        said = texts.CHANNEL_ADDED.format(channel=mention(source.channel), authors=authors(source))
        if blind(interaction, channel.id):
            warning = texts.CHANNEL_BLIND.format(channel=mention(source.channel))
            await replies.say(interaction, f"{said}\n\n{warning}", Tone.WAITING)
            return
        await replies.say(interaction, said)

    @app_commands.command(description="Choose a channel and whose messages there are signals, step by step")
    async def setup(self, interaction: Ix) -> None:
        """Start the wizard for a source, right here: it picks from this server's channels."""
        await self.services.wizard.start(interaction, SOURCE_FLOW, {"guild": owned_server(interaction)})

    @app_commands.command(description="Stop reading a channel; open trades keep their stops")
    @app_commands.describe(channel="The signal source to remove")
    @app_commands.autocomplete(channel=choices.sources)
    async def remove(self, interaction: Ix, channel: str) -> None:
        """Stop reading a channel."""
        guild = owned_server(interaction)
        source = await choices.find_source(interaction, channel)
        await self.services.trading.remove_source(guild, source.channel)
        await replies.say(interaction, texts.CHANNEL_REMOVED.format(channel=mention(source.channel)))

    @app_commands.command(name="list", description="Show which channels and authors are signal sources here")
    async def show(self, interaction: Ix) -> None:
        """List the server's sources; anybody may look."""
        await replies.show(
            interaction, sources_panel(await self.services.trading.sources(in_server(interaction)))
        )


def blind(interaction: Ix, channel: int) -> bool:
    """Tell whether the bot surely cannot read a channel; False when it cannot know."""
    guild = interaction.guild
    if guild is None or guild.me is None:
        return False
    known = guild.get_channel_or_thread(channel)
    return known is None or not known.permissions_for(guild.me).view_channel


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Channels(bot))
