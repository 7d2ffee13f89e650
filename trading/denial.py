"""Say no, with a code and a sentence."""

from dataclasses import dataclass

from domain.errors import DomainError
from trading import texts


@dataclass(frozen=True, slots=True)
class Denial:
    """Hold why something is not done. ``code`` is stable; ``reason`` is for the member."""

    code: str
    reason: str


class DeniedByUs(DomainError):
    """Carry a denial out of the steps of a plan."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.reason)
        self.denial = denial


def deny(code: str, **values: object) -> DeniedByUs:
    """Make a denial from its code."""
    return DeniedByUs(Denial(code, texts.say(code, **values)))
