"""Ten minutes in seconds: an event loop whose time jumps, full demand, and brokers that count exactly."""

import asyncio
import itertools
import random
import selectors
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from adapters.kit.errors import Errors
from adapters.kraken.limits import amend_cost, cancel_cost
from domain.broker import Lane
from domain.errors import Throttled

ERRORS = Errors(broker="pretend", operation="submit")
MINUTES = 10
SLACK = 1e-6
"""Seconds by which sums of floats may be off; a broker's clock ticks in milliseconds."""
LANES = (Lane.CANCEL, Lane.EXIT, Lane.ENTRY, Lane.READ)
DEMAND = (1, 2, 14, 4)


class _Jumping(selectors.SelectSelector):
    loop = None

    def select(self, timeout=None):
        if timeout is None:
            raise AssertionError("everybody waits and nothing is due")
        self.loop.now += max(timeout, 0.0)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """Be a loop that skips the time in which nothing happens."""

    def __init__(self):
        self.now = 1000.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self):
        return self.now


class LoopClock:
    """Tell a loop's time (domain.ports.Clock)."""

    def now(self):
        return datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self):
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


def run(main):
    """Run a coroutine function in jumping time."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main())


@dataclass
class Seen:
    """Hold what stood in the broker's log: time, cost, and whether it had to wait its turn."""

    stamps: list = field(default_factory=list)
    violations: int = 0
    lanes: Counter = field(default_factory=Counter)
    waits: dict = field(default_factory=dict)

    def waited(self, lane, seconds):
        self.waits[lane] = max(self.waits.get(lane, 0.0), seconds)


class Wire:
    """Carry requests: each takes a random time there and another one back."""

    def __init__(self, median, seed):
        self.median, self.random = median, random.Random(seed)
        self.seen = Seen()

    def delay(self):
        return self.random.lognormvariate(0, 0.5) * self.median

    async def ask(self, lane, cost=1.0, *, may_exceed=False):
        await asyncio.sleep(self.delay())
        self.seen.stamps.append((asyncio.get_running_loop().time(), cost, may_exceed))
        self.seen.lanes[lane] += 1
        await asyncio.sleep(self.delay())


def judge_window(seen, count, window, gap=0.0):
    """Count by a strict sliding window; give the share of it that was used."""
    times = sorted(at for at, _, _ in seen.stamps)
    spans = [late - early for early, late in zip(times, times[count:], strict=False)]
    seen.violations += sum(span < window - SLACK for span in spans)
    if gap:
        seen.violations += sum(b - a < gap - SLACK for a, b in itertools.pairwise(times))
    return window * len(spans) / sum(spans)


def judge_counter(seen, most, decay):
    """Count by a decaying counter; give the share of what it could lose that it lost."""
    level, last = 0.0, 0.0
    stamps = sorted(seen.stamps)
    for at, cost, may_exceed in stamps:
        level = max(0.0, level - decay * (at - last)) + cost
        last = at
        seen.violations += level > most + SLACK and not may_exceed
    total = sum(cost for _, cost, _ in stamps)
    return (total - level) / (decay * (stamps[-1][0] - stamps[0][0]))


async def full_demand(one, *, workers, seed, besides=()):
    """Keep more callers waiting than the rule can serve, of all lanes, for ten minutes."""
    chance = random.Random(seed)
    end = asyncio.get_running_loop().time() + MINUTES * 60

    async def work():
        while asyncio.get_running_loop().time() < end:
            lane = chance.choices(LANES, DEMAND)[0]
            try:
                await one(lane, chance)
            except Throttled:
                continue

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    tasks += [asyncio.create_task(other) for other in besides]
    await asyncio.sleep(MINUTES * 60)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def limited(wire, limiter):
    """Send through a limiter as every adapter does."""

    async def one(lane, _):
        asked = asyncio.get_running_loop().time()
        slot = await limiter.acquire(lane, ERRORS)
        wire.seen.waited(lane, asyncio.get_running_loop().time() - asked)
        try:
            await wire.ask(lane)
        finally:
            slot.done()

    return one


def reading(wire, link):
    """Read from Kraken as its client does; a fifth of the reads cost two."""

    async def one(lane, chance):
        cost = chance.choice((1, 1, 1, 1, 2))
        asked = asyncio.get_running_loop().time()
        async with link.counters.read(cost, lane, 1e6, ERRORS):
            await link.gate.quiet()
            wire.seen.waited((lane, cost), asyncio.get_running_loop().time() - asked)
            await wire.ask(lane, float(cost))

    return one


def trading(wire, link, pair="XBTUSD"):
    """Trade at Kraken as its session does: orders, and young ones changed."""

    async def one(lane, chance):
        lane = lane if lane is Lane.EXIT else Lane.ENTRY
        cost = amend_cost(0.0) if chance.random() < 0.1 else 1
        async with link.counters.order(pair, lane, ERRORS, cost), link.gate.changing(lane):
            await wire.ask(lane, float(cost))

    return one


async def cancelling(wire, link, pair="XBTUSD"):
    """Cancel a young order every half a minute: dear, and never made to wait."""
    while True:
        await asyncio.sleep(30)
        async with link.counters.cancelling(pair, 0.0), link.gate.changing(Lane.CANCEL):
            await wire.ask(Lane.CANCEL, float(cancel_cost(0.0)), may_exceed=True)
