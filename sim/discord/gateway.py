"""Speak the gateway: HELLO, IDENTIFY, RESUME, heartbeats, events by intent and shard."""

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from sim.discord.errors import JSON
from sim.discord.messages import SimMessage
from sim.discord.objects import event_message_json, gateway_guild_json, member_json, own_user_json
from sim.discord.session import Frame, Session, Wire
from sim.discord.state import PRIVILEGED, BotApp, Guild, World

GUILDS, GUILD_MEMBERS = 1 << 0, 1 << 1
GUILD_MESSAGES, GUILD_REACTIONS = 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 12, 1 << 13
KNOWN_INTENTS = (1 << 26) - 1
SENDS_PER_MINUTE = 120

UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQ, RATE_LIMITED, INVALID_SHARD = 4005, 4007, 4008, 4010
INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4012, 4013, 4014


class Connection:
    """Be one socket, with the session it has identified or resumed."""

    def __init__(self, wire: Wire, request: web.Request) -> None:
        self.wire = wire
        self.at_resume_url = request.path.startswith("/resume")
        self.session: Session | None = None
        self.sends: deque[float] = deque()

    def say(self, op: int, data: Any) -> None:
        """Write a frame that is not an event."""
        self.wire.send(Frame(payload=orjson.dumps({"op": op, "d": data, "s": None, "t": None})))


class Gateway:
    """Serve every bot's sockets and hand events to the sessions that may hear them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.received: list[JSON] = []
        self.closes: list[int] = []
        self.refusals = 0
        self.heartbeat_ms = 41_250
        self.written_at: dict[int, int] = {}
        self.on_frame: list[Callable[[Frame], None]] = []
        self._connections: set[Connection] = set()

    # --- sockets ------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Talk to one client until its socket ends."""
        if self.refusals > 0:
            self.refusals -= 1
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=0, autoclose=True)
        await socket.prepare(request)
        connection = Connection(Wire(socket, request, self._written), request)
        self._connections.add(connection)
        try:
            if request.query.get("v") not in ("9", "10"):
                connection.wire.close(INVALID_VERSION)
            connection.say(10, {"heartbeat_interval": self.heartbeat_ms, "_trace": []})
            await self._listen(socket, connection)
        finally:
            self._connections.discard(connection)
            self._detach(connection, socket.close_code)
            await connection.wire.finish()
        return socket

    async def _listen(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            try:
                frame = orjson.loads(message.data)
                op, data = int(frame["op"]), frame.get("d")
            except (ValueError, KeyError, TypeError):
                connection.wire.close(DECODE_ERROR)
                continue
            self._note(op, data)
            code = self._too_fast(connection) or self._handle(connection, op, data)
            if code:
                self.closes.append(code)
                connection.wire.close(code)

    def _note(self, op: int, data: Any) -> None:
        if isinstance(data, dict) and "token" in data:
            data = data | {"token": "***"}
        self.received.append({"op": op, "d": data})

    def _too_fast(self, connection: Connection) -> int | None:
        now = time.monotonic()
        sends = connection.sends
        while sends and sends[0] < now - 60:
            sends.popleft()
        sends.append(now)
        return RATE_LIMITED if len(sends) > SENDS_PER_MINUTE else None

    def _detach(self, connection: Connection, code: int | None) -> None:
        session = connection.session
        if session is None or session.wire is not connection.wire:
            return
        session.wire = None
        if code in (1000, 1001) and not connection.wire.closing:
            self.sessions.pop(session.id, None)  # a client that says goodbye ends its session
        self.world.bell.ring()

    def _written(self, frame: Frame, at: int) -> None:
        if frame.message_id is not None and frame.event == "MESSAGE_CREATE":
            self.written_at.setdefault(frame.message_id, at)
        for hook in self.on_frame:
            hook(frame)

    # --- what clients say ---------------------------------------------------------------------------

    def _handle(self, connection: Connection, op: int, data: Any) -> int | None:
        """Do what the client asks; give the code to close with when it may not."""
        if op == 1:
            connection.say(11, None)
            return None
        if op == 2:
            return ALREADY_AUTHENTICATED if connection.session else self._identify(connection, data)
        if op == 6:
            return ALREADY_AUTHENTICATED if connection.session else self._resume(connection, data)
        if connection.session is None:
            return NOT_AUTHENTICATED
        if op == 8:
            self._members(connection.session, data)
            return None
        return None if op in (3, 4, 31, 43) else UNKNOWN_OPCODE

    def _identify(self, connection: Connection, data: JSON) -> int | None:
        app = self.world.app_by_token(str(data.get("token")).removeprefix("Bot "))
        if app is None:
            return AUTHENTICATION_FAILED
        index, count = data.get("shard") or (0, 1)
        intents = data.get("intents")
        if not 0 <= index < count:
            return INVALID_SHARD
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return INVALID_INTENTS
        if intents & sum(PRIVILEGED.values()) & ~app.granted:
            return DISALLOWED_INTENTS
        for old in [s for s in self.sessions.values() if s.app is app and not s.connected]:
            if old.shard == (index, count):
                del self.sessions[old.id]
        session = Session(
            id=secrets.token_hex(16),
            app=app,
            intents=intents,
            shard=(index, count),
            large_threshold=int(data.get("large_threshold") or 50),
        )
        self.sessions[session.id] = session
        self._attach(connection, session)
        self._greet(session)
        return None

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.wire = connection.wire
        self.world.bell.ring()

    def _greet(self, session: Session) -> None:
        guilds = [g for g in self._guilds(session.app) if session.covers(g.id)]
        session.dispatch("READY", {
            "v": 10,
            "user": own_user_json(self.world.users[session.app.user_id]),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.world.base.replace("http", "ws", 1) + "/resume/",
            "shard": list(session.shard),
            "application": {"id": str(session.app.id), "flags": 0},
            "private_channels": [],
            "_trace": [],
        })  # fmt: skip
        for guild in guilds:
            self.introduce(session, guild)

    def introduce(self, session: Session, guild: Guild) -> None:
        """Tell a session about a guild, when it asked for guilds and the bot is in this one."""
        if session.intents & GUILDS and session.covers(guild.id) and session.app.user_id in guild.members:
            about = {"intents": session.intents, "large": session.large_threshold}
            session.dispatch("GUILD_CREATE", gateway_guild_json(self.world, guild, session.app, **about))

    def _guilds(self, app: BotApp) -> list[Guild]:
        return [guild for guild in self.world.guilds.values() if app.user_id in guild.members]

    def _resume(self, connection: Connection, data: JSON) -> int | None:
        app = self.world.app_by_token(str(data.get("token")).removeprefix("Bot "))
        if app is None:
            return AUTHENTICATION_FAILED
        session = self.sessions.get(str(data.get("session_id")))
        sequence = int(data.get("seq") or 0)
        if session is None or session.app is not app or not session.remembers(sequence):
            connection.say(9, False)
            return None
        if sequence > session.sequence:
            return INVALID_SEQ
        if session.wire is not None:
            session.wire.cut()
        self._attach(connection, session)
        session.resumes += 1
        session.replay(sequence)
        return None

    def _members(self, session: Session, data: JSON) -> None:
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None or session.app.user_id not in guild.members:
            return
        wanted = data.get("user_ids")
        members = list(guild.members.values())
        if wanted:
            ids = {int(one) for one in (wanted if isinstance(wanted, list) else [wanted])}
            members = [member for member in members if member.user.id in ids]
        else:
            members = [
                m for m in members if m.user.name.lower().startswith(str(data.get("query") or "").lower())
            ]
            members = members[: int(data.get("limit") or 0) or None]
        chunks = [members[i : i + 1000] for i in range(0, len(members), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            session.dispatch("GUILD_MEMBERS_CHUNK", {
                "guild_id": str(guild.id),
                "members": [member_json(self.world, member) for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": [],
                "nonce": data.get("nonce"),
            })  # fmt: skip

    # --- what clients hear --------------------------------------------------------------------------

    def publish(self, event: str, data: JSON, *, guild_id: int | None, intent: int = 0) -> None:
        """Send an event to every session in the guild that asked for the intent."""
        for session in list(self.sessions.values()):
            inside = guild_id is None or session.app.user_id in self.world.guilds[guild_id].members
            if inside and session.covers(guild_id) and (not intent or session.intents & intent):
                session.dispatch(event, data)

    def publish_message(self, event: str, message: SimMessage) -> None:
        """Send a message event, written for each application as far as it may read it."""
        channel = self.world.channels[message.channel_id]
        intent = DIRECT_MESSAGES if channel.is_dm else GUILD_MESSAGES
        for session in list(self.sessions.values()):
            heard = session.covers(message.guild_id) and session.intents & intent
            if heard and self._sees(session.app, message):
                session.dispatch(event, self._message_body(event, message, session), message.id)

    def publish_purge(self, messages: list[SimMessage]) -> None:
        """Say in one event that several messages of a guild channel are gone."""
        first = messages[0]
        ids = [str(message.id) for message in messages]
        body = {"ids": ids, "channel_id": str(first.channel_id), "guild_id": str(first.guild_id)}
        self.publish("MESSAGE_DELETE_BULK", body, guild_id=first.guild_id, intent=GUILD_MESSAGES)

    def _message_body(self, event: str, message: SimMessage, session: Session) -> JSON:
        if event != "MESSAGE_DELETE":
            return event_message_json(self.world, message, session.app, session.intents)
        body: JSON = {"id": str(message.id), "channel_id": str(message.channel_id)}
        return body if message.guild_id is None else body | {"guild_id": str(message.guild_id)}

    def _sees(self, app: BotApp, message: SimMessage) -> bool:
        channel = self.world.channels[message.channel_id]
        if message.ephemeral:
            return False
        if channel.guild_id is None:
            return channel.app_id == app.id
        return not channel.closed and app.user_id in self.world.guilds[channel.guild_id].members

    def interact(self, app: BotApp, data: JSON, guild_id: int | None) -> bool:
        """Send an interaction to its application's sessions; False when there is none."""
        heard = [s for s in self.sessions.values() if s.app is app and s.covers(guild_id)]
        for session in heard:
            session.dispatch("INTERACTION_CREATE", data)
        return bool(heard)

    # --- trouble ------------------------------------------------------------------------------------

    def drop(self) -> None:
        """Cut every socket; the sessions can be resumed."""
        for connection in list(self._connections):
            connection.wire.cut()
            self._detach(connection, None)

    def tell(self, op: int, data: Any = None) -> None:
        """Send an opcode to every client: 7 asks to reconnect, 1 asks for a heartbeat."""
        for connection in list(self._connections):
            connection.say(op, data)

    def close_all(self, code: int) -> None:
        """Close every socket with a code."""
        for connection in list(self._connections):
            connection.wire.close(code)

    def invalidate(self, *, resumable: bool) -> None:
        """Say that the session is invalid (op 9)."""
        for connection in list(self._connections):
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)
                connection.session.wire = None
            connection.say(9, resumable)

    async def stop(self) -> None:
        """Close every socket as a server that goes away."""
        for connection in list(self._connections):
            with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
                async with asyncio.timeout(0.5):
                    await connection.wire.socket.close(code=1001)
