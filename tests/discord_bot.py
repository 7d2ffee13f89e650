"""Run ordinary discord.py bots against the local Discord, in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import discord
import yarl
from discord.ext import commands

from sim.discord import DiscordSim


class PlainBot(commands.AutoShardedBot):
    """Be a bot as anybody would write it; it learns its gateway from GET /gateway/bot."""

    def __init__(self, *, sync: bool = True, **options: object) -> None:
        settings = {
            "intents": discord.Intents.all(),
            "guild_ready_timeout": 0.0,
            "chunk_guilds_at_startup": False,
        }
        super().__init__("!", help_command=None, **(settings | options))
        self._sync = sync
        self.heard: list[tuple[str, object]] = []

    async def setup_hook(self) -> None:
        _, url, _ = await self.http.get_bot_gateway()
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        if self._sync:
            await self.tree.sync()


@contextlib.asynccontextmanager
async def running(
    sim: DiscordSim, token: str, prepare: Callable[[PlainBot], None] | None = None, **options: object
) -> AsyncIterator[PlainBot]:
    """Start a bot, wait until it is ready, and close it afterwards."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = f"{sim.url}/v10"
    bot = PlainBot(**options)
    if prepare is not None:
        prepare(bot)
    task = asyncio.create_task(bot.start(token))
    try:
        await _ready(bot, task)
        yield bot
    finally:
        await bot.close()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await task
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


async def _ready(bot: PlainBot, task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(10):
        while not bot.is_ready():
            if task.done():
                task.result()
            await asyncio.sleep(0.002)
