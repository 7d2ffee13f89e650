"""Count what should be at the brokers and what is, from the brokers' own books."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import orjson

from adapters.paper.engine import EngineOrder, MatchingEngine
from bot.demo.cast import ALPACA_KEYS
from bot.demo.stage import Stage
from bot.demo.story import Expected
from domain.clock import SystemClock
from domain.orders import Order, OrderState
from store import open_store

NEVER_SENT = frozenset(
    {OrderState.NEW, OrderState.AWAITING, OrderState.READY, OrderState.DENIED, OrderState.NOT_SENT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Compare one member's orders: what was expected, what the broker has."""

    member: str
    broker: str
    expected: int
    at_broker: int
    missing: int
    duplicate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Show what a member's broker says at the end."""

    member: str
    positions: Sequence[tuple[str, Decimal]]
    equity: Decimal
    result: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Hold the whole comparison."""

    rows: Sequence[Row]
    holdings: Sequence[Holding]
    entries_wrong: Sequence[str]

    @property
    def clean(self) -> bool:
        """Tell whether nothing is missing, nothing is double, and each entry is there as it should."""
        return not self.entries_wrong and all(r.missing == r.duplicate == 0 for r in self.rows)


async def take(stage: Stage, names: dict[str, str], expected: Iterable[Expected]) -> Receipt:
    """Compare the journal with each broker's own book. The bot must have stopped."""
    books, journal, brokers = await read_books(stage.directory / "data", names)
    key = ALPACA_KEYS[0]
    alpaca = stage.alpaca.engine
    books["Ben"] = (alpaca, key)
    rows, holdings, wrong = [], [], []
    for member, (engine, account) in sorted(books.items()):
        orders = engine.orders(account)
        rows.append(_row(member, brokers[member], journal[member], orders))
        holdings.append(_holding(member, stage, engine, account))
        wrong += _entries(member, orders, expected)
    return Receipt(rows=rows, holdings=holdings, entries_wrong=wrong)


async def read_books(
    data: Path, names: dict[str, str]
) -> tuple[dict[str, tuple[MatchingEngine, str]], dict[str, list[Order]], dict[str, str]]:
    """Read paper books, journals and broker names by member. No bot may hold the data."""
    store = await open_store(data_dir=data)
    try:
        books, journal, brokers = {}, {}, {}
        for account in await store.accounts.find():
            member = names[account.user]
            brokers[member] = account.broker
            found = await store.orders.find({"account_key": account.ref.key}, limit=10_000)
            journal[member] = list(found)
            book = await store.paper_books.get(account.ref.key)
            if book is not None:
                books[member] = (
                    MatchingEngine.restore(orjson.loads(book.state), SystemClock()),
                    account.ref.key,
                )
        return books, journal, brokers
    finally:
        await store.close()


def _row(member: str, broker: str, journal: Sequence[Order], at_broker: Sequence[EngineOrder]) -> Row:
    wanted = {o.intent.request.client_order_id for o in journal if o.state not in NEVER_SENT}
    # A replacing order stands for the one it replaced.
    found = Counter(o.client_order_id for o in at_broker if o.replaces is None)
    return Row(
        member=member,
        broker=broker,
        expected=len(wanted),
        at_broker=sum(found.values()),
        missing=len([i for i in wanted if i not in found]),
        duplicate=sum(found.values()) - len([i for i in wanted if i in found]),
    )


def _entries(member: str, orders: Sequence[EngineOrder], expected: Iterable[Expected]) -> list[str]:
    """Check the play's own expectation, which knows nothing of the journal."""
    entered = Counter(
        o.symbol for o in orders if o.replaces is None and not o.request.reduce_only and o.side.value == "buy"
    )
    return [
        f"{member}: {e.entries} entries of {e.symbol} expected, {entered[e.symbol]} at the broker"
        for e in expected
        if e.member == member and entered[e.symbol] != e.entries
    ]


def _holding(member: str, stage: Stage, engine: MatchingEngine, account: str) -> Holding:
    for position in engine.positions(account):
        quote = stage.market.quote(position.instrument.symbol)
        engine.on_quote(position.instrument.symbol, quote.bid, quote.ask)
    equity = engine.equity(account)
    return Holding(
        member=member,
        positions=[(p.instrument.symbol, p.quantity) for p in engine.positions(account)],
        equity=equity,
        result=equity - Decimal(100_000),
    )
