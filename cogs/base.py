"""Name what every cog is given: the verbs, the wizard and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import discord
from discord.ext import commands

from domain.ids import GuildId, UserId
from domain.ports import Clock
from trading.accounts import AccountService
from trading.care import AccountCare
from trading.gate import Gate
from trading.service import TradingService
from trading.tokens import TokenService


class Wizard(Protocol):
    """Ask a person for things in a DM, step by step."""

    async def start(
        self, interaction: discord.Interaction[Any], flow: str, initial: Mapping[str, str]
    ) -> None:
        """Begin a flow and answer the interaction. ``initial`` holds what is known already, no secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Hold all that cogs may call; ``bot/compose`` fills it."""

    trading: TradingService
    accounts: AccountService
    care: AccountCare
    tokens: TokenService
    gate: Gate
    wizard: Wizard
    clock: Clock
    scrub: Callable[[str], str] = str
    """Masks secrets in what others said, such as a broker that repeats what it was sent."""


class ServiceBot(commands.AutoShardedBot):
    """Be discord.py's bot with the verbs attached before the first cog is loaded."""

    services: Services


Ix = discord.Interaction[ServiceBot]
"""An interaction as every command receives it."""


class ServiceCog(commands.Cog):
    """Be a cog that reaches the verbs."""

    def __init__(self, bot: ServiceBot) -> None:
        self.bot = bot

    @property
    def services(self) -> Services:
        """Give the verbs."""
        return self.bot.services


def member(interaction: discord.Interaction[Any]) -> UserId:
    """Give who asks."""
    return UserId(str(interaction.user.id))


def server(interaction: discord.Interaction[Any]) -> GuildId | None:
    """Give the server it is asked in, or None in a DM."""
    return None if interaction.guild_id is None else GuildId(str(interaction.guild_id))
