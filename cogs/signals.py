"""Hear messages, edits and deletes in servers, and hand them to the verbs as plain values."""

import logging
from datetime import timedelta

import discord
from discord.ext import commands

from cogs.base import ServiceBot, ServiceCog
from domain.ids import AuthorId, ChannelId, GuildId, MessageId
from domain.signals import RawMessage

READ = frozenset({discord.MessageType.default, discord.MessageType.reply})
LOOK_BACK = timedelta(minutes=5)
"""How far back missed messages are read: an exit is worth following that long."""
LOOK_BACK_MESSAGES = 200
log = logging.getLogger(__name__)


class Signals(ServiceCog):
    """Listen. Nothing a message holds may make a listener fail."""

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Read what was posted while nobody listened: after a start, and after a session Discord dropped.

        Intake takes each message once and refuses entries that are too old, so reading too much is harmless.
        """
        for source in await self.services.trading.all_sources():
            try:
                await self._catch_up(int(source.channel))
            except discord.HTTPException as error:
                log.warning("channel %s could not be read back: %s", source.channel, error.status)
            except Exception:
                log.exception("channel %s could not be read back", source.channel)

    async def _catch_up(self, key: int) -> None:
        channel = self.bot.get_channel(key)
        if not isinstance(channel, discord.abc.Messageable):
            return
        since = self.services.clock.now() - LOOK_BACK
        async for message in channel.history(after=since, oldest_first=True, limit=LOOK_BACK_MESSAGES):
            raw = self._read(message)
            if raw is not None:
                await self.services.trading.on_message(raw)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Take a posted message."""
        try:
            raw = self._read(message)
            if raw is not None:
                await self.services.trading.on_message(raw)
        except Exception:
            log.exception("message %s could not be taken", message.id)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take an edit. An update that only unfurls a link carries no edit time of its own.

        Such an update of a message that was edited before repeats that edit's time, so it is the same
        revision, which intake takes once.
        """
        try:
            message = payload.message
            if message.edited_at is None or "content" not in payload.data:
                return
            raw = self._read(message, revision=_milliseconds(message))
            if raw is not None:
                await self.services.trading.on_edit(raw)
        except Exception:
            log.exception("edit of message %s could not be taken", payload.message_id)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take a delete."""
        await self._gone(payload.guild_id, payload.channel_id, payload.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take a moderator's clean-up: a delete of each message."""
        for message in sorted(payload.message_ids):
            await self._gone(payload.guild_id, payload.channel_id, message)

    async def _gone(self, guild: int | None, channel: int, message: int) -> None:
        if guild is None:
            return
        try:
            await self.services.trading.on_delete(
                GuildId(str(guild)), ChannelId(str(channel)), MessageId(str(message))
            )
        except Exception:
            log.exception("delete of message %s could not be taken", message)

    def _read(self, message: discord.Message, revision: int = 0) -> RawMessage | None:
        own = self.bot.user is not None and message.author.id == self.bot.user.id
        if message.guild is None or own or message.type not in READ or _forwarded(message):
            return None
        return raw_message(message, message.guild.id, revision)


def raw_message(message: discord.Message, guild: int, revision: int = 0) -> RawMessage:
    """Make a plain value of a message; its time is the snowflake's."""
    reference = message.reference if message.type is discord.MessageType.reply else None
    replied = reference.message_id if reference is not None else None
    return RawMessage(
        guild=GuildId(str(guild)),
        channel=ChannelId(str(message.channel.id)),
        message=MessageId(str(message.id)),
        author=AuthorId(str(message.author.id)),
        content=message.content,
        posted_at=discord.utils.snowflake_time(message.id),
        revision=revision,
        embeds=tuple(dict(embed.to_dict()) for embed in message.embeds),
        webhook=str(message.webhook_id) if message.webhook_id is not None else None,
        reply_to=MessageId(str(replied)) if replied is not None else None,
        author_is_bot=message.author.bot,
    )


def _forwarded(message: discord.Message) -> bool:
    """Tell a forwarded message: somebody else's words, shown here by the one who forwards."""
    reference = message.reference
    forward = discord.MessageReferenceType.forward
    return bool(message.message_snapshots) or (reference is not None and reference.type is forward)


def _milliseconds(message: discord.Message) -> int:
    edited = message.edited_at
    assert edited is not None
    return int(edited.timestamp()) * 1000 + edited.microsecond // 1000


async def setup(bot: ServiceBot) -> None:
    """Add the cog."""
    await bot.add_cog(Signals(bot))
