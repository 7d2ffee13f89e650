"""Keep every request with its answer, and plan the faults to come."""

import fnmatch
from dataclasses import dataclass, field
from typing import Any

from sim.discord.errors import JSON
from sim.discord.state import BotApp

HIDDEN = frozenset({"authorization", "cookie"})


@dataclass(slots=True, kw_only=True)
class Upload:
    """Be one file of a multipart request."""

    part: str
    name: str
    kind: str
    content: bytes = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Recorded:
    """Be one request and what was answered; ``path`` is below the API version, ``route`` its template.

    ``status`` is None when the connection was cut without an answer. ``at`` is time.monotonic_ns().
    """

    method: str
    path: str
    route: str | None
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    files: list[Upload]
    at: int
    app: BotApp | None = None
    status: int | None = None
    answer: Any = None
    faulted: bool = False
    violation: str | None = None


@dataclass(slots=True, kw_only=True)
class Fault:
    """Be something that will go wrong ``times`` times for requests matching "METHOD /path/*"."""

    match: str
    status: int | None = None
    times: int = 1
    delay: float = 0.0
    abort: bool = False
    execute: bool = False
    retry_after: float = 0.05
    everywhere: bool = False
    body: JSON | None = None

    def hits(self, method: str, path: str) -> bool:
        """Tell whether the request is one to disturb."""
        return self.times > 0 and fnmatch.fnmatchcase(f"{method} {path}", self.match)


class Recorder:
    """Hold the log and the faults of one server."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []

    def take_fault(self, method: str, path: str) -> Fault | None:
        """Use up one hit of the first fault that matches."""
        for fault in self.faults:
            if fault.hits(method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    @property
    def violations(self) -> list[Recorded]:
        """List the requests that broke a rule of Discord's."""
        return [request for request in self.requests if request.violation]


def safe_headers(headers: Any) -> dict[str, str]:
    """Copy headers with secrets blanked."""
    return {key: "***" if key.lower() in HIDDEN else value for key, value in headers.items()}
