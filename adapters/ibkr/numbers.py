"""Give order numbers that no order of ours has had, whatever TWS believes.

TWS names the next number it has not taken. One that was sent over a line that broke may still be on its way:
used again, two orders would share it, and what is said of one would be taken for the other.
"""

from datetime import UTC, datetime

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PER_SECOND = 4
"""Numbers set aside for each second: more than a client uses over any longer time. They last past 2040."""


class Numbers:
    """Remember the highest number of each client; an earlier process used none above the time's own."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def first(self, scope: str, now: datetime) -> int:
        """Give a number above all that were used."""
        return max(self._used.get(scope, 0) + 1, int((now - _BEGIN).total_seconds()) * PER_SECOND, 1)

    def spent(self, scope: str, number: int) -> None:
        """Note that a number went out."""
        self._used[scope] = max(self._used.get(scope, 0), number)


NUMBERS = Numbers()
"""One per process."""
