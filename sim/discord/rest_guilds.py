"""Answer about guilds, members, roles, users and channels."""

from typing import Any

from sim.discord.errors import ApiError, unknown
from sim.discord.gateway import GUILD_MEMBERS, Gateway
from sim.discord.objects import channel_json, guild_json, member_json, role_json, user_json
from sim.discord.server import Call, Route
from sim.discord.state import Guild, Member, World


class GuildRoutes:
    """Serve /guilds, /users and /channels without their messages."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def routes(self) -> list[Route]:
        """List the routes."""
        member = "/guilds/{guild}/members/{user}"
        return [
            ("GET", "/users/@me/guilds", self._my_guilds),
            ("POST", "/users/@me/channels", self._open_dm),
            ("GET", "/users/{user}", self._user),
            ("GET", "/guilds/{guild}", self._guild),
            ("GET", "/guilds/{guild}/channels", self._channels),
            ("GET", "/guilds/{guild}/roles", self._roles),
            ("GET", "/guilds/{guild}/members", self._members),
            ("GET", member, self._member),
            ("PUT", member + "/roles/{role}", self._give_role),
            ("DELETE", member + "/roles/{role}", self._take_role),
            ("GET", "/channels/{channel}", self._channel),
        ]

    def _my_guilds(self, call: Call) -> Any:
        mine = [g for g in self._world.guilds.values() if call.app.user_id in g.members]
        return [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": str(self._permissions(guild, call)),
                "features": [],
            }
            for guild in mine
        ]

    def _permissions(self, guild: Guild, call: Call) -> int:
        return self._world.permissions(guild, self._world.users[call.app.user_id])

    def _open_dm(self, call: Call) -> Any:
        recipient = str((call.body or {}).get("recipient_id"))
        user = self._world.users.get(int(recipient)) if recipient.isdigit() else None
        if user is None:
            raise ApiError(400, 50033, "Invalid Recipient(s)")
        if user.bot:
            raise ApiError(400, 50007, "Cannot send messages to this user")
        return channel_json(self._world.dm(user, call.app))

    def _user(self, call: Call) -> Any:
        return user_json(self._world.user(call.key("user")))

    def _guild(self, call: Call) -> Any:
        return guild_json(self._world.guild(call.key("guild"), call.app))

    def _channels(self, call: Call) -> Any:
        guild = self._world.guild(call.key("guild"), call.app)
        return [channel_json(channel) for channel in guild.channels.values()]

    def _roles(self, call: Call) -> Any:
        return [role_json(role) for role in self._world.guild(call.key("guild"), call.app).roles.values()]

    def _members(self, call: Call) -> Any:
        guild = self._world.guild(call.key("guild"), call.app)
        if not call.app.granted & GUILD_MEMBERS:
            raise ApiError(403, 50001, "Missing Access")
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
        found = sorted((m for m in guild.members.values() if m.user.id > after), key=lambda m: m.user.id)
        return [member_json(self._world, member) for member in found[:limit]]

    def _find(self, call: Call) -> tuple[Guild, Member]:
        guild = self._world.guild(call.key("guild"), call.app)
        member = guild.members.get(call.key("user"))
        if member is None:
            raise unknown("Member", 10007)
        return guild, member

    def _member(self, call: Call) -> Any:
        return member_json(self._world, self._find(call)[1])

    def _give_role(self, call: Call) -> Any:
        guild, member = self._find(call)
        if call.key("role") not in guild.roles:
            raise unknown("Role", 10011)
        if call.key("role") not in member.roles:
            member.roles.append(call.key("role"))
        self.member_changed(guild, member)

    def _take_role(self, call: Call) -> Any:
        guild, member = self._find(call)
        if call.key("role") in member.roles:
            member.roles.remove(call.key("role"))
        self.member_changed(guild, member)

    def member_changed(self, guild: Guild, member: Member) -> None:
        """Tell sessions with the members intent."""
        body = member_json(self._world, member) | {"guild_id": str(guild.id)}
        self._gateway.publish("GUILD_MEMBER_UPDATE", body, guild_id=guild.id, intent=GUILD_MEMBERS)

    def _channel(self, call: Call) -> Any:
        channel = self._world.channel(call.key("channel"))
        self._world.seen_by(call.app, channel)
        return channel_json(channel)
