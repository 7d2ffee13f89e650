"""Products are sold in the local Discord as in the real one: bought, carried, listed, ended and refunded."""

from datetime import timedelta

import discord
import pytest

from bot.skus import owned_now
from domain.clock import SystemClock
from sim.discord import DiscordSim
from tests.discord_bodies import a_member
from tests.discord_bot import running
from tests.support import eventually

NOW = SystemClock().now


@pytest.fixture
async def sim():
    async with DiscordSim() as place:
        yield place


def listening(bot):
    for event in ("create", "update", "delete"):

        async def heard(entitlement, event=event):
            bot.heard.append((event, entitlement))

        bot.add_listener(heard, f"on_entitlement_{event}")

    @bot.tree.command(name="mine", description="What I own")
    async def mine(interaction: discord.Interaction) -> None:
        owned = owned_now(interaction.entitlements, NOW())
        await interaction.response.send_message(f"owned: {sorted(owned)}", ephemeral=True)


async def listed(bot, user):
    found = [e async for e in bot.entitlements(user=discord.Object(user.id), exclude_ended=True)]
    return owned_now(found, NOW())


async def test_a_subscription_is_bought_carried_listed_ended_and_refunded(sim):
    app = sim.add_application()
    _, user, channel = a_member(sim)
    other = sim.add_user("other")
    gold, silver = sim.shop.offer(app, "Gold"), sim.shop.offer(app, "Silver")
    async with running(sim, app.token, listening) as bot:
        assert {sku.name for sku in await bot.fetch_skus()} == {"Gold", "Silver"}
        assert (await (await sim.slash(user, channel, "mine")).wait()).text == "owned: []"

        owned = sim.shop.grant(user, gold)
        await eventually(lambda: [kind for kind, _ in bot.heard] == ["create"])
        assert (await (await sim.slash(user, channel, "mine")).wait()).text == f"owned: ['{gold}']"
        assert await listed(bot, user) == {str(gold)}
        assert await listed(bot, other) == frozenset()

        sim.shop.end(owned, NOW() + timedelta(days=3))
        await eventually(lambda: bot.heard[-1][0] == "update")
        assert await listed(bot, user) == {str(gold)}, "it runs until its end"
        sim.shop.end(owned)
        assert await listed(bot, user) == frozenset()
        assert (await (await sim.slash(user, channel, "mine")).wait()).text == "owned: []"

        again = sim.shop.grant(user, silver)
        assert await listed(bot, user) == {str(silver)}
        sim.shop.refund(again)
        await eventually(lambda: bot.heard[-1][0] == "delete")
        assert await listed(bot, user) == frozenset()
