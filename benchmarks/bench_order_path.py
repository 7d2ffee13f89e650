"""Measure gateway frame → order bytes at Alpaca, beside the same run with nothing of ours in between.

Both bots are processes of their own; Discord and Alpaca are simulators in this process. The clock is
CLOCK_MONOTONIC, which they share. Messages go to the two bots in turn, so both meet the same machine.

Medians in ms, 2026-11-22, on two cores that others used too (load 2.5 to 4; for the hundred before, 3 to 5;
a bare commit took 0.4 to 2.9), before and after a trade was opened with its first licence in one write:

                                       before    after   plain
    one follower: ours and journal       7.35     3.99           reading 0.96, planning 1.45, journal 1.35
    ten followers: first order             44       13       3
    ten followers: last order             132       46      20 to 28
    hundred followers: first order        287       19      10
    hundred followers: last order        1958     1052     167 to 274

Two flushes are left on the way: the message's own row, under which the first account plans, and the plan
with its licence; ``journal`` is what the account waits for them. The rest is Python at work on cold caches:
called again and again, reading a message takes 0.2, a row 0.02, a look-up 0.01 to 0.02. The last of a hundred
waits for some 10 ms of work for each member before it, ours and alpaca-py's together; not split further.
"""

import argparse
import asyncio
import gc
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from order_rig import Passage, Rig

WARM_UP = 12
"""Messages not counted: each of the rig's symbols once, so that the broker has been asked for all of them."""
SEED = 11
PARTS = ("discord.py", "ours", "  reading", "  planning, risk", "  sending", "journal", "SDK", "total")
_OURS = ("Client._run_event", "AccountActor._work")
"""The tasks an order waits for: the listener and its account's actor. Other commits go on beside it."""


def split(passage: Passage) -> dict[str, float]:
    """Tell where one follower's time went, in ms; ``commits`` counts the journal's on the way."""
    listener, submit = passage.first("listener"), passage.first("submit")
    sdk, end = passage.first("sdk"), passage.arrived[0]
    found = {
        "discord.py": listener - passage.written,
        "SDK": end - submit,
        "  hand-over to its thread": sdk - submit,
        "  alpaca-py and the wire": end - sdk,
        "total": end - passage.written,
    }
    if any(kind == "plan" for kind, *_ in passage.stamps):
        found |= _ours(passage, listener, submit)
    else:
        found["ours"] = submit - listener
    return {name: value if name == "commits" else value / 1e6 for name, value in found.items()}


def _ours(passage: Passage, listener: int, submit: int) -> dict[str, int]:
    commits = [
        (begin, end)
        for kind, who, begin, end in passage.stamps
        if kind == "commit" and who in _OURS and end <= submit
    ]
    dispatch = passage.first("dispatch")
    planned = min(end for kind, _, _, end in passage.stamps if kind == "plan")

    def without_commits(begin: int, end: int) -> int:
        return end - begin - sum(e - b for b, e in commits if begin <= b and e <= end)

    return {
        "ours": without_commits(listener, submit),
        "  reading": without_commits(listener, dispatch),
        "  planning, risk": without_commits(dispatch, planned),
        "  sending": without_commits(planned, submit),
        "journal": sum(end - begin for begin, end in commits),
        "commits": len(commits),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value below which ``share`` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _figures(parts: Sequence[dict[str, float]], name: str) -> tuple[float, float, float] | None:
    values = [part[name] for part in parts if name in part]
    if not values:
        return None
    return statistics.median(values), quantile(values, 0.95), quantile(values, 0.99)


def print_split(real: Sequence[dict[str, float]], plain: Sequence[dict[str, float]]) -> None:
    """Print the table of one follower."""
    print(
        f"{'ms':<28}{'real  p50':>12}{'p95':>8}{'p99':>8}{'plain  p50':>14}{'p95':>8}{'p99':>8}{'ratio':>8}"
    )
    for name in (*PARTS[:-1], "  hand-over to its thread", "  alpaca-py and the wire", "total"):
        ours, theirs = _figures(real, name), _figures(plain, name)
        left = "".join(f"{v:>{w}.2f}" for v, w in zip(ours, (12, 8, 8), strict=True)) if ours else " " * 28
        right = "".join(f"{v:>{w}.2f}" for v, w in zip(theirs, (14, 8, 8), strict=True)) if theirs else ""
        ratio = f"{ours[0] / theirs[0]:>7.2f}x" if ours and theirs and theirs[0] > 0.05 else ""
        print(f"{name:<28}{left}{right:<30}{ratio}")
    both = [part["ours"] + part["journal"] for part in real]
    commits = statistics.median(part["commits"] for part in real)
    print(
        f"{'ours and journal together':<28}{statistics.median(both):>12.2f}{quantile(both, 0.95):>8.2f}"
        f"{quantile(both, 0.99):>8.2f}   commits before the order: {commits:.0f}"
    )


async def one_follower(messages: int) -> None:
    """Post to the real and the plain bot in turn."""
    async with (
        Rig(seed=SEED, followers=1, plain=False) as real,
        Rig(seed=SEED, followers=1, plain=True) as plain,
    ):
        for _ in range(WARM_UP + messages):
            await real.post()
            await plain.post()
        same_order(real.last_body, plain.last_body)
    print(f"\none follower, {messages} messages each, {WARM_UP} before them not counted")
    print_split([split(p) for p in real.passages[WARM_UP:]], [split(p) for p in plain.passages[WARM_UP:]])


def same_order(one: object, other: object) -> None:
    """Check that both bots sent the same order, however they wrote its numbers."""

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {key: bare(inner) for key, inner in value.items() if key != "client_order_id"}
        try:
            return float(str(value))
        except ValueError:
            return value

    assert bare(one) == bare(other), (one, other)


async def fan_out(followers: int, messages: int) -> tuple[list[Passage], list[Passage]]:
    """Post to bots with many accounts."""
    kept: list[list[Passage]] = []
    for plain in (False, True):
        async with Rig(seed=SEED, followers=followers, plain=plain) as rig:
            for _ in range(WARM_UP + messages):
                await rig.post()
        kept.append(rig.passages[WARM_UP:])
    return kept[0], kept[1]


def print_fan_out(followers: int, real: Sequence[Passage], plain: Sequence[Passage]) -> None:
    """Print first and last order of both, and how many members' rows the first order waited for."""

    def ends(passages: Sequence[Passage], index: int) -> float:
        return statistics.median((p.arrived[index] - p.written) / 1e6 for p in passages)

    rows = [sorted(e for kind, _, _, e in p.stamps if kind == "plan") for p in real]
    first = [p.first("submit") for p in real]
    on_disk = statistics.median(sum(e <= f for e in es) for es, f in zip(rows, first, strict=True))
    last_row = statistics.median((es[-1] - p.written) / 1e6 for es, p in zip(rows, real, strict=True))
    handed = statistics.median((f - p.written) / 1e6 for f, p in zip(first, real, strict=True))
    print(
        f"{followers:>9}{ends(real, 0):>14.1f}{ends(real, -1):>8.1f}"
        f"{ends(plain, 0):>16.1f}{ends(plain, -1):>8.1f}"
        f"{handed:>18.1f}{last_row:>16.1f}{on_disk:>18.0f} of {followers}"
    )


def bare_commit(times: int = 200) -> str:
    """Time SQLite's own commits of one small row, paced like the journal's: what the disk alone asks for."""
    taken = []
    with tempfile.TemporaryDirectory(prefix="trade-exec-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")
        for _ in range(times):
            began = time.perf_counter()
            connection.execute("INSERT INTO rows (body) VALUES (?)", ("x" * 600,))
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)
        connection.close()
    middle, late = statistics.median(taken), quantile(taken, 0.95)
    return f"a bare SQLite commit here: median {middle:.2f} ms, p95 {late:.2f}"


async def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--fan-messages", type=int, default=20)
    parser.add_argument("--followers", type=int, nargs="*", default=[1, 10, 50])
    chosen = parser.parse_args()
    gc.disable()
    print(f"seed {SEED}, Python {platform.python_version()}, {os.cpu_count()} cores", end=", ")
    print("load {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))
    print(bare_commit())
    if chosen.messages:
        await one_follower(chosen.messages)
    print("\nfan-out, medians in ms from the frame on")
    print(
        f"{'followers':>9}{'real: first':>14}{'last':>8}{'plain: first':>16}{'last':>8}"
        f"{'first handed over':>18}{'last row':>16}{'rows before it':>18}"
    )
    for followers in chosen.followers:
        print_fan_out(followers, *await fan_out(followers, chosen.fan_messages))
    print(bare_commit())
    print("load at the end {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))


if __name__ == "__main__":
    asyncio.run(main())
