"""Write what a person does as an interaction, refusing what Discord's client would not offer."""

import secrets
from typing import Any

from sim.discord.errors import JSON
from sim.discord.messages import (
    BUTTON,
    CHANNEL_SELECT,
    MENTIONABLE_SELECT,
    ROLE_SELECT,
    STRING_SELECT,
    USER_SELECT,
    SimMessage,
)
from sim.discord.objects import (
    event_message_json,
    integration_owners,
    member_json,
    partial_channel_json,
    role_json,
    user_json,
)
from sim.discord.state import ALL_PERMISSIONS, BotApp, Channel, Guild, Interaction, Role, User, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
GUILD_CONTEXT, DM_CONTEXT = 0, 1
UPLOAD_LIMIT = 10 * 1024 * 1024
TOKEN_BYTES = 48


def open_interaction(
    world: World,
    kind: int,
    app: BotApp,
    user: User,
    channel: Channel,
    data: JSON,
    *,
    message: SimMessage | None = None,
    parent: Interaction | None = None,
) -> Interaction:
    """Register a new interaction, born now."""
    ix = Interaction(
        id=world.snowflake(),
        token=secrets.token_urlsafe(TOKEN_BYTES),
        type=kind,
        app=app,
        user=user,
        channel=channel,
        born=world.clock.monotonic(),
        data=data,
        message=message,
        parent=parent,
    )
    world.interactions[ix.id] = ix
    return ix


def interaction_json(world: World, ix: Interaction) -> JSON:
    """Write INTERACTION_CREATE."""
    channel = ix.channel
    body: JSON = {
        "id": str(ix.id),
        "application_id": str(ix.app.id),
        "type": ix.type,
        "token": ix.token,
        "version": 1,
        "data": ix.data,
        "channel_id": str(channel.id),
        "channel": partial_channel_json(channel),
        "locale": "en-US",
        "context": DM_CONTEXT if channel.is_dm else GUILD_CONTEXT,
        "authorizing_integration_owners": integration_owners(channel),
        "attachment_size_limit": UPLOAD_LIMIT,
        "app_permissions": str(ALL_PERMISSIONS),
    }
    if channel.guild_id is None:
        body["user"] = user_json(ix.user)
    else:
        guild = world.guilds[channel.guild_id]
        member = member_json(world, guild.members[ix.user.id])
        body |= {
            "guild_id": str(guild.id),
            "guild_locale": "en-US",
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "member": member | {"permissions": str(world.permissions(guild, ix.user))},
        }
    if ix.message is not None and ix.type in (COMPONENT, MODAL_SUBMIT):
        body["message"] = event_message_json(world, ix.message, ix.app)
    return body


class Resolver:
    """Collect the objects that an interaction's ids stand for."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._guild: Guild | None = None if channel.guild_id is None else world.guilds[channel.guild_id]
        self.found: JSON = {}

    def _put(self, kind: str, key: int, body: JSON) -> str:
        self.found.setdefault(kind, {})[str(key)] = body
        return str(key)

    def user(self, value: Any) -> str:
        """Resolve a user, with the member where the user is one."""
        user = value if isinstance(value, User) else self._world.users.get(_number(value))
        if user is None:
            raise ValueError(f"{value!r} is not a user")
        if self._guild is not None and user.id in self._guild.members:
            member = member_json(self._world, self._guild.members[user.id], with_user=False)
            permissions = str(self._world.permissions(self._guild, user))
            self._put("members", user.id, member | {"permissions": permissions})
        return self._put("users", user.id, user_json(user))

    def role(self, value: Any) -> str:
        """Resolve a role of this guild."""
        key = value.id if isinstance(value, Role) else _number(value)
        if self._guild is None or key not in self._guild.roles:
            raise ValueError(f"{value!r} is not a role of this server")
        return self._put("roles", key, role_json(self._guild.roles[key]))

    def channel(self, value: Any, types: list[int] | None = None) -> str:
        """Resolve a channel of this guild."""
        key = value.id if isinstance(value, Channel) else _number(value)
        if self._guild is None or key not in self._guild.channels:
            raise ValueError(f"{value!r} is not a channel of this server")
        if types and 0 not in types:
            raise ValueError(f"channel {key} is not of the types {types}")
        return self._put("channels", key, partial_channel_json(self._guild.channels[key]))

    def mentionable(self, value: Any) -> str:
        """Resolve a user or a role."""
        if isinstance(value, Role) or (
            self._guild and _number(getattr(value, "id", value)) in self._guild.roles
        ):
            return self.role(value)
        return self.user(value)

    def file(self, value: Any) -> str:
        """Resolve an upload given as (name, content)."""
        name, content = value
        body = self._world.keep_file(name, content, "application/octet-stream")
        return self._put("attachments", int(body["id"]), body)

    def select(self, component: JSON, value: Any) -> str:
        """Resolve one value chosen in a select."""
        kind = component["type"]
        if kind == STRING_SELECT:
            return _option_value(component, value)
        if kind == CHANNEL_SELECT:
            return self.channel(value, component.get("channel_types"))
        by_kind = {USER_SELECT: self.user, ROLE_SELECT: self.role, MENTIONABLE_SELECT: self.mentionable}
        return by_kind[kind](value)


def _number(value: Any) -> int:
    return int(value) if str(value).isdigit() else 0


def _option_value(component: JSON, value: Any) -> str:
    for key in ("value", "label"):
        for option in component["options"]:
            if option[key] == str(value):
                return str(option["value"])
    offered = [option["label"] for option in component["options"]]
    raise ValueError(f"{value!r} is not offered; the options are {offered}")


def check_amount(component: JSON, count: int) -> None:
    """Refuse more or fewer values than the select takes."""
    low, high = component.get("min_values"), component.get("max_values")
    low = 1 if low is None else low
    high = 1 if high is None else high
    if component.get("required") is False and count == 0:
        return
    if not low <= count <= high:
        raise ValueError(f"{component.get('custom_id')!r} takes {low} to {high} values, not {count}")


def find_control(world: World, user: User, message: SimMessage, name: str) -> JSON:
    """Find a button or select that this person can use now. Raises ValueError with what there is."""
    if message.deleted:
        raise ValueError("the message is gone")
    if message.ephemeral and message.audience != user.id:
        raise ValueError(f"{user.name} cannot see this message: it is for somebody else only")
    control = message.find(name)
    if control is None:
        others = [select.get("custom_id") for select in message.selects]
        raise ValueError(f"no {name!r} on the message; buttons: {message.buttons}, selects: {others}")
    if control.get("disabled"):
        raise ValueError(f"{name!r} is disabled")
    if control["type"] == BUTTON and control["style"] in (5, 6):
        raise ValueError(f"{name!r} is a link or a purchase: pressing it sends nothing to the bot")
    channel = world.channels[message.channel_id]
    visible(world, user, channel)
    return control


def visible(world: World, user: User, channel: Channel) -> None:
    """Refuse a person who is not in the channel."""
    if channel.guild_id is None:
        if channel.recipient is not user:
            raise ValueError(f"{user.name} is not in this direct message")
    elif user.id not in world.guilds[channel.guild_id].members:
        raise ValueError(f"{user.name} is not a member of the server")
