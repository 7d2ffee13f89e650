"""Keep to a limit that a broker counts over several processes: an app key, an internet address.

Each request takes a slot here and one where all processes count (domain.ports.SharedQuota). While nobody can
be asked there, entries and reads keep to a share, and what is urgent to the whole rule: no exit waits for a
cache that is down. In the first window of an outage, and only then, processes that had used more and less
than their shares may together be a share above the rule: the broker's 429 is then adopted.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress

from adapters.kit.limits import URGENCY, Limiter, Slot
from domain.broker import Lane, RateRule
from domain.errors import StoreUnavailable
from domain.ports import Clock, SharedQuota

HOLD = 60.0
"""Seconds a request may take; after it and a window the slot of a process that died is free again."""
PATIENCE = 0.5
"""Seconds to wait for an answer of the shared count."""
PAUSE = 5.0
"""Seconds to go on alone before the shared count is asked again."""
_LOSSES = (StoreUnavailable, asyncio.TimeoutError)


def limiter(
    clock: Clock,
    rules: Sequence[RateRule],
    ceiling: int | None = None,
    *,
    quota: SharedQuota | None = None,
    name: str = "",
) -> Limiter:
    """Make the limiter of a rule that processes share, alone where there is nothing to share through."""
    if quota is None:
        return Limiter(clock, rules, ceiling)
    return SharedLimiter(clock, rules, ceiling, quota=quota, name=name)


class SharedLimiter(Limiter):
    """Give leave to send when the own log and the shared one agree. ``rules`` is one rule for all lanes."""

    def __init__(
        self,
        clock: Clock,
        rules: Sequence[RateRule],
        ceiling: int | None = None,
        *,
        quota: SharedQuota,
        name: str,
    ) -> None:
        super().__init__(clock, rules, ceiling)
        (self._window,) = self._windows
        self._quota, self._name = quota, name
        self._server: asyncio.Task[None] | None = None
        self._stir = asyncio.Event()
        self._asking: Lane | None = None
        self._processes = 2
        self._alone_until = 0.0
        self._bare, self._bare_until = 0, 0.0
        self._errands: set[asyncio.Task[None]] = set()

    def throttled(self, retry_after: float | None) -> None:
        """Adopt a 429, for all processes."""
        super().throttled(retry_after)
        self._later(self._quota.block(self._name, self._penalty(retry_after)))

    def _at_once(self, lane: Lane, now: float) -> Slot | None:
        return super()._at_once(lane, now) if self._alone(now) else None

    def _take(self, lane: Lane, ticket: str = "") -> Slot:
        self._bare += not ticket
        return super()._take(lane, ticket)

    def _answered(self, slot: Slot, *, counted: bool = True) -> None:
        window = self._window.rule.window
        if slot.ticket:
            after = window if counted else 0.0
            self._later(self._quota.give_back(self._name, slot.ticket, after=after))
        else:
            self._bare -= 1
            self._bare_until = self._clock.monotonic() + window
        super()._answered(slot, counted=counted)

    def _grant(self, now: float) -> None:
        if self._alone(now):
            super()._grant(now)
            return
        lane = self._next(now)
        if lane is None:
            return
        if self._server is None:
            self._server = asyncio.get_running_loop().create_task(self._serve())
        elif self._asking is None or URGENCY.index(lane) < URGENCY.index(self._asking):
            self._stir.set()

    async def _serve(self) -> None:
        """Ask for one waiter after another, always for the most urgent."""
        try:
            while (lane := self._next(self._clock.monotonic())) is not None:
                self._asking = lane
                wait = await self._ask(lane)
                if self._alone(self._clock.monotonic()):
                    break
                if wait > 0:
                    self._stir.clear()
                    with suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(self._stir.wait(), wait)
        finally:
            self._server = self._asking = None
        self._pump()

    async def _ask(self, lane: Lane) -> float:
        """Take a shared slot and hand it to who is most urgent by then; give the seconds to wait for one."""
        window = self._window
        limit = window.count - (window.reserve if lane is Lane.READ else 0)
        try:
            leave = await asyncio.wait_for(
                self._quota.take(self._name, limit=limit, window=window.rule.window, hold=HOLD), PATIENCE
            )
        except _LOSSES:
            self._go_alone()
            return 0.0
        self._processes = max(2, leave.processes)
        now = self._clock.monotonic()
        if not self._bare and now >= self._bare_until:
            window.share = None
        if not leave.ticket:
            return leave.wait
        first = self._next(now)
        if first is None:
            self._later(self._quota.give_back(self._name, leave.ticket, after=0.0))
        else:
            self._hand(first, leave.ticket)
        return 0.0

    def _go_alone(self) -> None:
        """Go on with a share, and until one window after the last request that nobody else counted."""
        self._alone_until = self._clock.monotonic() + PAUSE
        self._window.share = max(1, self._window.count // self._processes)

    def _alone(self, now: float) -> bool:
        return now < self._alone_until

    def _later(self, errand: Awaitable[None]) -> None:
        async def run() -> None:
            with suppress(*_LOSSES):
                await asyncio.wait_for(errand, PATIENCE)

        task = asyncio.get_running_loop().create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
