"""Send one order: once, and only with its licence written first."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import structlog

from domain.accounts import LinkedAccount
from domain.broker import BrokerSession
from domain.errors import (
    AuthFailed,
    BrokerError,
    Denied,
    DuplicateClientId,
    OutcomeUnknown,
    Rejected,
    Sent,
    StoreUnavailable,
)
from domain.ids import ClientOrderId
from domain.orders import Order, OrderReport, OrderState, PositionEffect
from domain.trades import Trade
from trading import guard, lifecycle, points, texts
from trading.book import AccountBook
from trading.denial import DeniedByUs, deny
from trading.deps import TradingDeps
from trading.link import Link

_log = structlog.get_logger(__name__)


class Retry(Exception):
    """Say that nothing was sent and the same order may be tried again after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Sender:
    """Take orders from READY through SENDING to what the broker answered."""

    def __init__(self, deps: TradingDeps, account: LinkedAccount, book: AccountBook, link: Link) -> None:
        self._deps = deps
        self._account = account
        self._book = book
        self._link = link

    async def send(self, session: BrokerSession, order: Order) -> Order:
        """Check again, write SENDING, send once, and write what came of it.

        Raises Retry where nothing was sent, AuthFailed where the account's keys are dead (the order is
        settled then), StoreUnavailable where the licence could not be written (nothing was sent).
        """
        if order.state is not OrderState.READY:
            return order
        if not self._link.owned:
            raise Retry(1.0)  # another process may own the account by now: it sends, or the next renewal does
        if (refused := await self._recheck(order)) is not None:
            return refused
        licensed = await self._licence(order)
        if licensed is None:
            return self._book.orders[order.id]
        return await self.go(session, licensed)

    async def licence(self, trade: Trade, order: Order) -> lifecycle.Change | None:
        """Check a planned entry again and give its licence, to be written with it; None to go the long way.

        The long way says why an entry is refused. What was licensed goes on with ``go``.
        """
        if not (self._deps.config.write_ahead and self._link.owned) or self._expired(order):
            return None
        try:
            await self._check(trade)
        except DeniedByUs:
            return None
        licensed, events = self._licensed(order)
        # As if it had been stored before: its next change counts on from here, and so do its events.
        return replace(licensed, version=order.version + 1), events

    async def go(self, session: BrokerSession, order: Order) -> Order:
        """Send an order whose licence is on disk, unless writing took longer than the licence lasts.

        Raises as ``send`` does.
        """
        if order.send_by is not None and self._deps.clock.now() > order.send_by:
            # Nothing was sent, so it may be asked for again.
            await self._settle(order, OrderState.READY, "", "")
            raise Retry(0.0)
        self._deps.points.hit(points.AFTER_SENDING)
        return await self._submit(session, order)

    async def _recheck(self, order: Order) -> Order | None:
        """Look once more at what may have changed since the plan: entries only; an exit always goes."""
        if order.intent.request.effect is PositionEffect.CLOSE:
            return None
        expires = order.intent.request.expires_at
        if expires is not None and self._expired(order):
            seconds = int((expires - order.intent.created_at).total_seconds())
            code = "not_taken" if order.reason_code else "expired"  # a reason is left by a try that failed
            reason = texts.say(code, limit=seconds, broker=self._title(order))
            return await self._settle(order, OrderState.EXPIRED, code, reason)
        trade = self._book.trades.get(order.trade)
        try:
            await self._check(trade)
        except DeniedByUs as no:
            return await self._settle(order, OrderState.DENIED, no.denial.code, no.denial.reason)
        return None

    def _expired(self, order: Order) -> bool:
        expires = order.intent.request.expires_at
        return expires is not None and self._deps.clock.now() > expires

    async def _check(self, trade: Trade | None) -> None:
        """Ask the store about the gate and the switches as they stand now. Raises DeniedByUs."""
        if trade is None or trade.cancel_entry:
            raise deny("cancelled_before_send")
        if self._link.keyless:
            raise deny("vault_away")
        await guard.check_gate(self._deps, self._account, trade.guild)
        await guard.check_switches(self._deps, guild=trade.guild, author=trade.author, account=self._account)

    async def _licence(self, order: Order) -> Order | None:
        if not self._deps.config.write_ahead:
            # The harness proves with this that it can fail: no licence, and a fresh id per try.
            request = replace(order.intent.request, client_order_id=ClientOrderId(str(uuid4())))
            return replace(order, state=OrderState.SENDING, intent=replace(order.intent, request=request))
        written = await self._book.record([self._licensed(order)])
        return written[0] if written else None

    def _licensed(self, order: Order) -> lifecycle.Change:
        now = self._deps.clock.now()
        send_by = now + timedelta(seconds=self._deps.config.send_window)
        return lifecycle.advance(order, OrderState.SENDING, now, send_by=send_by, epoch=self._link.epoch)

    async def _submit(self, session: BrokerSession, order: Order) -> Order:
        try:
            report = await session.submit(order.intent.request)
        except BrokerError as error:
            return await self._on_error(session, order, error)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it was, the broker may have the order
            _log.exception("submit_failed_oddly", order=order.id, broker=order.intent.ref.broker)
            return await self._unknown(order)
        self._deps.points.hit(points.AFTER_REPLY)
        return await self._accept(order, report)

    async def _accept(self, order: Order, report: OrderReport) -> Order:
        settled = await self._book.take_in(order, report)
        self._deps.points.hit(points.AFTER_PERSIST)
        return settled

    async def _on_error(self, session: BrokerSession, order: Order, error: BrokerError) -> Order:
        if isinstance(error, DuplicateClientId):
            try:
                return await self._accept(
                    order, await session.find_order(order.intent.request.client_order_id)
                )
            except BrokerError:
                return await self._unknown(order)
        if isinstance(error, OutcomeUnknown) or error.sent is Sent.MAYBE:
            return await self._unknown(order)
        if isinstance(error, Denied):
            return await self._settle(order, OrderState.DENIED, error.code, error.text)
        if isinstance(error, AuthFailed):
            await self._settle(order, OrderState.REJECTED, error.code, error.text)
            raise error
        if isinstance(error, Rejected):
            return await self._settle(order, OrderState.REJECTED, error.code, error.text)
        if error.sent is Sent.NO:
            await self._settle(order, OrderState.READY, error.code, error.text)
            raise Retry(error.retry_after or 1.0)
        return await self._unknown(order)

    async def _unknown(self, order: Order) -> Order:
        reason = texts.say("outcome_unknown", broker=self._title(order))
        return await self._settle(order, OrderState.UNKNOWN, "outcome_unknown", reason)

    def _title(self, order: Order) -> str:
        return self._deps.adapters[order.intent.ref.broker].manifest.title

    async def _settle(self, order: Order, to: OrderState, code: str, reason: str) -> Order:
        change = lifecycle.advance(order, to, self._deps.clock.now(), code=code, reason=reason)
        written = await self._book.record([change])
        return written[0] if written else self._book.orders[order.id]
