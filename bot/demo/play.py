"""Run the demo: set the stage, play the story, print the receipt."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bot.demo.cast import Cast, gather, set_up
from bot.demo.receipt import Receipt, take
from bot.demo.shell import talk
from bot.demo.stage import Stage
from bot.demo.story import Story, expectations
from bot.demo.transcript import Transcript
from domain.money import plain

INTRO = (
    "A local Discord, a local Alpaca and the real bot, each on its own sockets of this machine. "
    "Ann follows the analyst with the built-in paper broker, Ben with an Alpaca paper account."
)


def main(argv: Sequence[str]) -> int:
    """Play the demo; give 0 only if nothing was missing and nothing was double."""
    parser = argparse.ArgumentParser(prog="discord-trade-exec demo", description="Show the whole main job.")
    parser.add_argument("--interactive", action="store_true", help="leave it running and type along")
    parser.add_argument("--seed", type=int, default=7, help="seed of the pretend market")
    options = parser.parse_args(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    try:
        return asyncio.run(_run(console, seed=options.seed, interactive=options.interactive))
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130


async def _run(console: Console, *, seed: int, interactive: bool) -> int:
    began = time.monotonic()
    async with Stage(seed=seed) as stage:
        cast = gather(stage)
        transcript = _transcript(console, stage, cast)
        story = Story(stage, cast, transcript)
        story.open_market()
        tail = asyncio.create_task(_tail(stage, transcript))
        try:
            transcript.chapter("Setting the stage", INTRO)
            seconds = await stage.start_bot()
            transcript.line("bot", f"ready after {seconds:.1f} s", "bold")
            await set_up(stage, cast)
            await story.play()
            await story.show_books()
        except (TimeoutError, AssertionError, RuntimeError) as error:
            console.print(f"\n[bold red]The demo stopped:[/bold red] {error}\n{stage.log_end()}")
            return 1
        finally:
            tail.cancel()
        if interactive:
            await talk(console, stage, cast)
        await stage.bot.stop()
        names = {str(user.id): user.name for user in (cast.ann, cast.ben)}
        receipt = await take(stage, names, expectations(story.option.occ))
    show(console, receipt)
    console.print(f"[dim]{time.monotonic() - began:.0f} s in all; market seed {seed}.[/dim]")
    return 0 if receipt.clean else 1


async def _tail(stage: Stage, transcript: Transcript) -> None:
    """Print what Alpaca receives, as it comes in."""
    shown = 0
    while True:
        while shown < len(stage.alpaca.requests):
            transcript.broker("Alpaca", stage.alpaca.requests[shown])
            shown += 1
        await asyncio.sleep(0.02)


def _transcript(console: Console, stage: Stage, cast: Cast) -> Transcript:
    names = {cast.channel.id: "#alerts"}
    for user in (cast.owner, cast.ann, cast.ben, cast.analyst):
        names[user.id] = names[stage.discord.dm(user).id] = user.name
    transcript = Transcript(console, lambda key: names.get(key, "somebody"))
    stage.discord.watch(transcript.message)
    return transcript


def show(console: Console, receipt: Receipt) -> None:
    """Print the final positions, the profit and the receipt."""
    console.print()
    table = Table(title="Final positions and P&L", title_justify="left", title_style="bold")
    for name in ("member", "positions", "equity", "P&L"):
        table.add_column(name, justify="right" if name in {"equity", "P&L"} else "left")
    for holding in receipt.holdings:
        held = ", ".join(f"{plain(quantity)} {symbol}" for symbol, quantity in holding.positions) or "none"
        table.add_row(holding.member, held, f"{holding.equity:,.2f}", f"{holding.result:+,.2f}")
    console.print(table)
    console.print()
    table = Table(title="Receipt", title_justify="left", title_style="bold")
    for name in ("member", "broker", "expected", "at broker", "missing", "duplicate"):
        table.add_column(name, justify="left" if name in {"member", "broker"} else "right")
    for row in receipt.rows:
        counts = (row.expected, row.at_broker, row.missing, row.duplicate)
        table.add_row(row.member, row.broker, *map(str, counts))
    console.print(table)
    for line in receipt.entries_wrong:
        console.print(f"[bold red]{line}[/bold red]")
    missing = sum(row.missing for row in receipt.rows)
    duplicate = sum(row.duplicate for row in receipt.rows)
    style = "bold green" if receipt.clean else "bold red"
    console.print(f"[{style}]{missing} missing, {duplicate} duplicate[/{style}]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
