"""Give order numbers that no order of ours has had, whatever TWS believes.

TWS names the next number it has not taken. One that was sent over a line that broke may still be on its way:
used again, two orders would share it, and what is said of one would be taken for the other.
"""

from datetime import UTC, datetime

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ASIDE = 1000
"""How far from an account's own client id a test beside it is made."""
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


class ClientIds:
    """Know which client ids this process holds itself: TWS gives each to one connection at a time."""

    def __init__(self) -> None:
        self._held: set[str] = set()

    def aside(self, gateway: str, client_id: int) -> int:
        """Give a client id for a test beside an account's own session: the same where it is free."""
        while f"{gateway}/{client_id}" in self._held:
            client_id += ASIDE
        return client_id

    def take(self, gateway: str, client_id: int) -> None:
        """Note a connection."""
        self._held.add(f"{gateway}/{client_id}")

    def give_back(self, scope: str) -> None:
        """Note its end."""
        self._held.discard(scope)
