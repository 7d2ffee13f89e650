"""Let a person type along: messages of the analyst, commands of the members, prices of the market."""

import asyncio
import shlex
import sys
from decimal import Decimal, InvalidOperation

from rich.console import Console
from rich.markup import escape

from bot.demo.cast import PATIENCE, Cast
from bot.demo.stage import Stage
from domain.errors import DomainError
from sim.discord.state import User

HELP = """Type along. Whatever the bot answers appears above your line.

  say <text>                         post as the analyst, for example: say Buying AAPL now, stop 180
  as ann|ben|olivia /command k=v …   run a slash command, for example: as ann /buy symbol=AAPL quantity=1
  click ann|ben <label>              press a button of their latest message
  price SYMBOL BID ASK               move the market, for example: price AAPL 191.00 191.10
  kill                               kill the bot with SIGKILL and start it again
  help · quit"""


async def talk(console: Console, stage: Stage, cast: Cast) -> None:
    """Read lines until ``quit`` or the end of input."""
    console.print()
    console.print(escape(HELP))
    shell = _Shell(console, stage, cast)
    while True:
        console.print("[bold]>[/bold] ", end="")
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line or line.strip() in {"quit", "exit"}:
            return
        try:
            await shell.do(line.strip())
        except (ValueError, KeyError, AssertionError, DomainError, InvalidOperation) as error:
            console.print(f"[red]{escape(str(error) or 'that did not work')}[/red]  (help shows what does)")


class _Shell:
    def __init__(self, console: Console, stage: Stage, cast: Cast) -> None:
        self._console, self._stage, self._cast = console, stage, cast

    async def do(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb:
            case "":
                return
            case "say":
                await self._stage.discord.say(self._cast.analyst, self._cast.channel, rest)
            case "as":
                await self._slash(rest)
            case "click":
                await self._click(rest)
            case "price":
                symbol, bid, ask = rest.split()
                self._stage.market.set(symbol.upper(), Decimal(bid), Decimal(ask))
            case "kill":
                await self._stage.bot.kill()
                seconds = await self._stage.start_bot()
                self._console.print(f"back after {seconds:.1f} s")
            case _:
                self._console.print(escape(HELP))

    def _user(self, name: str) -> User:
        people = {"ann": self._cast.ann, "ben": self._cast.ben, "olivia": self._cast.owner}
        if name.lower() not in people:
            raise ValueError(f"there is no {name!r} here: ann, ben or olivia")
        return people[name.lower()]

    async def _slash(self, rest: str) -> None:
        name, *words = shlex.split(rest)
        path = [w.lstrip("/") for w in words if "=" not in w]
        options = dict(w.split("=", 1) for w in words if "=" in w)
        ix = await self._stage.discord.slash(self._user(name), self._cast.channel, " ".join(path), **options)
        await ix.wait(PATIENCE)

    async def _click(self, rest: str) -> None:
        name, _, label = rest.partition(" ")
        user = self._user(name)
        shown = [m for m in self._stage.discord.messages(self._stage.discord.dm(user)) if m.buttons]
        if not shown:
            raise ValueError(f"{name} has no message with a button")
        ix = await self._stage.discord.click(user, shown[-1], label)
        await ix.wait(PATIENCE)
