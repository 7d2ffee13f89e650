import asyncio
import contextlib
import logging
from functools import partial

import discord
import pytest
from structlog.testing import capture_logs

from bot.client import BotOptions, TradeBot
from bot.desk import DmClosed, LiveDesk, MessageGone, NotNow, fetch_roles
from bot.endpoint import point_rest
from bot.problems import Misconfigured
from bot.roles import RoleCache
from bot.runner import Connection
from bot.skus import SkuCache, fetch_skus
from cogs.base import Services
from cogs.kit import note
from domain.clock import SystemClock
from sim.clock import DrivenClock
from sim.discord import DiscordSim
from tests.support import eventually


class Line:
    """Be a bot held on a local Discord by our own connection."""

    def __init__(self, sim, tmp_path, clock=None, **options) -> None:
        self.sim, clock = sim, clock or SystemClock()
        settings = {"extensions": ("tests.integration.bot_cog",), "data_dir": tmp_path, "api_url": sim.url}
        nothing = Services(
            trading=None, accounts=None, tokens=None, care=None, gate=None, wizard=None, clock=clock
        )
        self.connection = Connection(
            lambda: TradeBot(nothing, self.roles, self.skus, clock, BotOptions(**settings | options)),
            sim.app.token,
            clock,
        )
        self.roles = RoleCache(partial(fetch_roles, self.connection), clock)
        self.skus = SkuCache(partial(fetch_skus, self.connection, clock), clock)

    @property
    def bot(self):
        return self.connection.bot


@contextlib.asynccontextmanager
async def connected(sim, tmp_path, **options):
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    point_rest(sim.url)
    line = Line(sim, tmp_path, **options)
    task = asyncio.create_task(line.connection.run())
    try:
        await asyncio.wait_for(line.connection.wait_up(), 10)
        yield line
    finally:
        await line.connection.stop()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Misconfigured):
            await task
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("discord").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("discord").setLevel(logging.NOTSET)


@pytest.fixture
async def sim():
    async with DiscordSim() as sim:
        sim.app = sim.add_application()
        sim.guild = sim.add_guild("Traders")
        sim.room = sim.add_channel(sim.guild, "signals")
        sim.ana = sim.add_user("ana")
        sim.join(sim.guild, sim.ana)
        yield sim


@pytest.fixture
async def line(sim, tmp_path):
    async with connected(sim, tmp_path) as line:
        yield line


async def test_what_nobody_foresaw_is_answered_with_a_reference_that_the_log_has(line, sim):
    with capture_logs() as logs:
        reply = await (await sim.slash(sim.ana, sim.room, "bug")).wait()
        await eventually(lambda: [entry for entry in logs if entry["event"] == "interaction failed"])
    assert reply.ephemeral
    assert "canary" not in reply.text
    (entry,) = [entry for entry in logs if entry["event"] == "interaction failed"]
    assert f"`{entry['reference']}`" in reply.text
    assert entry["exc_info"][0] is KeyError
    assert entry["what"] == "bug"


async def test_a_refusal_meant_for_the_person_is_their_answer_and_no_log_entry(line, sim):
    with capture_logs() as logs:
        reply = await (await sim.slash(sim.ana, sim.room, "refuse")).wait()
    assert (reply.text, reply.ephemeral) == ("The size must be above zero.", True)
    assert not [entry for entry in logs if entry["log_level"] == "error"]


async def test_a_person_already_answered_is_not_told_of_what_failed_after(line, sim):
    with capture_logs() as logs:
        ix = await sim.slash(sim.ana, sim.room, "late")
        reply = await ix.wait()
        await eventually(lambda: [entry for entry in logs if entry["event"] == "interaction failed"])
    assert reply.text == "all good"
    assert not ix.followups


async def test_a_database_that_is_away_is_said_without_its_address(line, sim):
    reply = await (await sim.slash(sim.ana, sim.room, "down")).wait()
    assert reply.text
    assert "canary" not in reply.text
    assert "mongodb" not in reply.text


async def test_a_button_nobody_listens_to_is_answered_before_discord_gives_up(line, sim):
    panel = (await (await sim.slash(sim.ana, sim.room, "panel")).wait()).message
    reply = await (await sim.click(sim.ana, panel, "Press")).wait()
    assert "earlier version" in reply.text
    assert reply.ephemeral


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("MESSAGE_CREATE", {"id": "1"}),
        ("GUILD_CREATE", {"nonsense": True}),
        ("INTERACTION_CREATE", {"id": "x"}),
        ("MESSAGE_UPDATE", None),
    ],
)
async def test_one_odd_event_is_passed_over_and_the_next_one_is_heard(line, sim, event, payload):
    first, bot = sim.sessions[0], line.bot
    with capture_logs() as logs:
        first.dispatch(event, payload)
        await sim.say(sim.ana, sim.room, "still there?")
        await eventually(lambda: "still there?" in bot.heard)
    assert [entry["gateway_event"] for entry in logs if "gateway_event" in entry] == [event]
    assert line.bot is bot
    assert sim.sessions == [first]


async def test_a_listener_that_raises_is_logged_and_the_next_message_is_heard(line, sim):
    with capture_logs() as logs:
        await sim.say(sim.ana, sim.room, "break the listener")
        await sim.say(sim.ana, sim.room, "and on")
        await eventually(lambda: "and on" in line.bot.heard)
    (entry,) = [entry for entry in logs if entry["event"] == "listener failed"]
    assert entry["exc_info"][0] is ZeroDivisionError


async def test_being_up_follows_the_session(line, sim):
    assert line.connection.up
    sim.refuse_gateway(1)  # so that it is down for long enough to be seen
    sim.drop()
    await eventually(lambda: not line.connection.up)
    await eventually(lambda: line.connection.up, 15)
    await sim.say(sim.ana, sim.room, "after")
    await eventually(lambda: "after" in line.bot.heard)


async def test_rest_failing_at_start_is_tried_again(sim, tmp_path):
    sim.fault("GET /users/@me", abort=True, times=1)
    sim.fault("GET /gateway/bot", status=503, times=1)
    async with connected(sim, tmp_path) as line:
        assert line.connection.up
    assert len([r for r in sim.requests if r.path.endswith("/users/@me")]) == 3


async def test_commands_refused_by_discord_do_not_keep_the_bot_away(sim, tmp_path):
    sim.fault("PUT /applications/*/commands", status=400, times=1)
    async with connected(sim, tmp_path) as line:
        assert line.connection.up
    async with connected(sim, tmp_path):
        pass
    assert [r.status for r in sim.requests if r.path.endswith("/commands")] == [400, 200]


async def test_commands_of_chosen_servers_are_registered_there_only(sim, tmp_path):
    async with connected(sim, tmp_path, guild_ids=(str(sim.guild.id),)):
        reply = await (await sim.slash(sim.ana, sim.room, "refuse")).wait()
    assert reply.text
    paths = [r.path for r in sim.requests if r.path.endswith("/commands")]
    assert len(paths) == 1
    assert f"/guilds/{sim.guild.id}/commands" in paths[0]


async def test_a_token_withdrawn_while_running_ends_with_the_sentence(sim, tmp_path):
    point_rest(sim.url)
    line = Line(sim, tmp_path)
    task = asyncio.create_task(line.connection.run())
    await asyncio.wait_for(line.connection.wait_up(), 10)
    sim.close(4004)
    with pytest.raises(Misconfigured, match="Discord refused the bot token"):
        await asyncio.wait_for(task, 10)
    await line.connection.stop()


async def test_intents_are_those_needed_and_no_more(line, sim):
    (identify,) = [frame["d"] for frame in sim.received if frame["op"] == 2]
    wanted = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    assert identify["intents"] == wanted.value


async def test_roles_come_from_interactions_then_from_rest_and_strangers_have_none(line, sim):
    premium = sim.add_role(sim.guild, "premium")
    await eventually(line.bot.is_ready)
    guild, ana = str(sim.guild.id), str(sim.ana.id)
    await sim.set_roles(sim.guild, sim.ana, [premium])
    assert await line.roles.roles(guild, ana) == {str(premium.id)}
    await sim.set_roles(sim.guild, sim.ana, [])
    assert await line.roles.roles(guild, ana) == {str(premium.id)}, "kept for some minutes"
    await (await sim.slash(sim.ana, sim.room, "refuse")).wait()
    assert await line.roles.roles(guild, ana) == frozenset(), "an interaction tells the truth at once"
    asked = [r for r in sim.requests if "/members/" in r.path]
    assert len(asked) == 1
    stranger = sim.add_user("stranger")
    assert await line.roles.roles(guild, str(stranger.id)) == frozenset()
    other = sim.add_user("other")
    sim.fault("GET /guilds/*/members/*", abort=True, times=2)  # aiohttp itself repeats a GET once
    assert await line.roles.roles(guild, str(other.id)) is None


async def test_role_changes_are_heard_where_the_members_intent_is_on(sim, tmp_path):
    premium = sim.add_role(sim.guild, "premium")
    guild, ana = str(sim.guild.id), str(sim.ana.id)
    async with connected(sim, tmp_path, members_intent=True) as line:
        await eventually(line.bot.is_ready)
        assert await line.roles.roles(guild, ana) == frozenset()
        await sim.set_roles(sim.guild, sim.ana, [premium])

        async def heard():
            return await line.roles.roles(guild, ana) == {str(premium.id)}

        await eventually(heard)
        sim.leave(sim.guild, sim.ana)

        async def gone():
            return await line.roles.roles(guild, ana) == frozenset()

        await eventually(gone)
    assert len([r for r in sim.requests if "/members/" in r.path]) == 1


async def test_direct_messages_are_sent_edited_and_their_failures_named(line, sim):
    desk, user = LiveDesk(line.connection), str(sim.ana.id)
    place = await desk.send(user, note("planned"), "t1")
    await desk.edit(place, note("filled"))
    again = await desk.send(user, note("planned"), "t1")
    assert again == place, "the nonce keeps a repeat from being a second message"
    (message,) = sim.messages(sim.dm(sim.ana))
    assert (message.text, message.edits) == ("filled", 1)
    await sim.delete(message)
    with pytest.raises(MessageGone):
        await desk.edit(place, note("late"))
    sim.fault("POST /channels/*/messages", abort=True)
    with pytest.raises(NotNow):
        await desk.send(user, note("x"), "t2")
    shy = sim.add_user("shy", dms_closed=True)
    sim.join(sim.guild, shy)
    with pytest.raises(DmClosed):
        await desk.send(str(shy.id), note("x"), "t3")


async def test_nothing_the_bot_says_mentions_anybody(line, sim):
    await (await sim.slash(sim.ana, sim.room, "refuse")).wait()
    await LiveDesk(line.connection).send(str(sim.ana.id), note("@everyone"), "n1")
    assert not sim.violations
    bodies = [r.body for r in sim.requests if r.path.endswith("/messages") and r.body]
    assert bodies
    assert all(body["allowed_mentions"] == {"parse": []} for body in bodies)


async def test_stopping_events_keeps_rest_for_last_words(line, sim):
    await line.connection.stop_events()
    await eventually(lambda: not sim.sessions)
    place = await LiveDesk(line.connection).send(str(sim.ana.id), note("bye"), "n9")
    assert place.message


async def test_a_session_that_never_comes_up_is_begun_anew_from_nothing(sim, tmp_path):
    point_rest(sim.url)
    sim.refuse_gateway(10_000)
    clock = DrivenClock()
    line = Line(sim, tmp_path, clock)
    task = asyncio.create_task(line.connection.run())
    await eventually(lambda: line.connection.usable)
    first = line.bot
    await eventually(lambda: clock._sleepers)
    for _ in range(40):
        await clock.advance(5)
    await eventually(first.is_closed)
    sim.refuse_gateway(0)
    await eventually(lambda: clock._sleepers)
    await clock.advance(130)
    await eventually(lambda: line.bot is not first)
    await asyncio.wait_for(line.connection.wait_up(), 10)
    await line.connection.stop()
    await asyncio.wait_for(task, 10)


async def test_a_spent_login_quota_is_waited_out_before_the_next_login(sim, tmp_path):
    point_rest(sim.url)
    limit = {"total": 1000, "remaining": 0, "reset_after": 3_600_000, "max_concurrency": 1}
    answer = {"url": sim.url.replace("http", "ws").removesuffix("/api") + "/gateway", "shards": 1}
    sim.fault("GET /gateway/bot", status=200, body=answer | {"session_start_limit": limit})
    clock = DrivenClock()
    line = Line(sim, tmp_path, clock)
    task = asyncio.create_task(line.connection.run())
    await eventually(lambda: [r for r in sim.requests if r.path.endswith("/gateway/bot")])
    await eventually(lambda: len(clock._sleepers) == 2)
    for _ in range(30):
        await clock.advance(5)
    assert not sim.received
    for _ in range(40):
        await clock.advance(100)
    await asyncio.wait_for(line.connection.wait_up(), 10)
    await line.connection.stop()
    await asyncio.wait_for(task, 10)
