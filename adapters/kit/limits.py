"""Keep every request inside the broker's own rate rule, exactly, the most urgent first (see ``windows``)."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.kit.errors import Errors
from adapters.kit.windows import Gap, Window, window
from domain.broker import Lane, RateRule
from domain.ports import Clock

URGENCY = (Lane.CANCEL, Lane.EXIT, Lane.ENTRY, Lane.READ)
_MAX_SCOPES = 512


class Slot:
    """Be leave to send one request. Call ``done`` when it was answered, or given up."""

    __slots__ = ("_done", "_limiter", "ticket", "windows")

    def __init__(self, limiter: "Limiter", windows: tuple[Window, ...], ticket: str = "") -> None:
        self._limiter = limiter
        self.windows = windows
        self.ticket = ticket
        self._done = False

    def done(self) -> None:
        """Start the slot's way back: it counts for one more window. Calling twice does nothing."""
        if not self._done:
            self._done = True
            self._limiter._answered(self)

    def unsent(self) -> None:
        """Give the slot back at once: the request was never sent."""
        if not self._done:
            self._done = True
            self._limiter._answered(self, counted=False)


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiter:
    future: asyncio.Future[Slot]
    lane: Lane


class Limiter:
    """Give leave to send, most urgent lane first, never past a rule.

    ``rules`` are the manifest's rules of one scope; ``ceiling`` lowers the first of them; ``gap`` is how many
    seconds apart any two requests must arrive. A tenth of each rule is kept from READ, so that polling cannot
    make an exit wait.
    """

    def __init__(
        self, clock: Clock, rules: Sequence[RateRule], ceiling: int | None = None, *, gap: float = 0.0
    ) -> None:
        self._clock = clock
        self._windows = tuple(window(rule, ceiling if i == 0 else None) for i, rule in enumerate(rules))
        self._gap = Gap(seconds=gap)
        self._lanes: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in URGENCY}
        self._deadlines: list[tuple[float, int, _Waiter]] = []
        self._order = itertools.count()
        self._blocked_until = 0.0
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = 0.0

    @property
    def idle(self) -> bool:
        """Tell whether nothing is on its way, waiting or counted."""
        now = self._clock.monotonic()
        quiet = not any(self._lanes.values()) and self._blocked_until <= now
        return quiet and all(window.used(now) == 0 for window in self._windows)

    async def acquire(self, lane: Lane, errors: Errors, max_wait: float | None = None) -> Slot:
        """Wait for leave to send one request.

        Raises Throttled (nothing sent) when it would take, or took, longer than ``max_wait`` seconds.
        """
        now = self._clock.monotonic()
        slot = self._at_once(lane, now)
        if slot is not None:
            return slot
        waiter = _Waiter(future=asyncio.get_running_loop().create_future(), lane=lane)
        self._lanes[lane].append(waiter)
        if max_wait is not None:
            heapq.heappush(self._deadlines, (now + max_wait, next(self._order), waiter))
        self._pump()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._abandon(waiter)
            raise
        except TimeoutError:
            raise errors.throttled("our own share of the broker's request limit is used up") from None

    def throttled(self, retry_after: float | None) -> None:
        """Adopt a 429: send nothing for ``retry_after`` seconds, or for a tenth of the longest window."""
        wait = self._penalty(retry_after)
        self._blocked_until = max(self._blocked_until, self._clock.monotonic() + wait)
        self._pump()

    def count(self, requests: int) -> None:
        """Count requests that went out without leave just now, such as a greeting the SDK sends."""
        until = self._clock.monotonic()
        for each in self._windows:
            for _ in range(requests):
                each.hold_until(until + each.rule.window)

    def adopt(self, remaining: int, reset_in: float | None = None) -> None:
        """Adopt the broker's count of what is left: others may use the same account.

        What the broker counts above our own log is held until ``reset_in`` seconds, or one window.
        """
        if not self._windows:
            return
        first, now = self._windows[0], self._clock.monotonic()
        unseen = min(first.count, first.count - remaining) - first.used(now)
        until = now + min(
            max(reset_in if reset_in is not None else first.rule.window, 0.0), first.rule.window
        )
        for _ in range(unseen):
            first.hold_until(until)

    def _penalty(self, retry_after: float | None) -> float:
        longest = max((window.rule.window for window in self._windows), default=10.0)
        return longest / 10 if retry_after is None else min(max(retry_after, 0.0), 4 * longest)

    def _at_once(self, lane: Lane, now: float) -> Slot | None:
        """Give a slot where nobody has to wait."""
        return self._take(lane) if not self._ahead(lane) and self._room(lane, now) else None

    def _room(self, lane: Lane, now: float) -> bool:
        if self._blocked_until > now or self._gap.left():
            return False
        return all(window.room(lane, now) for window in self._windows if window.covers(lane))

    def _ahead(self, lane: Lane) -> bool:
        """Tell whether someone as urgent or more is waiting already."""
        return any(self._lanes[other] for other in URGENCY[: URGENCY.index(lane) + 1])

    def _take(self, lane: Lane, ticket: str = "") -> Slot:
        slot = Slot(self, tuple(window for window in self._windows if window.covers(lane)), ticket)
        for each in slot.windows:
            each.flying += 1
        self._gap.took(slot)
        return slot

    def _answered(self, slot: Slot, *, counted: bool = True) -> None:
        now = self._clock.monotonic()
        for each in slot.windows:
            each.flying -= 1
            if counted:
                each.hold_until(now + each.rule.window)
        self._gap.answered(slot, counted=counted)
        self._pump()

    def _abandon(self, waiter: _Waiter) -> None:
        future, queue = waiter.future, self._lanes[waiter.lane]
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().unsent()
        elif waiter in queue:
            queue.remove(waiter)
            self._set_alarm(self._clock.monotonic())

    def _pump(self) -> None:
        """Serve whoever can be served now, refuse whoever waited too long, set the alarm for the rest."""
        now = self._clock.monotonic()
        self._grant(now)
        while (deadline := self._deadline()) is not None and deadline <= now:
            _, _, waiter = heapq.heappop(self._deadlines)
            self._lanes[waiter.lane].remove(waiter)
            waiter.future.set_exception(TimeoutError())
        self._set_alarm(now)

    def _deadline(self) -> float | None:
        """Tell when the first who still waits gives up."""
        while self._deadlines and self._deadlines[0][2].future.done():
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def _grant(self, now: float) -> None:
        while (lane := self._next(now)) is not None:
            self._hand(lane)

    def _next(self, now: float) -> Lane | None:
        """Give the most urgent lane with somebody waiting who finds room."""
        for lane in URGENCY:
            queue = self._lanes[lane]
            while queue and queue[0].future.done():
                queue.popleft()
            if queue and self._room(lane, now):
                return lane
        return None

    def _hand(self, lane: Lane, ticket: str = "") -> None:
        waiter = self._lanes[lane].popleft()
        waiter.future.set_result(self._take(lane, ticket))

    def _set_alarm(self, now: float) -> None:
        if self._gap.left() and any(self._lanes.values()):
            self._gap.ring(self._pump)
        times = [time for lane in URGENCY if self._lanes[lane] for time in self._times(lane, now)]
        if (deadline := self._deadline()) is not None:
            times.append(deadline)
        at = max(min(times), now) if times else now
        if self._timer is not None:
            if times and self._timer_at <= at:
                return
            self._timer.cancel()
            self._timer = None
        if not times:
            return
        self._timer_at = at
        self._timer = asyncio.get_running_loop().create_task(self._alarm(at))

    def _times(self, lane: Lane, now: float) -> list[float]:
        """List when something may change for the waiters of a lane."""
        free = [window.wait(lane) for window in self._windows if window.covers(lane)]
        # What is past is no reason to look again at once: something else is in the way.
        times = [at for at in free if at is not None and at > now]
        return [*times, self._blocked_until] if self._blocked_until > now else times

    async def _alarm(self, at: float) -> None:
        await self._clock.sleep(at - self._clock.monotonic())
        self._timer = None
        self._pump()


class Limiters:
    """Keep one limiter per clock and scope.

    A session that is closed and opened again within a window finds its log as it left it.
    """

    def __init__(self) -> None:
        self._scopes: dict[tuple[Clock, str], Limiter] = {}

    def get(self, clock: Clock, scope: str, make: Callable[[], Limiter]) -> Limiter:
        """Give the limiter of a scope, made on first use. Idle ones are forgotten when there are many."""
        if len(self._scopes) > _MAX_SCOPES:
            self._scopes = {key: limiter for key, limiter in self._scopes.items() if not limiter.idle}
        key = (clock, scope)
        if key not in self._scopes:
            self._scopes[key] = make()
        return self._scopes[key]
