"""Know each broker's place in the chaos: how it is linked, what trades there, what its book really holds."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import Any

from adapters.alpaca import guard as alpaca_guard
from adapters.coinbasepro import manifest as coinbase_facts
from adapters.ibkr import link as ibkr_link
from adapters.kraken import guard as kraken_guard
from adapters.kraken import manifest as kraken_facts
from adapters.moomoo import manifest as moomoo_facts
from adapters.schwab import manifest as schwab_facts
from domain.accounts import Environment
from domain.errors import StoreUnavailable
from domain.orders import OrderRequest, OrderState
from sim.faults import FaultAction
from sim.market import _stock
from tests.contract import (
    alpaca_harness,
    coinbasepro_harness,
    ibkr_harness,
    kraken_harness,
    moomoo_harness,
    paper_harness,
    schwab_harness,
)

STOCKS = ("AAPL", "MSFT", "TSLA", "NVDA", "AMD", "AMZN", "GOOGL", "META", "NFLX", "SPY", "QQQ", "IWM")
COINS = ("BTCUSD", "ETHUSD", "SOLUSD")
BID, ASK = Decimal(99), Decimal(100)
PATIENCE = 0.4
"""Real seconds an SDK waits for an answer here: long for loopback, short for a test."""
KRAKENS_LIMITS = ("COUNTER", "DECAY", "PAIR_COUNTER", "PAIR_DECAY")
"""They count real seconds, which a 429 would spend here."""

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Be one order in the broker's own book, under what it is recognised by: our id, or its shape."""

    id: str
    key: Key
    state: OrderState
    filled: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class Place:
    """Be one broker's place: what links an account there, and how its book is read."""

    slug: str
    harness: Any
    fields: Mapping[str, str]
    environment: Environment
    endpoint: str
    symbols: tuple[str, ...]
    book: Callable[[], Awaitable[list[Held]]]
    prices: Any = None
    by_shape: bool = False
    submits: str = ""
    """What a submit is called on this broker's wire."""
    taken: list[tuple[str, FaultAction]] = field(default_factory=list)
    adopt: Callable[[Any], None] = lambda store: None
    """Put the broker's faults into the store, where that is what it stands on."""

    async def quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Quote a symbol at once."""
        if self.slug == "moomoo":
            await self.harness.set_price(symbol, str(bid), str(ask))
        else:
            self._market.set(symbol, bid, ask)

    @property
    def _market(self) -> Any:
        return self.harness.market if self.slug == "paper" else self.harness.sim.market

    def fresh_symbol(self, number: int) -> str:
        """List one more stock: where a person has to settle an order, its symbol stays shut."""
        symbol = "X" + "".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0))
        self._market._list(_stock(symbol, f"Chaos {number} Inc."), ASK)
        return symbol

    def number_of(self, held: Held) -> str:
        """Give the number that Schwab calls an order by."""
        return str(self.harness.sim.world.numbers.of(held.id))

    async def calm(self) -> None:
        """Let nothing more go wrong, and count by kind what did."""
        if self.slug == "moomoo":
            told = await self.harness.opend.call("calm")
            self.taken = [(name, FaultAction(action)) for name, action in told]
            return
        faults = self.harness.books.faults if self.slug == "paper" else self.harness.sim.faults
        faults.clear()
        self.taken = list(faults.taken)

    def hits(self) -> int:
        """Count the submits that something happened to."""
        return sum(fnmatchcase(name, self.submits) for name, _ in self.taken)

    def key_of(self, request: OrderRequest) -> Key:
        """Give what the broker's book would know a request by."""
        if not self.by_shape:
            return (request.client_order_id,)
        size = (request.quantity or Decimal(0)).quantize(Decimal(1), rounding=ROUND_FLOOR)
        return (
            *(request.instrument.symbol, request.side, request.order_type, size),
            *(request.limit_price, request.stop_price),
        )


def _engine(order: Any, key: Key) -> Held:
    return Held(id=order.id, key=key, state=order.state, filled=order.filled_quantity)


def _by_client(orders: Iterable[Any]) -> list[Held]:
    return [_engine(o, (o.client_order_id,)) for o in orders if o.replaces is None]


async def _paper(h: Any) -> Place:
    audited: list[AuditedBooks] = []

    def adopt(store: Any) -> None:
        store.paper_books = AuditedBooks(store.paper_books, h.books.faults)
        audited.append(store.paper_books)

    async def book() -> list[Held]:
        return list(audited[-1].seen.values())

    place = Place(
        slug="paper",
        harness=h,
        fields={},
        environment=Environment.PAPER,
        endpoint="",
        symbols=STOCKS,
        book=book,
        prices=h.prices,
    )
    place.adopt = adopt
    return place


class AuditedBooks:
    """Be the real store's paper books with a store that may fail, and remember all that was ever in one."""

    def __init__(self, inner: Any, faults: Any) -> None:
        self._inner, self._faults = inner, faults
        self.seen: dict[str, Held] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def insert(self, value: Any) -> bool:
        return await self._write(self._inner.insert, value)

    async def compare_and_set(self, value: Any) -> Any:
        return await self._write(self._inner.compare_and_set, value)

    async def _write(self, write: Any, value: Any) -> Any:
        fault = self._faults.take("WRITE", "/")
        if fault is not None and fault.action is FaultAction.DROP_BEFORE_EXECUTE:
            raise StoreUnavailable("the store went away before it wrote")
        written = await write(value)
        if written:
            for raw in json.loads(value.state)["orders"]:
                if raw.get("parent_id") is None:
                    self.seen[raw["id"]] = Held(
                        id=raw["id"],
                        key=(raw["request"]["client_order_id"],),
                        state=OrderState(raw["state"]),
                        filled=Decimal(raw.get("filled_quantity", 0)),
                    )
        if fault is not None:
            raise StoreUnavailable("the store went away after it wrote")
        return written


async def _alpaca(h: Any) -> Place:
    alpaca_guard.READ_TIMEOUT = PATIENCE
    h.sim.rate_limit = None

    async def book() -> list[Held]:
        return _by_client(h.sim.orders(alpaca_harness.KEY))

    return Place(
        slug="alpaca",
        harness=h,
        fields={"key_id": alpaca_harness.KEY, "secret_key": alpaca_harness.SECRET},
        environment=Environment.PAPER,
        endpoint=h.sim.url,
        symbols=STOCKS,
        book=book,
    )


async def _ibkr(h: Any) -> Place:
    ibkr_link.REPLY_TIMEOUT = PATIENCE

    async def book() -> list[Held]:
        return [
            Held(id=str(o.key), key=(o.ref,), state=o.engine.state, filled=o.filled)
            for o in h.sim.orders()
            if o.engine is not None and not o.refused and not o.parent_id
        ]

    account = ibkr_harness.ACCOUNT
    return Place(
        slug="ibkr",
        harness=h,
        fields={"host": "127.0.0.1", "port": "7497", "client_id": "71", "account": account},
        environment=Environment.PAPER,
        endpoint=h.sim.address,
        symbols=STOCKS,
        book=book,
    )


async def _schwab(h: Any) -> Place:
    schwab_facts.READ_TIMEOUT = PATIENCE
    h.sim.app_limit = h.sim.order_limit = None
    token = h.sim.token(h.login)
    # The SDK counts a token's life in real seconds and the simulator in driven ones.
    h.login.access.update(dict.fromkeys(h.login.access, float("inf")))

    async def book() -> list[Held]:
        return [
            _engine(o, (o.symbol, o.side, o.order_type, r.quantity, r.limit_price, r.stop_price))
            for o in h.sim.orders(schwab_harness.NUMBER)
            if (r := o.request) and o.replaces is None
        ]

    keys = {"app_key": schwab_harness.KEY, "app_secret": schwab_harness.SECRET}
    return Place(
        slug="schwab",
        harness=h,
        fields=keys | {"token": json.dumps(token)},
        environment=Environment.LIVE,
        endpoint=h.sim.url,
        symbols=STOCKS,
        book=book,
        by_shape=True,
    )


async def _moomoo(h: Any) -> Place:
    moomoo_facts.QUERY_TIMEOUT = 1.0
    await h.opend.call("set", limits=False)

    async def book() -> list[Held]:
        return [
            Held(id=o["id"], key=(o["remark"],), state=OrderState(o["state"]))
            for o in await h.opend.call("orders")
        ]

    return Place(
        slug="moomoo",
        harness=h,
        fields={"unlock_password": moomoo_harness.PASSWORD},
        environment=Environment.PAPER,
        endpoint=h.opend.endpoint,
        symbols=STOCKS,
        book=book,
    )


async def _kraken(h: Any) -> Place:
    kraken_guard.TIMEOUT = PATIENCE
    for name in KRAKENS_LIMITS:
        setattr(kraken_facts, name, 500.0)

    async def book() -> list[Held]:
        return [_engine(o, (client,)) for client, o in h.sim.orders(kraken_harness.KEY)]

    return Place(
        slug="kraken",
        harness=h,
        fields={"api_key": kraken_harness.KEY, "private_key": kraken_harness.SECRET},
        environment=Environment.LIVE,
        endpoint=h.sim.url,
        symbols=COINS,
        book=book,
    )


async def _coinbasepro(h: Any) -> Place:
    coinbase_facts.TIMEOUT = PATIENCE
    h.sim.rate_limit = None

    async def book() -> list[Held]:
        return _by_client(h.sim.orders(coinbasepro_harness.GOOD.name))

    good = coinbasepro_harness.GOOD
    return Place(
        slug="coinbasepro",
        harness=h,
        fields={"key_name": good.name, "private_key": good.secret},
        environment=Environment.LIVE,
        endpoint=h.sim.url,
        symbols=COINS,
        book=book,
    )


_PLACES = {
    "paper": (paper_harness, _paper),
    "alpaca": (alpaca_harness, _alpaca),
    "ibkr": (ibkr_harness, _ibkr),
    "schwab": (schwab_harness, _schwab),
    "moomoo": (moomoo_harness, _moomoo),
    "kraken": (kraken_harness, _kraken),
    "coinbasepro": (coinbasepro_harness, _coinbasepro),
}
BROKERS = tuple(_PLACES)


@asynccontextmanager
async def place_of(broker: str) -> Any:
    """Make one broker's world, with its limits lifted and its SDK's patience short."""
    harness, make = _PLACES[broker]
    before = {name: getattr(kraken_facts, name) for name in KRAKENS_LIMITS}
    async with harness.make() as made:
        place = await make(made)
        names = {"paper": {"submit": "WRITE /"}, "ibkr": {"submit": "TWS /placeOrder"}}.get(broker)
        names = names or getattr(made, "requests", None) or harness.REQUESTS
        place.submits = names["submit"]
        for symbol in place.symbols:
            await place.quote(symbol, BID, ASK)
        try:
            yield place
        finally:
            for name, value in before.items():
                setattr(kraken_facts, name, value)


def declared(broker: str) -> frozenset[FaultAction]:
    """Give the faults that can happen between the adapter and its broker."""
    return _PLACES[broker][0].SPEC.faults
