"""Send, change and cancel orders, each exactly once, and wait for what proves the outcome."""

from decimal import Decimal
from typing import Any

from adapters.ibkr import checks, codes, texts, wire
from adapters.ibkr.link import Link
from adapters.ibkr.reads import Reads
from adapters.ibkr.records import AT_WORK, OVER, Record
from adapters.kit.checks import check_licence
from adapters.kit.errors import Errors
from domain.broker import Lane, SessionDeps
from domain.errors import BrokerError, Rejected
from domain.instruments import Instrument
from domain.money import ZERO
from domain.orders import OrderReport, OrderRequest, PositionEffect

_FRESH = 2.0
"""Seconds for which what TWS has pushed since the last reading is taken for the whole truth."""


class OrderDesk:
    """Work the orders of one account."""

    def __init__(self, link: Link, reads: Reads, deps: SessionDeps) -> None:
        self._link, self._reads, self._deps = link, reads, deps
        self._numbers: dict[str, list[int]] = {}
        """Order numbers by our id: what is sent again goes under the same ones, which TWS takes once."""

    # Looking up

    async def fresh(self, errors: Errors) -> None:
        """Read all orders, unless that was just done over this same link."""
        await self._link.ensure(errors)
        at = self._link.synced_at
        if at is None or self._deps.clock.monotonic() - at > _FRESH:
            await self._link.sync(errors)

    async def by_id(self, broker_order_id: str, errors: Errors) -> Record:
        """Find an order. Raises NotFound when a whole reading does not hold it."""
        await self.fresh(errors)
        found = self._link.book.by_id(broker_order_id)
        if found is None:
            await self._link.sync(errors)
            found = self._link.book.by_id(broker_order_id)
        if found is None or not (found.status or found.fills):
            self._whole_link(errors)
            raise errors.not_found(texts.NOT_FOUND)
        return found

    async def by_ref(self, client_order_id: str, errors: Errors) -> Record:
        """Find an order by our id. Raises NotFound when a whole reading does not hold it."""
        found = self._there(client_order_id)
        if found is None or self._link.synced_at is None:
            await self._link.sync(errors)
            found = self._there(client_order_id)
        if found is None:
            self._whole_link(errors)  # what TWS does not know while it is cut off proves nothing
            raise errors.not_found(texts.NOT_FOUND)
        return found

    def _there(self, client_order_id: str) -> Record | None:
        found = self._link.book.by_ref(client_order_id)
        return found if found is not None and (found.perm_id or found.refused) else None

    def live(self) -> list[Record]:
        """Give what may still fill."""
        return [r for r in self._link.book.every() if r.status and self._mine(r) and r.live]

    def _mine(self, record: Record) -> bool:
        return record.account in {"", self._link.account}

    def report(self, record: Record, errors: Errors) -> OrderReport:
        """Report a record; what cannot be read is OutcomeUnknown."""
        try:
            return self._link.book.report(record)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None

    # Sending

    async def submit(self, request: OrderRequest, errors: Errors) -> OrderReport:
        """Send an order with its legs, once."""
        checks.check(request, errors, self._deps.clock.now())
        await self._link.ensure(errors)
        self._whole_link(errors)
        await self._not_there_yet(request, errors)
        count = 1 + (request.take_profit is not None) + (request.stop_loss is not None)
        checks.crowded(request.instrument, request.side, 1, self.live(), errors)
        closing = request.effect is PositionEffect.CLOSE
        if closing:
            await self._closable(request, errors)
        slots = await self._link.slots(Lane.EXIT if closing else Lane.ENTRY, errors, count)
        try:
            # The wait for quota may have outlived the licence to send, and the link.
            check_licence(request, errors, self._deps.clock.now())
            if not self._link.up:
                raise errors.unreachable(texts.UNREACHABLE)
            self._whole_link(errors)
            sent = self._send(request)
            return await self._accepted(sent, errors)
        finally:
            for slot in slots:
                slot.done()

    def _whole_link(self, errors: Errors) -> None:
        if self._link.cut_off:
            raise errors.unreachable(texts.LINK_LOST, "link_lost")

    async def _not_there_yet(self, request: OrderRequest, errors: Errors) -> None:
        """Refuse to send an id twice: TWS would take both. Whatever was tried before is looked up first."""
        found = self._there(request.client_order_id)
        if found is None and (request.client_order_id in self._numbers or self._link.synced_at is None):
            await self._link.sync(errors)
            found = self._there(request.client_order_id)
        if found is not None:
            raise errors.duplicate(texts.DUPLICATE)

    async def _closable(self, request: OrderRequest, errors: Errors) -> None:
        held = await self.held(request.instrument, errors)
        size = wire.quantity(request.instrument, request.quantity or ZERO)
        if size > checks.free_to_close(request.instrument, request.side, held, self.live()):
            text = texts.TOO_MUCH.format(symbol=request.instrument.symbol)
            raise errors.funds(text, "insufficient_quantity")

    async def held(self, instrument: Instrument, errors: Errors) -> Decimal:
        """Give how much is held, negative for a short."""
        found = await self._reads.positions(errors, fresh=True)
        return next((p.quantity for p in found if p.instrument.symbol == instrument.symbol), ZERO)

    def _send(self, request: OrderRequest) -> list[Record]:
        """Write all messages in one go. From here on only an answer of TWS says what became of it."""
        client = self._link.ib.client
        orders = wire.orders(request, self._link.account)
        numbers = self._numbers.setdefault(request.client_order_id, [])
        while len(numbers) < len(orders):
            numbers.append(self._link.number())
        records = []
        for index, order in enumerate(orders):
            order.orderId = numbers[index]
            if orders[0].transmit is False and index:
                order.parentId = numbers[0]
            made = Record(client_id=self._link.client_id, order_id=order.orderId, at=self._deps.clock.now())
            records.append(wire.record(order, request.instrument, made))
            self._link.book.sent(made)
            self._link.ask_anew(order.orderId)
        target = wire.contract(request.instrument)
        for order in orders:
            client.placeOrder(order.orderId, target, order)
        return records

    async def _accepted(self, sent: list[Record], errors: Errors) -> OrderReport:
        """Wait until TWS has said yes or no to each."""

        def answered() -> bool | None:
            done = [self._answered(record, errors, first=record is sent[0]) for record in sent]
            return True if all(done) else None

        try:
            await self._link.until(answered, errors)
        except BrokerError as error:
            if (
                error.code == "timeout"
                and sent[0].perm_id
                and sent[0].status in AT_WORK | OVER | {"Inactive"}
            ):
                return self.report(self._head(sent), errors)
            raise
        return self.report(self._head(sent), errors)

    def _head(self, sent: list[Record]) -> Record:
        """Give the order that carries our id itself: of a pair that is the second sent."""
        found = next((r for r in sent if r.ref == r.base), sent[0])
        return self._current(found)

    def _current(self, record: Record) -> Record:
        return self._link.book.by_order(record.client_id, record.order_id) or record

    def _answered(self, sent: Record, errors: Errors, *, first: bool) -> bool:
        """Tell whether one of the orders was taken or refused. Raises the refusal of the first."""
        record = self._current(sent)
        for code, text in self._link.said(record.order_id):
            if code == codes.DUPLICATE_ID:
                raise errors.duplicate(texts.DUPLICATE)
            if code == codes.TOO_FAST:
                throttled = errors.throttled(texts.THROTTLED)
                throttled.sent = errors.unknown("", "").sent
                raise throttled
            if codes.refuses(code) and not record.filled and record.status not in AT_WORK:
                failure = codes.refusal(code, text, errors, record.symbol)
                if first:
                    self._numbers.pop(record.base, None)
                    raise failure
                return True
            if code not in codes.WARNINGS and not codes.refuses(code) and not record.perm_id:
                raise errors.unknown(texts.UNKNOWN_CODE, f"ibkr_{code}")
        return bool(record.perm_id) and record.status in AT_WORK | OVER

    # Changing

    async def cancel(self, broker_order_id: str, errors: Errors) -> None:
        """Ask for a cancel and wait for the answer."""
        record = await self.by_id(broker_order_id, errors)
        if not self._is_live(record, errors):
            return
        self._own(record, errors)
        slots = await self._link.slots(Lane.CANCEL, errors)
        try:
            if not self._link.up:
                raise errors.unreachable(texts.UNREACHABLE)
            self._link.ask_anew(record.order_id)
            self._link.ib.client.cancelOrder(record.order_id, "")
            await self._link.until(lambda: self._cancelled(record, errors), errors)
        finally:
            for slot in slots:
                slot.done()

    def _cancelled(self, sent: Record, errors: Errors) -> bool | None:
        record = self._current(sent)
        if not self._is_live(record, errors) or record.status == "PendingCancel":
            return True
        for code, text in self._link.said(record.order_id):
            if code == codes.CANCELLED:
                return True
            if code in codes.NOT_FOUND:
                raise errors.not_found(texts.NOT_FOUND)
            if code in codes.NOT_CANCELLABLE:
                if any(state in text for state in ("Filled", "Cancelled")):
                    return True  # over already: executions decide
                raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        return None

    async def replace(
        self,
        broker_order_id: str,
        errors: Errors,
        *,
        quantity: Decimal | None,
        limit_price: Decimal | None,
        stop_price: Decimal | None,
        instrument: Instrument,
    ) -> OrderReport:
        """Send the order again, changed, under its own number."""
        record = await self.by_id(broker_order_id, errors)
        if not self._is_live(record, errors):
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        self._own(record, errors)
        self._whole_link(errors)
        limit = None if limit_price is None else wire.price(instrument, limit_price)
        stop = None if stop_price is None else wire.price(instrument, stop_price)
        size = None if quantity is None else wire.quantity(instrument, quantity)
        if ZERO in (limit, stop, size):
            raise errors.denied(texts.TOO_LITTLE.format(symbol=instrument.symbol), "too_small")
        if stop is not None and record.kind == "TRAIL":
            text = texts.NO_TYPE.format(
                kind="moved trailing stop", what=texts.CLASSES[instrument.asset_class]
            )
            raise errors.denied(text, "trailing_stop")
        if size is not None and any(self._is_live(leg, errors) for leg in self._legs(record)):
            raise errors.denied(texts.FIXED_SIZE, "bracket_quantity")
        await self._send_changed(record, instrument, (size, limit, stop), errors)
        return self.report(self._current(record), errors)

    async def _send_changed(
        self,
        record: Record,
        instrument: Instrument,
        wanted: tuple[Decimal | None, Decimal | None, Decimal | None],
        errors: Errors,
    ) -> None:
        """Send the order again as wanted (size, limit, stop), and wait until TWS shows it so."""
        order = wire.changed(record)
        _change(order, *wanted)
        slots = await self._link.slots(Lane.EXIT, errors)
        try:
            if not self._link.up:
                raise errors.unreachable(texts.UNREACHABLE)
            self._link.ask_anew(record.order_id)
            self._link.ib.client.placeOrder(record.order_id, wire.contract(instrument), order)
            await self._link.until(lambda: self._changed(record, wanted, errors), errors)
        except Rejected:
            record.refused = ""  # the change was refused, not the order
            raise
        finally:
            for slot in slots:
                slot.done()

    def _legs(self, record: Record) -> list[Record]:
        """Give the legs of an entry, whose sizes TWS does not promise to move with it."""
        entry = record.ref == record.base and not record.paired
        return [leg for leg in self._link.book.family(record) if leg is not record and entry]

    def _changed(
        self, sent: Record, wanted: tuple[Decimal | None, Decimal | None, Decimal | None], errors: Errors
    ) -> bool | None:
        record = self._current(sent)
        for code, text in self._link.said(record.order_id):
            if code in {codes.DUPLICATE_ID, codes.MISMATCH} or code in codes.NOT_FOUND:
                raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
            if codes.refuses(code):
                raise codes.refusal(code, text, errors, record.symbol)
        now = (record.quantity, record.limit_price, record.aux_price)
        same = all(want is None or want == have for want, have in zip(wanted, now, strict=True))
        if same:
            return True
        if not self._is_live(record, errors):
            raise errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
        return None

    def _own(self, record: Record, errors: Errors) -> None:
        """Raise Denied for an order of another client or of TWS itself, which only they may change."""
        if record.client_id != self._link.client_id or record.order_id <= 0:
            raise errors.denied(texts.NOT_OURS, "not_ours")

    def _is_live(self, record: Record, errors: Errors) -> bool:
        try:
            return record.live
        except ValueError:
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def _change(order: Any, size: Decimal | None, limit: Decimal | None, stop: Decimal | None) -> None:
    if size is not None:
        order.totalQuantity = format(size.normalize(), "f")
    if limit is not None:
        order.lmtPrice = format(limit, "f")
    if stop is not None:
        order.auxPrice = format(stop, "f")
