"""Answer about the application itself: who it is, where its gateway is, what it sells, its commands."""

from typing import Any

from sim.discord.errors import JSON, ApiError, unknown
from sim.discord.limits_commands import CHAT_INPUT, check_command, check_commands
from sim.discord.objects import application_json, own_user_json
from sim.discord.server import Call, Route
from sim.discord.state import World


class AppRoutes:
    """Serve /gateway, /users/@me, /applications/@me, entitlements and commands."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.shards = 1

    def routes(self) -> list[Route]:
        """List the routes."""
        commands = "/applications/{app}/commands"
        in_guild = "/applications/{app}/guilds/{guild}/commands"
        listed: list[Route] = [
            ("GET", "/gateway", self._gateway),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("GET", "/users/@me", self._me),
            ("GET", "/applications/@me", self._application),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/{app}/emojis", lambda _: {"items": []}),
        ]
        for path in (commands, in_guild):
            listed += [
                ("GET", path, self._list),
                ("PUT", path, self._replace),
                ("POST", path, self._create),
                ("GET", path + "/{command}", self._get),
                ("PATCH", path + "/{command}", self._edit),
                ("DELETE", path + "/{command}", self._delete),
            ]
        return listed

    def _gateway_url(self) -> str:
        return self._world.base.replace("http", "ws", 1) + "/gateway/"

    def _gateway(self, _: Call) -> Any:
        return {"url": self._gateway_url()}

    def _gateway_bot(self, _: Call) -> Any:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {"url": self._gateway_url(), "shards": self.shards, "session_start_limit": limit}

    def _me(self, call: Call) -> Any:
        return own_user_json(call.person or self._world.users[call.app.user_id])

    def _application(self, call: Call) -> Any:
        return application_json(self._world, call.app)

    # --- commands -----------------------------------------------------------------------------------

    def _own(self, call: Call) -> None:
        if call.key("app") != call.app.id:
            raise unknown("Application", 10002)

    def _scope(self, call: Call) -> str | None:
        self._own(call)
        if "guild" not in call.params:
            return None
        return str(self._world.guild(call.key("guild"), call.app).id)

    def _in_scope(self, call: Call, scope: str | None) -> list[JSON]:
        return [c for c in call.app.commands.values() if c.get("guild_id") == scope]

    def _list(self, call: Call) -> Any:
        return self._in_scope(call, self._scope(call))

    def _get(self, call: Call) -> JSON:
        scope = self._scope(call)
        command = call.app.commands.get(call.key("command"))
        if command is None or command.get("guild_id") != scope:
            raise unknown("application command", 10063)
        return command

    def _replace(self, call: Call) -> Any:
        scope = self._scope(call)
        if not isinstance(call.body, list):
            raise ApiError(400, 50035, "Invalid Form Body")
        check_commands(call.body)
        before = {_identity(c): c for c in self._in_scope(call, scope)}
        after = [self._complete(call, sent, scope, before.get(_identity(sent))) for sent in call.body]
        for command in before.values():
            del call.app.commands[int(command["id"])]
        call.app.commands.update({int(command["id"]): command for command in after})
        call.app.synced = True
        return after

    def _create(self, call: Call) -> Any:
        scope = self._scope(call)
        sent = call.body or {}
        check_command(sent)
        before = {_identity(c): c for c in self._in_scope(call, scope)}
        command = self._complete(call, sent, scope, before.get(_identity(sent)))
        call.app.commands[int(command["id"])] = command
        call.app.synced = True
        return command

    def _edit(self, call: Call) -> Any:
        command = self._get(call)
        sent = {key: command[key] for key in _SENDABLE if key in command} | (call.body or {})
        check_command(sent)
        edited = self._complete(call, sent, command.get("guild_id"), command)
        call.app.commands[int(edited["id"])] = edited
        return edited

    def _delete(self, call: Call) -> Any:
        del call.app.commands[int(self._get(call)["id"])]

    def _complete(self, call: Call, sent: JSON, scope: str | None, known: JSON | None) -> JSON:
        """Write a command as Discord keeps it; the id stays while type and name do."""
        command: JSON = {
            "id": known["id"] if known else str(self._world.snowflake()),
            "application_id": str(call.app.id),
            "version": str(self._world.snowflake()),
            "type": sent.get("type") or CHAT_INPUT,
            "name": sent["name"],
            "name_localizations": sent.get("name_localizations"),
            "description": sent.get("description") or "",
            "description_localizations": sent.get("description_localizations"),
            "default_member_permissions": _text(sent.get("default_member_permissions")),
            "dm_permission": sent.get("dm_permission", True),
            "contexts": sent.get("contexts"),
            "integration_types": sent.get("integration_types") or [0],
            "nsfw": bool(sent.get("nsfw")),
        }
        if sent.get("options"):
            command["options"] = sent["options"]
        if scope is not None:
            command["guild_id"] = scope
        return command


_SENDABLE = (
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "contexts",
    "integration_types",
    "nsfw",
)


def _identity(command: JSON) -> tuple[int, str]:
    return int(command.get("type") or CHAT_INPUT), str(command.get("name"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
