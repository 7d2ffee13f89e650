"""Help tests wait for outcomes instead of sleeping, and make what they test impatient."""

import asyncio
import contextlib
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


async def eventually(probe: Callable[[], T | Awaitable[T]], timeout: float = 5.0) -> T:
    """Call ``probe`` until it gives something truthy, and return that; fail after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer  # type: ignore[return-value]
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {timeout} s")
        await asyncio.sleep(0.005)


async def end(task: "asyncio.Task[object]") -> None:
    """Cancel a task until it ends: before Python 3.12 ``asyncio.wait_for`` may forget a cancel."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
    await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def patched(*values: tuple[Any, str, Any]) -> Iterator[None]:
    """Set attributes for a while."""
    before = [(where, name, getattr(where, name)) for where, name, _ in values]
    for where, name, value in values:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)
