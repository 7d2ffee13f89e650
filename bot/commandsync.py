"""Tell Discord which commands there are, only when they changed (one sync a deploy, not one a start)."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import discord
import structlog
from discord import app_commands

log = structlog.get_logger(__name__)


def fingerprint(payload: Sequence[Any], *where: str) -> str:
    """Hash the commands and where they are registered."""
    text = json.dumps([payload, *where], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def sync_commands(
    tree: app_commands.CommandTree[Any], *, memory: Path, guilds: Sequence[str], server: str
) -> bool:
    """Register the commands when their hash differs from the one in ``memory``; tell whether it did.

    ``guilds`` empty registers them everywhere; else only there, where they show at once. ``server`` is the
    API's address: another server knows nothing of what this one was told. A refusal is logged, not raised:
    trading goes on without new commands.
    """
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    mark = fingerprint(payload, str(tree.client.application_id), server, *guilds)
    if _remembered(memory) == mark:
        return False
    try:
        await _sync(tree, guilds)
    except (discord.HTTPException, app_commands.CommandSyncFailure) as error:
        log.error("commands could not be registered; trying again at the next start", why=str(error)[:500])
        return False
    _remember(memory, mark)
    log.info("commands registered", count=len(payload), guilds=len(guilds))
    return True


async def _sync(tree: app_commands.CommandTree[Any], guilds: Sequence[str]) -> None:
    if not guilds:
        await tree.sync()
    for guild in guilds:
        place = discord.Object(int(guild))
        tree.copy_global_to(guild=place)
        await tree.sync(guild=place)


def _remembered(memory: Path) -> str:
    try:
        return memory.read_text().strip()
    except OSError:
        return ""


def _remember(memory: Path, mark: str) -> None:
    try:
        memory.write_text(mark + "\n")
    except OSError as error:
        log.warning("the commands' hash could not be kept", why=error.strerror)
