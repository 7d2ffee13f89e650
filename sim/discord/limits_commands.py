"""Check application commands before they are registered.

Source: the application command schemas of Discord's OpenAPI file and Discord's command reference.
"""

import re
from typing import Any

from sim.discord.errors import JSON, Form, Path

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
STRING, INTEGER, NUMBER = 3, 4, 10
MAX_PER_TYPE = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
MAX_OPTIONS, MAX_CHOICES, MAX_SIZE = 25, 25, 8000
NAME = re.compile(r"^[-_'\w]{1,32}$")


def check_commands(commands: list[JSON]) -> None:
    """Check a whole scope; the index is the first element of every path. Raises 50035 or 30032."""
    form = Form()
    seen: set[tuple[int, str]] = set()
    counts: dict[int, int] = {}
    for index, command in enumerate(commands):
        _command(form, command, (index,))
        kind = int(command.get("type") or CHAT_INPUT)
        key = (kind, str(command.get("name")))
        if key in seen:
            message = "Application command names must be unique"
            form.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)
        counts[kind] = counts.get(kind, 0) + 1
    for kind, count in counts.items():
        if count > MAX_PER_TYPE.get(kind, 100):
            form.add((), "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_PER_TYPE[kind]} or fewer in length.")
    form.done()


def check_command(command: JSON) -> None:
    """Check one command. Raises 50035."""
    form = Form()
    _command(form, command, ())
    form.done()


def _command(form: Form, command: JSON, path: Path) -> None:
    kind = command.get("type") or CHAT_INPUT
    if not form.choice(kind, (*path, "type"), frozenset(MAX_PER_TYPE)):
        return
    form.text(command.get("name"), (*path, "name"), low=1, high=32, required=True)
    if kind == CHAT_INPUT:
        _name(form, command.get("name"), path)
        form.text(command.get("description"), (*path, "description"), low=1, high=100, required=True)
        _options(form, command.get("options"), path, depth=0)
    elif command.get("description"):
        message = "Context menu commands cannot have a description"
        form.add((*path, "description"), "APPLICATION_COMMAND_INVALID_DESCRIPTION", message)
    contexts = command.get("contexts")
    if contexts is not None:
        for index, context in enumerate(form.count(contexts, (*path, "contexts"), low=1, high=3)):
            form.choice(context, (*path, "contexts", index), frozenset({0, 1, 2}))
    if size(command) > MAX_SIZE:
        form.add(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MAX_SIZE})")


def _name(form: Form, name: Any, path: Path) -> None:
    if isinstance(name, str) and (not NAME.match(name) or name != name.lower()):
        message = "Command name is invalid: lower-case letters, digits, hyphen and underscore only"
        form.add((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", message)


def _options(form: Form, options: Any, path: Path, *, depth: int) -> None:
    names: set[Any] = set()
    optional = False
    kinds: set[bool] = set()
    for index, option in enumerate(form.count(options, (*path, "options"), high=MAX_OPTIONS)):
        at = (*path, "options", index)
        _option(form, option, at, depth=depth)
        if option.get("name") in names:
            message = "Option name already exists"
            form.add((*at, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", message)
        names.add(option.get("name"))
        kinds.add(option.get("type") in (SUBCOMMAND, SUBCOMMAND_GROUP))
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.add(at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")
    if len(kinds) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


def _option(form: Form, option: JSON, path: Path, *, depth: int) -> None:
    kind = option.get("type")
    if not form.choice(kind, (*path, "type"), frozenset(range(1, 12))):
        return
    form.text(option.get("name"), (*path, "name"), low=1, high=32, required=True)
    _name(form, option.get("name"), path)
    form.text(option.get("description"), (*path, "description"), low=1, high=100, required=True)
    if kind in (SUBCOMMAND, SUBCOMMAND_GROUP):
        if depth > 1 or (depth == 1 and kind == SUBCOMMAND_GROUP):
            message = "Sub-commands cannot be nested deeper"
            form.add((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        _options(form, option.get("options"), path, depth=depth + 1 if kind == SUBCOMMAND_GROUP else 2)
        return
    _choices(form, option, path)
    if option.get("autocomplete") and kind not in (STRING, INTEGER, NUMBER):
        form.add(
            (*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", "Not for this type"
        )
    form.number(option.get("min_length"), (*path, "min_length"), low=0, high=6000)
    form.number(option.get("max_length"), (*path, "max_length"), low=1, high=6000)


def _choices(form: Form, option: JSON, path: Path) -> None:
    choices = form.count(option.get("choices"), (*path, "choices"), high=MAX_CHOICES)
    if choices and option.get("autocomplete"):
        message = "Choices and autocomplete are mutually exclusive"
        form.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)
    check_choices(form, choices, (*path, "choices"), text=option.get("type") == STRING)


def check_choices(form: Form, choices: list[Any], path: Path, *, text: bool) -> None:
    """Note what is wrong with choices of an option or of an autocomplete answer."""
    for index, choice in enumerate(choices):
        form.text(choice.get("name"), (*path, index, "name"), low=1, high=100, required=True)
        value = choice.get("value")
        if value is None:
            form.required((*path, index, "value"))
        elif text or isinstance(value, str):
            form.text(value, (*path, index, "value"), high=100)


def size(command: JSON) -> int:
    """Count the characters of names, descriptions and choice values, as Discord does."""
    total = len(command.get("name") or "") + len(command.get("description") or "")
    total += sum(len(str(c.get("name"))) + len(str(c.get("value"))) for c in command.get("choices") or [])
    return total + sum(size(option) for option in command.get("options") or [])
