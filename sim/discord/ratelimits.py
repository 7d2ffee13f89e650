"""Count requests as Discord does, when a test asks for it: five messages in five seconds to one channel.

Discord publishes no fixed table; the numbers are those its headers have long carried, and its documented
fifty requests a second for a whole bot, from which interaction answers are exempt.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

GLOBAL_LIMIT, GLOBAL_WINDOW = 50, 1.0
BUCKET_LIMIT, BUCKET_WINDOW = 5, 5.0
LIMITED = ("/channels/{channel}/messages", "/channels/{channel}/messages/{message}")


@dataclass(slots=True, kw_only=True, frozen=True)
class Verdict:
    """Be what one request is told: its headers, and how long to wait when it is refused."""

    headers: dict[str, str]
    retry_after: float | None = None
    everywhere: bool = False


class RateLimits:
    """Keep sliding windows in real seconds; off until switched on."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.enabled = False
        self._now = now
        self._windows: dict[tuple[str, ...], deque[float]] = {}

    def judge(self, app: str, method: str, route: str | None, path: str) -> Verdict:
        """Count a request and say whether it may pass."""
        if not self.enabled or route is None or route.startswith(("/interactions", "/webhooks")):
            return Verdict(headers={})
        wait, _ = self._take((app,), GLOBAL_LIMIT, GLOBAL_WINDOW)
        if wait is not None:
            return Verdict(headers={"X-RateLimit-Scope": "global"}, retry_after=wait, everywhere=True)
        if route not in LIMITED or method == "GET":
            return Verdict(headers={})
        channel = path.split("/")[2]
        key = (app, method, route, channel)
        wait, left = self._take(key, BUCKET_LIMIT, BUCKET_WINDOW)
        headers = {
            "X-RateLimit-Limit": str(BUCKET_LIMIT),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset-After": f"{self._reset(key):.3f}",
            "X-RateLimit-Bucket": f"{method.lower()}{len(route)}",
        }
        return Verdict(headers=headers, retry_after=wait)

    def _take(self, key: tuple[str, ...], limit: int, window: float) -> tuple[float | None, int]:
        """Count one; give how long to wait when the window is full, and how many are left."""
        stamps = self._windows.setdefault(key, deque())
        now = self._now()
        while stamps and stamps[0] <= now - window:
            stamps.popleft()
        if len(stamps) >= limit:
            return stamps[0] + window - now, 0
        stamps.append(now)
        return None, limit - len(stamps)

    def _reset(self, key: tuple[str, ...]) -> float:
        stamps = self._windows[key]
        return max(0.0, stamps[0] + BUCKET_WINDOW - self._now()) if stamps else 0.0
