"""Answer the person when something went wrong, and write down the rest under a reference."""

import contextlib
import hashlib
from typing import Any

import discord
import structlog

from bot import texts
from cogs import errors, replies

log = structlog.get_logger(__name__)
FALLBACK_AFTER = 2.4
"""Seconds after which a component nobody answered gets an answer; Discord gives up at 3."""
_DEFERRED = frozenset(
    {
        discord.InteractionResponseType.deferred_channel_message,
        discord.InteractionResponseType.deferred_message_update,
    }
)


def reference(interaction: discord.Interaction[Any]) -> str:
    """Name an interaction in eight characters that a person can read out and a log search finds."""
    return hashlib.blake2b(str(interaction.id).encode(), digest_size=4).hexdigest()


def answered(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the person has seen an answer, and not just "thinking…"."""
    return interaction.response.is_done() and interaction.response.type not in _DEFERRED


async def failed(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Take any error of a command, a button or a modal. Never raises."""
    with contextlib.suppress(discord.HTTPException):  # the token ran out, or Discord is away
        if interaction.type is not discord.InteractionType.autocomplete:
            if not answered(interaction) and await errors.answer(interaction, error):
                return
            if not answered(interaction):
                text = texts.UNFORESEEN.format(reference=reference(interaction))
                await replies.problem(interaction, text)
    if errors.sentence(error) is None:
        cause = errors.cause(error)
        log.error(
            "interaction failed",
            reference=reference(interaction),
            kind=interaction.type.name,
            what=_what(interaction),
            guild=interaction.guild_id,
            exc_info=(type(cause), cause, cause.__traceback__),
        )


async def unanswered(interaction: discord.Interaction[Any]) -> None:
    """Answer a button, menu or modal that nothing took: a panel of an earlier version."""
    if interaction.response.is_done():
        return
    log.warning("nothing took an interaction", reference=reference(interaction), what=_what(interaction))
    with contextlib.suppress(discord.HTTPException, discord.InteractionResponded):
        await replies.problem(interaction, texts.STALE_COMPONENT.format(reference=reference(interaction)))


def _what(interaction: discord.Interaction[Any]) -> str:
    """Name the command or component; never its values, which may be credentials."""
    if interaction.command is not None:
        return interaction.command.qualified_name
    data: Any = interaction.data or {}
    return str(data.get("custom_id", "")).split(":")[0][:40]
