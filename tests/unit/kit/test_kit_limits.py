"""The limiter, judged by a strict broker's own clock: virtual time, random delays."""

import asyncio
import itertools
import random
import time

import pytest

from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter, Limiters
from domain.broker import Lane, RateRule, Scope
from domain.clock import SystemClock
from domain.errors import Sent, Throttled
from sim.clock import DrivenClock

ERRORS = Errors(broker="pretend", operation="submit")


def rule(count, window, lanes=()):
    return RateRule(scope=Scope.ACCOUNT, count=count, window=window, lanes=frozenset(lanes))


async def drain(clock, tasks, step=0.05, most=100_000):
    for _ in range(most):
        if all(task.done() for task in tasks):
            return [task.result() for task in tasks]
        await clock.advance(step)
    raise AssertionError("the requests never finished")


async def advance(clock, seconds):
    await settle()
    await clock.advance(seconds)
    await settle()


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class StrictBroker:
    """Stamp each request somewhere between send and response, and count them in a sliding window."""

    def __init__(self, clock, count, window, median, seed):
        self.clock, self.count, self.window, self.median = clock, count, window, median
        self.random = random.Random(seed)
        self.stamps = []

    def delay(self):
        return self.random.lognormvariate(0, 0.5) * self.median

    async def ask(self):
        await self.clock.sleep(self.delay())
        self.stamps.append(self.clock.monotonic())
        await self.clock.sleep(self.delay())

    @property
    def over(self):
        """How many requests came less than one window after the one ``count`` before."""
        stamps = sorted(self.stamps)
        pairs = zip(stamps, stamps[self.count :], strict=False)
        return sum(1 for early, late in pairs if late - early < self.window - 1e-9)


async def saturate(count, window, median, seed, windows=4, free_at_send=False):
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(count, window)])
    broker = StrictBroker(clock, count, window, median, seed)

    async def one():
        slot = await limiter.acquire(Lane.ENTRY, ERRORS)
        if free_at_send:
            slot.done()
        await broker.ask()
        slot.done()

    started = clock.monotonic()
    tasks = [asyncio.create_task(one()) for _ in range(count * windows)]
    await drain(clock, tasks, step=window / 40)
    return broker, clock.monotonic() - started


@pytest.mark.parametrize(("count", "window"), [(200, 60.0), (10, 1.0), (15, 30.0), (3, 1.0)])
@pytest.mark.parametrize("median", [0.005, 0.03, 0.1])
async def test_a_strict_broker_never_sees_one_request_too_many(count, window, median):
    for seed in (1, 2, 3):
        broker, _ = await saturate(count, window, median, seed)
        assert len(broker.stamps) == count * 4
        assert broker.over == 0, f"seed {seed}"


async def test_the_checker_catches_a_limiter_that_frees_slots_when_sending():
    caught = 0
    for seed in range(5):
        broker, _ = await saturate(10, 1.0, 0.1, seed, free_at_send=True)
        caught += broker.over
    assert caught > 0


async def test_nearly_all_of_a_minute_is_usable():
    broker, took = await saturate(200, 60.0, 0.03, seed=7, windows=3)
    # Three windows of requests start within a little over two windows of time.
    assert len(broker.stamps) == 600
    assert took < 2 * 60 * 1.03


async def test_a_whole_window_of_orders_leaves_at_once_from_idle():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(200, 60.0)])
    slots = [await asyncio.wait_for(limiter.acquire(Lane.ENTRY, ERRORS), 1) for _ in range(200)]
    assert len(slots) == 200
    assert clock.monotonic() == 0


async def test_a_late_burst_does_not_overlap_the_one_before():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(10, 60.0)])
    (await limiter.acquire(Lane.ENTRY, ERRORS)).done()
    await advance(clock, 57)
    for _ in range(9):
        (await limiter.acquire(Lane.ENTRY, ERRORS)).done()
    await advance(clock, 6)
    one_more = await limiter.acquire(Lane.ENTRY, ERRORS)
    assert one_more
    waiting = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await advance(clock, 50)
    await settle()
    assert not waiting.done()
    await advance(clock, 5)
    await settle()
    assert waiting.done()


async def test_cancels_go_before_exits_before_entries_before_reads():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 1.0)])
    first = await limiter.acquire(Lane.ENTRY, ERRORS)
    order = []

    async def one(lane):
        slot = await limiter.acquire(lane, ERRORS)
        order.append(lane)
        slot.done()

    tasks = [asyncio.create_task(one(lane)) for lane in (Lane.READ, Lane.ENTRY, Lane.EXIT, Lane.CANCEL)]
    await settle()
    first.done()
    await drain(clock, tasks)
    assert order == [Lane.CANCEL, Lane.EXIT, Lane.ENTRY, Lane.READ]


async def test_within_a_lane_first_come_is_first_served():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 1.0)])
    first = await limiter.acquire(Lane.ENTRY, ERRORS)
    order = []

    async def one(name):
        slot = await limiter.acquire(Lane.ENTRY, ERRORS)
        order.append(name)
        slot.done()

    tasks = [asyncio.create_task(one(name)) for name in range(5)]
    await settle()
    first.done()
    await drain(clock, tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_reading_leaves_a_tenth_for_what_is_urgent():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(20, 60.0)])
    reads = [asyncio.create_task(limiter.acquire(Lane.READ, ERRORS)) for _ in range(25)]
    await settle()
    assert sum(task.done() for task in reads) == 18
    assert await asyncio.wait_for(limiter.acquire(Lane.CANCEL, ERRORS), 1)
    assert await asyncio.wait_for(limiter.acquire(Lane.EXIT, ERRORS), 1)
    for task in reads:
        task.cancel()
    await asyncio.gather(*reads, return_exceptions=True)


@pytest.mark.parametrize(("ceiling", "used"), [(5, 5), (500, 20), (None, 20), (0, 1)])
async def test_a_ceiling_lowers_the_brokers_rule_and_never_raises_it(ceiling, used):
    limiter = Limiter(DrivenClock(), [rule(20, 60.0)], ceiling)
    tasks = [asyncio.create_task(limiter.acquire(Lane.EXIT, ERRORS)) for _ in range(30)]
    await settle()
    assert sum(task.done() for task in tasks) == used
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_429_stops_every_lane_for_as_long_as_the_broker_says():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(20, 60.0)])
    limiter.throttled(7.0)
    waiting = asyncio.create_task(limiter.acquire(Lane.CANCEL, ERRORS))
    await advance(clock, 6.9)
    assert not waiting.done()
    await advance(clock, 0.2)
    assert waiting.done()


async def test_a_429_without_a_time_waits_a_tenth_of_the_window():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(20, 60.0)])
    limiter.throttled(None)
    waiting = asyncio.create_task(limiter.acquire(Lane.CANCEL, ERRORS))
    await advance(clock, 5.9)
    assert not waiting.done()
    await advance(clock, 0.2)
    assert waiting.done()


async def test_what_others_use_of_the_same_account_is_counted():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(20, 60.0)])
    slot = await limiter.acquire(Lane.EXIT, ERRORS)
    slot.done()
    limiter.adopt(remaining=2, reset_in=30)
    taken = [await asyncio.wait_for(limiter.acquire(Lane.EXIT, ERRORS), 1) for _ in range(2)]
    assert len(taken) == 2
    third = asyncio.create_task(limiter.acquire(Lane.EXIT, ERRORS))
    await advance(clock, 29)
    assert not third.done()
    await advance(clock, 2)
    assert third.done()


async def test_a_broker_that_counts_less_than_we_do_frees_nothing():
    limiter = Limiter(DrivenClock(), [rule(2, 60.0)])
    for _ in range(2):
        (await limiter.acquire(Lane.EXIT, ERRORS)).done()
    limiter.adopt(remaining=2)
    waiting = asyncio.create_task(limiter.acquire(Lane.EXIT, ERRORS))
    await settle()
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_request_without_an_answer_holds_its_slot():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 1.0)])
    hung = await limiter.acquire(Lane.ENTRY, ERRORS)
    waiting = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await advance(clock, 100)
    assert not waiting.done()
    hung.done()
    await advance(clock, 1.01)
    assert waiting.done()


async def test_a_waiter_that_gives_up_takes_no_slot():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 1.0)])
    first = await limiter.acquire(Lane.ENTRY, ERRORS)
    gone = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    stays = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await settle()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    first.done()
    await advance(clock, 1.01)
    assert stays.done()
    stays.result().done()
    await advance(clock, 1.01)
    assert limiter.idle


async def test_a_slot_granted_to_someone_who_just_left_goes_to_the_next():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 1.0)])
    first = await limiter.acquire(Lane.ENTRY, ERRORS)
    gone = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    stays = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await settle()
    first.unsent()  # grants the slot to ``gone``, which is cancelled before it can run
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await settle()
    assert stays.done()


async def test_waiting_too_long_is_refused_with_nothing_sent():
    clock = DrivenClock()
    limiter = Limiter(clock, [rule(1, 60.0)])
    (await limiter.acquire(Lane.ENTRY, ERRORS)).done()
    waiting = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS, max_wait=10))
    await advance(clock, 9.9)
    assert not waiting.done()
    await advance(clock, 0.2)
    with pytest.raises(Throttled) as refused:
        await waiting
    assert refused.value.sent is Sent.NO


async def test_a_rule_for_some_lanes_leaves_the_others_alone():
    limiter = Limiter(DrivenClock(), [rule(1, 60.0, [Lane.ENTRY]), rule(100, 60.0)])
    assert await asyncio.wait_for(limiter.acquire(Lane.ENTRY, ERRORS), 1)
    for _ in range(5):
        assert await asyncio.wait_for(limiter.acquire(Lane.CANCEL, ERRORS), 1)
    blocked = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await settle()
    assert not blocked.done()
    blocked.cancel()
    await asyncio.gather(blocked, return_exceptions=True)


async def test_a_session_opened_again_finds_the_log_as_it_was():
    clock, limiters = DrivenClock(), Limiters()

    def make():
        return Limiter(clock, [rule(1, 60.0)])

    (await limiters.get(clock, "one", make).acquire(Lane.ENTRY, ERRORS)).done()
    again = asyncio.create_task(limiters.get(clock, "one", make).acquire(Lane.ENTRY, ERRORS))
    other = asyncio.create_task(limiters.get(clock, "two", make).acquire(Lane.ENTRY, ERRORS))
    await settle()
    assert (again.done(), other.done()) == (False, True)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)


async def test_an_uncontended_acquire_costs_next_to_nothing():
    limiter = Limiter(DrivenClock(), [rule(10**9, 60.0)])
    started = time.process_time()
    for _ in range(5000):
        (await limiter.acquire(Lane.ENTRY, ERRORS)).done()
    assert (time.process_time() - started) / 5000 < 0.0002


async def test_while_a_429_lasts_nobody_looks_again_and_again():
    clock, looks = DrivenClock(), 0
    limiter = Limiter(clock, [rule(1, 1.0)])
    (await limiter.acquire(Lane.ENTRY, ERRORS)).done()
    limiter.throttled(3.0)
    waiting = asyncio.create_task(limiter.acquire(Lane.ENTRY, ERRORS))
    await advance(clock, 2)  # the slot is free again; the broker still says no
    pump = limiter._pump

    def counted():
        nonlocal looks
        looks += 1
        pump()

    limiter._pump = counted
    for _ in range(100):
        await asyncio.sleep(0)
    assert looks <= 1
    await advance(clock, 1.1)
    assert waiting.done()


async def test_requests_that_must_lie_apart_do_at_the_brokers_clock():
    limiter = Limiter(SystemClock(), [rule(100, 60.0)], gap=0.01)
    answers = []

    async def one():
        slot = await limiter.acquire(Lane.ENTRY, ERRORS)
        sent = time.monotonic()
        await asyncio.sleep(0.002)
        answers.append((sent, time.monotonic()))
        slot.done()

    await asyncio.gather(*(one() for _ in range(5)))
    assert all(later[0] - earlier[1] >= 0.0099 for earlier, later in itertools.pairwise(answers))


async def test_a_request_that_hangs_keeps_an_exit_back_a_second_at_most():
    limiter = Limiter(DrivenClock(), [rule(100, 60.0)], gap=0.01)
    assert await limiter.acquire(Lane.ENTRY, ERRORS)
    started = time.monotonic()
    assert await asyncio.wait_for(limiter.acquire(Lane.EXIT, ERRORS), 5)
    assert 0.9 < time.monotonic() - started < 3


async def test_what_went_out_without_leave_is_counted():
    limiter = Limiter(DrivenClock(), [rule(20, 1.0)])
    limiter.count(10)
    tasks = [asyncio.create_task(limiter.acquire(Lane.EXIT, ERRORS)) for _ in range(30)]
    await settle()
    assert sum(task.done() for task in tasks) == 10
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
