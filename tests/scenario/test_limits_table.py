"""Ten minutes at full demand, at every broker's own limits, with delays that jitter: the table.

Each row runs the limiter an adapter really uses, made by the adapter's own function, against a broker that
stamps every request at its own clock, somewhere between sending and answer. Show it with ``pytest -s``.
"""

import asyncio
from types import SimpleNamespace

import pytest

from adapters.alpaca import limits as alpaca
from adapters.coinbasepro import limits as coinbase
from adapters.ibkr import limits as ibkr
from adapters.kraken import limits as kraken
from adapters.kraken import manifest as kraken_facts
from adapters.moomoo import limits as moomoo
from adapters.moomoo.manifest import RATES, SPACING
from adapters.schwab import limits as schwab
from domain.broker import Lane
from tests.scenario.limits_rig import (
    ERRORS,
    MINUTES,
    LoopClock,
    Wire,
    cancelling,
    full_demand,
    judge_counter,
    judge_window,
    limited,
    reading,
    run,
    trading,
)

SEED = 20261122
DELAYS = (0.005, 0.03, 0.1)
"""Median seconds one way."""

# What each broker publishes (shared/reference/brokers.md section 6), and how its adapter builds its limiter.
WINDOWS = {
    "alpaca trading": (200, 60.0, 0.0, lambda clock, ceiling: alpaca.trading(clock, ceiling)),
    "alpaca data": (200, 60.0, 0.0, lambda clock, ceiling: alpaca.data(clock, ceiling)),
    "schwab app": (120, 60.0, 0.0, lambda clock, ceiling: schwab.app(clock, ceiling)),
    "schwab orders": (120, 60.0, 0.0, lambda clock, ceiling: schwab.orders(clock, ceiling)),
    "ibkr connection": (45, 1.0, 0.0, lambda clock, ceiling: ibkr.connection(clock, ceiling)),
    "coinbasepro private": (30, 1.0, 0.0, lambda clock, ceiling: coinbase.private(clock, ceiling)),
    "coinbasepro public": (10, 1.0, 0.0, lambda clock, ceiling: coinbase.public(clock, ceiling)),
    "kraken public": (15, 15.0, 0.0, lambda clock, _: kraken.public(clock)),
} | {
    f"moomoo {kind}": (
        count,
        30.0,
        gap,
        lambda clock, ceiling, kind=kind: moomoo.of_kind(clock, kind, ceiling),
    )
    for kind, count, gap in (
        ("place", 15, 0.02),
        ("modify", 20, 0.04),
        ("orders", 10, 0.0),
        ("positions", 10, 0.0),
        ("funds", 10, 0.0),
        ("history", 10, 0.0),
        ("quotes", 60, 0.0),
    )
}
COUNTERS = {"kraken reads": (15.0, 0.33, reading), "kraken orders": (60.0, 1.0, trading)}


def windowed(name, median):
    count, window, gap, make = WINDOWS[name]
    wire = Wire(median, SEED)

    async def main():
        await full_demand(limited(wire, make(LoopClock(), None)), workers=count + 25, seed=SEED)

    run(main)
    used = judge_window(wire.seen, count, window, gap)
    return wire.seen, used, f"{count} in {window:g} s" + (f", {gap} s apart" if gap else "")


def counted(name, median):
    most, decay, demand = COUNTERS[name]
    wire = Wire(median, SEED)

    async def main():
        link = SimpleNamespace(counters=kraken.Counters(), gate=kraken.Gate())
        others = [cancelling(wire, link)] if demand is trading else []
        await full_demand(demand(wire, link), workers=40, seed=SEED, besides=others)

    run(main)
    used = judge_counter(wire.seen, most, decay)
    return wire.seen, used, f"{most:g}, less {decay:g} a second"


def bar(window, median, gap):
    """Say how much of a rule must be used."""
    if window >= 30.0:
        # Each waits for the answer to the one before: what a request loses, all after it lose.
        return 0.97 if gap else 0.99
    if window >= 15.0:
        return 0.98
    return {0.005: 0.98, 0.03: 0.90, 0.1: 0.75}[median]


def test_ten_minutes_at_full_demand_break_no_brokers_rule_and_waste_little():
    head = (
        f"{'broker, rule':<20} {'allowed':<24} {'one way':>8} {'requests':>9} {'used':>7} {'violations':>11}"
    )
    print(f"\n{MINUTES} minutes of virtual time at full demand, seed {SEED}\n{head}\n{'-' * len(head)}")  # noqa: T201
    short = []
    for name in (*WINDOWS, *COUNTERS):
        for median in DELAYS:
            seen, used, rule = (windowed if name in WINDOWS else counted)(name, median)
            _, window, gap, _ = WINDOWS.get(name, (0, 60.0, 0.0, None))
            least = bar(window, median, gap)
            facts = f"{median * 1000:>5.0f} ms {len(seen.stamps):>9} {used:>7.2%} {seen.violations:>11}"
            print(f"{name:<20} {rule:<24} {facts}")  # noqa: T201
            if seen.violations or used < least:
                short.append((name, median, used, seen.violations))
    assert short == []


@pytest.mark.parametrize("name", WINDOWS)
def test_a_burst_of_all_a_rule_allows_goes_out_at_once_from_idle(name):
    count, _, gap, make = WINDOWS[name]

    async def main():
        limiter, took = make(LoopClock(), None), []

        async def one():
            (await limiter.acquire(Lane.EXIT, ERRORS)).done()
            took.append(asyncio.get_running_loop().time())

        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(one() for _ in range(count)))
        return max(took) - started

    # Where the broker wants them apart, they are apart by that and no more.
    assert run(main) == pytest.approx(gap * (count - 1))


def test_a_burst_of_kraken_orders_waits_for_no_quota():
    async def main():
        counters, gate = kraken.Counters(), kraken.Gate()

        async def one():
            async with counters.order("XBTUSD", Lane.ENTRY, ERRORS), gate.changing(Lane.ENTRY):
                await asyncio.sleep(0)

        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(one() for _ in range(int(kraken_facts.PAIR_COUNTER))))
        return asyncio.get_running_loop().time() - started

    assert run(main) == 0.0


@pytest.mark.parametrize("name", WINDOWS)
def test_cancels_and_exits_overtake_a_full_queue_of_entries(name):
    count, window, _, make = WINDOWS[name]

    async def main():
        limiter, went = make(LoopClock(), None), []

        async def one(lane):
            slot = await limiter.acquire(lane, ERRORS)
            went.append(lane)
            await asyncio.sleep(0.03)
            slot.done()

        tasks = [asyncio.create_task(one(Lane.ENTRY)) for _ in range(3 * count)]
        # All that the rule allows is gone, and twice as much waits.
        await asyncio.sleep(window * 0.9)
        before = len(went)
        tasks += [asyncio.create_task(one(lane)) for lane in (Lane.READ, Lane.EXIT, Lane.CANCEL)]
        await asyncio.gather(*tasks)
        return before, went

    before, went = run(main)
    assert before == count
    assert went[before : before + 2] == [Lane.CANCEL, Lane.EXIT]
    assert went[-1] is Lane.READ


def test_at_kraken_exits_overtake_entries_and_reads_for_an_exit_overtake_reads():
    async def main():
        counters, went = kraken.Counters(), []

        async def trade(lane):
            async with counters.order("XBTUSD", lane, ERRORS):
                went.append(lane)

        async def read(lane, cost):
            async with counters.read(cost, lane, 1e6, ERRORS):
                went.append((lane, cost))

        for _ in range(60):
            await trade(Lane.ENTRY)
        for _ in range(15):
            await read(Lane.READ, 1)
        went.clear()
        entries = [asyncio.create_task(trade(Lane.ENTRY)) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.gather(*entries, trade(Lane.EXIT))
        trades = tuple(went)
        went.clear()
        reads = [asyncio.create_task(read(Lane.READ, cost)) for cost in (2, 1, 1, 1)]
        await asyncio.sleep(0)
        await asyncio.gather(*reads, read(Lane.EXIT, 2))
        return trades, tuple(went)

    trades, reads = run(main)
    assert trades == (Lane.EXIT, *[Lane.ENTRY] * 5)
    # And what is dear keeps its place in the line: aiolimiter alone would serve it last.
    assert reads == ((Lane.EXIT, 2), (Lane.READ, 2), (Lane.READ, 1), (Lane.READ, 1), (Lane.READ, 1))


@pytest.mark.parametrize(
    ("name", "ceiling", "window"),
    [
        ("alpaca trading", 50, 60.0),
        ("alpaca data", 50, 60.0),
        ("schwab app", 30, 60.0),
        ("schwab orders", 30, 60.0),
        ("ibkr connection", 10, 1.0),
        ("coinbasepro private", 10, 1.0),
        ("coinbasepro public", 5, 1.0),
        ("moomoo place", 12, 60.0),
        ("moomoo modify", 12, 60.0),
    ],
)
def test_an_operators_ceiling_holds_in_the_units_of_its_variable(name, ceiling, window):
    make = WINDOWS[name][3]
    wire = Wire(0.03, SEED)

    async def main():
        await full_demand(limited(wire, make(LoopClock(), ceiling)), workers=ceiling + 10, seed=SEED)

    run(main)
    used = judge_window(wire.seen, ceiling, window)
    assert wire.seen.violations == 0
    assert used > 0.9


def test_a_ceiling_on_kraken_lowers_the_counter_of_reads():
    async def main():
        link = SimpleNamespace(counters=kraken.Counters(5), gate=kraken.Gate())
        wire = Wire(0.03, SEED)
        await full_demand(reading(wire, link), workers=20, seed=SEED)
        judge_counter(wire.seen, 5.0, kraken_facts.DECAY)
        return wire.seen.violations

    assert run(main) == 0


def test_the_rules_in_the_table_are_those_of_the_manifests():
    assert set(RATES) == {name.split()[1] for name in WINDOWS if name.startswith("moomoo")}
    assert all(WINDOWS[f"moomoo {kind}"][2] == gap for kind, gap in SPACING.items())
    assert COUNTERS["kraken reads"][:2] == (kraken_facts.COUNTER, kraken_facts.DECAY)
    assert COUNTERS["kraken orders"][:2] == (kraken_facts.PAIR_COUNTER, kraken_facts.PAIR_DECAY)


@pytest.mark.parametrize("name", ["ibkr connection", "coinbasepro private"])
def test_the_checker_catches_slots_that_are_freed_at_sending(name):
    count, window, _, make = WINDOWS[name]
    wire = Wire(0.1, SEED)

    async def main():
        limiter = make(LoopClock(), None)

        async def one(lane, _):
            (await limiter.acquire(lane, ERRORS)).done()
            await wire.ask(lane)

        await full_demand(one, workers=count + 25, seed=SEED)

    run(main)
    judge_window(wire.seen, count, window)
    assert wire.seen.violations > 100
