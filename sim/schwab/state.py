"""Hold what the pretend Schwab knows: sign-ins, accounts, numbers of orders, refusals."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from adapters.paper.engine import MatchingEngine
from domain.ports import Clock
from sim.market import Market

ACCESS_LIFE = 1800
LOGIN_LIFE = 7 * 24 * 3600
Json = dict[str, Any]


class ApiRefusal(Exception):
    """Refuse a request the way Schwab does: a status and a sentence."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message} if status < 500 else {"errors": [{"title": message}]}
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """Hold one brokerage account."""

    number: str
    cash_only: bool = False
    closing_only: bool = False
    refusing: str = ""
    """The sentence with which every new order is rejected; empty for none."""
    dead: list[Json] = field(default_factory=list, repr=False)
    """Orders that were taken and rejected: the engine never saw them."""
    order_hits: deque[float] = field(default_factory=deque, repr=False)
    durations: dict[str, str] = field(default_factory=dict, repr=False)
    """What the legs of composed orders were asked for, by the engine's ids: the engine keeps every leg."""

    @property
    def hash(self) -> str:
        """Give the hash that stands for the number in every path."""
        return hashlib.sha256(f"schwab/{self.number}".encode()).hexdigest().upper()


@dataclass(slots=True, kw_only=True)
class SimLogin:
    """Hold one person's sign-in to one app: the accounts it shows and the tokens given out."""

    name: str
    accounts: list[SimAccount]
    codes: dict[str, str] = field(default_factory=dict, repr=False)
    """Codes of the redirect, each with the callback it was made for."""
    challenges: dict[str, str] = field(default_factory=dict, repr=False)
    """What must be proved when a code is exchanged, where the request said so (PKCE)."""
    refresh: dict[str, float] = field(default_factory=dict, repr=False)
    """Refresh tokens, each with when the sign-in was made."""
    access: dict[str, float] = field(default_factory=dict, repr=False)
    """Access tokens, each with when it ends."""
    renewals: int = 0


@dataclass(slots=True, kw_only=True)
class SimApp:
    """Hold one developer app."""

    key: str
    secret: str = field(repr=False)
    logins: list[SimLogin] = field(default_factory=list)
    callbacks: tuple[str, ...] = ()
    """Where people may be sent back to; empty takes any address."""
    hits: deque[float] = field(default_factory=deque, repr=False)


LOGIN: web.RequestKey[SimLogin] = web.RequestKey("login", SimLogin)
APP: web.RequestKey[SimApp] = web.RequestKey("app", SimApp)


class Numbers:
    """Give each of the engine's orders the number Schwab would."""

    def __init__(self, first: int = 1_000_000_001) -> None:
        self._next = first
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def of(self, name: str) -> int:
        """Give the number of an order, made on first use."""
        if name not in self._numbers:
            self._numbers[name] = self.fresh()
            self._names[self._numbers[name]] = name
        return self._numbers[name]

    def name(self, number: int) -> str | None:
        """Give the engine's name of a number."""
        return self._names.get(number)

    def fresh(self) -> int:
        """Give a number to something the engine never sees."""
        self._next += 1
        return self._next - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Hand the handlers what they need."""

    market: Market
    clock: Clock
    engine: MatchingEngine
    apps: dict[str, SimApp]
    numbers: Numbers = field(default_factory=Numbers)
    wrong_location: list[int] = field(default_factory=list)
    """Numbers that the next placed orders are answered with, instead of their own."""
    omit_location: list[bool] = field(default_factory=list)
    """One entry for each placed order that is answered without saying which it is."""
