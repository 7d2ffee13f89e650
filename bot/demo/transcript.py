"""Keep and print what was posted, what the bot said, and what each broker received."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.discord.messages import SimMessage
from sim.serving import RecordedRequest

_MENTION = re.compile(r"<[@#]!?(\d+)>")
_TIME = re.compile(r"<t:\d+:R>")
_MARKS = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")


class Transcript:
    """Print the play line by line, as it happens. ``names`` gives a person's or a channel's name."""

    def __init__(self, console: Console, names: Callable[[int], str]) -> None:
        self._console = console
        self._names = names
        self._began = time.monotonic()
        self._shown: dict[int, str] = {}

    def chapter(self, title: str, why: str = "") -> None:
        """Begin a part of the play."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left")
        if why:
            self._console.print(Text(why, style="dim"))

    def line(self, who: str, text: str | Text, style: str = "white") -> None:
        """Print what one actor does or says."""
        row = Table.grid(padding=(0, 1))
        row.add_column(width=7, justify="right", style="dim")
        row.add_column(width=14, justify="right", style=style)
        row.add_column(overflow="fold")
        row.add_row(f"{time.monotonic() - self._began:.2f}s", who, text)
        self._console.print(row)

    def message(self, what: str, message: SimMessage) -> None:
        """Print a Discord message, or what an edit made of it."""
        text = message.text.strip()
        if not text or message.loading or self._shown.get(message.id) == text or what == "DELETE":
            return
        edited = message.id in self._shown
        self._shown[message.id] = text
        styled = self._styled(text)
        if message.buttons:
            styled.append("\n" + " ".join(f"[ {label} ]" for label in message.buttons), style="bold")
        if not message.from_bot:
            self.line(message.author_name, styled, "bold green")
            return
        note = "only they see it" if message.ephemeral else "the same message, edited" if edited else ""
        if note:
            styled.append(f"\n({note})", style="dim italic")
        self.line(f"bot → {self._names(message.channel_id)}", styled, "bold cyan")

    def _styled(self, text: str) -> Text:
        """Turn Discord's marks into styles, and ids into names."""
        named = _MENTION.sub(lambda found: self._names(int(found.group(1))), _TIME.sub("just now", text))
        styled = Text()
        for line in named.splitlines():
            base = ""
            if line.startswith("### "):
                line, base = line[4:], "bold"
            elif line.startswith("-# "):
                line, base = line[3:], "dim"
            if styled:
                styled.append("\n")
            end = 0
            for mark in _MARKS.finditer(line):
                styled.append(line[end : mark.start()], style=base)
                style = "bold" if mark.group(1) else "reverse"
                styled.append(mark.group(1) or f" {mark.group(2)} ", style=style)
                end = mark.end()
            styled.append(line[end:], style=base)
        return styled

    def broker(self, who: str, request: RecordedRequest) -> None:
        """Print one request that changes something at a broker, as it arrives."""
        if request.method != "GET":
            path = request.path.rsplit("/", 1)
            place = f"{path[0]}/{path[1][:8]}…" if len(path[1]) > 20 else request.path
            self.line(f"→ {who}", Text(f"{request.method} {place} {_words(request)}"), "bold yellow")


def _words(request: RecordedRequest) -> str:
    try:
        body: dict[str, Any] = json.loads(request.body or b"{}")
    except ValueError:
        return ""
    parts = [f"{key}={_flat(value)}" for key, value in body.items() if key != "client_order_id"]
    if "client_order_id" in body:
        parts.append(f"id={str(body['client_order_id'])[:8]}…")
    return " ".join(parts)


def _flat(value: object) -> str:
    return "/".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value)
