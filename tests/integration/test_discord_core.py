"""The local Discord, met by an ordinary discord.py bot."""

import discord
import pytest
from discord import app_commands

from sim.discord import DiscordSim
from tests.discord_bot import PlainBot, running
from tests.support import eventually


@pytest.fixture
async def world():
    async with DiscordSim() as sim:
        yield sim


def a_server(sim):
    app = sim.add_application(name="trade-exec")
    guild = sim.add_guild("Traders")
    channel = sim.add_channel(guild, "signals")
    user = sim.add_user("ana")
    sim.join(guild, user)
    return app, guild, channel, user


class Ask(discord.ui.Modal, title="Size"):
    amount = discord.ui.Label(text="How many", component=discord.ui.TextInput(custom_id="amount"))

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"taken: {self.amount.component.value}", ephemeral=True)


class Panel(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Set size", custom_id="size")
    async def size(self, interaction, button):
        await interaction.response.send_modal(Ask())


def with_commands(bot: PlainBot) -> None:
    bot.add_view(Panel())

    @bot.tree.command(name="buy", description="Buy something")
    @app_commands.describe(symbol="what", quantity="how many")
    async def buy(interaction: discord.Interaction, symbol: str, quantity: app_commands.Range[int, 1, 100]):
        await interaction.response.send_message(f"bought {quantity} {symbol}", ephemeral=True)

    @bot.tree.command(name="panel", description="Open the panel in a DM")
    async def panel(interaction: discord.Interaction):
        await interaction.response.defer(ephemeral=True)
        await interaction.user.send("Your panel", view=Panel())
        await interaction.followup.send("sent you a DM")

    @bot.listen()
    async def on_message(message: discord.Message):
        if message.author != bot.user:
            bot.heard.append(("message", message.content))
            await message.channel.send(f"heard: {message.content}")


async def test_a_bot_logs_in_hears_a_message_and_answers_it(world):
    app, _, channel, user = a_server(world)
    async with running(world, app.token, with_commands):
        await world.ready(app)
        said = await world.say(user, channel, "BTO AAPL 190c")
        answer = await world.wait_message(channel, "heard: BTO AAPL 190c")
        assert answer.from_bot
        assert world.dispatched_at(said.id) is not None
    assert world.violations == []


async def test_a_slash_command_is_answered_privately(world):
    app, _, channel, user = a_server(world)
    async with running(world, app.token, with_commands):
        ix = await world.slash(user, channel, "buy", symbol="AAPL", quantity=5)
        reply = await ix.wait()
        assert (reply.kind, reply.text, reply.ephemeral) == ("message", "bought 5 AAPL", True)
        assert world.messages(channel) == []


async def test_a_dm_panel_leads_through_a_modal(world):
    app, _, channel, user = a_server(world)
    async with running(world, app.token, with_commands):
        ix = await world.slash(user, channel, "panel")
        assert (await ix.wait()).text == "sent you a DM"
        panel = await world.wait_message(world.dm(user), "Your panel")
        assert panel.buttons == ["Set size"]
        form = await world.click(user, panel, "Set size")
        modal = (await form.wait()).modal
        assert modal.title == "Size"
        done = await world.submit(user, form, How_many="7")
        assert (await done.wait()).text == "taken: 7"
    assert world.violations == []


async def test_a_cut_socket_is_resumed_and_nothing_is_missed(world):
    app, _, channel, user = a_server(world)
    async with running(world, app.token, with_commands) as bot:
        world.drop()
        await world.say(user, channel, "while you were away")
        await world.wait_message(channel, "heard: while you were away", timeout=15)
        assert world.sessions[0].resumes == 1
        await eventually(lambda: ("message", "while you were away") in bot.heard)
