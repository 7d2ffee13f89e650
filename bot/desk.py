"""Send and edit direct messages, and say plainly how that went."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import discord

from domain.ids import UserId

WITHIN = 15.0
"""Seconds for one request; discord.py's own default is five minutes."""
_CLOSED = 50007
_UNKNOWN_MESSAGE = 10008
_UNKNOWN_CHANNEL = 10003
_AWAY = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)
"""What a request raises when Discord or the way there fails; RuntimeError: our session was just closed."""


class DmClosed(Exception):
    """Report that the member takes no direct messages from us."""


class MessageGone(Exception):
    """Report that the message to edit was deleted."""


class NotNow(Exception):
    """Report that Discord could not be asked; trying later is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Point at one message."""

    channel: str
    message: str


class Desk(Protocol):
    """Be where direct messages go out. Raises DmClosed, MessageGone or NotNow."""

    async def send(self, user: UserId, view: discord.ui.LayoutView, nonce: str) -> Place:
        """Send a panel; ``nonce`` (≤ 25 characters) keeps a repeat within minutes from being a second one."""

    async def edit(self, place: Place, view: discord.ui.LayoutView) -> None:
        """Show a panel in place of what is there."""


class Connected(Protocol):
    """Give the connected bot."""

    async def wait_up(self) -> None:
        """Wait for the first session of this process."""

    @property
    def usable(self) -> Any:
        """Give the bot while it is logged in, or None."""


class LiveDesk:
    """Be the desk of the connected bot."""

    def __init__(self, connection: Connected) -> None:
        self._connection = connection

    async def send(self, user: UserId, view: discord.ui.LayoutView, nonce: str) -> Place:
        """Send a panel."""
        bot = await self._bot()
        try:
            async with asyncio.timeout(WITHIN):
                channel = await bot.create_dm(discord.Object(int(user)))
                message = await channel.send(view=view, nonce=nonce)
        except Exception as error:
            raise _meaning(error) from error
        return Place(channel=str(channel.id), message=str(message.id))

    async def edit(self, place: Place, view: discord.ui.LayoutView) -> None:
        """Edit a panel."""
        bot = await self._bot()
        channel = bot.get_partial_messageable(int(place.channel), type=discord.ChannelType.private)
        try:
            async with asyncio.timeout(WITHIN):
                await channel.get_partial_message(int(place.message)).edit(view=view)
        except Exception as error:
            raise _meaning(error) from error

    async def _bot(self) -> Any:
        await self._connection.wait_up()
        bot = self._connection.usable
        if bot is None:
            raise NotNow
        return bot


def _meaning(error: Exception) -> Exception:
    if isinstance(error, discord.Forbidden):
        return DmClosed()
    if isinstance(error, discord.NotFound) and error.code in {_UNKNOWN_MESSAGE, _UNKNOWN_CHANNEL}:
        return MessageGone()
    if isinstance(error, discord.HTTPException) and 400 <= error.status < 500 and error.status != 429:
        return error  # our panel is wrong: repeating it would be refused again
    if isinstance(error, _AWAY):
        return NotNow()
    return error


async def fetch_roles(connection: Connected, guild: str, user: str) -> frozenset[str] | None:
    """Ask Discord for a member's role ids: empty when not a member, None when nobody knows right now."""
    bot = connection.usable
    if bot is None:
        return None
    try:
        async with asyncio.timeout(5.0):
            member = await bot.http.get_member(int(guild), int(user))
    except (discord.NotFound, discord.Forbidden):
        return frozenset()
    except _AWAY:
        return None
    return frozenset(str(role) for role in member["roles"])
