"""Commands as a person meets them: offered, completed, refused, exactly as the bot registered them."""

import discord
import pytest
from discord import app_commands

from sim.discord import DiscordSim
from tests import openapi
from tests.discord_bodies import a_member, command, option
from tests.discord_bot import running
from tests.discord_raw import RawBot


def a_tree(bot):
    size = app_commands.Range[int, 1, 100]

    @bot.tree.command(name="buy", description="Buy")
    @app_commands.choices(side=[app_commands.Choice(name="Long", value="long")])
    async def buy(
        interaction,
        symbol: app_commands.Range[str, 1, 5],
        side: str,
        quantity: size = 1,
        market: bool = False,
    ):
        await interaction.response.send_message(f"{symbol} {side} {quantity} {market}")

    @buy.autocomplete("symbol")
    async def symbols(interaction, current):
        found = [name for name in ("AAPL", "AMD", "TSLA") if name.startswith(current)]
        return [app_commands.Choice(name=f"{name} stock", value=name) for name in found]

    a_group(bot)
    menus(bot)


def a_group(bot):
    admin = app_commands.Group(
        name="channel",
        description="Channels",
        default_permissions=discord.Permissions(administrator=True),
        guild_only=True,
    )

    @admin.command(name="add", description="Add")
    async def add(
        interaction, where: discord.TextChannel, author: discord.User, role: discord.Role, rate: float
    ):
        await interaction.response.send_message(
            f"{where.name} {author.name} {role.name} {rate}", ephemeral=True
        )

    bot.tree.add_command(admin)


def menus(bot):
    @bot.tree.context_menu(name="Why?")
    async def why(interaction, message: discord.Message):
        await interaction.response.send_message(f"because {message.content}", ephemeral=True)

    @bot.tree.context_menu(name="Who?")
    async def who(interaction, member: discord.Member):
        await interaction.response.send_message(f"{member.name} {len(member.roles)}", ephemeral=True)


@pytest.fixture
async def people():
    """Give a server with a bot on real time: discord.py has its own clock."""
    async with DiscordSim() as sim:
        app = sim.add_application()
        guild, user, channel = a_member(sim)
        async with running(sim, app.token, a_tree):
            yield sim, guild, user, channel
        assert sim.violations == []
        assert [bad for request in sim.requests for bad in openapi.violations(request)] == []
        assert [bad for request in sim.requests for bad in openapi.answer_violations(request)] == []


async def test_options_arrive_typed(people):
    sim, _, user, channel = people
    ix = await sim.slash(user, channel, "buy", symbol="AAPL", side="Long", quantity="7", market=True)
    assert (await ix.wait()).text == "AAPL long 7 True"


async def test_choices_are_offered_while_typing(people):
    sim, _, user, channel = people
    offered = await sim.autocomplete(user, channel, "buy", focused="symbol", symbol="A")
    assert [choice["value"] for choice in offered] == ["AAPL", "AMD"]


async def test_people_channels_and_roles_are_resolved(people):
    sim, guild, user, channel = people
    boss = sim.add_user("boss")
    role = sim.add_role(guild, "admin", admin=True)
    sim.join(guild, boss, roles=[role])
    ix = await sim.slash(boss, channel, "channel add", where=channel, author=user, role=role, rate=1.5)
    assert (await ix.wait()).text == "c ana admin 1.5"


async def test_context_menus_carry_the_message_and_the_member(people):
    sim, _, user, channel = people
    said = await sim.say(user, channel, "BTO AAPL")
    assert (await (await sim.menu(user, channel, "Why?", said)).wait()).text == "because BTO AAPL"
    assert (await (await sim.menu(user, channel, "Who?", user)).wait()).text == "ana 1"


REFUSED = {
    "a command nobody registered": ("sell", {}, "no command 'sell' is registered; offered here: .*buy"),
    "a missing option": ("buy", {"symbol": "AAPL"}, r"needs \['side'\]"),
    "an unknown option": ("buy", {"symbol": "A", "side": "long", "price": 1}, r"has no option \['price'\]"),
    "a choice not offered": ("buy", {"symbol": "A", "side": "short"}, "not a choice of 'side'"),
    "a number out of range": ("buy", {"symbol": "A", "side": "long", "quantity": 101}, "takes 1 to 100"),
    "half a share": ("buy", {"symbol": "A", "side": "long", "quantity": 1.5}, "whole number"),
    "a text too long": ("buy", {"symbol": "ABCDEF", "side": "long"}, "1 to 5 characters"),
    "a command for administrators": ("channel add", {}, "lacks the permissions"),
}


@pytest.mark.parametrize(("path", "options", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_person_cannot_send(people, path, options, why):
    sim, _, user, channel = people
    with pytest.raises(ValueError, match=why):
        await sim.slash(user, channel, path, **options)


async def test_a_server_command_is_not_offered_in_private_nor_to_strangers(people):
    sim, guild, user, channel = people
    owner = sim.owner(guild)
    with pytest.raises(ValueError, match="not for DMs"):
        await sim.slash(owner, sim.dm(owner), "channel add")
    with pytest.raises(ValueError, match="needs a subcommand"):
        await sim.slash(owner, channel, "channel")
    with pytest.raises(ValueError, match="no subcommand 'drop'"):
        await sim.slash(owner, channel, "channel drop")
    with pytest.raises(ValueError, match="not a member"):
        await sim.slash(sim.add_user("stranger"), channel, "buy")
    ix = await sim.slash(user, sim.dm(user), "buy", symbol="AAPL", side="long")
    assert (await ix.wait()).message.channel_id == sim.dm(user).id


async def test_nobody_answers_when_no_bot_is_connected():
    sim = DiscordSim()
    await sim.start()
    app = sim.add_application()
    _, user, channel = a_member(sim)
    async with RawBot(sim, app.token) as bot:
        await bot.rest("PUT", f"/applications/{app.id}/commands", [command(options=[option()])])
    with pytest.raises(AssertionError, match="not connected"):
        await sim.slash(user, channel, "buy")
    with pytest.raises(AssertionError, match="connected: False, commands synced: True"):
        await sim.ready(timeout=0.05)
    await sim.stop()
