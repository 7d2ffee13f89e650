"""Keep the parts of the process running, and end it when one that must not fail does."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from domain.ports import Clock

log = structlog.get_logger(__name__)
STEADY = 60.0
"""Seconds of work after which an earlier failure is forgotten."""


class Backoff:
    """Give growing waits with jitter: ``first`` doubling up to ``cap``, each drawn from its upper half.

    The jitter keeps many processes that lost the same server from coming back in one breath.
    """

    def __init__(self, first: float, cap: float, seed: int | None = None) -> None:
        self._first = first
        self._cap = cap
        self._tries = 0
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret

    def next(self) -> float:
        """Give how long to wait now, in seconds."""
        ceiling = min(self._cap, self._first * 2.0**self._tries)
        self._tries = min(self._tries + 1, 30)
        return ceiling * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._tries = 0


class Supervisor:
    """Run named tasks. A background task that fails is started again; a vital one ends the process."""

    def __init__(self, clock: Clock, on_restart: Callable[[str], None] = lambda _: None) -> None:
        self._clock = clock
        self._on_restart = on_restart
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[None] | None = None

    def background(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run work that is started again, later each time, when it fails; it may return."""
        return self._spawn(name, self._again(name, work))

    def vital(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run work whose failure ``wait`` raises, and whose end ends ``wait``."""
        return self._spawn(name, self._once(work))

    async def wait(self) -> None:
        """Wait until ``finish`` is called or a vital task ends. Raises what the vital task raised."""
        await asyncio.shield(self._end())

    def finish(self) -> None:
        """Let ``wait`` return."""
        if not self._end().done():
            self._end().set_result(None)

    async def stop(self) -> None:
        """Cancel every task and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self) -> asyncio.Future[None]:
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
        return self._ended

    def _spawn(self, name: str, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        task.set_name(name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            if not self._end().done():
                self._end().set_exception(error)
        else:
            self.finish()

    async def _again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        backoff = Backoff(1.0, 60.0)
        while True:
            began = self._clock.monotonic()
            try:
                await work()
            except Exception:
                if self._clock.monotonic() - began > STEADY:
                    backoff.reset()
                wait = backoff.next()
                log.exception("part failed", part=name, again_in=round(wait, 1))
            else:
                return
            self._on_restart(name)
            await self._clock.sleep(wait)


async def watch_loop(clock: Clock, observe: Callable[[float], None], every: float = 0.5) -> None:
    """Measure how late the event loop wakes a timer, in seconds, for as long as it runs."""
    while True:
        began = clock.monotonic()
        await clock.sleep(every)
        observe(max(0.0, clock.monotonic() - began - every))
