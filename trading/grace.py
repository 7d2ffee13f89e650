"""Keep a lost session's credentials for a while: positions can be closed though the key service is away.

They were in memory as long as the session was open. This keeps them there a little longer, for an account
that has something open, and they are used only where the vault says that its keys cannot be had now. See
docs/adr/0007-key-service-away.md.
"""

from collections.abc import Mapping

from domain.broker import Credentials
from domain.ports import Clock

GRACE = 1800.0
"""Seconds after the session was lost (reliability.md section 3: cancels and exits get thirty minutes)."""


class Grace:
    """Hold the credentials of one account's last session, and say until when they may be used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[str, str] | None = None
        self._until: float | None = None

    def opened(self, credentials: Credentials) -> None:
        """Note what the vault just opened; a session is being made of it."""
        self._values = {key: credentials[key] for key in credentials}
        self._until = None

    def renewed(self, changed: Mapping[str, str]) -> None:
        """Note what the broker renewed; an empty text forgets a field."""
        if self._values is not None:
            self._values = {key: value for key, value in {**self._values, **changed}.items() if value}

    def lost(self, *, exposed: bool) -> None:
        """Begin the grace, once, or drop everything where nothing is open that may have to be closed."""
        if not exposed:
            self._values = None
        elif self._until is None:
            self._until = self._clock.monotonic() + GRACE
        self.sweep()

    def sweep(self) -> None:
        """Drop what is past its time."""
        if self._until is not None and self._clock.monotonic() >= self._until:
            self._values = None

    def use(self) -> Credentials | None:
        """Give the credentials for exits, or None when there are none any more."""
        self.sweep()
        return None if self._values is None else Credentials(self._values)

    def __repr__(self) -> str:
        return f"Grace(kept={self._values is not None})"
