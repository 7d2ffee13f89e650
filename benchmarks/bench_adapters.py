"""Measure 300 accounts at each broker: memory, one order on each at once, and what ours adds to one order.

Beside it, in the same run, the SDK called the plain way (``adapter_plain.py``). The simulator, our side and
the plain side are three processes, so that the memory and CPU of each are its own; the sides take turns, so
that the machine's mood hits both alike. Our rate limiters are on, the simulators' are off. Orders are sent
without streams first, as on the plain side, and then again while every account listens to its updates.

IBKR and moomoo need a gateway for each user: there are as many gateways as accounts, all in the one simulator
process. The simulators list a handful of coin pairs; at the real 1,200 a plain ccxt client is 4.5 MB larger.

Run: python benchmarks/bench_adapters.py [--accounts 300] [--brokers alpaca,kraken]
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from adapter_plain import PLAIN
from adapter_sides import AT_ONCE, Worker
from adapter_sims import Place, Simulator

BURSTS = 3
EACH = 25
PER_ACCOUNT = 6
"""Orders sent one by one to an account at most: with the bursts, moomoo's limit is 15 in 30 seconds."""
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
    heard: list[float] = field(default_factory=list)
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
        """Listen on every account; where updates come over the one socket, nothing grows by it."""
        every, before = self.figures.accounts + warm, self.worker.ask("size")[0]
        already = self.simulator.ask("listeners")
        self.worker.ask("listen")
        deadline = time.monotonic() + 120
        while already < every and self.simulator.ask("listeners") < every:
            if time.monotonic() > deadline:
                raise RuntimeError("not every account came to listen")
            time.sleep(0.1)
        grown = (self.worker.ask("size")[0] - before) / every / 1024
        self.figures.listening = self.figures.idle + max(grown, 0.0)

    def burst(self, into: list[float]) -> None:
        into.append(self.worker.ask("burst", self.figures.accounts))

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
    half = accounts + warm
    simulator = Simulator(broker, 3 * half)
    ours, plain = Figures(accounts=accounts), Figures(accounts=accounts)
    try:
        with _side("ours", broker, simulator, simulator.places[:half], ours) as memory:
            memory.fill(warm)
            memory.listen(warm)
        with (
            _side("ours", broker, simulator, simulator.places[half : 2 * half], replace(ours)) as one,
            _side("plain", broker, simulator, simulator.places[2 * half :], plain) as other,
        ):
            other.fill(warm)
            one.worker.ask("open", 0, half)
            _orders(one, other)
            return replace(one.figures, idle=ours.idle, listening=ours.listening, threads=ours.threads), plain
    finally:
        simulator.stop()


def _orders(ours: Side, plain: Side) -> None:
    blocks = max(2, min(PER_ACCOUNT * plain.figures.accounts, 300) // EACH)
    for number in range(1 + blocks):
        for side in (ours, plain):
            side.block(EACH if number else 5, counted=number > 0)
    for _ in range(1 + BURSTS):
        for side in (ours, plain):
            side.burst(side.figures.bursts)
    ours.worker.ask("listen")
    for _ in range(BURSTS):
        ours.burst(ours.figures.heard)
    ours.worker.ask("size")  # which fails where a stream ended on the way


@contextmanager
def _side(
    name: str, broker: str, simulator: Simulator, places: Sequence[Place], figures: Figures
) -> Iterator[Side]:
    worker = Worker(name, broker, places)
    try:
        yield Side(worker=worker, simulator=simulator, figures=figures)
    finally:
        worker.stop()


COLUMNS = (
    ("", 12),
    ("accounts", 9),
    ("KB idle", 8),
    ("+stream", 8),
    ("plain", 8),
    ("expected", 11),
    ("all, s", 8),
    ("+stream", 8),
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
        f"{statistics.median(ours.bursts[1:]):.2f}",
        f"{statistics.median(ours.heard):.2f}",
        f"{statistics.median(plain.bursts[1:]):.2f}",
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
