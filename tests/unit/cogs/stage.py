"""Put the real bot with every cog on the local Discord, with recording verbs behind it."""

import asyncio
import contextlib
from dataclasses import dataclass

import discord

from bot.client import BotOptions, TradeBot
from bot.endpoint import point_rest
from bot.roles import RoleCache
from bot.skus import SkuCache
from cogs.base import Services
from domain.clock import SystemClock
from sim.discord import DiscordSim
from tests.openapi import violations
from tests.unit.cogs.fakes import FakeAccounts, FakeCare, FakeGate, FakeTokens, FakeTrading, FakeWizard


async def _no_products(user):
    return None


async def _no_roles(guild, user):
    return frozenset()


@dataclass
class Stage:
    """Hold the people, the places and what was asked of the verbs."""

    sim: DiscordSim
    app: object
    guild: object
    channel: object
    signals: object
    owner: object
    ana: object
    trading: FakeTrading
    accounts: FakeAccounts
    care: FakeCare
    tokens: FakeTokens
    wizard: FakeWizard
    bot: TradeBot = None

    async def run(self, user, path, /, where=None, **options):
        """Run a slash command and give what its person sees; everything is private."""
        options = {key.replace("_", "-"): value for key, value in options.items()}
        asked = await self.sim.slash(user, where or self.channel, path, **options)
        reply = await asked.wait()
        assert reply.ephemeral, path
        return reply

    async def offers(self, user, path, focused, typed="", where=None, **options):
        """Type into an option and give the choices as {value: name}."""
        options = {key.replace("_", "-"): value for key, value in options.items()} | {focused: typed}
        found = await self.sim.autocomplete(user, where or self.channel, path, focused=focused, **options)
        assert len(found) <= 25
        return {choice["value"]: choice["name"] for choice in found}

    async def press(self, user, message, label):
        """Press a button."""
        return await self.sim.click(user, message, label)


@contextlib.asynccontextmanager
async def on_stage(directory):
    """Start everything; afterwards every request the bot made must be one that Discord describes."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    async with DiscordSim() as sim:
        stage = _set(sim)
        point_rest(sim.url)
        clock = SystemClock()
        services = Services(
            trading=stage.trading,
            accounts=stage.accounts,
            care=stage.care,
            tokens=stage.tokens,
            gate=FakeGate(),
            wizard=stage.wizard,
            clock=clock,
        )
        options = BotOptions(data_dir=directory, api_url=sim.url)
        roles, skus = RoleCache(_no_roles, clock), SkuCache(_no_products, clock)
        bot = stage.bot = TradeBot(services, roles, skus, clock, options)
        running = asyncio.create_task(bot.start(stage.app.token))
        try:
            await sim.ready(stage.app)
            yield stage
        finally:
            await bot.close()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
        wrong = [v for request in sim.requests for v in violations(request)]
        wrong += [request.violation for request in sim.violations]
        assert not wrong, "\n".join(wrong)


def _set(sim):
    app = sim.add_application()
    owner, ana = sim.add_user("olga"), sim.add_user("ana")
    guild = sim.add_guild("Traders", owner=owner)
    sim.join(guild, ana)
    accounts = FakeAccounts()
    return Stage(
        sim=sim,
        app=app,
        guild=guild,
        channel=sim.add_channel(guild, "chat"),
        signals=sim.add_channel(guild, "signals"),
        owner=owner,
        ana=ana,
        trading=FakeTrading(),
        accounts=accounts,
        care=FakeCare(accounts),
        tokens=FakeTokens(),
        wizard=FakeWizard(),
    )
