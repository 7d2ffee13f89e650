"""Turn what went wrong into the one sentence its person reads."""

import contextlib
from typing import Any

import discord
from discord import app_commands

from cogs import replies, texts
from cogs.wording import escape, finish
from domain.errors import BrokerError, DomainError, StoreUnavailable, VaultError, VaultUnavailable


def cause(error: BaseException) -> BaseException:
    """Give what a command or a button really raised, without discord.py's wrapping."""
    if isinstance(error, app_commands.CommandInvokeError):
        return error.original
    if isinstance(error, app_commands.AppCommandError) and isinstance(error.__cause__, DomainError):
        return error.__cause__
    return error


def sentence(error: BaseException) -> str | None:
    """Say an error the way a trader reads it; None when only the operator can say what it was."""
    error = cause(error)
    if isinstance(error, StoreUnavailable):
        return texts.STORE_DOWN
    if isinstance(error, VaultUnavailable):
        return texts.VAULT_AWAY
    if isinstance(error, VaultError):
        return texts.VAULT_DOWN
    if isinstance(error, BrokerError):
        return _broker(error)
    if isinstance(error, DomainError):
        return finish(escape(str(error), 600))
    return _discord(error)


async def answer(interaction: discord.Interaction[Any], error: BaseException) -> bool:
    """Answer with the error's sentence; False, and nothing said, when it has none."""
    text = sentence(error)
    if text is None:
        return False
    with contextlib.suppress(discord.HTTPException):  # the token ran out: there is nobody left to tell
        await replies.problem(interaction, interaction.client.services.scrub(text))
    return True


async def report(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Take an error of a button the way commands take theirs: its sentence, or the bot's error handler."""
    if await answer(interaction, error):
        return
    wrapped = app_commands.AppCommandError(type(error).__name__)
    wrapped.__cause__ = error
    await interaction.client.tree.on_error(interaction, wrapped)
    if interaction.response.type is discord.InteractionResponseType.message_update:
        # The handler takes a redrawn panel for an answer; the person must not.
        with contextlib.suppress(discord.HTTPException):
            await replies.problem(interaction, texts.BUTTON_FAILED)


def _broker(error: BrokerError) -> str:
    text = finish(escape(error.text, 600))
    if error.retry_after:
        return f"{text} {texts.RETRY_AFTER.format(seconds=max(1, round(error.retry_after)))}"
    return text


def _discord(error: BaseException) -> str | None:
    if isinstance(error, app_commands.NoPrivateMessage):
        return texts.SERVER_ONLY
    if isinstance(error, app_commands.MissingPermissions):
        return texts.OWNER_ONLY
    if isinstance(error, app_commands.CommandOnCooldown):
        return texts.RETRY_AFTER.format(seconds=max(1, round(error.retry_after)))
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return texts.COMMANDS_CHANGED
    if isinstance(error, app_commands.TransformerError):
        return texts.UNREADABLE_OPTION
    return None
