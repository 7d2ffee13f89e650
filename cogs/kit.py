"""Build panels out of Discord's Components v2, within its limits."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import discord

from cogs import texts

ROOM = 3600
"""Characters of text one panel may hold: below Discord's 4,000, leaving room for titles and footers."""
MOST = 12
"""Blocks one panel lists: each costs two of Discord's 40 components, a row of two buttons three more."""

Box = discord.ui.Container[Any]


class Tone(Enum):
    """Colour a panel by what it means."""

    GOOD = 0x2E9E6B
    WORKING = 0x3B82C4
    WAITING = 0xD9A21B
    PROBLEM = 0xC8453B
    QUIET = 0x72767D


def box(tone: Tone, *blocks: str) -> Box:
    """Put texts into one coloured frame."""
    frame: Box = discord.ui.Container(accent_colour=discord.Colour(tone.value))
    for block in blocks:
        if block:
            frame.add_item(discord.ui.TextDisplay(block))
    return frame


def panel(*frames: Box) -> discord.ui.LayoutView:
    """Make the message. It never times out: its buttons carry all they need in their ids."""
    view = discord.ui.LayoutView(timeout=None)
    for frame in frames:
        view.add_item(frame)
    return view


def note(text: str, tone: Tone = Tone.GOOD) -> discord.ui.LayoutView:
    """Show a sentence or two."""
    return panel(box(tone, text))


def listing(
    title: str,
    blocks: Sequence[str],
    tone: Tone = Tone.QUIET,
    foot: str = "",
    rows: Sequence[discord.ui.ActionRow[Any]] = (),
) -> discord.ui.LayoutView:
    """List blocks below a title, as many as fit, and say how many were left out; then rows of buttons."""
    frame = box(tone, f"### {title}")
    for block in fitting(blocks):
        frame.add_item(discord.ui.Separator())
        frame.add_item(discord.ui.TextDisplay(block))
    for row in rows:
        frame.add_item(row)
    if foot:
        frame.add_item(discord.ui.TextDisplay(f"-# {foot}"))
    return panel(frame)


def fitting(blocks: Sequence[str], room: int = ROOM, most: int = MOST) -> list[str]:
    """Keep the blocks that fit, in order; the last one then says how many are not shown."""
    kept: list[str] = []
    for block in blocks:
        room -= len(block)
        if room < 0 or len(kept) == most:
            return [*kept, texts.MORE.format(count=len(blocks) - len(kept))]
        kept.append(block)
    return kept
