"""A person at a terminal plays everybody on the local Discord."""

import asyncio
import sys

import discord
import pytest

from sim.discord import DiscordSim
from sim.discord.console import Console
from tests.discord_bodies import a_member
from tests.discord_bot import running
from tests.support import eventually


class Panel(discord.ui.View):
    @discord.ui.button(label="Set size")
    async def size(self, interaction, button):
        await interaction.response.send_modal(Form())

    @discord.ui.select(placeholder="Mode", options=[discord.SelectOption(label="Paper")])
    async def mode(self, interaction, select):
        await interaction.response.send_message(f"mode {select.values[0]}")


class Form(discord.ui.Modal, title="Size"):
    size = discord.ui.Label(text="How many", component=discord.ui.TextInput())

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"size {self.size.component.value}", ephemeral=True)


def a_bot(bot):
    @bot.tree.command(name="panel", description="Open the panel")
    async def panel(interaction: discord.Interaction, who: discord.User):
        await interaction.response.send_message(f"panel of {who.name}", view=Panel())

    @bot.listen()
    async def on_message(message):
        if message.author != bot.user:
            await message.channel.send(f"heard {message.content}")

    @bot.listen()
    async def on_message_edit(before, after):
        if after.author != bot.user:
            await after.channel.send(f"now {after.content}")


@pytest.fixture
async def terminal():
    async with DiscordSim() as sim:
        app = sim.add_application()
        guild, user, channel = a_member(sim)
        sim.add_role(guild, "premium")
        lines = []
        console = Console(sim, guild, channel, {"ana": user}, lines.append)
        async with running(sim, app.token, a_bot):
            yield console, lines, sim


async def shown(lines, text):
    await eventually(lambda: any(text in line for line in lines))


async def test_a_whole_conversation_can_be_typed(terminal):
    console, lines, _ = terminal
    await console.handle("say ana BTO AAPL")
    await shown(lines, "heard BTO AAPL")
    await console.handle("edit BTO TSLA")
    await shown(lines, "now BTO TSLA")
    await console.handle("dm ana hello there")
    await shown(lines, "heard hello there")
    await console.handle("slash ana panel who=@ana")
    await shown(lines, "panel of ana")
    await shown(lines, "[Set size]")
    await console.handle("select ana Mode Paper")
    await shown(lines, "mode Paper")
    await console.handle("click ana Set size")
    await shown(lines, "How many")
    await console.handle('fill ana "How many=7"')
    await shown(lines, "size 7")
    assert any("seen by one person only" in line for line in lines)
    await console.handle("commands")
    await shown(lines, "/panel")


async def test_roles_deletes_and_drops_can_be_typed(terminal):
    console, lines, sim = terminal
    await console.handle("role ana premium")
    assert lines[-1] == "ana now has: premium"
    await console.handle("role ana premium")
    assert lines[-1] == "ana now has: no roles"
    await console.handle("say ana oops")
    await console.handle("delete")
    await console.handle("drop")
    await eventually(lambda: sim.sessions and sim.sessions[0].resumes == 1, timeout=15)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("frobnicate", "slash <who> <command>"),
        ("say bob hi", "nobody is called 'bob'; there are ana"),
        ("slash ana fly", "no command 'fly' is registered; offered here: ['panel']"),
        ("click ana Nothing", "no message shows 'Nothing'"),
        ("fill ana a=b", "no form is open"),
        ("role ana king", "no role 'king'"),
        ("edit x", "nothing has been said yet"),
        ("say", "say takes other words"),
        ('say ana "open', "No closing quotation"),
    ],
)
async def test_a_line_that_makes_no_sense_is_explained(terminal, line, answer):
    console, lines, _ = terminal
    assert await console.handle(line)
    assert any(answer in one for one in lines)


async def test_empty_lines_do_nothing_and_quit_leaves(terminal):
    console, lines, _ = terminal
    assert await console.handle("  ")
    assert lines == []
    assert not await console.handle("quit")


async def test_the_command_starts_it_says_where_it_is_and_obeys():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sim", "discord",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(b"slash ana buy\nquit\n"), 30)
    text = out.decode()
    assert process.returncode == 0, err
    assert "DISCORD_API_URL=http://127.0.0.1:" in text
    assert "DISCORD_TOKEN=" in text
    assert "no command 'buy' is registered" in text
    assert err == b""
