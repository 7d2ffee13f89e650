"""Match orders against quotes: the heart of the paper broker and of every broker simulator.

Pure and in memory: no I/O, no clock of its own, Decimal only. Orders trade against the quote and never
against each other; price-time priority decides who gets a limited size first, across all accounts.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapters.paper import snapshots
from adapters.paper.checks import check_market_legs, check_means, check_replace, check_shape
from adapters.paper.costs import FeeModel, FeeRate, Slippage
from adapters.paper.execution import Desk, Rules
from adapters.paper.ledger import EnginePosition, Ledger
from adapters.paper.legs import as_placed
from adapters.paper.margin import Margin, held_quantity
from adapters.paper.matching import Depth
from adapters.paper.orderbook import OrderBook
from adapters.paper.values import EngineEvent, EngineFill, EngineOrder, EngineRequest, Refusal, Refused
from domain.money import ZERO
from domain.orders import OrderRequest, OrderState, TimeInForce
from domain.ports import Clock

__all__ = [
    "Depth",
    "EngineEvent",
    "EngineFill",
    "EngineOrder",
    "EnginePosition",
    "EngineRequest",
    "FeeModel",
    "FeeRate",
    "MatchingEngine",
    "Refusal",
    "Refused",
    "Rules",
    "Slippage",
]


class MatchingEngine:
    """Keep accounts and orders, and fill orders at quotes."""

    def __init__(
        self,
        clock: Clock,
        *,
        fees: FeeModel | None = None,
        slippage: Slippage | None = None,
        rules: Rules | None = None,
        seed: int | str = 0,
    ) -> None:
        depths: dict[str, Depth] = {}
        self._marks: dict[str, Decimal] = {}
        rules = rules or Rules()
        self._fees = fees or FeeModel()
        self._margin = Margin(
            depths=depths,
            marks=self._marks,
            fees=self._fees,
            slippage=slippage or Slippage(),
            leverage=rules.leverage,
        )
        self._desk = Desk(
            clock=clock, rules=rules, margin=self._margin, book=OrderBook(str(seed)), depths=depths
        )
        self._book = self._desk.book

    # Accounts

    def open_account(self, account_id: str, cash: Decimal) -> None:
        """Open an account with cash; opening one that is open changes nothing."""
        self._desk.ledgers.setdefault(account_id, Ledger(id=account_id, cash=cash))

    def accounts(self) -> list[str]:
        """Give the ids of open accounts."""
        return list(self._desk.ledgers)

    def cash(self, account_id: str) -> Decimal:
        """Give the cash, the proceeds of short sales included."""
        return self._ledger(account_id).cash

    def equity(self, account_id: str) -> Decimal:
        """Give cash plus positions at the middle of their quotes."""
        return self._margin.equity(self._ledger(account_id))

    def buying_power(self, account_id: str) -> Decimal:
        """Give what may still be spent on shares, never negative."""
        free = self._margin.excess(self._ledger(account_id), self._book.live_of(account_id))
        return max(free * self._desk.rules.leverage, ZERO)

    def positions(self, account_id: str) -> list[EnginePosition]:
        """Give open positions, each with what open orders hold of it."""
        ledger = self._ledger(account_id)
        live = self._book.live_of(account_id)
        return [
            EnginePosition(
                instrument=holding.instrument,
                quantity=holding.quantity,
                average_price=holding.average_price,
                held=held_quantity(ledger, live, symbol),
                mark=self._marks.get(symbol),
            )
            for symbol, holding in ledger.holdings.items()
        ]

    # Orders

    def orders(self, account_id: str) -> list[EngineOrder]:
        """Give every order of an account, oldest first, legs nested under their parents."""
        return [self._book.view(o) for o in self._book.of(account_id) if o.parent_id is None]

    def order(self, order_id: str) -> EngineOrder:
        """Give one order or leg. Raises Refused UNKNOWN_ORDER."""
        return self._book.view(self._book.get(order_id))

    def find(self, account_id: str, client_order_id: str) -> EngineOrder | None:
        """Give an order by its client order id, open or closed."""
        found = self._book.by_client(account_id, client_order_id)
        return self._book.view(found) if found else None

    def live_orders(self, account_id: str) -> list[EngineOrder]:
        """Give an account's live orders and legs, held ones among them, oldest first, not nested."""
        return self._book.live_of(account_id)

    def working_symbols(self) -> set[str]:
        """Give the symbols that need quotes: those with live orders or positions."""
        live = {o.symbol for a in self._desk.ledgers for o in self._book.live_of(a)}
        return live | {symbol for ledger in self._desk.ledgers.values() for symbol in ledger.holdings}

    def place(self, account_id: str, request: EngineRequest | OrderRequest) -> EngineOrder:
        """Take an order and match it at once; raises Refused, with nothing changed, when it cannot be."""
        if isinstance(request, OrderRequest):
            request = EngineRequest.of(request)
        ledger = self._ledger(account_id)
        if self._book.is_taken(account_id, request.client_order_id):
            raise Refused(Refusal.DUPLICATE_CLIENT_ID, "the client order id must be unique")
        check_shape(request)
        check_market_legs(request, self._desk.depths.get(request.instrument.symbol))
        request = as_placed(request)
        draft = self._desk.draft(account_id, request)
        check_means(ledger, self._margin, self._book.live_of(account_id), draft)
        order = self._desk.add(draft)
        self._desk.match_new(order)
        return self.order(order.id)

    def cancel(self, order_id: str) -> EngineOrder:
        """Cancel an order with its unreleased legs. Raises Refused UNKNOWN_ORDER or NOT_OPEN."""
        order = self._open_order(order_id)
        self._desk.end(order, OrderState.CANCELLED)
        if self._desk.rules.cancel_siblings:
            for sibling in self._book.siblings(order):
                self._desk.end(sibling, OrderState.CANCELLED)
        return self.order(order_id)

    def replace(
        self,
        order_id: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
        trail_amount: Decimal | None = None,
        trail_percent: Decimal | None = None,
        client_order_id: str | None = None,
    ) -> EngineOrder:
        """Change a working order, which loses its turn; ``quantity`` is the new total.

        Gives the order that works from now on, under a new id where the rules say so. Raises Refused.
        """
        old = self._open_order(order_id)
        if client_order_id is not None and self._book.is_taken(old.account, client_order_id):
            raise Refused(Refusal.DUPLICATE_CLIENT_ID, "the client order id must be unique")
        request = replace(
            old.request,
            trail_amount=old.request.trail_amount if trail_amount is None else trail_amount,
            trail_percent=old.request.trail_percent if trail_percent is None else trail_percent,
        )
        new = replace(
            old,
            request=request,
            quantity=old.quantity if quantity is None else quantity,
            limit_price=old.limit_price if limit_price is None else limit_price,
            stop_price=old.stop_price if stop_price is None else stop_price,
        )
        check_replace(old, new)
        if not old.held:
            check_means(self._ledger(old.account), self._margin, self._book.live_of(old.account), new)
        new = self._desk.swap(old, new, client_order_id)
        self._desk.match_new(new)
        return self.order(new.id)

    # Time and prices

    def on_quote(
        self,
        symbol: str,
        bid: Decimal,
        ask: Decimal,
        bid_size: Decimal | None = None,
        ask_size: Decimal | None = None,
    ) -> None:
        """Take a quote and match what it reaches; sizes bound what may fill at it, None is endless."""
        self._desk.depths[symbol] = Depth(bid, ask, bid_size, ask_size)
        self._marks[symbol] = (bid + ask) / 2
        self.expire_due()
        for order in self._book.live(symbol):
            self._desk.trail(order)
        self._desk.match(symbol)

    def quote(self, symbol: str) -> Depth | None:
        """Give the latest quote, or None."""
        return self._desk.depths.get(symbol)

    def forget_quote(self, symbol: str) -> None:
        """Fill nothing more at a quote that went stale; positions keep its middle as their mark."""
        self._desk.depths.pop(symbol, None)

    def mark(self, symbol: str, price: Decimal) -> None:
        """Value a symbol at a price that nothing is filled at, such as last night's."""
        self._marks[symbol] = price

    def expire_due(self) -> None:
        """Expire orders whose own time is over."""
        now = self._desk.clock.now()
        for order in [o for a in self._desk.ledgers for o in self._book.live_of(a)]:
            due = order.request.expires_at
            if due is not None and due <= now and self._book.get(order.id).live:
                self._desk.end(order, OrderState.EXPIRED)

    def expire_day(self, keep: Callable[[EngineOrder], bool] = lambda _: False) -> None:
        """End the day: every DAY order expires but those ``keep`` picks."""
        for order in [o for a in self._desk.ledgers for o in self._book.live_of(a)]:
            day = order.request.time_in_force is TimeInForce.DAY
            if day and not keep(order) and self._book.get(order.id).live:
                self._desk.end(order, OrderState.EXPIRED)

    # Listening and keeping

    def subscribe(self, callback: Callable[[EngineEvent], None]) -> Callable[[], None]:
        """Call back on every event, in order; the answer unsubscribes."""
        self._desk.listeners.append(callback)
        return lambda: self._desk.listeners.remove(callback)

    @property
    def revision(self) -> int:
        """Give a number that rises with every change of an order."""
        return self._book.revision

    def prune(self, account_id: str, keep: int, slack: int = 0) -> int:
        """Forget the oldest closed orders but ``keep``, once ``slack`` more have gathered; give how many.

        Their client order ids stay taken. A replaced order may be forgotten before the one in its place.
        """
        return self._book.forget(account_id, keep, slack)

    def snapshot(self) -> dict[str, Any]:
        """Give accounts and orders as JSON. Quotes are not part of it: a restored engine waits for them."""
        return snapshots.dump(self._book, self._desk.ledgers)

    @classmethod
    def restore(
        cls,
        raw: Mapping[str, Any],
        clock: Clock,
        *,
        fees: FeeModel | None = None,
        slippage: Slippage | None = None,
        rules: Rules | None = None,
        seed: int | str = 0,
    ) -> "MatchingEngine":
        """Make an engine of a snapshot. Raises ValueError, KeyError or TypeError when it is not one."""
        engine = cls(clock, fees=fees, slippage=slippage, rules=rules, seed=seed)
        snapshots.load(raw, engine._book, engine._desk.ledgers)
        return engine

    def _ledger(self, account_id: str) -> Ledger:
        found = self._desk.ledgers.get(account_id)
        if found is None:
            raise Refused(Refusal.UNKNOWN_ACCOUNT, "there is no such account")
        return found

    def _open_order(self, order_id: str) -> EngineOrder:
        order = self._book.get(order_id)
        if not order.live:
            raise Refused(Refusal.NOT_OPEN, f"the order is already {order.state.value.replace('_', ' ')}")
        return order
