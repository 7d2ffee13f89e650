"""Measure the start: spawn to ready, memory when idle with Alpaca linked, and what importing the bot costs.

Against the local Discord and the local Alpaca, which run in this process and share the machine with the bot.
"""

import argparse
import asyncio
import os
import platform
import re
import statistics
import subprocess
import sys

import psutil

from bot.demo.cast import command, gather, link_alpaca
from bot.demo.stage import Stage

SEED = 7
MIB = 1024 * 1024
IDLE = 5.0
"""Seconds without anything to do before memory is read; one sweep of the account lies in between."""
SDKS = ("alpaca", "ib_insync", "schwab", "moomoo", "ccxt")
SHOWN = 8


async def starts(runs: int) -> None:
    """Start the bot again and again, first with nothing linked, then with Alpaca."""
    async with Stage(seed=SEED) as stage:
        cast = gather(stage)
        bare = await _timed(stage, runs)
        await stage.start_bot()
        await command(
            stage, cast.owner, cast.channel, "channel add", channel=cast.channel, author=cast.analyst
        )
        await link_alpaca(stage, cast)
        await stage.bot.stop()
        linked = await _timed(stage, runs)
        await stage.start_bot()
        await asyncio.sleep(IDLE)
        _print_memory(stage.bot.pid)
        await stage.bot.stop()
    for name, seconds in (("nothing linked", bare), ("Alpaca linked", linked)):
        listed = " ".join(f"{s:.2f}" for s in seconds)
        print(f"spawn to ready, {name:<15} median {statistics.median(seconds):.2f} s   ({listed})")


async def _timed(stage: Stage, runs: int) -> list[float]:
    seconds = []
    for _ in range(runs):
        seconds.append(await stage.start_bot())
        await stage.bot.stop()
    return seconds


def _print_memory(pid: int | None) -> None:
    process = psutil.Process(pid)
    memory = process.memory_info().rss / MIB
    threads = process.num_threads()
    print(f"idle for {IDLE:.0f} s with Alpaca linked: {memory:.0f} MiB resident, {threads} threads")


def imports() -> None:
    """Say what ``import bot`` and all the bot runs with cost, and that no broker's SDK is among it."""
    for name in ("bot", "bot.compose"):
        argv = (sys.executable, "-X", "importtime", "-c", f"import {name}")
        lines = subprocess.run(argv, capture_output=True, text=True, check=True).stderr.splitlines()
        times = [(int(own), int(total), module) for own, total, module in _rows(lines)]
        loaded = {module.split(".")[0] for *_, module in times}
        found = sorted(loaded.intersection(SDKS))
        total = sum(own for own, *_ in times) / 1000
        print(
            f"import {name}: {total:.0f} ms, {len(times)} modules, broker SDKs among them: {found or 'none'}"
        )
        if name != "bot":
            _print_dearest(times)


def _rows(lines: list[str]) -> list[tuple[str, str, str]]:
    found = (re.match(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)", line) for line in lines)
    return [(m[1], m[2], m[3]) for m in found if m]


def _print_dearest(times: list[tuple[int, int, str]]) -> None:
    own: dict[str, int] = {}
    for cost, _, module in times:
        package = module.split(".")[0]
        own[package] = own.get(package, 0) + cost
    dearest = sorted(own.items(), key=lambda item: -item[1])[:SHOWN]
    print("  dearest: " + ", ".join(f"{name} {cost / 1000:.0f} ms" for name, cost in dearest))


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    print(f"seed {SEED}, Python {platform.python_version()}, {os.cpu_count()} cores", end=", ")
    print("load {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))
    imports()
    asyncio.run(starts(chosen.runs))
    print("load at the end {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))


if __name__ == "__main__":
    main()
