"""Stamp the passages of one process from outside: the product holds no timing code."""

import asyncio
import functools
import json
import time
from pathlib import Path
from typing import Any

STAMPS: list[tuple[str, str, int, int]] = []
"""Name, detail, begin and end, in nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share."""


def stamp(name: str, detail: str = "") -> None:
    """Note that something happens now."""
    now = time.monotonic_ns()
    STAMPS.append((name, detail, now, now))


def note_calls(owner: Any, method: str, name: str) -> None:
    """Stamp each call of a method, plain or asynchronous, as it begins."""
    original = getattr(owner, method)

    @functools.wraps(original)
    def noted(*args: Any, **kwargs: Any) -> Any:
        stamp(name)
        return original(*args, **kwargs)

    setattr(owner, method, noted)


def note_spans(owner: Any, method: str, name: str) -> None:
    """Stamp begin and end of an asynchronous method, with the task that waits for it."""
    original = getattr(owner, method)

    @functools.wraps(original)
    async def noted(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic_ns()
        try:
            return await original(*args, **kwargs)
        finally:
            task = asyncio.current_task()
            who = getattr(task.get_coro(), "__qualname__", "") if task else ""
            STAMPS.append((name, who, began, time.monotonic_ns()))

    setattr(owner, method, noted)


def note_listener(qualname: str) -> None:
    """Stamp the first moment a listener of discord.py runs."""
    import discord

    original = discord.Client._run_event

    @functools.wraps(original)
    async def noted(self: Any, coro: Any, event: str, *args: Any, **kwargs: Any) -> None:
        if getattr(coro, "__qualname__", "") == qualname:
            stamp("listener", str(args[0].id))
        await original(self, coro, event, *args, **kwargs)

    discord.Client._run_event = noted


def note_sdk() -> None:
    """Stamp the moment alpaca-py is called, on whichever thread."""
    from alpaca.trading.client import TradingClient

    note_calls(TradingClient, "submit_order", "sdk")


def write(path: Path) -> None:
    """Leave the stamps for the benchmark to read."""
    path.write_text(json.dumps(STAMPS))
