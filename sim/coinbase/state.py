"""Hold what the pretend Coinbase knows: accounts, recorded requests, refusals."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from adapters.paper.engine import MatchingEngine
from domain.instruments import AssetClass, Instrument
from domain.ports import Clock
from sim.coinbase.auth import PublicKey
from sim.market import Market

_NAMES = uuid.UUID("1b0f6f0f-3a55-4d2f-8df0-9b9f3f6f0c11")
STEP = Decimal("0.00000001")


class ApiRefusal(Exception):
    """Refuse a request at the door: an HTTP status and Coinbase's error object."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "code": status, "message": message, "error_details": message}


class OrderRefusal(Exception):
    """Refuse an order with HTTP 200 and ``success: false``."""

    def __init__(self, error: str, preview: str = "", message: str = "") -> None:
        super().__init__(error)
        self.error, self.preview, self.message = error, preview, message


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """Hold one user: the key, what it may do, and dust and stablecoins beside what the engine knows."""

    name: str
    public: PublicKey = field(repr=False)
    can_trade: bool = True
    can_transfer: bool = False
    expired: bool = False
    extra: dict[str, Decimal] = field(default_factory=dict)
    hits: deque[float] = field(default_factory=deque, repr=False)

    @property
    def portfolio(self) -> str:
        """Give the id of the portfolio the key belongs to."""
        return str(uuid.uuid5(_NAMES, self.name))


ACCOUNT: web.RequestKey[SimAccount] = web.RequestKey("coinbase_account", SimAccount)
"""Where a request carries the account its key belongs to."""


@dataclass(slots=True, kw_only=True)
class World:
    """Hand the handlers what they need. ``renamed`` gives an order another state than the engine's."""

    market: Market
    clock: Clock
    engine: MatchingEngine
    disabled: set[str]
    renamed: dict[str, str] = field(default_factory=dict)

    def pairs(self) -> list[Instrument]:
        """Give the pairs that are listed."""
        return [i for i in self.market.instruments() if i.asset_class is AssetClass.CRYPTO]

    def pair(self, product: str) -> Instrument | None:
        """Give the pair of a product id."""
        return next((i for i in self.pairs() if product_of(i) == product), None)


def product_of(instrument: Instrument) -> str:
    """Write a pair as Coinbase does."""
    return instrument.broker_symbol.replace("/", "-")


def asset_of(instrument: Instrument) -> str:
    """Give the coin of a pair."""
    return instrument.broker_symbol.split("/")[0]


def body_of(found: Any) -> dict[str, Any]:
    """Check that a body is an object. Raises ApiRefusal."""
    if not isinstance(found, dict):
        raise ApiRefusal(400, "INVALID_ARGUMENT", "the body is not an object")
    return found
