"""Be the whole local Discord in one object: start it, people it, act in it, and look at what the bot did."""

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from domain.clock import SystemClock
from domain.ports import Clock
from sim.discord.acting import Acting
from sim.discord.asking_commands import spelled_out
from sim.discord.errors import JSON
from sim.discord.gateway import GUILD_MEMBERS, GUILDS, Gateway
from sim.discord.messages import SimMessage
from sim.discord.objects import channel_json, member_json, role_json
from sim.discord.posting import Post
from sim.discord.recording import Fault, Recorded, Recorder
from sim.discord.rest_app import AppRoutes
from sim.discord.rest_guilds import GuildRoutes
from sim.discord.rest_interactions import InteractionRoutes
from sim.discord.rest_messages import MessageRoutes
from sim.discord.server import Server
from sim.discord.session import Frame, Session
from sim.discord.state import (
    ADMINISTRATOR,
    MEMBER_PERMISSIONS,
    PRIVILEGED,
    BotApp,
    Channel,
    Guild,
    Member,
    Role,
    User,
    World,
)


class DiscordSim(Acting):
    """Be a Discord on loopback. Ids are ints; the handles given out are live objects."""

    def __init__(self, clock: Clock | None = None) -> None:
        world = World(clock or SystemClock())
        gateway = Gateway(world)
        super().__init__(world, gateway, Post(world, gateway))
        self._recorder = Recorder()
        self._server = Server(world, gateway, self._recorder)
        self._guilds = GuildRoutes(world, gateway)
        self._app_routes = AppRoutes(world)
        for routes in (
            self._app_routes,
            self._guilds,
            self.shop,
            MessageRoutes(world, gateway, self._post),
            InteractionRoutes(world, self._post),
        ):
            self._server.add(routes.routes())

    # --- life ---------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1; 0 picks a free port. Gives the port."""
        return await self._server.start(port)

    async def stop(self) -> None:
        """Close every socket and stop listening."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @property
    def url(self) -> str:
        """Give what DISCORD_API_URL is set to: REST lies below ``{url}/v10``."""
        return f"{self._world.base}/api"

    # --- browsers -----------------------------------------------------------------------------------

    def allow_sign_in(self, app: BotApp, *redirects: str) -> str:
        """Enter redirect addresses in the application's portal; give its client secret."""
        return self._server.oauth.register(app, *redirects)

    def agree(self, user: User, address: str) -> str:
        """Agree, as this person, to what an authorize address asks; give where their browser is sent."""
        return self._server.oauth.agree(user, address)

    # --- who is there -------------------------------------------------------------------------------

    def add_application(
        self,
        name: str = "trade-exec",
        *,
        intents: Sequence[str] = ("members", "message_content", "presences"),
    ) -> BotApp:
        """Make an application and its bot, a member of every guild.

        ``intents`` names the privileged intents switched on in its portal.
        """
        key = self._world.snowflake()
        head = base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")
        app = BotApp(
            token=f"{head}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(29)[:38]}",
            id=key,
            user_id=key,
            name=name,
            granted=sum(PRIVILEGED[intent] for intent in intents),
        )
        self._world.apps[key] = app
        self._world.users[key] = User(id=key, name=name, bot=True)
        for guild in self._world.guilds.values():
            self._enter(guild, self._world.users[key])
        return app

    def add_guild(self, name: str, *, owner: User | None = None) -> Guild:
        """Make a guild with every bot in it; without an owner given it gets one of its own."""
        owner = owner or self.add_user(f"owner of {name}")
        key = self._world.snowflake()
        guild = Guild(id=key, name=name, owner_id=owner.id, joined_at=self._world.clock.now())
        guild.roles[key] = Role(id=key, name="@everyone", permissions=MEMBER_PERMISSIONS, position=0)
        self._world.guilds[key] = guild
        self._enter(guild, owner)
        for app in self._world.apps.values():
            self._enter(guild, self._world.users[app.user_id])
        for session in self.sessions:
            self._gateway.introduce(session, guild)
        return guild

    def add_role(self, guild: Guild, name: str, *, permissions: int = 0, admin: bool = False) -> Role:
        """Make a role."""
        bits = permissions | (ADMINISTRATOR if admin else 0)
        role = Role(id=self._world.snowflake(), name=name, permissions=bits, position=len(guild.roles))
        guild.roles[role.id] = role
        body: JSON = {"guild_id": str(guild.id), "role": role_json(role)}
        self._gateway.publish("GUILD_ROLE_CREATE", body, guild_id=guild.id, intent=GUILDS)
        return role

    def add_channel(self, guild: Guild, name: str) -> Channel:
        """Make a text channel."""
        channel = Channel(id=self._world.snowflake(), name=name, guild_id=guild.id)
        guild.channels[channel.id] = channel
        self._world.channels[channel.id] = channel
        self._gateway.publish("CHANNEL_CREATE", channel_json(channel), guild_id=guild.id, intent=GUILDS)
        return channel

    def close_channel(self, channel: Channel, *, closed: bool = True) -> None:
        """Take the channel away from bots: 403 Missing Access, and no events from it."""
        channel.closed = closed

    def add_user(self, name: str, dms_closed: bool = False) -> User:
        """Make a person."""
        user = User(id=self._world.snowflake(), name=name, dms_closed=dms_closed)
        self._world.users[user.id] = user
        return user

    def join(self, guild: Guild, user: User, roles: Sequence[Role] = ()) -> Member:
        """Make a person a member."""
        member = self._enter(guild, user)
        member.roles = [role.id for role in roles]
        body = member_json(self._world, member) | {"guild_id": str(guild.id)}
        self._gateway.publish("GUILD_MEMBER_ADD", body, guild_id=guild.id, intent=GUILD_MEMBERS)
        return member

    @property
    def guilds(self) -> list[Guild]:
        """List the guilds, oldest first."""
        return list(self._world.guilds.values())

    def owner(self, guild: Guild) -> User:
        """Give the person who owns the guild: every permission."""
        return self._world.users[guild.owner_id]

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel of a guild."""
        guild = next(guild for guild in self.guilds if channel.id in guild.channels)
        del guild.channels[channel.id], self._world.channels[channel.id]
        self._gateway.publish("CHANNEL_DELETE", channel_json(channel), guild_id=guild.id, intent=GUILDS)

    def remove_role(self, guild: Guild, role: Role) -> None:
        """Delete a role; who had it loses it."""
        del guild.roles[role.id]
        body = {"guild_id": str(guild.id), "role_id": str(role.id)}
        self._gateway.publish("GUILD_ROLE_DELETE", body, guild_id=guild.id, intent=GUILDS)
        for member in guild.members.values():
            if role.id in member.roles:
                member.roles.remove(role.id)
                self._guilds.member_changed(guild, member)

    def remove_bot(self, guild: Guild, app: BotApp) -> None:
        """Throw the bot out of a guild."""
        for session in self.sessions:
            if session.app is app and session.covers(guild.id) and session.intents & GUILDS:
                session.dispatch("GUILD_DELETE", {"id": str(guild.id)})
        del guild.members[app.user_id]

    def leave(self, guild: Guild, user: User) -> None:
        """End a membership."""
        member = guild.members.pop(user.id)
        body: JSON = {"guild_id": str(guild.id), "user": member_json(self._world, member)["user"]}
        self._gateway.publish("GUILD_MEMBER_REMOVE", body, guild_id=guild.id, intent=GUILD_MEMBERS)

    async def set_roles(self, guild: Guild, user: User, roles: Sequence[Role]) -> None:
        """Change somebody's roles; sessions with the members intent hear of it."""
        member = guild.members[user.id]
        member.roles = [role.id for role in roles]
        self._guilds.member_changed(guild, member)

    def _enter(self, guild: Guild, user: User) -> Member:
        member = Member(user=user, roles=[], joined_at=self._world.clock.now())
        return guild.members.setdefault(user.id, member)

    def watch(self, watcher: Callable[[str, SimMessage], None]) -> None:
        """Call ``watcher`` with "CREATE", "UPDATE" or "DELETE" and the message, private ones included."""
        self._post.watchers.append(watcher)

    def command_names(self) -> list[str]:
        """List every command the bots have registered, subcommands spelled out."""
        return [
            name
            for app in self._world.apps.values()
            for command in app.commands.values()
            for name in spelled_out(command)
        ]

    # --- trouble ------------------------------------------------------------------------------------

    def fault(self, match: str, **what: Any) -> Fault:
        """Plan trouble for REST requests matching "METHOD /path" (with ``*``), below the version.

        ``status`` answers with it; ``retry_after`` belongs to 429; ``delay`` waits real seconds first;
        ``abort`` cuts the connection; ``execute=True`` does the work before failing; ``times`` is how often.
        """
        fault = Fault(match=match, **what)
        self._recorder.faults.append(fault)
        return fault

    @property
    def faults(self) -> list[Fault]:
        """List the faults still to come; may be changed."""
        return self._recorder.faults

    def drop(self) -> None:
        """Cut every gateway socket; sessions stay resumable."""
        self._gateway.drop()

    def op(self, code: int, data: Any = None) -> None:
        """Send an opcode to every client: 7 asks them to reconnect, 1 for a heartbeat."""
        self._gateway.tell(code, data)

    def close(self, code: int) -> None:
        """Close every gateway socket with a close code."""
        self._gateway.close_all(code)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Say op 9 to every client; not resumable means that their sessions are forgotten."""
        self._gateway.invalidate(resumable=resumable)

    def refuse_gateway(self, times: int) -> None:
        """Answer the next gateway connections with 503."""
        self._gateway.refusals = times

    # --- looking ------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Recorded]:
        """List every REST request with its answer, oldest first."""
        return self._recorder.requests

    @property
    def violations(self) -> list[Recorded]:
        """List the requests that broke a rule of Discord's; each was answered with an error too."""
        return self._recorder.violations

    @property
    def sessions(self) -> list[Session]:
        """List the gateway sessions with a socket."""
        return [session for session in self._gateway.sessions.values() if session.connected]

    @property
    def received(self) -> Sequence[Mapping[str, Any]]:
        """List every gateway frame of the clients as {op, d}; tokens are blanked."""
        return self._gateway.received

    @property
    def close_codes(self) -> list[int]:
        """List the codes the gateway closed misbehaving clients with."""
        return self._gateway.closes

    @property
    def on_frame(self) -> list[Callable[[Frame], None]]:
        """List the hooks called as each gateway frame is written; may be changed."""
        return self._gateway.on_frame

    def dispatched_at(self, message_id: int) -> int | None:
        """Give time.monotonic_ns() of the moment a message's gateway frame was first written."""
        return self._gateway.written_at.get(int(message_id))

    def enforce_rate_limits(self, *, on: bool = True) -> None:
        """Count requests as Discord does, in real seconds, and answer 429 to those above. Off at first."""
        self._server.limits.enabled = on

    def set_shards(self, count: int) -> None:
        """Recommend this many shards in /gateway/bot."""
        self._app_routes.shards = count

    def set_heartbeat(self, seconds: float) -> None:
        """Ask clients for a heartbeat this often."""
        self._gateway.heartbeat_ms = int(seconds * 1000)

    async def ready(
        self, app: BotApp | None = None, *, commands: bool = True, timeout: float = 10.0
    ) -> BotApp:
        """Wait until the bot is connected and, unless ``commands`` is False, has registered its commands."""
        app = app or self._only_app()

        def probe() -> bool:
            here = any(session.app is app for session in self.sessions)
            return here and (app.synced or not commands)

        try:
            await self._world.bell.until(probe, timeout)
        except TimeoutError:
            state = f"connected: {any(s.app is app for s in self.sessions)}, commands synced: {app.synced}"
            raise AssertionError(f"{app.name} was not ready within {timeout} s ({state})") from None
        return app
