"""Check who may do what, in code: Discord's own permission settings only hide commands."""

from cogs import texts
from cogs.base import Ix, server
from domain.errors import InvalidValue
from domain.ids import GuildId


def in_server(interaction: Ix) -> GuildId:
    """Give the server. Raises InvalidValue in a DM."""
    guild = server(interaction)
    if guild is None:
        raise InvalidValue(texts.SERVER_ONLY)
    return guild


def powers(interaction: Ix) -> frozenset[str]:
    """Name what the person may do where they are, by what Discord says with this very interaction."""
    guild, allowed = server(interaction), interaction.permissions
    if guild is None or not (allowed.manage_guild or allowed.administrator):
        return frozenset()
    return frozenset({f"manage:{guild}"})


def owned_server(interaction: Ix) -> GuildId:
    """Give the server when the person may manage it. Raises InvalidValue otherwise."""
    guild = in_server(interaction)
    allowed = interaction.permissions
    if not (allowed.manage_guild or allowed.administrator):
        raise InvalidValue(texts.OWNER_ONLY)
    return guild
