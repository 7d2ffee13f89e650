"""A limit that processes share: exact through the shared count, and careful without it."""

import asyncio
import itertools
import random

import pytest

from adapters.kit import sharing
from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter
from adapters.kit.sharing import PAUSE, SharedLimiter
from domain.broker import Lane, RateRule, Scope
from domain.errors import StoreUnavailable
from domain.ports import Leave
from tests.scenario.limits_rig import LoopClock, Wire, full_demand, judge_window, limited, run

ERRORS = Errors(broker="pretend", operation="read")
RULE = RateRule(scope=Scope.APP_KEY, count=20, window=10.0)
SEED = 7


class Counted:
    """Do what Redis does, in a dictionary, a millisecond away; ``down`` is Redis being away."""

    def __init__(self, processes=2):
        self.slots, self.blocked, self.processes, self.down = {}, 0.0, processes, False
        self.names = itertools.count()
        self.asked = 0

    async def _hop(self):
        self.asked += 1
        await asyncio.sleep(0.001)
        if self.down:
            raise StoreUnavailable("away")
        return asyncio.get_running_loop().time()

    async def take(self, name, *, limit, window, hold):
        now = await self._hop()
        self.slots = {ticket: at for ticket, at in self.slots.items() if at > now}
        if self.blocked > now:
            return Leave(ticket="", wait=self.blocked - now, processes=self.processes)
        if len(self.slots) < limit:
            ticket = str(next(self.names))
            self.slots[ticket] = now + hold + window
            return Leave(ticket=ticket, wait=0.0, processes=self.processes)
        first = sorted(self.slots.values())[len(self.slots) - limit]
        return Leave(ticket="", wait=min(first - now, window, 1.0), processes=self.processes)

    async def give_back(self, name, ticket, *, after):
        now = await self._hop()
        self.slots.pop(ticket, None)
        if after:
            self.slots[ticket] = now + after

    async def block(self, name, seconds):
        self.blocked = await self._hop() + seconds


def make(quota):
    return SharedLimiter(LoopClock(), (RULE,), quota=quota, name="app")


async def granted(limiter, lane, tries, patience=0.5):
    tasks = [asyncio.create_task(limiter.acquire(lane, ERRORS, patience)) for _ in range(tries)]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    return [slot for slot in done if not isinstance(slot, Exception)]


def test_without_anybody_to_share_with_it_is_a_plain_limiter():
    assert type(sharing.limiter(LoopClock(), (RULE,))) is Limiter


@pytest.mark.parametrize("median", [0.005, 0.03, 0.1])
def test_two_processes_at_full_demand_for_ten_minutes_use_one_rule_and_break_it_never(median):
    wire = Wire(median, SEED)

    async def main():
        both = [limited(wire, make(quota)) for quota in [Counted()] * 2]

        async def one(lane, chance):
            await chance.choice(both)(lane, chance)

        await full_demand(one, workers=60, seed=SEED)

    run(main)
    used = judge_window(wire.seen, RULE.count, RULE.window)
    print(f"{median} s one way: {used:.2%} used, {wire.seen.violations} violations")  # noqa: T201
    assert wire.seen.violations == 0
    assert used > 0.95


async def entries_only(both, besides=()):
    async def one(lane, chance):
        # Urgent lanes may use the whole rule of each process without Redis: no exit is held back.
        await chance.choice(both)(Lane.READ if lane is Lane.READ else Lane.ENTRY, chance)

    await full_demand(one, workers=60, seed=SEED, besides=besides)


def test_without_redis_two_processes_keep_to_shares_that_sum_to_the_rule():
    wire, quota = Wire(0.03, SEED), Counted()
    quota.down = True
    run(lambda: entries_only([limited(wire, make(quota)) for _ in range(2)]))
    used = judge_window(wire.seen, RULE.count, RULE.window)
    print(f"{used:.2%} used, {wire.seen.violations} violations")  # noqa: T201
    assert wire.seen.violations == 0
    assert used > 0.95


def test_while_redis_comes_and_goes_no_window_holds_more_than_a_share_too_many():
    wire, quota = Wire(0.03, SEED), Counted()

    async def flicker():
        chance = random.Random(SEED)
        while True:
            await asyncio.sleep(chance.uniform(5, 60))
            quota.down = not quota.down

    run(lambda: entries_only([limited(wire, make(quota)) for _ in range(2)], [flicker()]))
    used = judge_window(wire.seen, RULE.count, RULE.window)
    within = wire.seen.violations
    wire.seen.violations = 0
    judge_window(wire.seen, RULE.count + RULE.count // 2, RULE.window)
    print(f"{used:.2%} used, {within} of {len(wire.seen.stamps)} above the rule")  # noqa: T201
    assert wire.seen.violations == 0
    assert within < 0.05 * len(wire.seen.stamps)
    assert used > 0.7


def test_cancels_overtake_what_waits_for_the_shared_count():
    async def main():
        quota = Counted()
        mine, other, went = make(quota), make(quota), []
        assert len(await granted(other, Lane.EXIT, 20)) == 20

        async def one(lane):
            slot = await mine.acquire(lane, ERRORS)
            went.append(lane)
            slot.done()

        tasks = [asyncio.create_task(one(Lane.ENTRY)) for _ in range(25)]
        await asyncio.sleep(1)
        tasks += [asyncio.create_task(one(lane)) for lane in (Lane.EXIT, Lane.CANCEL)]
        await asyncio.gather(*tasks)
        return went

    # The other never answers for its twenty: they come back when it must be dead.
    assert run(main)[:3] == [Lane.CANCEL, Lane.EXIT, Lane.ENTRY]


def test_without_redis_an_exit_goes_at_once_and_redis_is_asked_again_only_later():
    async def main():
        quota = Counted(processes=4)
        limiter = make(quota)
        slots = await granted(limiter, Lane.ENTRY, 1)
        quota.down = True
        slots += await granted(limiter, Lane.ENTRY, 20)
        assert len(slots) == 5
        asked, started = quota.asked, asyncio.get_running_loop().time()
        slots += await granted(limiter, Lane.EXIT, 15, patience=None)
        assert len(slots) == 20
        assert (quota.asked, asyncio.get_running_loop().time()) == (asked, started)
        quota.down = False
        for slot in slots:
            slot.done()
        asked = quota.asked
        await asyncio.sleep(PAUSE + RULE.window)
        return len(await granted(limiter, Lane.ENTRY, 19)), quota.asked > asked

    assert run(main) == (19, True)


def test_a_count_that_hangs_keeps_an_exit_back_half_a_second_at_most():
    class Hanging(Counted):
        async def take(self, name, *, limit, window, hold):
            await asyncio.sleep(1000)

    async def main():
        started = asyncio.get_running_loop().time()
        await make(Hanging()).acquire(Lane.EXIT, ERRORS)
        return asyncio.get_running_loop().time() - started

    assert run(main) <= sharing.PATIENCE + 0.01


def test_a_429_holds_every_process():
    async def main():
        quota = Counted()
        first, second = make(quota), make(quota)
        first.throttled(3.0)
        await asyncio.sleep(0.01)
        started = asyncio.get_running_loop().time()
        await second.acquire(Lane.CANCEL, ERRORS)
        return asyncio.get_running_loop().time() - started

    assert run(main) == pytest.approx(3.0, abs=0.05)
