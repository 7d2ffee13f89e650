"""Store orders with the indexes the engine needs, and hand them out with their legs."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapters.paper.values import EngineOrder, Refusal, Refused


class OrderBook:
    """Hold every order by id, by client order id, by account and, while live, by symbol."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.packed: dict[str, tuple[EngineOrder, dict[str, Any]]] = {}
        """The JSON form of orders as last written, so that only what changed is encoded again."""
        self.counter = 0
        self.sequence = 0
        self.revision = 0
        self.spent: dict[str, set[str]] = {}
        self._orders: dict[str, EngineOrder] = {}
        self._clients: dict[tuple[str, str], str] = {}
        self._live: dict[str, dict[str, None]] = {}
        self._live_of: dict[str, dict[str, None]] = {}

    def next_id(self, what: str) -> str:
        """Give the next id: a UUID, the same for the same seed and count."""
        self.counter += 1
        raw = hashlib.sha256(f"{self._seed}\0{what}\0{self.counter}".encode()).digest()
        return str(uuid.UUID(bytes=raw[:16], version=4))

    def put(self, order: EngineOrder) -> EngineOrder:
        """Write an order and keep the indexes."""
        self.revision += 1
        if order.id not in self._orders:
            self._clients[order.account, order.client_order_id] = order.id
        self._orders[order.id] = order
        for index, key in ((self._live, order.symbol), (self._live_of, order.account)):
            if order.live:
                index.setdefault(key, {})[order.id] = None
            elif key in index:
                index[key].pop(order.id, None)
        return order

    def get(self, order_id: str) -> EngineOrder:
        """Give an order without its legs. Raises Refused when there is none."""
        found = self._orders.get(order_id)
        if found is None:
            raise Refused(Refusal.UNKNOWN_ORDER, "there is no such order")
        return found

    def by_client(self, account: str, client_order_id: str) -> EngineOrder | None:
        """Give an order by its client order id, open or closed."""
        found = self._clients.get((account, client_order_id))
        return self._orders[found] if found else None

    def is_taken(self, account: str, client_order_id: str) -> bool:
        """Tell whether a client order id has been used, even by an order forgotten since."""
        return (account, client_order_id) in self._clients or client_order_id in self.spent.get(account, ())

    def view(self, order: EngineOrder) -> EngineOrder:
        """Give the order with its legs nested."""
        order = self._orders[order.id]
        if not order.leg_ids:
            return order
        return replace(order, legs=tuple(self._orders[leg] for leg in order.leg_ids))

    def legs(self, order: EngineOrder) -> list[EngineOrder]:
        """Give an order's legs as they stand."""
        return [self._orders[leg] for leg in order.leg_ids]

    def siblings(self, order: EngineOrder) -> list[EngineOrder]:
        """Give the live legs that share one quantity with this leg."""
        if order.parent_id is None:
            return []
        family = self._orders[order.parent_id].leg_ids
        return [leg for i in family if i != order.id and (leg := self._orders[i]).live]

    def live(self, symbol: str) -> list[EngineOrder]:
        """Give the live orders of a symbol, oldest first."""
        return [self._orders[i] for i in self._live.get(symbol, ())]

    def live_of(self, account: str) -> list[EngineOrder]:
        """Give the live orders of an account, legs among them, oldest first."""
        return [self._orders[i] for i in self._live_of.get(account, ())]

    def of(self, account: str) -> list[EngineOrder]:
        """Give every order of an account, legs among them, oldest first."""
        return [order for order in self._orders.values() if order.account == account]

    def all(self) -> Iterator[EngineOrder]:
        """Give every order, oldest first."""
        return iter(self._orders.values())

    def forget(self, account: str, keep: int, slack: int) -> int:
        """Drop the oldest closed families of an account but ``keep``, once ``slack`` more have gathered.

        Their client ids stay taken.
        """
        closed = [o for o in self.of(account) if o.parent_id is None and self._is_over(o)]
        if len(closed) <= keep + slack:
            return 0
        self.revision += 1
        for order in closed[: len(closed) - keep]:
            for gone in (order, *self.legs(order)):
                del self._orders[gone.id]
                self.packed.pop(gone.id, None)
                self._clients.pop((account, gone.client_order_id), None)
                self.spent.setdefault(account, set()).add(gone.client_order_id)
        return len(closed) - keep

    def _is_over(self, order: EngineOrder) -> bool:
        return not order.live and not any(leg.live for leg in self.legs(order))
