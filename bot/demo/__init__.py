"""Show the whole main job on one machine: ``discord-trade-exec demo``."""

from bot.demo.play import main

__all__ = ["main"]
