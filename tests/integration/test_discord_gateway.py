"""The gateway of the local Discord: identify, resume, intents, shards, and every way to lose it."""

import asyncio
import zlib

import aiohttp
import discord
import pytest

from sim.discord import DiscordSim
from tests.discord_bodies import a_member
from tests.discord_bot import running
from tests.discord_raw import RawBot
from tests.support import eventually

MEMBERS, MESSAGES, CONTENT = 1 << 1, 1 << 9, 1 << 15
GUILDS, DIRECT = 1 << 0, 1 << 12


@pytest.fixture
async def sim():
    async with DiscordSim() as running_sim:
        yield running_sim


@pytest.fixture
async def raw(sim):
    async with RawBot(sim, sim.add_application().token) as bot:
        yield bot


def hearing(bot):
    @bot.listen()
    async def on_message(message):
        bot.heard.append(("message", message.content))

    for name in ("resumed", "ready", "connect"):

        async def note(name=name):
            bot.heard.append(("state", name))

        bot.add_listener(note, f"on_{name}")


def heard(bot, what="message"):
    return [value for kind, value in bot.heard if kind == what]


async def test_ready_names_the_guilds_and_each_arrives_with_only_the_bot_as_member(sim, raw):
    guild, _, channel = a_member(sim)
    ready = (await raw.identify(GUILDS))["d"]
    assert ready["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    arrived = await raw.event("GUILD_CREATE")
    assert [c["id"] for c in arrived["channels"]] == [str(channel.id)]
    assert (arrived["member_count"], len(arrived["members"])) == (3, 1)


async def test_with_the_presence_intent_a_small_guild_brings_all_its_members(sim, raw):
    a_member(sim)
    await raw.identify(large_threshold=3)
    arrived = await raw.event("GUILD_CREATE")
    assert (arrived["large"], len(arrived["members"])) == (False, 3)
    await raw.identify(large_threshold=2)
    arrived = await raw.event("GUILD_CREATE")
    assert (arrived["large"], len(arrived["members"])) == (True, 1)


async def test_a_heartbeat_before_identify_is_acknowledged(raw):
    hello = await raw.open()
    assert hello["op"] == 10
    await raw.send(1, None)
    assert (await raw.frame())["op"] == 11


async def test_clients_beat_as_often_as_they_are_asked(sim):
    app = sim.add_application()
    sim.set_heartbeat(0.05)
    async with running(sim, app.token, sync=False):
        await eventually(lambda: sum(frame["op"] == 1 for frame in sim.received) >= 4)


async def test_tokens_are_never_kept_in_the_log(sim, raw):
    await raw.identify()
    await raw.rest("GET", "/users/@me")
    token = raw._token
    assert token not in repr(sim.received)
    assert token not in repr(sim.requests)
    assert token not in repr(sim.ready)


# --- how sockets are closed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "body", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (2, {"token": "TOKEN", "intents": 1, "shard": [2, 2]}, 4010),
        (2, {"token": "TOKEN", "intents": 1 << 40}, 4013),
        (2, {"token": "TOKEN"}, 4013),
        (6, {"token": "wrong", "session_id": "x", "seq": 1}, 4004),
        (8, {"guild_id": "1"}, 4003),
    ],
)
async def test_a_wrong_first_frame_is_answered_with_its_close_code(sim, raw, op, body, code):
    await raw.open()
    if body.get("token") == "TOKEN":
        body = body | {"token": raw._token}
    await raw.send(op, body)
    assert (await raw.frame())["closed"] == code
    assert sim.close_codes == [code]


async def test_garbage_an_unknown_opcode_a_second_identify_and_an_old_version_are_closed(sim, raw):
    await raw.open()
    await raw.ws.send_str("not json")
    assert (await raw.frame())["closed"] == 4002
    await raw.identify(intents=1)
    await raw.send(99, None)
    assert (await raw.frame())["closed"] == 4001
    await raw.identify(intents=1)
    await raw.send(2, {"token": raw._token, "intents": 1})
    assert (await raw.frame())["closed"] == 4005
    await raw.open(query="?v=6&encoding=json")
    assert "closed" in await raw.frame()


async def test_a_client_that_sends_too_much_is_closed(sim, raw):
    await raw.identify(intents=1)
    for _ in range(125):
        await raw.send(1, None)
    frames = [await raw.frame() for _ in range(121)]
    assert {"closed": 4008, "op": None, "t": None} in [*frames, await raw.frame()]


async def test_a_bot_without_the_granted_intent_is_told_so(sim):
    app = sim.add_application(intents=("members",))
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(sim, app.token, sync=False):
            pass
    assert sim.close_codes == [4014]


async def test_a_bot_with_a_wrong_token_cannot_log_in(sim):
    sim.add_application()
    with pytest.raises(discord.LoginFailure):
        async with running(sim, "bWFkZS11cA.nope.nope", sync=False):
            pass


async def test_the_first_connection_can_be_refused(sim, raw):
    sim.refuse_gateway(1)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await raw.open()
    assert (await raw.open())["op"] == 10


# --- what reaches whom ------------------------------------------------------------------------------


async def test_without_the_content_intent_guild_messages_arrive_blank(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify(GUILDS | MESSAGES | DIRECT)
    embeds = [{"title": "secret"}]
    await sim.say(user, channel, "BTO AAPL", embeds=embeds)
    blank = await raw.event("MESSAGE_CREATE")
    assert (blank["content"], blank["embeds"]) == ("", [])
    bot = raw.ready["user"]["id"]
    await sim.say(user, channel, f"<@{bot}> BTO AAPL")
    assert (await raw.event("MESSAGE_CREATE"))["content"].endswith("BTO AAPL")
    await sim.say(user, sim.dm(user), "in private")
    private = await raw.event("MESSAGE_CREATE")
    assert private["content"] == "in private"
    assert "guild_id" not in private


async def test_with_the_content_intent_everything_can_be_read(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify(GUILDS | MESSAGES | CONTENT)
    await sim.say(user, channel, "BTO AAPL", embeds=[{"title": "card"}])
    message = await raw.event("MESSAGE_CREATE")
    assert (message["content"], message["embeds"][0]["title"]) == ("BTO AAPL", "card")
    assert message["member"]["roles"] == []
    assert "user" not in message["member"]


async def test_rest_blanks_content_too_when_it_was_never_granted(sim):
    app = sim.add_application(intents=())
    _, user, channel = a_member(sim)
    said = await sim.say(user, channel, "BTO AAPL")
    async with RawBot(sim, app.token) as raw:
        _, message = await raw.rest("GET", f"/channels/{channel.id}/messages/{said.id}")
        assert message["content"] == ""


async def test_events_nobody_asked_for_are_not_sent(sim, raw):
    guild, user, channel = a_member(sim)
    await raw.identify(GUILDS)
    await raw.event("GUILD_CREATE")
    await sim.say(user, channel, "not for you")
    await sim.set_roles(guild, user, [])
    other = sim.add_channel(guild, "later")
    assert (await raw.frame())["d"]["id"] == str(other.id)


async def test_role_changes_joins_and_leaves_reach_the_members_intent(sim, raw):
    guild, user, _ = a_member(sim)
    premium = sim.add_role(guild, "premium")
    await raw.identify(GUILDS | MEMBERS)
    await sim.set_roles(guild, user, [premium])
    changed = await raw.event("GUILD_MEMBER_UPDATE")
    assert (changed["user"]["id"], changed["roles"]) == (str(user.id), [str(premium.id)])
    sim.join(guild, sim.add_user("new"))
    assert (await raw.event("GUILD_MEMBER_ADD"))["user"]["username"] == "new"
    sim.leave(guild, user)
    assert (await raw.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(user.id)


async def test_edits_and_deletes_are_told(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    said = await sim.say(user, channel, "stop 9")
    await sim.edit(said, "stop 8")
    changed = await raw.event("MESSAGE_UPDATE")
    assert (changed["content"], changed["edited_timestamp"] is None) == ("stop 8", False)
    await sim.delete(said)
    assert (await raw.event("MESSAGE_DELETE"))["id"] == str(said.id)


async def test_a_webhook_card_and_a_reply_look_as_discord_sends_them(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    card = await sim.say(
        None, channel, "", embeds=[{"title": "BUY", "description": "TSLA"}], webhook="TradeBot"
    )
    message = await raw.event("MESSAGE_CREATE")
    assert message["webhook_id"] == message["author"]["id"]
    assert (message["author"]["username"], message["author"]["bot"]) == ("TradeBot", True)
    assert "member" not in message
    await sim.say(user, channel, "closing", reply_to=card)
    answer = await raw.event("MESSAGE_CREATE")
    assert (answer["type"], answer["message_reference"]["message_id"]) == (19, str(card.id))
    assert answer["referenced_message"]["embeds"][0]["title"] == "BUY"


async def test_members_are_fetched_in_chunks_on_request(sim):
    app = sim.add_application()
    guild = sim.add_guild("g")
    for number in range(1200):
        sim.join(guild, sim.add_user(f"u{number}"))
    async with running(
        sim, app.token, sync=False, chunk_guilds_at_startup=True, guild_ready_timeout=0.2
    ) as bot:
        await eventually(lambda: len(bot.get_guild(guild.id).members) == 1202)


async def test_each_shard_hears_its_own_guilds(sim):
    app = sim.add_application()
    guilds = [sim.add_guild(f"g{n}") for n in range(2)]
    while guilds[0].id >> 22 & 1 == guilds[-1].id >> 22 & 1:
        await asyncio.sleep(0.001)
        guilds.append(sim.add_guild("another"))
    async with RawBot(sim, app.token) as zero, RawBot(sim, app.token) as one:
        await zero.identify(shard=[0, 2])
        await one.identify(shard=[1, 2])
        for shard, bot in enumerate((zero, one)):
            theirs = {str(guild.id) for guild in guilds if (guild.id >> 22) % 2 == shard}
            assert {guild["id"] for guild in bot.ready["guilds"]} == theirs
        user = sim.add_user("ana")
        await sim.say(user, sim.dm(user, app), "hello")
        assert (await zero.event("MESSAGE_CREATE"))["content"] == "hello"


async def test_compressed_and_plain_clients_hear_the_same(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    async with RawBot(sim, raw._token) as packed:
        _, about = await packed.rest("GET", "/gateway/bot")
        ws = await packed._http.ws_connect(about["url"] + "?v=10&encoding=json&compress=zlib-stream")
        inflate = zlib.decompressobj()
        assert b'"op":10' in inflate.decompress((await ws.receive()).data)
        await ws.send_bytes(f'{{"op":2,"d":{{"token":"{raw._token}","intents":65535}}}}'.encode())
        while b'"READY"' not in inflate.decompress((await ws.receive()).data):
            pass
        await sim.say(user, channel, "to both")
        while b'"to both"' not in inflate.decompress((data := await ws.receive()).data):
            assert data.data.endswith(b"\x00\x00\xff\xff")
        assert (await raw.event("MESSAGE_CREATE"))["content"] == "to both"


# --- losing it and coming back ----------------------------------------------------------------------


async def test_a_resume_replays_exactly_what_was_missed(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    await sim.say(user, channel, "one")
    await raw.event("MESSAGE_CREATE")
    sim.drop()
    await sim.say(user, channel, "two")
    await sim.say(user, channel, "three")
    await raw.resume()
    assert [(await raw.event("MESSAGE_CREATE"))["content"] for _ in range(2)] == ["two", "three"]
    assert (await raw.frame())["t"] == "RESUMED"
    assert sim.sessions[0].resumes == 1


async def test_a_resume_of_nothing_or_of_the_future_is_refused(sim, raw):
    await raw.identify()
    sim.drop()
    await raw.resume(session="unknown")
    assert (await raw.frame()) == {"op": 9, "d": False, "s": None, "t": None}
    await raw.resume(sequence=10_000)
    assert (await raw.frame())["closed"] == 4007


async def test_a_client_that_said_goodbye_cannot_resume(sim, raw):
    await raw.identify()
    await raw.ws.close(code=1000)
    await eventually(lambda: not sim.sessions)
    await raw.resume()
    assert (await raw.frame())["op"] == 9


async def test_a_session_can_be_taken_over_while_the_old_socket_hangs(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    old = raw.ws
    await raw.resume()
    await sim.say(user, channel, "to the new socket")
    assert (await raw.event("MESSAGE_CREATE"))["content"] == "to the new socket"
    assert (await old.receive()).type in (
        aiohttp.WSMsgType.TEXT,
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    )


@pytest.mark.parametrize("trouble", ["drop", "op 7", "op 9 resumable", "close 4000"])
async def test_discord_py_resumes_after(sim, trouble):
    app = sim.add_application()
    _, user, channel = a_member(sim)
    async with running(sim, app.token, hearing, sync=False) as bot:
        await sim.say(user, channel, "before")
        await eventually(lambda: heard(bot) == ["before"])
        {
            "drop": sim.drop,
            "op 7": lambda: sim.op(7),
            "op 9 resumable": lambda: sim.invalidate(resumable=True),
            "close 4000": lambda: sim.close(4000),
        }[trouble]()
        await sim.say(user, channel, "meanwhile")
        await eventually(lambda: heard(bot) == ["before", "meanwhile"], timeout=15)
        await eventually(lambda: "resumed" in heard(bot, "state"))
        assert sim.sessions[0].resumes == 1
        assert sum(frame["op"] == 2 for frame in sim.received) == 1


async def test_discord_py_identifies_anew_when_its_session_is_gone(sim):
    app = sim.add_application()
    _, user, channel = a_member(sim)
    async with running(sim, app.token, hearing, sync=False) as bot:
        sim.invalidate(resumable=False)
        await eventually(lambda: sum(frame["op"] == 2 for frame in sim.received) == 2, timeout=15)
        await sim.ready(app, commands=False)
        await sim.say(user, channel, "welcome back")
        await eventually(lambda: heard(bot) == ["welcome back"])


async def test_the_moment_a_message_was_written_is_known(sim, raw):
    _, user, channel = a_member(sim)
    frames = []
    sim.on_frame.append(lambda frame: frames.append(frame.event))
    await raw.identify()
    said = await sim.say(user, channel, "now")
    await raw.event("MESSAGE_CREATE")
    assert sim.dispatched_at(said.id) > 0
    assert sim.dispatched_at(1) is None
    assert frames[-1] == "MESSAGE_CREATE"
