"""Know what an account may do with options: level 2 buys calls and puts.

Levels: docs.alpaca.markets/docs/options-trading. ``options_trading_level`` is what holds: the lower of what
Alpaca approved and what the owner set in the account's configuration.
"""

from adapters.alpaca import texts
from adapters.alpaca.parse import Json
from adapters.kit.errors import Errors
from adapters.kit.reading import number
from domain.ports import Clock

BUYING = 2
_GOOD_FOR = 600.0
"""Seconds a sufficient level is believed. One that is too low is asked for again each time."""


class Levels:
    """Remember an account's level from every look at the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._level: int | None = None
        self._at: float | None = None

    def note(self, account: Json) -> None:
        """Take the level over from what Alpaca says of the account."""
        self._level, self._at = level_of(account), self._clock.monotonic()

    def notes(self) -> tuple[str, ...]:
        """Say, for the wizard, where options cannot be bought."""
        return () if self._enough() else (texts.OPTIONS_NOTE.format(level=self._level),)

    def may_buy(self) -> bool:
        """Tell whether a recent look proves that options may be bought."""
        fresh = self._at is not None and self._clock.monotonic() - self._at < _GOOD_FOR
        return fresh and self._enough()

    def check(self, errors: Errors) -> None:
        """Raise Denied where the last look says that options may not be bought."""
        if not self._enough():
            raise errors.denied(texts.OPTION_LEVEL_LOW.format(level=self._level), "options_level")

    def _enough(self) -> bool:
        # A server that does not speak of levels decides by itself.
        return self._level is None or self._level >= BUYING


def level_of(account: Json) -> int | None:
    """Give the level that holds, or None where it is not told. Raises ValueError for what is no number."""
    told = account.get("options_trading_level")
    if told is None:
        told = account.get("options_approved_level")
    return None if told is None else int(number(told))
