import asyncio
import itertools

import pytest

from bot.supervise import Backoff, Supervisor, watch_loop
from sim.clock import DrivenClock
from tests.support import eventually


def test_waits_grow_to_their_cap_and_never_meet_exactly():
    backoff = Backoff(1.0, 120.0, seed=7)
    waits = [backoff.next() for _ in range(40)]
    assert 0.5 <= waits[0] <= 1.0
    assert max(waits) <= 120.0
    assert min(waits[10:]) >= 60.0
    assert len(set(waits)) == len(waits)
    backoff.reset()
    assert backoff.next() <= 1.0


async def test_background_work_that_fails_is_started_again_later_each_time():
    clock, runs, restarts = DrivenClock(), [], []
    supervisor = Supervisor(clock, restarts.append)

    async def work():
        runs.append(clock.monotonic())
        if len(runs) < 4:
            raise RuntimeError("again")

    task = supervisor.background("part", work)
    while not task.done():
        await clock.advance(0.25)
    assert len(runs) == 4
    assert restarts == ["part"] * 3
    gaps = [later - earlier for earlier, later in itertools.pairwise(runs)]
    assert gaps[0] < gaps[2]


async def test_a_vital_part_that_fails_ends_the_wait_with_its_error():
    supervisor = Supervisor(DrivenClock())

    async def work():
        raise LookupError("gone")

    supervisor.vital("heart", work)
    with pytest.raises(LookupError):
        await supervisor.wait()


async def test_finish_ends_the_wait_and_stop_cancels_what_runs():
    supervisor = Supervisor(DrivenClock())
    cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    supervisor.background("sleeper", work)
    supervisor.vital("heart", asyncio.Event().wait)
    await asyncio.sleep(0)
    supervisor.finish()
    await supervisor.wait()
    await supervisor.stop()
    assert cancelled.is_set()


async def test_the_loop_watch_reports_how_late_it_woke():
    clock, seen = DrivenClock(), []
    task = asyncio.create_task(watch_loop(clock, seen.append, every=0.5))
    await eventually(lambda: clock._sleepers)
    await clock.advance(0.5)
    await clock.advance(0.5)
    task.cancel()
    assert seen == [0.0, 0.0]
