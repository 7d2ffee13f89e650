"""Point discord.py at a server. This is the only place that says where Discord is."""

import discord
import yarl
from discord.gateway import DiscordWebSocket


def point_rest(url: str) -> None:
    """Send every REST request below ``url`` + ``/v10``; the real one is ``https://discord.com/api``."""
    discord.http.Route.BASE = f"{url.rstrip('/')}/v10"


def point_gateway(url: str) -> None:
    """Make ``url`` the address for first and fresh connections; RESUME goes where READY said."""
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
