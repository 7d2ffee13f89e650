"""Hold what the pretend Alpaca knows: accounts, recorded requests, refusals."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from adapters.paper.engine import MatchingEngine
from domain.ports import Clock
from sim.market import Market

_NAMES = uuid.UUID("7d0a3a0e-5b0e-4d0c-9a54-0b6f1f6d7a11")


class ApiRefusal(Exception):
    """Refuse a request the way Alpaca does: a status, a code (or none) and a message."""

    def __init__(self, status: int, code: int | None, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, **extra}
        if code is not None:
            self.body = {"code": code, **self.body}
        self.headers: dict[str, str] = {}

    def telling(self, headers: dict[str, str]) -> "ApiRefusal":
        """Add headers to the answer."""
        self.headers = headers
        return self


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """Hold one account. ``blocked`` refuses its orders; ``expired`` refuses its keys.

    ``options_level`` is 0 to 3; ``activities`` are what a test says happened without an order, newest first.
    """

    key: str
    secret: str = field(repr=False)
    live: bool = False
    blocked: bool = False
    expired: bool = False
    options_level: int = 3
    activities: list[dict[str, Any]] = field(default_factory=list, repr=False)
    trading_hits: deque[float] = field(default_factory=deque, repr=False)
    data_hits: deque[float] = field(default_factory=deque, repr=False)

    @property
    def number(self) -> str:
        """Give the account number; those of paper accounts begin with PA."""
        digits = str(named("number", self.key).int)[:8]
        return digits + "0" if self.live else "PA" + digits


ACCOUNT: web.RequestKey[SimAccount] = web.RequestKey("account", SimAccount)
"""Where a request carries the account its keys belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Hand the handlers what they need."""

    market: Market
    clock: Clock
    engine: MatchingEngine
    always_open: bool
    wash_trades: bool


def named(*parts: str) -> uuid.UUID:
    """Give the UUID of a name, always the same."""
    return uuid.uuid5(_NAMES, "/".join(parts))
