"""Keep every request inside the broker's own rate rule, exactly.

A sliding log whose slot frees one window after the *response*: the broker stamps a request somewhere between
send and response, so a request sent a window after the response of the one ``count`` before it can never be
one too many, whatever the delay (shared/reference/performance.md section 3b). Buckets, and logs kept at send
time, are refused 2 to 18 % when saturated.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapters.kit.errors import Errors
from domain.broker import Lane, RateRule
from domain.ports import Clock

URGENCY = (Lane.CANCEL, Lane.EXIT, Lane.ENTRY, Lane.READ)
_MAX_SCOPES = 512


@dataclass(slots=True, kw_only=True)
class _Window:
    """Count one rule: requests on their way, and when each answered one stops counting."""

    rule: RateRule
    count: int
    reserve: int
    flying: int = 0
    freed: deque[float] = field(default_factory=deque)

    def covers(self, lane: Lane) -> bool:
        return not self.rule.lanes or lane in self.rule.lanes

    def used(self, now: float) -> int:
        while self.freed and self.freed[0] <= now:
            self.freed.popleft()
        return self.flying + len(self.freed)

    def room(self, lane: Lane, now: float) -> bool:
        limit = self.count - (self.reserve if lane is Lane.READ else 0)
        return self.used(now) < limit

    def wait(self, lane: Lane) -> float | None:
        """Tell when a slot frees, or None when only an answer on its way can free one."""
        limit = self.count - (self.reserve if lane is Lane.READ else 0)
        over = self.flying + len(self.freed) - limit
        return self.freed[over] if 0 <= over < len(self.freed) else None

    def hold_until(self, at: float) -> None:
        if not self.freed or at >= self.freed[-1]:
            self.freed.append(at)
            return
        self.freed = deque(sorted((*self.freed, at)))


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiter:
    future: asyncio.Future[None]
    deadline: float | None


class Slot:
    """Be leave to send one request. Call ``done`` when it was answered, or given up."""

    __slots__ = ("_done", "_limiter", "_windows")

    def __init__(self, limiter: "Limiter", windows: tuple[_Window, ...]) -> None:
        self._limiter = limiter
        self._windows = windows
        self._done = False

    def done(self) -> None:
        """Start the slot's way back: it counts for one more window. Calling twice does nothing."""
        if not self._done:
            self._done = True
            self._limiter._answered(self._windows)

    def unsent(self) -> None:
        """Give the slot back at once: the request was never sent."""
        if not self._done:
            self._done = True
            self._limiter._answered(self._windows, counted=False)


class Limiter:
    """Give leave to send, most urgent lane first, never past a rule.

    ``rules`` are the manifest's rules of one scope; ``ceiling`` lowers the first of them. A tenth of each
    rule is kept from READ, so that polling cannot make an exit wait.
    """

    def __init__(self, clock: Clock, rules: Sequence[RateRule], ceiling: int | None = None) -> None:
        self._clock = clock
        self._windows = tuple(_window(rule, ceiling if i == 0 else None) for i, rule in enumerate(rules))
        self._lanes: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in URGENCY}
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
        if not self._ahead(lane) and self._room(lane, now):
            return self._take(lane)
        waiter = _Waiter(
            future=asyncio.get_running_loop().create_future(),
            deadline=None if max_wait is None else now + max_wait,
        )
        self._lanes[lane].append(waiter)
        self._pump()
        try:
            await waiter.future
        except asyncio.CancelledError:
            self._abandon(waiter, lane)
            raise
        except TimeoutError:
            raise errors.throttled("our own share of the broker's request limit is used up") from None
        return Slot(self, tuple(w for w in self._windows if w.covers(lane)))

    def throttled(self, retry_after: float | None) -> None:
        """Adopt a 429: send nothing for ``retry_after`` seconds, or for a tenth of the longest window."""
        longest = max((window.rule.window for window in self._windows), default=10.0)
        wait = longest / 10 if retry_after is None else min(max(retry_after, 0.0), 4 * longest)
        self._blocked_until = max(self._blocked_until, self._clock.monotonic() + wait)
        self._pump()

    def adopt(self, remaining: int, reset_in: float | None = None) -> None:
        """Adopt the broker's count of what is left: others may use the same account.

        What the broker counts above our own log is held until ``reset_in`` seconds, or one window.
        """
        if not self._windows:
            return
        window, now = self._windows[0], self._clock.monotonic()
        unseen = min(window.count, window.count - remaining) - window.used(now)
        until = now + min(
            max(reset_in if reset_in is not None else window.rule.window, 0.0), window.rule.window
        )
        for _ in range(unseen):
            window.hold_until(until)

    def _room(self, lane: Lane, now: float) -> bool:
        if self._blocked_until > now:
            return False
        return all(window.room(lane, now) for window in self._windows if window.covers(lane))

    def _ahead(self, lane: Lane) -> bool:
        """Tell whether someone as urgent or more is waiting already."""
        return any(self._lanes[other] for other in URGENCY[: URGENCY.index(lane) + 1])

    def _take(self, lane: Lane) -> Slot:
        windows = tuple(window for window in self._windows if window.covers(lane))
        for window in windows:
            window.flying += 1
        return Slot(self, windows)

    def _answered(self, windows: tuple[_Window, ...], *, counted: bool = True) -> None:
        now = self._clock.monotonic()
        for window in windows:
            window.flying -= 1
            if counted:
                window.hold_until(now + window.rule.window)
        self._pump()

    def _abandon(self, waiter: _Waiter, lane: Lane) -> None:
        if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
            Slot(self, tuple(w for w in self._windows if w.covers(lane))).unsent()
        elif waiter in self._lanes[lane]:
            self._lanes[lane].remove(waiter)
            self._set_alarm(self._clock.monotonic())

    def _pump(self) -> None:
        """Serve whoever can be served now, and set the alarm for the rest."""
        now = self._clock.monotonic()
        for lane in URGENCY:
            queue = self._lanes[lane]
            while queue and (queue[0].future.done() or self._room(lane, now)):
                waiter = queue.popleft()
                if not waiter.future.done():
                    self._take(lane)
                    waiter.future.set_result(None)
            for waiter in [w for w in queue if w.deadline is not None and w.deadline <= now]:
                queue.remove(waiter)
                if not waiter.future.done():
                    waiter.future.set_exception(TimeoutError())
        self._set_alarm(now)

    def _set_alarm(self, now: float) -> None:
        times = [time for lane in URGENCY for time in self._times(lane)]
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

    def _times(self, lane: Lane) -> list[float]:
        """List when something may change for the waiters of a lane."""
        if not self._lanes[lane]:
            return []
        times = [w.deadline for w in self._lanes[lane] if w.deadline is not None]
        free = [w.wait(lane) for w in self._windows if w.covers(lane)]
        times += [at for at in free if at is not None]
        if self._blocked_until > self._clock.monotonic():
            times.append(self._blocked_until)
        return times

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


def _window(rule: RateRule, ceiling: int | None) -> _Window:
    count = rule.count if ceiling is None else max(1, min(rule.count, ceiling))
    return _Window(rule=rule, count=count, reserve=count // 10)
