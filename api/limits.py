"""Count what one caller asked lately, in memory: enough for one process's front door."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field

MOST_CALLERS = 10_000
"""Older callers are forgotten first, so that a flood of addresses cannot fill the memory."""


class Window:
    """Allow ``count`` calls in any ``seconds`` for each caller, exactly."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count = count
        self.seconds = seconds
        self._callers: OrderedDict[str, deque[float]] = OrderedDict()

    def spent(self, caller: str, now: float) -> float:
        """Give the seconds until the caller may call again; 0 when they may now. Counts nothing."""
        calls = self._callers.get(caller)
        while calls and calls[0] <= now - self.seconds:
            calls.popleft()
        if not calls or len(calls) < self.count:
            return 0.0
        return calls[0] + self.seconds - now

    def take(self, caller: str, now: float) -> float:
        """Count a call when it is allowed, giving 0; else give the seconds to wait."""
        wait = self.spent(caller, now)
        if wait == 0.0:
            self._callers.setdefault(caller, deque()).append(now)
            self._callers.move_to_end(caller)
            if len(self._callers) > MOST_CALLERS:
                self._callers.popitem(last=False)
        return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hold the limits of the HTTP face (shared/reference/reliability.md section 5)."""

    reads: Window = field(default_factory=lambda: Window(60, 60.0))
    failed_logins: Window = field(default_factory=lambda: Window(5, 60.0))
    pages: Window = field(default_factory=lambda: Window(120, 60.0))
    page_posts: Window = field(default_factory=lambda: Window(20, 60.0))
    sockets_per_member: int = 5
    sockets: int = 1000
