"""Discord's own description judges the bot's requests and the local Discord's answers, and it can fail."""

import copy

import discord
import pytest

from sim.discord import DiscordSim
from tests import openapi
from tests.discord_bodies import a_member, command, option, text, v2
from tests.discord_bot import running
from tests.discord_raw import RawBot
from tests.integration.test_discord_limits import MESSAGES
from tests.integration.test_discord_limits_commands import COMMANDS
from tests.support import eventually


@pytest.fixture
async def sim():
    async with DiscordSim() as running_sim:
        yield running_sim


def found(sim):
    return [bad for request in sim.requests for bad in openapi.violations(request)]


def found_in_answers(sim):
    return [bad for request in sim.requests for bad in openapi.answer_violations(request)]


class Panel(discord.ui.LayoutView):
    box = discord.ui.Container(
        discord.ui.TextDisplay("# Brokers"),
        discord.ui.Section("**Alpaca**", accessory=discord.ui.Button(label="Test", custom_id="test")),
        discord.ui.Separator(),
        discord.ui.ActionRow(discord.ui.Select(custom_id="s", options=[discord.SelectOption(label="One")])),
        accent_colour=0x5865F2,
    )


def a_bot(bot):
    @bot.tree.command(name="all", description="Do everything")
    async def everything(interaction: discord.Interaction, symbol: str, quantity: int = 1):
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=symbol)
        await interaction.followup.send(str(quantity), embed=discord.Embed(title="t", description="d"))
        await interaction.channel.send(view=Panel(), allowed_mentions=discord.AllowedMentions.none())
        sent = await interaction.user.send("hello", file=discord.File(__file__, filename="a.txt"))
        await sent.reply("again")
        await sent.edit(content="changed")
        await sent.add_reaction("👍")
        bot.heard.append(("done", True))


async def test_everything_an_ordinary_bot_sends_is_what_discord_describes(sim):
    app = sim.add_application()
    _, user, channel = a_member(sim)
    async with running(sim, app.token, a_bot) as bot:
        await sim.slash(user, channel, "all", symbol="AAPL", quantity=3)
        await eventually(lambda: ("done", True) in bot.heard)
    assert len(sim.requests) > 12
    assert found(sim) == []
    assert found_in_answers(sim) == []
    assert sim.violations == []


async def test_every_answer_is_what_discord_describes(sim):
    app = sim.add_application()
    guild, user, channel = a_member(sim)
    said = await sim.say(user, channel, f"<@{app.user_id}> hello")
    reply = await sim.say(user, channel, "re", reply_to=said)
    card = await sim.say(
        None, channel, "", embeds=[{"title": "t", "fields": [{"name": "n", "value": "v"}]}], webhook="W"
    )
    async with RawBot(sim, app.token) as raw:
        place, room, server = f"/applications/{app.id}", f"/channels/{channel.id}", f"/guilds/{guild.id}"
        _, made = await raw.rest("POST", f"{place}/commands", command(options=[option(autocomplete=True)]))
        await raw.rest("PUT", f"{place}{server}/commands", [command(), {"name": "Why?", "type": 3}])
        await raw.rest("POST", f"{room}/messages", v2(text("hi")))
        await raw.rest("POST", "/users/@me/channels", {"recipient_id": str(user.id)})
        await raw.rest("PUT", f"{room}/messages/{said.id}/reactions/%E2%9C%85/@me")
        for path in (
            "/gateway", "/gateway/bot", "/users/@me", "/users/@me/guilds", f"/users/{user.id}",
            "/applications/@me", "/oauth2/applications/@me", f"{place}/entitlements", f"{place}/commands",
            f"{place}/commands/{made['id']}", f"{place}{server}/commands", server, f"{server}/channels",
            f"{server}/roles", f"{server}/members?limit=9", f"{server}/members/{user.id}", room,
            f"/channels/{sim.dm(user).id}", f"{room}/messages", f"{room}/messages/{said.id}",
            f"{room}/messages/{reply.id}", f"{room}/messages/{card.id}",
        ):  # fmt: skip
            status, answer = await raw.rest("GET", path)
            assert status == 200, (path, answer)
    assert found_in_answers(sim) == []
    assert found(sim) == []


async def test_a_planted_violation_is_found_in_a_request_of_the_bot(sim):
    """discord.py lets a long label through; both judges must not."""
    app = sim.add_application()
    channel = sim.add_channel(sim.add_guild("g"), "c")
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="x" * 81, custom_id="ok"))
    async with running(sim, app.token, sync=False) as bot:
        with pytest.raises(discord.HTTPException):
            await bot.get_partial_messageable(channel.id).send("hello", view=view)
    assert len(sim.violations) == 1
    assert len(found(sim)) == 1
    assert "at /components/0/components/0/label:" in found(sim)[0]


async def test_a_planted_mistake_is_found_in_an_answer(sim):
    async with RawBot(sim, sim.add_application().token) as raw:
        await raw.rest("GET", "/users/@me")
    wrong = copy.deepcopy(sim.requests[0])
    del wrong.answer["username"]
    assert openapi.answer_violations(sim.requests[0]) == []
    assert "username" in openapi.answer_violations(wrong)[0]


async def test_an_operation_discord_does_not_have_is_found(sim):
    async with RawBot(sim, sim.add_application().token) as raw:
        await raw.rest("DELETE", "/users/@me")
        await raw.rest("POST", "/gateway/bot", {"a": 1})
    assert len(found(sim)) == 2


async def test_our_limits_are_stricter_than_the_description_never_laxer(sim):
    """Of the refused requests the description itself catches most; ours catch every one of them."""
    app = sim.add_application()
    channel = sim.add_channel(sim.add_guild("g"), "c")
    async with RawBot(sim, app.token) as raw:
        for body, *_ in MESSAGES.values():
            await raw.rest("POST", f"/channels/{channel.id}/messages", body)
        for body, _ in COMMANDS.values():
            await raw.rest("PUT", f"/applications/{app.id}/commands", body)
    assert {request.status for request in sim.requests} == {400}
    caught = [request for request in sim.requests if openapi.violations(request)]
    assert len(sim.violations) == len(sim.requests) == len(MESSAGES) + len(COMMANDS)
    assert 30 <= len(caught) < len(sim.requests)
