"""Measure 300 accounts at each broker: memory, one order on each at once, and what ours adds to one order.

Beside it, in the same run, the SDK called the plain way (``adapter_sides.py``). The simulator, our side and
the plain side are three processes, so that the memory and CPU of each are its own; the sides take turns, so
that the machine's mood hits both alike. Our rate limiters are on, the simulators' are off.

IBKR and moomoo need a gateway for each user: there are as many gateways as accounts, all in the one simulator
process. The simulators list a handful of coin pairs; at the real 1,200 a plain ccxt client is 4.5 MB larger.

Run: python benchmarks/bench_adapters.py [--accounts 300] [--brokers alpaca,kraken]
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapter_sides import AT_ONCE, PLAIN, Worker
from adapter_sims import Simulator

BURSTS = 3
EACH = 25
PER_ACCOUNT = 8
"""Orders sent one by one to an account at most: beyond that moomoo's limit (15 in 30 s) would be measured."""
LIMIT = 5.0
"""Milliseconds that ours may add to one order at the median (must-show line 5)."""
BROKERS_MD = {
    "alpaca": "30",
    "ibkr": "62-72",
    "schwab": "6",
    "moomoo": "33+thread",
    "kraken": "75",
    "coinbasepro": "75",
}
"""KB of one SDK client without a stream (shared/reference/brokers.md section 0)."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """Collect what one side shows."""

    accounts: int
    idle: float = 0.0
    listening: float = 0.0
    threads: float = 0.0
    bursts: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    cpu: float = 0.0
    requests: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.single)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Be one side of a run, with its figures."""

    worker: Worker
    simulator: Simulator
    figures: Figures

    def fill(self, warm: int) -> None:
        """Open some accounts, which warms up what all share, then those that are measured."""
        accounts = self.figures.accounts
        self.worker.ask("open", 0, warm)
        before, threads = self.worker.ask("size")
        self.worker.ask("open", warm, warm + accounts)
        after, more = self.worker.ask("size")
        self.figures.idle = (after - before) / accounts / 1024
        self.figures.threads = (more - threads) / accounts

    def listen(self, warm: int) -> None:
        accounts, others = self.figures.accounts, self.simulator.ask("listeners")
        before, _ = self.worker.ask("size")
        self.worker.ask("listen")
        deadline = time.monotonic() + 120
        while self.simulator.ask("listeners") < accounts + warm and time.monotonic() < deadline:
            time.sleep(0.1)
        after, _ = self.worker.ask("size")
        # Where everything comes over one socket, they listened before.
        fresh = others < accounts + warm
        self.figures.listening = self.figures.idle
        if fresh:
            self.figures.listening += (after - before) / (accounts + warm) / 1024

    def burst(self, *, counted: bool = True) -> None:
        seconds = self.worker.ask("burst", self.figures.accounts)
        if counted:
            self.figures.bursts.append(seconds)

    def block(self, count: int, *, counted: bool = True) -> None:
        before = self.simulator.ask("requests")
        taken, cpu = self.worker.ask("each", self.figures.accounts, count)
        if counted:
            self.figures.single += taken
            self.figures.cpu += cpu
            self.figures.requests += self.simulator.ask("requests") - before


def measure(broker: str, accounts: int) -> tuple[Figures, Figures]:
    """Run both sides at one broker, in turns."""
    warm = min(AT_ONCE * 2, accounts)
    simulator = Simulator(broker, 2 * (accounts + warm))
    half = accounts + warm
    ours, plain = (
        Side(worker=Worker(name, broker, places), simulator=simulator, figures=Figures(accounts=accounts))
        for name, places in (("ours", simulator.places[:half]), ("plain", simulator.places[half:]))
    )
    try:
        ours.fill(warm)
        ours.listen(warm)
        plain.fill(warm)
        for number in range(1 + BURSTS):
            for side in (ours, plain):
                side.burst(counted=number > 0)
        blocks = max(2, min(accounts, PER_ACCOUNT * accounts, 300) // EACH)
        for number in range(1 + blocks):
            for side in (ours, plain):
                side.block(EACH if number else 5, counted=number > 0)
        ours.worker.ask("size")  # which fails where a stream ended on the way
    finally:
        for process in (ours.worker, plain.worker, simulator):
            process.stop()
    return ours.figures, plain.figures


COLUMNS = (
    ("", 12),
    ("accounts", 9),
    ("KB idle", 8),
    ("+stream", 8),
    ("plain", 8),
    ("expected", 11),
    ("all, s", 8),
    ("plain", 7),
    ("one, ms", 8),
    ("plain", 7),
    ("added", 7),
    ("CPU ms", 7),
    ("plain", 7),
    ("requests", 9),
    ("threads", 9),
)
"""Ours, and the plain side's figure after it; ``expected`` is from reference/brokers.md, without a stream."""


def cells(broker: str, ours: Figures, plain: Figures) -> list[str]:
    added = ours.median - plain.median
    return [
        broker,
        f"{ours.accounts}/{plain.accounts}",
        f"{ours.idle:.0f}",
        f"{ours.listening:.0f}",
        f"{plain.idle:.0f}",
        BROKERS_MD[broker],
        f"{statistics.median(ours.bursts):.2f}",
        f"{statistics.median(plain.bursts):.2f}",
        f"{ours.median:.2f}",
        f"{plain.median:.2f}",
        f"{added:+.2f}" + ("" if added < LIMIT else "!"),
        f"{ours.cpu / len(ours.single):.2f}",
        f"{plain.cpu / len(plain.single):.2f}",
        f"{ours.requests / len(ours.single):.1f}/{plain.requests / len(plain.single):.1f}",
        f"{ours.threads:.1f}/{plain.threads:.1f}",
    ]


def line(texts: Iterable[str]) -> str:
    return " ".join(text.rjust(width) for text, (_, width) in zip(texts, COLUMNS, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--brokers", default=",".join(PLAIN))
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores", end=", ")
    print("load {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))
    print(line(title for title, _ in COLUMNS))
    for broker in chosen.brokers.split(","):
        print(line(cells(broker, *measure(broker, chosen.accounts))), flush=True)
    print("load at the end {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))


if __name__ == "__main__":
    main()
