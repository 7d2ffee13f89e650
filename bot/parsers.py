"""Keep one odd gateway event from ending the connection."""

from collections.abc import Callable, Iterable
from typing import Any

import discord
import structlog

log = structlog.get_logger(__name__)
_VITAL = frozenset({"READY", "RESUMED"})
"""Without these there is no session: their failure must restart the connection."""


def guard(
    client: discord.Client,
    on_member: Callable[[str, str, frozenset[str] | None], None],
    on_typed: Callable[[str, str], None],
) -> None:
    """Wrap discord.py's event parsers, in which any exception would otherwise end ``Client.start``.

    ``on_member`` hears of role changes and leavings (guild, user, role ids; None: gone), which discord.py
    drops for members it does not cache. They arrive only with the members intent. ``on_typed`` hears of each
    field of a form that was sent (its id, what was typed) before anything else does.
    """
    parsers: dict[str, Callable[[Any], None]] = client._connection.parsers  # no public way in
    for name, parse in list(parsers.items()):
        if name not in _VITAL:
            parsers[name] = _guarded(name, parse)
    for name, hear in (
        ("INTERACTION_CREATE", _typed(on_typed)),
        ("GUILD_MEMBER_UPDATE", _member(on_member, gone=False)),
        ("GUILD_MEMBER_REMOVE", _member(on_member, gone=True)),
    ):
        parsers[name] = _also(name, parsers[name], hear)


def _guarded(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def run(data: Any) -> None:
        try:
            parse(data)
        except Exception:
            log.exception("a gateway event could not be read and was passed over", gateway_event=name)

    return run


def _also(name: str, first: Callable[[Any], None], second: Callable[[Any], None]) -> Callable[[Any], None]:
    def run(data: Any) -> None:
        second(data)
        first(data)

    return _guarded(name, run)


def _typed(on_typed: Callable[[str, str], None]) -> Callable[[Any], None]:
    def look(components: Iterable[Any]) -> None:
        for component in components:
            look(component.get("components") or ())
            if component.get("component"):
                look((component["component"],))
            if isinstance(component.get("value"), str):
                on_typed(str(component.get("custom_id", "")), component["value"])

    def run(data: Any) -> None:
        if data.get("type") == discord.InteractionType.modal_submit.value:
            look(data.get("data", {}).get("components") or ())

    return run


def _member(
    on_member: Callable[[str, str, frozenset[str] | None], None], *, gone: bool
) -> Callable[[Any], None]:
    def run(data: Any) -> None:
        roles = None if gone else frozenset(str(role) for role in data["roles"])
        on_member(str(data["guild_id"]), str(data["user"]["id"]), roles)

    return run
