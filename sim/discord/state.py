"""Hold what exists in this Discord: applications, guilds, people, channels, interactions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.ports import Clock
from sim.discord.bell import Bell
from sim.discord.errors import JSON, ApiError, unknown
from sim.discord.messages import SimMessage

EPOCH_MS = 1_420_070_400_000
ADMINISTRATOR = 1 << 3
ALL_PERMISSIONS = (1 << 53) - 1
MEMBER_PERMISSIONS = 0x0000_0000_8076_FC41
"""What @everyone may do by default: read, send, react, use application commands."""

PRIVILEGED = {"presences": 1 << 8, "members": 1 << 1, "message_content": 1 << 15}
"""Intents that must be switched on in the developer portal."""


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    """Be a person, a bot or a webhook's face."""

    id: int
    name: str
    bot: bool = False
    dms_closed: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Role:
    """Be a role of one guild."""

    id: int
    name: str
    permissions: int = 0
    position: int = 1


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """Be a user in one guild."""

    user: User
    roles: list[int]
    joined_at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """Be a text channel of a guild, or the DM between one user and one application."""

    id: int
    name: str
    guild_id: int | None = None
    recipient: User | None = None
    app_id: int | None = None
    closed: bool = False
    messages: dict[int, SimMessage] = field(default_factory=dict)

    @property
    def is_dm(self) -> bool:
        """Tell whether this is a direct message channel."""
        return self.guild_id is None


@dataclass(slots=True, kw_only=True, eq=False)
class Guild:
    """Be a server."""

    id: int
    name: str
    owner_id: int
    joined_at: datetime
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class BotApp:
    """Be an application with its bot user; ``commands`` are those registered, by id."""

    token: str = field(repr=False)
    id: int
    user_id: int
    name: str
    granted: int
    commands: dict[int, JSON] = field(default_factory=dict)
    synced: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """Be what one person did once, and what the bot has answered so far."""

    id: int
    token: str
    type: int
    app: BotApp
    user: User
    channel: Channel
    born: float
    data: JSON
    message: SimMessage | None = None
    parent: "Interaction | None" = None
    answered: int | None = None
    ephemeral: bool = False
    filled: bool = False
    original: SimMessage | None = None
    followups: list[SimMessage] = field(default_factory=list)
    modal: JSON | None = None
    choices: list[JSON] | None = None


class World:
    """Own everything, and give out ids that follow the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.bell = Bell()
        self.apps: dict[int, BotApp] = {}
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, SimMessage] = {}
        self.interactions: dict[int, Interaction] = {}
        self.files: dict[int, tuple[str, bytes]] = {}
        self.base = ""
        self._last_id = 0

    def snowflake(self) -> int:
        """Give an id made now; ids only rise, even when the clock stands still."""
        stamp = (int(self.clock.now().timestamp() * 1000) - EPOCH_MS) << 22
        self._last_id = max(stamp, self._last_id + 1)
        return self._last_id

    def app_by_token(self, token: str) -> BotApp | None:
        """Find the application a token belongs to."""
        return next((app for app in self.apps.values() if app.token == token), None)

    def channel(self, key: int) -> Channel:
        """Give a channel; raises 404/10003."""
        found = self.channels.get(key)
        if found is None:
            raise unknown("Channel", 10003)
        return found

    def guild(self, key: int, app: BotApp) -> Guild:
        """Give a guild the application is in; raises 404/10004."""
        found = self.guilds.get(key)
        if found is None or app.user_id not in found.members:
            raise unknown("Guild", 10004)
        return found

    def user(self, key: int) -> User:
        """Give a user; raises 404/10013."""
        found = self.users.get(key)
        if found is None:
            raise unknown("User", 10013)
        return found

    def message(self, channel: Channel, key: int) -> SimMessage:
        """Give a message everybody in the channel can see; raises 404/10008."""
        found = channel.messages.get(key)
        if found is None or found.deleted or found.ephemeral:
            raise unknown("Message", 10008)
        return found

    def dm(self, user: User, app: BotApp) -> Channel:
        """Give the DM channel of the two, made on first use."""
        for channel in self.channels.values():
            if channel.recipient is user and channel.app_id == app.id:
                return channel
        channel = Channel(id=self.snowflake(), name=user.name, recipient=user, app_id=app.id)
        self.channels[channel.id] = channel
        return channel

    def seen_by(self, app: BotApp, channel: Channel) -> None:
        """Refuse with 50001 when the application cannot see the channel."""
        if channel.is_dm:
            allowed = channel.app_id == app.id
        else:
            assert channel.guild_id is not None
            allowed = app.user_id in self.guilds[channel.guild_id].members and not channel.closed
        if not allowed:
            raise ApiError(403, 50001, "Missing Access")

    def permissions(self, guild: Guild, user: User) -> int:
        """Add up what a member may do in the guild."""
        if guild.owner_id == user.id:
            return ALL_PERMISSIONS
        member = guild.members.get(user.id)
        if member is None:
            return 0
        total = guild.roles[guild.id].permissions
        for role in member.roles:
            total |= guild.roles[role].permissions
        return ALL_PERMISSIONS if total & ADMINISTRATOR else total

    def shared_guilds(self, user: User, app: BotApp) -> list[Guild]:
        """List the guilds both are in."""
        return [g for g in self.guilds.values() if user.id in g.members and app.user_id in g.members]

    def put(self, channel: Channel, message: SimMessage) -> None:
        """Store a message."""
        channel.messages[message.id] = message
        self.messages[message.id] = message

    def keep_file(self, name: str, content: bytes, kind: str) -> JSON:
        """Store an uploaded file and give its attachment object."""
        key = self.snowflake()
        self.files[key] = (kind, content)
        url = f"{self.base}/attachments/{key}/{name}"
        return {"id": str(key), "filename": name, "size": len(content), "content_type": kind, "url": url,
                "proxy_url": url}  # fmt: skip

    def iso(self, when: datetime | None) -> Any:
        """Write a time as Discord does."""
        return None if when is None else when.isoformat(timespec="microseconds")
