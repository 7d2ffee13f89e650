"""Retry reads, and only reads: a submit that is sent twice is two orders."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.errors import OutcomeUnknown, Throttled, Unreachable

T = TypeVar("T")

PASSING = (Unreachable, OutcomeUnknown, Throttled)
"""What may be gone at the next try. Refusals and wrong credentials are not."""


async def read(ask: Callable[[], Awaitable[T]], *, attempts: int = 3, patience: float = 20.0) -> T:
    """Ask up to ``attempts`` times within ``patience`` seconds, with jittered pauses between.

    Only for requests that change nothing at the broker. Raises what the last try raised.
    """
    import stamina  # 30 ms that a process without a broker need not pay

    async for attempt in stamina.retry_context(
        on=PASSING, attempts=attempts, timeout=patience, wait_initial=0.1, wait_max=2.0, wait_jitter=0.2
    ):
        with attempt:
            return await ask()
    raise AssertionError("stamina ends with a result or an exception")
