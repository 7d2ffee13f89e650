"""What happens on a server around the bot: purges, previews, repeats, removed channels, rate limits."""

import pytest

from sim.discord import DiscordSim
from tests.discord_bodies import a_member, button, row
from tests.discord_bot import running
from tests.discord_raw import RawBot


@pytest.fixture
async def sim():
    async with DiscordSim() as running_sim:
        yield running_sim


@pytest.fixture
async def raw(sim):
    async with RawBot(sim, sim.add_application().token) as bot:
        yield bot


async def test_a_purge_is_one_event_for_all_its_messages(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    said = [await sim.say(user, channel, str(number)) for number in range(3)]
    await sim.purge(said)
    gone = await raw.event("MESSAGE_DELETE_BULK")
    assert gone["ids"] == [str(message.id) for message in said]
    assert sim.messages(channel) == []
    more = [str((await sim.say(user, channel, "x")).id) for _ in range(2)]
    assert (await raw.rest("POST", f"/channels/{channel.id}/messages/bulk-delete", {"messages": more}))[
        0
    ] == 204
    assert (await raw.event("MESSAGE_DELETE_BULK"))["ids"] == more
    assert (await raw.rest("POST", f"/channels/{channel.id}/messages/bulk-delete", {"messages": ["1"]}))[
        0
    ] == 400


async def test_a_link_preview_is_an_update_and_not_an_edit(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    said = await sim.say(user, channel, "chart https://example.com/x")
    await sim.unfurl(said, [{"type": "link", "title": "Chart"}])
    update = await raw.event("MESSAGE_UPDATE")
    assert (update["edited_timestamp"], update["embeds"][0]["title"]) == (None, "Chart")
    assert said.edits == 0


async def test_a_message_can_be_delivered_twice(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    said = await sim.say(user, channel, "once")
    await sim.repeat(said)
    assert [(await raw.event("MESSAGE_CREATE"))["id"] for _ in range(2)] == [str(said.id)] * 2


async def test_channels_roles_and_the_bot_itself_can_go(sim, raw):
    guild, user, channel = a_member(sim)
    role = sim.add_role(guild, "premium")
    await sim.set_roles(guild, user, [role])
    await raw.identify()
    sim.remove_channel(channel)
    assert (await raw.event("CHANNEL_DELETE"))["id"] == str(channel.id)
    status, answer = await raw.rest("POST", f"/channels/{channel.id}/messages", {"content": "x"})
    assert (status, answer["code"]) == (404, 10003)
    sim.remove_role(guild, role)
    assert (await raw.event("GUILD_ROLE_DELETE"))["role_id"] == str(role.id)
    assert (await raw.event("GUILD_MEMBER_UPDATE"))["roles"] == []
    app = sim.sessions[0].app
    sim.remove_bot(guild, app)
    assert await raw.event("GUILD_DELETE") == {"id": str(guild.id)}
    assert (await raw.rest("GET", f"/guilds/{guild.id}"))[1]["code"] == 10004


async def test_rate_limits_are_announced_and_kept_by_discord_py(sim):
    app = sim.add_application()
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sim.enforce_rate_limits()
    async with running(sim, app.token, sync=False) as bot:
        place = bot.get_partial_messageable(channel.id)
        for number in range(6):
            await place.send(str(number))
    assert [request.status for request in sim.requests if request.method == "POST"] == [200] * 6
    times = [request.at for request in sim.requests if request.method == "POST"]
    assert times[5] - times[0] > 4.5e9


async def test_who_does_not_look_at_the_headers_is_refused(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    sim.enforce_rate_limits()
    place = f"/channels/{channel.id}/messages"
    answers = [await raw.rest("POST", place, {"content": str(number)}) for number in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert 0 < answers[5][1]["retry_after"] <= 5
    everything = [await raw.rest("GET", "/users/@me") for _ in range(60)]
    refused = [answer for status, answer in everything if status == 429]
    assert refused
    assert all(answer["global"] for answer in refused)


@pytest.mark.parametrize("body", [[], "text", 7, {"embeds": [1]}, {"components": [row(7)]}, {"content": 5}])
async def test_a_body_of_the_wrong_shape_is_refused_and_not_a_crash(sim, raw, body):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    status, answer = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    assert (status, answer["code"]) in ((400, 50035), (400, 50006))
    assert len(sim.violations) == 1


async def test_the_record_keeps_what_the_bot_sent_as_it_was_sent(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    body = {"content": "x", "components": [row(button())]}
    await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    assert sim.requests[0].body == body
    assert sim.messages(channel)[0].components[0]["id"] == 1
