"""The REST side of the local Discord: messages, DMs, commands, refusals, and planned trouble."""

import io

import aiohttp
import discord
import pytest

from sim.discord import DiscordSim
from tests.discord_bodies import a_member, command
from tests.discord_bot import running
from tests.discord_raw import RawBot
from tests.support import eventually


@pytest.fixture
async def sim():
    async with DiscordSim() as running_sim:
        yield running_sim


@pytest.fixture
async def raw(sim):
    async with RawBot(sim, sim.add_application().token) as bot:
        yield bot


@pytest.fixture
async def bot(sim):
    app = sim.add_application()
    async with running(sim, app.token, sync=False) as running_bot:
        yield running_bot


def answers(sim, method="POST", path="/messages"):
    return [
        request.status for request in sim.requests if request.method == method and request.path.endswith(path)
    ]


# --- planned trouble, and what discord.py makes of it -----------------------------------------------


async def test_a_rate_limit_is_waited_out(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sim.fault("POST /channels/*/messages", status=429, retry_after=0.05, times=2)
    await bot.get_partial_messageable(channel.id).send("hello")
    assert answers(sim) == [429, 429, 200]
    assert [message.text for message in sim.messages(channel)] == ["hello"]
    assert sim.violations == sim.faults == []


async def test_a_global_rate_limit_says_so(sim, raw):
    sim.fault("GET /users/@me", status=429, retry_after=0.5, everywhere=True)
    assert await raw.rest("GET", "/users/@me") == (
        429,
        {"message": "You are being rate limited.", "retry_after": 0.5, "global": True, "code": 0},
    )


async def test_a_server_error_is_retried_and_503_is_not(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    place = bot.get_partial_messageable(channel.id)
    sim.fault("POST /channels/*/messages", status=500)
    await place.send("hello")
    assert answers(sim) == [500, 200]
    sim.fault("POST /channels/*/messages", status=503)
    with pytest.raises(discord.DiscordServerError):
        await place.send("hello")


async def test_a_cut_connection_reaches_the_bot_as_an_error(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sim.fault("POST /channels/*/messages", abort=True)
    with pytest.raises(aiohttp.ClientError):
        await bot.get_partial_messageable(channel.id).send("lost")
    assert sim.messages(channel) == []
    sim.fault("POST /channels/*/messages", abort=True, execute=True)
    with pytest.raises(aiohttp.ClientError):
        await bot.get_partial_messageable(channel.id).send("sent, but nobody knows")
    assert [message.text for message in sim.messages(channel)] == ["sent, but nobody knows"]
    assert sim.requests[-1].status is None


async def test_a_delay_is_only_a_delay(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sim.fault("POST /channels/*/messages", delay=0.05)
    await bot.get_partial_messageable(channel.id).send("late")
    assert answers(sim) == [200]


async def test_a_wrong_token_and_an_unknown_route_are_refused(sim, raw):
    wrong = {"headers": {"Authorization": "Bot wrong"}}
    assert await raw.rest("GET", "/users/@me", **wrong) == (401, {"message": "401: Unauthorized", "code": 0})
    assert await raw.rest("GET", "/nothing/here") == (404, {"message": "404: Not Found", "code": 0})
    assert [broken.path for broken in sim.violations] == ["/nothing/here"]


async def test_the_content_type_is_exactly_json(sim, raw):
    async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/v10/gateway") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Via"]


# --- messages ---------------------------------------------------------------------------------------


async def test_a_message_is_edited_reacted_to_and_deleted(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sent = await bot.get_partial_messageable(channel.id).send("one")
    seen = sim.messages(channel)[0]
    await sent.edit(content="two", embed=discord.Embed(title="card"))
    assert (seen.text, seen.edits, seen.edited_at is None) == ("two\ncard", 1, False)
    await sent.add_reaction("✅")
    assert seen.reactions == {"✅": {bot.user.id}}
    await sent.remove_reaction("✅", bot.user)
    assert seen.reactions == {}
    await sent.delete()
    assert sim.messages(channel) == []
    assert seen.deleted


async def test_only_own_messages_can_be_edited(sim, raw):
    _, user, channel = a_member(sim)
    said = await sim.say(user, channel, "mine")
    status, answer = await raw.rest("PATCH", f"/channels/{channel.id}/messages/{said.id}", {"content": "x"})
    assert (status, answer["code"]) == (403, 50005)


async def test_a_file_is_kept_and_can_be_fetched(sim, bot):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    report = discord.File(io.BytesIO(b"a,b"), filename="report.csv")
    sent = await bot.get_partial_messageable(channel.id).send("report", file=report)
    assert (await sent.attachments[0].read()) == b"a,b"
    assert sim.messages(channel)[0].attachments[0]["filename"] == "report.csv"


async def test_history_pages_backwards_and_forwards(sim, bot):
    _, user, channel = a_member(sim)
    said = [await sim.say(user, channel, str(number)) for number in range(7)]
    place = bot.get_partial_messageable(channel.id)
    assert [message.content async for message in place.history(limit=3)] == ["6", "5", "4"]
    after = discord.Object(said[2].id)
    assert [m.content async for m in place.history(limit=2, after=after, oldest_first=True)] == ["3", "4"]


async def test_a_repeated_nonce_gives_the_first_message_back(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
    _, first = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    _, again = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    assert first["id"] == again["id"]
    assert len(sim.messages(channel)) == 1


async def test_a_channel_taken_away_is_neither_heard_nor_written_to(sim, raw):
    _, user, channel = a_member(sim)
    other = sim.add_channel(next(iter(sim.guilds)), "other")
    await raw.identify()
    sim.close_channel(channel)
    status, answer = await raw.rest("POST", f"/channels/{channel.id}/messages", {"content": "x"})
    assert (status, answer["code"]) == (403, 50001)
    await sim.say(user, channel, "unheard")
    await sim.say(user, other, "heard")
    assert (await raw.event("MESSAGE_CREATE"))["content"] == "heard"


# --- direct messages --------------------------------------------------------------------------------


async def test_a_direct_message_arrives_and_its_answer_too(sim, bot):
    _, user, _ = a_member(sim)

    @bot.listen()
    async def on_message(message):
        if message.author != bot.user:
            await message.channel.send(f"got {message.content}")

    await (await bot.fetch_user(user.id)).send("welcome")
    assert (await sim.wait_message(sim.dm(user), "welcome")).guild_id is None
    await sim.say(user, sim.dm(user), "thanks")
    await sim.wait_message(sim.dm(user), "got thanks")


async def test_closed_direct_messages_are_refused(sim, bot):
    guild = sim.add_guild("g")
    shy = sim.add_user("shy", dms_closed=True)
    sim.join(guild, shy)
    with pytest.raises(discord.Forbidden) as refused:
        await (await bot.fetch_user(shy.id)).send("hello")
    assert refused.value.code == 50007


async def test_strangers_cannot_be_written_to(sim, bot):
    guild, user, _ = a_member(sim)
    sim.leave(guild, user)
    with pytest.raises(discord.Forbidden) as refused:
        await (await bot.fetch_user(user.id)).send("hello")
    assert refused.value.code == 50278


async def test_a_direct_message_to_nobody_or_to_a_bot_is_refused(sim, raw):
    me = int((await raw.rest("GET", "/users/@me"))[1]["id"])
    assert (await raw.rest("POST", "/users/@me/channels", {"recipient_id": 1}))[1]["code"] == 50033
    assert (await raw.rest("POST", "/users/@me/channels", {"recipient_id": me}))[1]["code"] == 50007


# --- commands ---------------------------------------------------------------------------------------


async def test_commands_keep_their_id_while_their_name_stays(sim, raw):
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    place = f"/applications/{app}/commands"
    _, first = await raw.rest("PUT", place, [command(), command(name="sell", description="Sell")])
    _, second = await raw.rest("PUT", place, [command(description="Buy something")])
    assert second[0]["id"] == first[0]["id"]
    assert second[0]["version"] != first[0]["version"]
    _, made = await raw.rest("POST", place, command(name="hold", description="Hold"))
    _, changed = await raw.rest("PATCH", f"{place}/{made['id']}", {"description": "Hold on"})
    assert (changed["name"], changed["description"]) == ("hold", "Hold on")
    assert (await raw.rest("PATCH", f"{place}/{made['id']}", {"name": "HOLD"}))[0] == 400
    assert [one["name"] for one in (await raw.rest("GET", place))[1]] == ["buy", "hold"]
    assert (await raw.rest("DELETE", f"{place}/{made['id']}"))[0] == 204
    assert (await raw.rest("GET", f"{place}/{made['id']}"))[1]["code"] == 10063


async def test_server_commands_are_apart_from_global_ones_and_stay_on_their_server(sim, raw):
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    guild, user, channel = a_member(sim)
    elsewhere = sim.add_channel(sim.add_guild("other"), "x")
    await raw.rest("PUT", f"/applications/{app}/guilds/{guild.id}/commands", [command()])
    assert (await raw.rest("GET", f"/applications/{app}/commands"))[1] == []
    await raw.identify()
    await sim.slash(user, channel, "buy")
    assert (await raw.event("INTERACTION_CREATE"))["data"]["guild_id"] == str(guild.id)
    sim.join(sim.guilds[-1], user)
    with pytest.raises(ValueError, match="not installed on this server"):
        await sim.slash(user, elsewhere, "buy")


async def test_commands_of_another_application_are_out_of_reach(sim, raw):
    other = sim.add_application("other")
    assert (await raw.rest("PUT", f"/applications/{other.id}/commands", []))[1]["code"] == 10002
    assert (await raw.rest("PUT", "/applications/abc/commands", []))[0] == 400


# --- members ----------------------------------------------------------------------------------------


async def test_roles_are_read_given_and_taken(sim, bot):
    guild, user, _ = a_member(sim)
    premium = sim.add_role(guild, "premium")
    await eventually(lambda: bot.get_guild(guild.id) is not None)
    member = await bot.get_guild(guild.id).fetch_member(user.id)
    await member.add_roles(discord.Object(premium.id))
    assert guild.members[user.id].roles == [premium.id]
    await member.remove_roles(discord.Object(premium.id))
    assert guild.members[user.id].roles == []
    with pytest.raises(discord.NotFound) as missing:
        await bot.get_guild(guild.id).fetch_member(sim.add_user("x").id)
    assert missing.value.code == 10007


async def test_nothing_is_sold(sim, bot):
    assert await bot.fetch_skus() == []
    assert [entitlement async for entitlement in bot.entitlements()] == []
