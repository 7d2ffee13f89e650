"""Keep one account's open trades and orders in memory, in step with the journal."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog

from domain.events import Event
from domain.ids import OrderId, TradeId
from domain.orders import Order, OrderReport, OrderState
from domain.trades import Trade
from trading import lifecycle
from trading.deps import TradingDeps
from trading.standing import as_it_stands

_log = structlog.get_logger(__name__)


class AccountBook:
    """Be the only writer of an account's orders. Writes go to the journal first, then to memory."""

    def __init__(self, deps: TradingDeps, account_key: str) -> None:
        self._deps = deps
        self.account_key = account_key
        self.trades: dict[TradeId, Trade] = {}
        self.orders: dict[OrderId, Order] = {}

    async def load(self) -> None:
        """Read everything of this account that may still change."""
        trades = await self._deps.store.trades.find(
            {"account_key": self.account_key, "active": True}, limit=10_000
        )
        self.trades = {t.id: t for t in trades}
        self.orders = {}
        for order in await self._deps.store.orders.find(
            {"account_key": self.account_key, "active": True}, limit=10_000
        ):
            self.orders[order.id] = order
        for trade in trades:
            for order in await self._deps.store.orders.find({"trade": trade.id}):
                self.orders[order.id] = order
        for trade in trades:
            await self.refresh(trade.id)  # a crash may have come between an order and its trade

    def of(self, trade: Trade) -> list[Order]:
        """Give a trade's orders in the order they were made."""
        mine = [o for o in self.orders.values() if o.trade == trade.id]
        return sorted(mine, key=lambda o: (o.intent.created_at, _ordinal(o.intent.leg)))

    def in_state(self, *states: OrderState) -> list[Order]:
        """Give the orders in these states, oldest first."""
        return sorted((o for o in self.orders.values() if o.state in states), key=lambda o: o.updated_at)

    def symbol_in_doubt(self, order: Order) -> bool:
        """Tell whether another order in the same symbol is in doubt."""
        symbol = order.intent.request.instrument.symbol
        doubtful = self.in_state(OrderState.UNKNOWN, OrderState.NEEDS_HUMAN)
        return any(o.intent.request.instrument.symbol == symbol and o.id != order.id for o in doubtful)

    def match(self, report: OrderReport) -> Order | None:
        """Find the order a report speaks of: by our id, by the broker's, or by a leg's."""
        for order in self.orders.values():
            if report.client_order_id == order.intent.request.client_order_id:
                return order
        ids = {report.broker_order_id, report.parent_id} - {None}
        for order in self.orders.values():
            if order.broker_order_id in ids or any(c.broker_order_id in ids for c in order.children):
                return order
        return None

    async def open(self, trade: Trade, orders: Sequence[lifecycle.Change]) -> bool:
        """Write a new trade, its orders and what happened to them, in one durable write; all or nothing.

        False where some of it was there before: nothing is written then, and what is stored is read again.
        """
        if not await self._deps.store.orders.open(trade, orders):
            await self.load()
            return False
        self.trades[trade.id] = trade
        self.orders.update({order.id: order for order, _ in orders})
        if any(events for _, events in orders):
            self._deps.hub.wake(self.account_key)
        return True

    async def complete(self, orders: Sequence[Order]) -> None:
        """Write those of a trade's orders that are not there yet."""
        missing = [o for o in orders if o.id not in self.orders]
        if await self._deps.store.orders.insert_many(missing) == len(missing):
            self.orders.update({o.id: o for o in missing})
        else:
            await self.load()

    async def add(self, order: Order) -> Order | None:
        """Write one more order of a trade; None when it was there before."""
        if order.id in self.orders or not await self._deps.store.orders.insert(order):
            return None
        self.orders[order.id] = order
        return order

    async def record(self, changes: Sequence[lifecycle.Change]) -> list[Order]:
        """Write changed orders with their events; give those written, with their new versions."""
        written = await self._deps.store.orders.record(changes)
        done = []
        for (order, _), saved in zip(changes, written, strict=True):
            if saved is None:
                _log.warning("order_changed_elsewhere", order=order.id)
                stored = await self._deps.store.orders.get(order.id)
                if stored is not None:
                    self.orders[order.id] = stored
                continue
            self.orders[saved.id] = saved
            done.append(saved)
        for trade_id in {o.trade for o in done}:
            await self.refresh(trade_id)
        self._deps.hub.wake(self.account_key)
        return done

    async def take_in(self, order: Order, report: OrderReport) -> Order:
        """Apply a broker's report and write what it changed."""
        change = lifecycle.apply(order, report, self._deps.clock.now())
        if change[0] == order:
            return order
        saved = await self.record([change])
        return saved[0] if saved else self.orders[order.id]

    async def amend(self, trade_id: TradeId, change: Callable[[Trade], Trade]) -> Trade:
        """Change what is wanted of a trade, again if somebody else changed it meanwhile."""
        trade = self.trades[trade_id]
        while True:
            wanted = change(trade)
            if wanted == trade:
                return trade
            saved = await self._deps.store.trades.compare_and_set(
                replace(wanted, updated_at=self._deps.clock.now())
            )
            if saved is not None:
                self.trades[trade_id] = saved
                return saved
            again = await self._deps.store.trades.get(trade_id)
            assert again is not None, "trades are never deleted"
            trade = again

    async def refresh(self, trade_id: TradeId) -> None:
        """Derive a trade's state again; forget it once nothing of it may change."""
        if trade_id not in self.trades:
            return
        orders = self.of(self.trades[trade_id])
        trade = await self.amend(trade_id, lambda known: as_it_stands(known, orders))
        if not trade.active and not any(o.active for o in orders):
            self.forget(trade)

    def forget(self, trade: Trade) -> None:
        """Drop a finished trade from memory."""
        self.trades.pop(trade.id, None)
        for order in self.of(trade):
            self.orders.pop(order.id, None)

    async def tell(self, events: Iterable[Event]) -> None:
        """Journal events that change no order, and hand them on."""
        await self._deps.store.events.append(list(events))
        self._deps.hub.wake(self.account_key)


def _ordinal(leg: str) -> tuple[str, int, int]:
    kind, *numbers = leg.split(".")
    padded = [int(n) if n.isdigit() else 0 for n in (*numbers, "0", "0")[:2]]
    return kind, padded[0], padded[1]
