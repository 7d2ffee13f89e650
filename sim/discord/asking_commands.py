"""Build slash commands, autocompletes and context menus from what the bot has registered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.discord.asking import Resolver, visible
from sim.discord.errors import JSON
from sim.discord.objects import message_json
from sim.discord.state import BotApp, Channel, User, World

SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
GUILD_CONTEXT, DM_CONTEXT = 0, 1


@dataclass(slots=True, kw_only=True, frozen=True)
class Chosen:
    """Be the command a person picked: whose it is, and the options that may be filled in."""

    app: BotApp
    command: JSON
    steps: list[JSON]

    @property
    def options(self) -> list[JSON]:
        """List the options of the innermost subcommand."""
        last = self.steps[-1] if self.steps else self.command
        return list(last.get("options") or [])


def offered(world: World, user: User, channel: Channel) -> list[tuple[BotApp, JSON]]:
    """List the commands Discord shows this person here."""
    return [
        (app, command)
        for app in world.apps.values()
        for command in app.commands.values()
        if _why_hidden(world, user, channel, app, command) is None
    ]


def choose(world: World, user: User, channel: Channel, path: str, kind: int = CHAT_INPUT) -> Chosen:
    """Find a registered command by its full name. Raises ValueError saying why it cannot be used."""
    visible(world, user, channel)
    name, *rest = path.split() if kind == CHAT_INPUT else [path]
    why = f"no command {name!r} is registered"
    for app in world.apps.values():
        for command in app.commands.values():
            if command["name"] != name or command["type"] != kind:
                continue
            hidden = _why_hidden(world, user, channel, app, command)
            if hidden is None:
                return Chosen(app=app, command=command, steps=_descend(command, rest, path))
            why = hidden
    raise ValueError(f"{why}; offered here: {sorted({c['name'] for _, c in offered(world, user, channel)})}")


def _why_hidden(world: World, user: User, channel: Channel, app: BotApp, command: JSON) -> str | None:
    name = command["name"]
    if channel.guild_id is None:
        contexts = command.get("contexts")
        in_dm = command.get("dm_permission") is not False if contexts is None else DM_CONTEXT in contexts
        return (
            None
            if in_dm and "guild_id" not in command and channel.app_id == app.id
            else f"/{name} is not for DMs"
        )
    guild = world.guilds[channel.guild_id]
    if app.user_id not in guild.members or command.get("guild_id", str(guild.id)) != str(guild.id):
        return f"/{name} is not installed on this server"
    if command.get("contexts") is not None and GUILD_CONTEXT not in command["contexts"]:
        return f"/{name} is not for servers"
    needed = command.get("default_member_permissions")
    if needed is not None:
        has = world.permissions(guild, user)
        if (int(needed) == 0 and guild.owner_id != user.id) or int(needed) & ~has:
            return f"{user.name} lacks the permissions /{name} asks for"
    return None


def spelled_out(command: JSON) -> list[str]:
    """List a command's full names: itself, or each of its subcommands."""
    inner = [option for option in command.get("options") or [] if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        return [command["name"]]
    return [f"{command['name']} {name}" for option in inner for name in spelled_out(option)]


def _descend(command: JSON, rest: list[str], path: str) -> list[JSON]:
    steps: list[JSON] = []
    options = command.get("options") or []
    for name in rest:
        step = next((o for o in options if o["name"] == name and o["type"] in (SUBCOMMAND, GROUP)), None)
        if step is None:
            raise ValueError(f"/{path}: no subcommand {name!r}; there are {[o['name'] for o in options]}")
        steps.append(step)
        options = step.get("options") or []
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in options):
        raise ValueError(f"/{path} needs a subcommand: {[o['name'] for o in options]}")
    return steps


def command_data(
    world: World, channel: Channel, chosen: Chosen, given: JSON, focused: str | None = None
) -> JSON:
    """Write the data of a slash command, or of an autocomplete when an option has the focus."""
    options = chosen.options
    given = _hyphened(given, {option["name"] for option in options})
    extra = set(given) - {option["name"] for option in options}
    if extra:
        raise ValueError(
            f"/{chosen.command['name']} has no option {sorted(extra)}; it has {[o['name'] for o in options]}"
        )
    missing = [o["name"] for o in options if o.get("required") and given.get(o["name"]) is None]
    if missing and focused is None:
        raise ValueError(f"/{chosen.command['name']} needs {missing}")
    resolver = Resolver(world, channel)
    filled: list[JSON] = []
    for option in options:
        value = given.get(option["name"])
        if value is not None or option["name"] == focused:
            filled.append(_filled(resolver, option, value, focused))
    for step in reversed(chosen.steps):
        filled = [{"type": step["type"], "name": step["name"], "options": filled}]
    data: JSON = {
        "id": chosen.command["id"],
        "type": CHAT_INPUT,
        "name": chosen.command["name"],
        "options": filled,
    }
    return _finish(data, chosen, resolver)


def _hyphened(given: JSON, names: set[str]) -> JSON:
    """Let Python keywords stand for option names with hyphens."""
    return {key if key in names else key.replace("_", "-"): value for key, value in given.items()}


def _finish(data: JSON, chosen: Chosen, resolver: Resolver) -> JSON:
    if "guild_id" in chosen.command:
        data["guild_id"] = chosen.command["guild_id"]
    if resolver.found:
        data["resolved"] = resolver.found
    return data


def _filled(resolver: Resolver, option: JSON, value: Any, focused: str | None) -> JSON:
    body: JSON = {"type": option["type"], "name": option["name"]}
    if option["name"] == focused:
        if not option.get("autocomplete"):
            raise ValueError(f"option {focused!r} has no autocomplete")
        return body | {"value": str(value or ""), "focused": True}
    return body | {"value": _value(resolver, option, value)}


def _value(resolver: Resolver, option: JSON, value: Any) -> Any:
    choices = option.get("choices")
    if choices:
        return _choice(option["name"], choices, value)
    return _CONVERT[option["type"]](resolver, option, value)


def _choice(name: str, choices: list[JSON], value: Any) -> Any:
    for key in ("value", "name"):
        for choice in choices:
            if choice[key] == value or str(choice[key]) == str(value):
                return choice["value"]
    raise ValueError(f"{value!r} is not a choice of {name!r}; the choices are {[c['name'] for c in choices]}")


def _text(_: Resolver, option: JSON, value: Any) -> str:
    text = str(value)
    low, high = option.get("min_length") or 0, option.get("max_length") or 6000
    if not low <= len(text) <= high:
        raise ValueError(f"{option['name']!r} takes {low} to {high} characters")
    return text


def _in_range(option: JSON, number: float) -> None:
    low, high = option.get("min_value"), option.get("max_value")
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{option['name']!r} takes {low} to {high}, not {number}")


def _integer(_: Resolver, option: JSON, value: Any) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError(f"{option['name']!r} takes a whole number, not {value!r}")
    _in_range(option, int(value))
    return int(value)


def _number(_: Resolver, option: JSON, value: Any) -> float:
    _in_range(option, float(value))
    return float(value)


def _boolean(_: Resolver, option: JSON, value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(f"{option['name']!r} takes True or False, not {value!r}")
    return str(value).lower() == "true"


_CONVERT: dict[int, Callable[[Resolver, JSON, Any], Any]] = {
    STRING: _text,
    INTEGER: _integer,
    BOOLEAN: _boolean,
    USER: lambda resolver, _, value: resolver.user(value),
    CHANNEL: lambda resolver, option, value: resolver.channel(value, option.get("channel_types")),
    ROLE: lambda resolver, _, value: resolver.role(value),
    MENTIONABLE: lambda resolver, _, value: resolver.mentionable(value),
    NUMBER: _number,
    ATTACHMENT: lambda resolver, _, value: resolver.file(value),
}


def menu_data(world: World, channel: Channel, chosen: Chosen, target: Any) -> JSON:
    """Write the data of a context menu on a user or a message."""
    resolver = Resolver(world, channel)
    data: JSON = {"id": chosen.command["id"], "type": chosen.command["type"], "name": chosen.command["name"]}
    if chosen.command["type"] == USER_MENU:
        data["target_id"] = resolver.user(target)
    else:
        data["target_id"] = str(target.id)
        # The person pressed on this very message, so its content comes along even without the intent.
        body = message_json(world, target, chosen.app, intents=(1 << 15))
        resolver.found["messages"] = {str(target.id): body}
    return _finish(data, chosen, resolver)
