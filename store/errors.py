"""Name what can be wrong with what was stored."""

from domain.errors import DomainError, InvalidValue


class UnreadableRecord(DomainError):
    """Report a stored document this version of the program cannot read; never guess at its meaning."""


class Misfit(Exception):
    """Carry what does not fit, and where, up through nested coders. Never holds the value itself."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path

    def under(self, step: str) -> "Misfit":
        """Give the same problem one level further up."""
        self.path = f"{step}.{self.path}" if self.path else step
        return self

    def as_invalid(self, what: str) -> InvalidValue:
        """Tell a caller that its value cannot be stored."""
        return InvalidValue(f"{self._where(what)} cannot be stored: {self.problem}")

    def as_unreadable(self, what: str) -> UnreadableRecord:
        """Tell a reader that a stored document cannot be read."""
        return UnreadableRecord(
            f"{self._where(what)} cannot be read: {self.problem}. "
            "It was written by another version of this program: run that version, or restore a backup."
        )

    def _where(self, what: str) -> str:
        return f"{self.path} of {what}" if self.path else what
