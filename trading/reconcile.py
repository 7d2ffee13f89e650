"""Read the broker's truth and settle the journal against it: at start, after gaps, and every few seconds."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import structlog

from domain.broker import BrokerSession
from domain.errors import BrokerError, NotFound
from domain.orders import LIVE, UNSETTLED, Order, OrderReport, OrderState
from trading import amend, lifecycle, texts
from trading.book import AccountBook
from trading.deps import TradingDeps
from trading.exits import software_targets
from trading.resolver import Resolver

_log = structlog.get_logger(__name__)

CONFIRM_WINDOW = timedelta(minutes=2)
ENTRY_REST = timedelta(hours=8)
"""How long an entry may wait for its price before it is taken back."""
ORPHAN_EVERY = 12
"""Sweeps between two looks for orders called NOT_SENT."""


class Reconciler:
    """Settle one account."""

    def __init__(self, deps: TradingDeps, book: AccountBook) -> None:
        self._deps = deps
        self._book = book
        self._resolver = Resolver(deps, book)
        self._sweeps = 0

    async def settle(self, session: BrokerSession) -> None:
        """Resolve what is in doubt, take in what changed, end what waited too long. Raises BrokerError."""
        for order in self._book.in_state(*UNSETTLED):
            await self._resolver.resolve(session, order)
        await self._read_orders(session)
        await self._expire()
        await self._watch_targets(session)
        await self._look_for_orphans(session)
        self._sweeps += 1

    async def _read_orders(self, session: BrokerSession) -> None:
        watched = [o for o in self._book.orders.values() if _watched(o)]
        if not watched:
            return
        told = {r.broker_order_id: r for r in _flat(await session.open_orders())}
        for order in watched:
            await self._read_one(session, order, told)

    async def _read_one(self, session: BrokerSession, order: Order, told: dict[str, OrderReport]) -> None:
        wanted = [order.broker_order_id] if order.state in LIVE else []
        wanted += [c.broker_order_id for c in order.children if c.state in LIVE]
        reports = [told[i] for i in wanted if i in told]
        if len(reports) < len(wanted) and order.broker_order_id is not None:
            try:
                reports = [await session.order(order.broker_order_id)]
            except NotFound:
                _log.warning("order_not_found", order=order.id)  # absence ends nothing by itself
        for report in reports:
            order = await self._book.take_in(self._book.orders.get(order.id, order), report)

    async def _expire(self) -> None:
        now = self._deps.clock.now()
        for order in self._book.in_state(OrderState.AWAITING):
            if now - order.intent.created_at > CONFIRM_WINDOW:
                reason = texts.say("confirm_expired")
                change = lifecycle.advance(
                    order, OrderState.EXPIRED, now, code="confirm_expired", reason=reason
                )
                await self._book.record([change])
        for trade in list(self._book.trades.values()):
            if not trade.cancel_entry and now - trade.created_at > ENTRY_REST:
                await self._book.amend(trade.id, amend.entry_unwanted)

    async def _watch_targets(self, session: BrokerSession) -> None:
        """Close slices whose target nothing at the broker holds, once the price is there."""
        for trade in list(self._book.trades.values()):
            orders = self._book.of(trade)
            rules = session.manifest.classes.get(trade.instrument.asset_class) if trade.instrument else None
            if rules is None or trade.instrument is None:
                continue
            watched = software_targets(trade, orders, rules)
            if not watched:
                continue
            try:
                quote = await session.quote(trade.instrument)
            except BrokerError:
                continue
            reached = amend.reached(trade, watched, quote)
            if reached:
                await self._book.amend(trade.id, partial(amend.let_go, indexes=reached))

    async def _look_for_orphans(self, session: BrokerSession) -> None:
        if self._sweeps % ORPHAN_EVERY:
            return
        since = self._deps.clock.now() - timedelta(hours=24)
        for order in await self._deps.store.orders.find(
            {"account_key": self._book.account_key, "state": OrderState.NOT_SENT.value}
        ):
            if order.intent.created_at > since:
                await self._resolver.look_again(session, order)


def _watched(order: Order) -> bool:
    return order.state in LIVE or any(c.state in LIVE for c in order.children)


def _flat(reports: Iterable[OrderReport]) -> Iterable[OrderReport]:
    for report in reports:
        yield report
        yield from _flat(report.legs)
