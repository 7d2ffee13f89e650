"""Keep orders together with what happened to them, and number events per account."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.errors import InvalidValue
from domain.events import Event
from domain.orders import Order
from domain.trades import Trade
from store.port import Engine, Entry, Opening, Query
from store.repository import Rows, StoredRepository, raised
from store.specs import EVENTS, ORDERS, TRADES


class OrderJournal(StoredRepository[Order]):
    """Be the repository of orders that also writes their events, both or neither."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(ORDERS, engine)
        self._engine = engine
        self._events = Rows(EVENTS, engine)
        self._trades = Rows(TRADES, engine)

    async def record(self, changes: Sequence[tuple[Order, Sequence[Event]]]) -> Sequence[Order | None]:
        """Compare-and-set each order and append its events, both or neither even across a kill.

        An order with version 0 that is not stored yet is inserted, and stays at version 0. Gives each new
        order, or None where the compare-and-set lost (its events are then not appended).
        """
        entries = self._entries(changes)
        if not entries:
            return []
        written = await self._engine.record(entries)
        return [
            None if done.version is None else raised(order, done.version)
            for (order, _), done in zip(changes, written, strict=True)
        ]

    async def open(self, trade: Trade, orders: Sequence[tuple[Order, Sequence[Event]]]) -> bool:
        """Insert a new trade, its orders and their events in one durable write, all or nothing across a kill.

        Orders are written at the version they have. False where the trade or one of the orders is there
        already; nothing is written then.
        """
        if trade.version != 0:
            raise InvalidValue("only a trade at version 0 can be opened")
        opening = Opening(trade=self._trades.to_row(trade), entries=tuple(self._entries(orders)))
        return await self._engine.start(opening)

    def _entries(self, changes: Sequence[tuple[Order, Sequence[Event]]]) -> list[Entry]:
        return [
            Entry(row=self._rows.to_row(order), events=tuple(map(self._events.to_row, events)))
            for order, events in changes
        ]


class AccountEvents:
    """Number events per account, without gaps and without repeats."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows = Rows(EVENTS, engine)
        self._collection = engine.collection(EVENTS)

    async def append(self, events: Sequence[Event]) -> Sequence[Event]:
        """Append those whose id is new, all or none of the call; give all with their sequence."""
        if not events:
            return []
        entry = Entry(row=None, events=tuple(map(self._rows.to_row, events)))
        (written,) = await self._engine.record([entry])
        return [
            replace(event, sequence=sequence)
            for event, sequence in zip(events, written.sequences, strict=True)
        ]

    async def since(self, account_key: str, sequence: int, limit: int = 1000) -> Sequence[Event]:
        """Give events after ``sequence``, in order."""
        return await self._find(
            limit, where={"account_key": account_key}, order_by="sequence", after=sequence
        )

    async def for_trade(self, trade: str) -> Sequence[Event]:
        """Give one trade's events, in order."""
        return await self._find(1_000_000, where={"trade": trade}, order_by="sequence")

    async def last_sequence(self, account_key: str) -> int:
        """Give the account's highest sequence, 0 when it has none."""
        newest = await self._find(1, where={"account_key": account_key}, order_by="sequence", descending=True)
        return newest[0].sequence if newest else 0

    async def _find(self, limit: int, **query: Any) -> Sequence[Event]:
        if limit < 0:
            raise InvalidValue("a limit cannot be negative")
        if limit == 0:
            return []
        return await self._rows.to_values(await self._collection.find(Query(limit=limit, **query)))
