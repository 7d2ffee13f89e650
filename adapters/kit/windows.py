"""Count requests against one rule: a sliding log whose slot frees one window after the *response*.

The broker stamps a request somewhere between send and response, so a request sent a window after the response
of the one ``count`` before it can never be one too many, whatever the delay (shared/reference/performance.md
section 3b). Buckets, and logs kept at send time, are refused 2 to 18 % when saturated.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from domain.broker import Lane, RateRule

_URGENT = frozenset({Lane.CANCEL, Lane.EXIT})
_ASTRAY = 1.0
"""Seconds after which a request without an answer no longer keeps the next one apart from it."""


@dataclass(slots=True, kw_only=True)
class Window:
    """Count one rule: requests on their way, and when each answered one stops counting."""

    rule: RateRule
    count: int
    reserve: int
    share: int | None = None
    """What entries and reads keep to while nobody tells what other processes send."""
    flying: int = 0
    freed: deque[float] = field(default_factory=deque)

    def covers(self, lane: Lane) -> bool:
        """Tell whether requests of a lane count."""
        return not self.rule.lanes or lane in self.rule.lanes

    def limit(self, lane: Lane) -> int:
        """Give how many slots a lane may fill: reading leaves a tenth."""
        limit = self.count - (self.reserve if lane is Lane.READ else 0)
        return limit if self.share is None or lane in _URGENT else min(limit, self.share)

    def used(self, now: float) -> int:
        """Give how many slots are taken."""
        while self.freed and self.freed[0] <= now:
            self.freed.popleft()
        return self.flying + len(self.freed)

    def room(self, lane: Lane, now: float) -> bool:
        """Tell whether a lane finds a slot."""
        return self.used(now) < self.limit(lane)

    def wait(self, lane: Lane) -> float | None:
        """Tell when a slot frees, or None when only an answer on its way can free one."""
        over = self.flying + len(self.freed) - self.limit(lane)
        return self.freed[over] if 0 <= over < len(self.freed) else None

    def hold_until(self, at: float) -> None:
        """Take a slot until a time."""
        if not self.freed or at >= self.freed[-1]:
            self.freed.append(at)
            return
        self.freed = deque(sorted((*self.freed, at)))


@dataclass(slots=True, kw_only=True)
class Gap:
    """Keep requests ``seconds`` apart at the broker: the next goes that long after the answer to the last.

    Exact while no request takes longer than a second to arrive; one that hangs delays the next no longer.
    Hundredths of a second are the wire's time, so the loop's: a clock that is driven by hand has none.
    """

    seconds: float = 0.0
    until: float = 0.0
    last: object = None
    timer: asyncio.TimerHandle | None = None

    def took(self, slot: object) -> None:
        """Note that a request goes out."""
        if self.seconds:
            self.last, self.until = slot, _loop().time() + _ASTRAY + self.seconds

    def answered(self, slot: object, *, counted: bool) -> None:
        """Note an answer."""
        if self.seconds and self.last is slot:
            self.last, self.until = None, _loop().time() + (self.seconds if counted else 0.0)

    def left(self) -> float:
        """Give the seconds until the next may go."""
        return max(0.0, self.until - _loop().time()) if self.seconds else 0.0

    def ring(self, then: Callable[[], None]) -> None:
        """Call when the next may go."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = _loop().call_at(self.until, then)


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def window(rule: RateRule, ceiling: int | None = None) -> Window:
    """Make the log of a rule, lowered to a ceiling."""
    count = rule.count if ceiling is None else max(1, min(rule.count, ceiling))
    return Window(rule=rule, count=count, reserve=count // 10)
