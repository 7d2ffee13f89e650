"""Start the parts in order, and stop them in order within twenty seconds."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import structlog

from api.app import PortTaken
from bot.logs import log_unhandled
from bot.parts import House
from bot.problems import Problem
from bot.reading import warm_reader
from bot.supervise import Supervisor, watch_loop
from domain.errors import StoreUnavailable

log = structlog.get_logger(__name__)
FORCED = 130
SWEEP_EVERY = 60.0
SWITCH = 0.0005
"""Seconds after which Python lets another thread run."""
RECOVERY_HEAD_START = 3.0
"""Seconds that recovery of every account may take before Discord is connected all the same."""


async def run(house: House) -> None:
    """Run until SIGTERM or SIGINT, then stop cleanly. Raises Problem when a part cannot go on."""
    supervisor = Supervisor(house.clock, lambda part: house.metrics.restarts.labels(part).inc())
    asyncio.get_running_loop().set_exception_handler(log_unhandled)
    with _signals(supervisor.finish):
        try:
            await _start(house, supervisor)
            await supervisor.wait()
        except (PortTaken, StoreUnavailable) as error:
            raise Problem(str(error)) from error
        finally:
            await _stop(house, supervisor)


async def _start(house: House, supervisor: Supervisor) -> None:
    await house.api.start()
    supervisor.background("loop watch", partial(watch_loop, house.clock, house.metrics.lag.observe))
    supervisor.background("roles", house.roles.keep_warm)
    supervisor.background("outbox", house.outbox.keep_marks)
    supervisor.background("reminders", partial(_remind, house))
    supervisor.background("accounts", house.trading.keep_up)
    supervisor.background("counts", house.trading.keep_counts)
    supervisor.background("wizard", partial(_sweep, house))
    supervisor.vital("main", partial(_main, house))


async def _main(house: House) -> None:
    """Recover, then connect. A broker that is slow to answer holds up its own accounts, not everybody."""
    tasks = [asyncio.create_task(_recover(house)), asyncio.create_task(_settle(house))]
    try:
        await asyncio.wait(tasks[:1], timeout=RECOVERY_HEAD_START)
        connected = asyncio.create_task(house.connection.run())
        tasks.append(connected)
        for done in asyncio.as_completed(tasks):
            await done
            if connected.done():
                return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sweep(house: House) -> None:
    """End wizards nobody finished, once Discord can be told."""
    await house.connection.wait_up()
    while True:
        await house.sweep_wizard()
        await house.clock.sleep(SWEEP_EVERY)


async def _remind(house: House) -> None:
    """Tell whose sign-in ends, once Discord can be told."""
    await house.connection.wait_up()
    await house.reminders.run()


async def _recover(house: House) -> None:
    # A writer or an SDK that comes back from the disk or the network waits this long for a busy loop, each
    # time it comes back; with Python's own 5 ms the orders of a signal with many followers wait for it most.
    sys.setswitchinterval(SWITCH)
    warm_reader()
    await house.trading.start()
    log.info("recovered")


async def _settle(house: House) -> None:
    """Move what start-up made out of the garbage collector's sight: a full collection then costs nothing."""
    await house.connection.wait_up()
    gc.collect()
    gc.freeze()
    log.info("ready")


async def _stop(house: House, supervisor: Supervisor) -> None:
    log.info("stopping")
    steps: tuple[tuple[str, float, Callable[[], Awaitable[object]]], ...] = (
        ("stop taking events", 1.5, house.connection.stop_events),
        ("stop trading", 7.0, house.trading.stop),
        ("send last notices", 3.0, partial(house.notices.flush, 2.5)),
        ("keep notice marks", 1.0, house.outbox.save),
        ("leave Discord", 2.0, house.connection.stop),
        ("stop background work", 1.0, supervisor.stop),
        ("close the port", 2.5, house.api.stop),
        ("close prices", 0.5, house.prices.close if house.prices is not None else _nothing),
        ("close the bus", 0.5, house.bus.close),
        ("close the store", 1.5, house.store.close),
        ("let the name go", 0.5, partial(asyncio.to_thread, house.instance.release)),
    )
    for name, within, step in steps:
        try:
            async with asyncio.timeout(within):
                await step()
        except Exception:
            log.exception("a step of stopping failed; going on", step=name)
    log.info("stopped")


async def _nothing() -> None:
    """Close what is not there."""


@contextlib.contextmanager
def _signals(finish: Callable[[], None]) -> Iterator[None]:
    """End cleanly at the first SIGTERM or SIGINT, and at once at the second: the journal bears it."""
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            os._exit(FORCED)
        asked = True
        finish()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
