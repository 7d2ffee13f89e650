"""Be the bot on Discord: no member cache, privileged intents only where needed, one error handler."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot import answers
from bot.commandsync import sync_commands
from bot.endpoint import point_gateway
from bot.extensions import EXTENSIONS
from bot.parsers import guard
from bot.roles import RoleCache
from bot.skus import SkuCache, owned_now
from cogs.base import ServiceBot, Services
from domain.ports import Clock

log = structlog.get_logger(__name__)
HEARTBEAT_TIMEOUT = 30.0
GUILD_READY = 0.5
"""Seconds without another GUILD_CREATE after which the bot counts as ready; events flow earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotOptions:
    """Say how to be on Discord."""

    data_dir: Path
    api_url: str
    guild_ids: tuple[str, ...] = ()
    members_intent: bool = False
    extensions: tuple[str, ...] = EXTENSIONS


class Tree(app_commands.CommandTree[Any]):
    """Be the command tree whose errors all end in one place."""

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """Answer the person."""
        await answers.failed(interaction, error)


def intents_for(options: BotOptions) -> discord.Intents:
    """Ask for guilds, messages in them and their content; members only where the operator opted in."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.message_content = True
    intents.members = options.members_intent
    return intents


class TradeBot(ServiceBot):
    """Be one connection's worth of bot: a fresh one is made for every attempt."""

    def __init__(
        self,
        services: Services,
        roles: RoleCache,
        skus: SkuCache,
        clock: Clock,
        options: BotOptions,
        attach: Sequence[Callable[["TradeBot"], None]] = (),
        on_typed: Callable[[str, str], None] = lambda _, __: None,
    ) -> None:
        """Connect nothing yet.

        ``services`` are what cogs call; ``roles`` and ``skus`` learn from interactions; ``attach`` runs in
        ``setup_hook``, for views that outlive one connection; ``on_typed`` hears of each field of a form
        (its id, what was typed) first of all.
        """
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # no voice here, on purpose
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=intents_for(options),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            guild_ready_timeout=GUILD_READY,
        )
        self.services = services
        self._roles = roles
        self._skus = skus
        self._clock = clock
        self._options = options
        self._attach = attach
        self._up: set[int] = set()
        self.on_up: Callable[[], None] = lambda: None
        guard(self, self._on_member, on_typed)

    @property
    def gateway_up(self) -> bool:
        """Tell whether every shard has a session now."""
        return bool(self.shard_count) and len(self._up) == self.shard_count

    async def setup_hook(self) -> None:
        """Load the cogs and register what changed, before the first event."""
        for attach in self._attach:
            attach(self)
        for extension in self._options.extensions:
            await self.load_extension(extension)
        await sync_commands(
            self.tree,
            memory=self._options.data_dir / "commands.sha256",
            guilds=self._options.guild_ids,
            server=self._options.api_url,
        )

    async def launch_shards(self) -> None:
        """Take gateway and shard count from ``GET /gateway/bot``, and wait out a spent login quota."""
        count, url, limit = await self.http.get_bot_gateway()
        if limit["remaining"] <= 0:
            wait = limit["reset_after"] / 1000
            log.warning("today's logins are used up; waiting", seconds=round(wait))
            await self._clock.sleep(wait)
        self.shard_count = count
        point_gateway(url)
        await super().launch_shards()

    async def disconnect_gateway(self) -> None:
        """Take no more events (close 1000), keeping REST for last words."""
        for shard in self.shards.values():
            await shard.disconnect()

    async def on_message(self, message: discord.Message) -> None:
        """Do nothing: cogs listen for themselves, and there are no prefix commands."""

    async def on_shard_connect(self, shard_id: int) -> None:
        """Note a fresh session."""
        self._note_up(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Note a session taken up again."""
        self._note_up(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Note a lost session."""
        self._up.discard(shard_id)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Learn the roles it carries, and see that a component gets an answer in time."""
        if isinstance(interaction.user, discord.Member) and interaction.guild_id is not None:
            roles = frozenset(str(role) for role in interaction.user._roles)  # ids; no role objects needed
            self._roles.observe(str(interaction.guild_id), str(interaction.user.id), roles)
        self._skus.observe(str(interaction.user.id), owned_now(interaction.entitlements, self._clock.now()))
        if interaction.type in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            await self._clock.sleep(answers.FALLBACK_AFTER)
            await answers.unanswered(interaction)

    async def on_entitlement_create(self, entitlement: discord.Entitlement) -> None:
        """Note that something was bought."""
        self._skus.forget(str(entitlement.user_id))

    async def on_entitlement_update(self, entitlement: discord.Entitlement) -> None:
        """Note that something was renewed, or will end."""
        self._skus.forget(str(entitlement.user_id))

    async def on_entitlement_delete(self, entitlement: discord.Entitlement) -> None:
        """Note that something was refunded."""
        self._skus.forget(str(entitlement.user_id))

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Write down what a listener raised, without the payload it was given."""
        log.error("listener failed", listener=event_method, exc_info=sys.exc_info())

    async def on_command_error(self, context: Any, exception: Exception, /) -> None:
        """Write down what cannot happen: there are no prefix commands."""
        log.warning("prefix command failed", error=type(exception).__name__)

    def _note_up(self, shard_id: int) -> None:
        self._up.add(shard_id)
        if self.gateway_up:
            self.on_up()

    def _on_member(self, guild: str, user: str, roles: frozenset[str] | None) -> None:
        self._roles.observe(guild, user, roles or frozenset())
