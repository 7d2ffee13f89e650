"""Keep and print what was posted, what the bot said, and what each broker received."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from sim.alpaca.state import RecordedRequest
from sim.discord.messages import SimMessage

_MAX = 900


class Transcript:
    """Print the play line by line, as it happens."""

    def __init__(self, console: Console, names: Callable[[int], str]) -> None:
        self._console = console
        self._names = names
        self._began = time.monotonic()
        self._shown: dict[int, str] = {}

    def chapter(self, title: str, why: str = "") -> None:
        """Begin a part of the play."""
        self._console.print()
        self._console.rule(f"[bold]{escape(title)}[/bold]", align="left")
        if why:
            self._console.print(f"[dim]{escape(why)}[/dim]")

    def line(self, who: str, text: str, style: str = "white") -> None:
        """Print one line of one actor; further lines of the text are set below it."""
        seconds = time.monotonic() - self._began
        first, _, rest = text.strip().partition("\n")
        self._console.print(
            f"[dim]{seconds:6.2f}s[/dim] [{style}]{escape(who):>18}[/{style}]  {escape(first)}"
        )
        if rest:
            self._console.print(Padding(escape(rest[:_MAX]), (0, 0, 0, 28)))

    def message(self, what: str, message: SimMessage) -> None:
        """Print a Discord message, or what an edit made of it."""
        text = message.text.strip()
        if not text or message.loading or self._shown.get(message.id) == text or what == "DELETE":
            return
        edited = " (edited)" if message.id in self._shown else ""
        self._shown[message.id] = text
        if message.buttons:
            text += "\n" + " ".join(f"[ {label} ]" for label in message.buttons)
        if message.from_bot:
            where = self._names(message.channel_id)
            private = ", only they see it" if message.ephemeral else ""
            self.line(f"bot → {where}", f"{text}{f'  ({private[2:]})' if private else ''}{edited}", "cyan")
        else:
            self.line(message.author_name + edited, text, "green")

    def broker(self, who: str, request: RecordedRequest) -> None:
        """Print one request that changes something at a broker."""
        if request.method == "GET":
            return
        body = _words(request)
        self.line(f"→ {who}", f"{request.method} {request.path} {body} ⇒ {request.status}", "yellow")


def _words(request: RecordedRequest) -> str:
    import json

    try:
        body: dict[str, Any] = json.loads(request.body or b"{}")
    except ValueError:
        return ""
    parts = [f"{key}={_flat(value)}" for key, value in body.items() if key != "client_order_id"]
    if "client_order_id" in body:
        parts.append(f"id={str(body['client_order_id'])[:8]}…")
    return " ".join(parts)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "/".join(str(v) for v in value.values())
    return str(value)
