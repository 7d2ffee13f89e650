"""Hold what the pretend Kraken knows: accounts, recorded requests, names."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from adapters.paper.engine import EngineOrder, MatchingEngine
from domain.ports import Clock
from sim.market import Market

ALL_PERMISSIONS = (
    *("query-funds", "query-open-trades", "query-closed-trades"),
    *("modify-trades", "close-trades", "create-ws-token"),
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class ApiRefusal(Exception):
    """Refuse the way Kraken does: HTTP 200 and a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True, kw_only=True)
class Placed:
    """Remember what the engine does not: how an order was asked for."""

    txid: str
    engine_id: str
    client: str
    ordertype: str
    price: str
    price2: str
    flags: str


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """Hold one account under one API key."""

    key: str
    secret: str = field(repr=False)
    permissions: tuple[str, ...] = ALL_PERMISSIONS
    revoked: bool = False
    nonce: int = 0
    counter: float = 0.0
    counted_at: float = 0.0
    placed: dict[str, Placed] = field(default_factory=dict)
    staked: dict[str, str] = field(default_factory=dict)
    """More balances, shown as they are: asset and amount."""


ACCOUNT: web.RequestKey[SimAccount] = web.RequestKey("account", SimAccount)
FORM: web.RequestKey[dict[str, Any]] = web.RequestKey("form", dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Hand the handlers what they need."""

    market: Market
    clock: Clock
    engine: MatchingEngine
    accounts: dict[str, SimAccount]
    halted: set[str]

    def order(self, placed: Placed) -> EngineOrder:
        """Give the engine's order behind one of ours."""
        return self.engine.order(placed.engine_id)


def named(prefix: str, raw: str) -> str:
    """Make an id in Kraken's form, ``OABCDE-FGHIJ-KLMNOP``, always the same for the same text."""
    digest = hashlib.sha256(f"{prefix}{raw}".encode()).digest()
    text = prefix + "".join(_LETTERS[byte % 32] for byte in digest[:16])
    return f"{text[:6]}-{text[6:11]}-{text[11:17]}"
