"""Find out what became of an order nobody got an answer for, by the broker's own semantics."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from domain.broker import BrokerManifest, BrokerSession, ClientIds
from domain.errors import AuthFailed, BrokerError, DuplicateClientId, NotFound, Rejected, Sent
from domain.orders import Order, OrderState, PositionEffect
from trading import lifecycle, texts
from trading.book import AccountBook
from trading.deps import TradingDeps

_log = structlog.get_logger(__name__)

LOOKS = 3
GIVE_UP = timedelta(minutes=5)
SWEEP_BACK = timedelta(hours=24)


class Resolver:
    """Settle SENDING and UNKNOWN orders; look again for NOT_SENT ones."""

    def __init__(self, deps: TradingDeps, book: AccountBook) -> None:
        self._deps = deps
        self._book = book

    async def resolve(self, session: BrokerSession, order: Order) -> Order:
        """Look once, and settle the order where that proves something. Raises AuthFailed."""
        order = await self._as_unknown(order)
        request = order.intent.request
        try:
            report = await session.find_order(request.client_order_id)
        except NotFound:
            return await self._absent(session, order)
        except AuthFailed:
            raise
        except BrokerError as error:
            _log.info("look_up_failed", order=order.id, code=error.code)
            return await self._maybe_give_up(order)
        return await self._book.take_in(order, report)

    async def _as_unknown(self, order: Order) -> Order:
        """Turn a SENDING left by a process that died into UNKNOWN: the two cannot be told apart."""
        if order.state is not OrderState.SENDING:
            return order
        reason = texts.say(
            "outcome_unknown", broker=self._deps.adapters[order.intent.ref.broker].manifest.title
        )
        return await self._settle(order, OrderState.UNKNOWN, "outcome_unknown", reason)

    async def _absent(self, session: BrokerSession, order: Order) -> Order:
        manifest = session.manifest
        if manifest.client_ids is ClientIds.UNIQUE and self._still_wanted(order):
            return await self._ask_by_sending(session, order)
        order = await self._count_look(order)
        settled = self._landed_or_lost(manifest, order)
        proves = manifest.client_ids is not ClientIds.NONE and self._remembered(manifest, order)
        if proves and order.seen >= LOOKS and settled:
            reason = texts.say("not_sent", broker=manifest.title)
            return await self._settle(order, OrderState.NOT_SENT, "not_sent", reason)
        return await self._maybe_give_up(order)

    def _still_wanted(self, order: Order) -> bool:
        """Tell whether the order should still reach the broker: exits always, entries within their time."""
        if order.intent.request.effect is PositionEffect.CLOSE:
            return True
        trade = self._book.trades.get(order.trade)
        expires = order.intent.request.expires_at
        late = expires is not None and self._deps.clock.now() > expires
        return trade is not None and not trade.cancel_entry and not late

    async def _ask_by_sending(self, session: BrokerSession, order: Order) -> Order:
        """Send the same id again: where ids are unique that is a question, never a second order."""
        try:
            return await self._book.take_in(order, await session.submit(order.intent.request))
        except DuplicateClientId:
            return order  # it has just arrived; the next look finds it
        except Rejected as error:
            if not self._landed_or_lost(session.manifest, order):
                return order  # refused, perhaps, because the first copy took the money in this moment
            return await self._settle(order, OrderState.REJECTED, error.code, error.text)
        except AuthFailed:
            raise
        except BrokerError as error:
            if error.sent is not Sent.NO:
                _log.info("still_unknown", order=order.id, code=error.code)
            return order

    async def look_again(self, session: BrokerSession, order: Order) -> Order:
        """Look for an order called NOT_SENT: a request may land late, and a live order must be known."""
        if self._deps.clock.now() - order.intent.created_at > SWEEP_BACK:
            return order
        try:
            report = await session.find_order(order.intent.request.client_order_id)
        except BrokerError:
            return order
        _log.error("orphan_found", order=order.id)
        return await self._book.take_in(order, report)

    def _remembered(self, manifest: BrokerManifest, order: Order) -> bool:
        """Tell whether the broker would still know the order, had it taken and finished it."""
        if not manifest.forgets_daily:
            return True
        zone = ZoneInfo(manifest.forgets_daily)
        days = (at.astimezone(zone).date() for at in (self._sent_at(order), self._deps.clock.now()))
        return len(set(days)) == 1

    def _landed_or_lost(self, manifest: BrokerManifest, order: Order) -> bool:
        """Tell whether the request that got no answer can no longer arrive."""
        return self._deps.clock.now() - self._sent_at(order) > timedelta(seconds=manifest.settle)

    def _sent_at(self, order: Order) -> datetime:
        return order.send_by or order.intent.created_at

    async def _count_look(self, order: Order) -> Order:
        changed = lifecycle.looked(order, self._deps.clock.now())
        written = await self._book.record([(changed, ())])
        return written[0] if written else self._book.orders[order.id]

    async def _maybe_give_up(self, order: Order) -> Order:
        if self._deps.clock.now() - self._sent_at(order) < GIVE_UP or order.state is not OrderState.UNKNOWN:
            return order
        reason = texts.say(
            "needs_human",
            broker=self._deps.adapters[order.intent.ref.broker].manifest.title,
            symbol=order.intent.request.instrument.symbol,
        )
        return await self._settle(order, OrderState.NEEDS_HUMAN, "needs_human", reason)

    async def _settle(self, order: Order, to: OrderState, code: str, reason: str) -> Order:
        change = lifecycle.advance(order, to, self._deps.clock.now(), code=code, reason=reason)
        written = await self._book.record([change])
        return written[0] if written else self._book.orders[order.id]
