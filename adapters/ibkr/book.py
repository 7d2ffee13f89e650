"""Keep every order TWS has told of, from whichever of its messages, and give reports of them.

The SDK keeps such a book too, but calls working orders cancelled (see codes). What TWS does not tell in one
message it tells in another: executions say what a skipped status would have said.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.ibkr.records import AT_WORK, OVER, Record, amount, number, our_symbol
from domain.money import ZERO
from domain.orders import TERMINAL, Fill, OrderReport
from domain.ports import Clock

_MOST = 2000

Told = Callable[[OrderReport], None]


class Book:
    """Hold records by the account's id, by client and order id, and by our reference."""

    def __init__(self, clock: Clock, told: Told) -> None:
        self._clock, self._told = clock, told
        self._records: dict[tuple[int, int], Record] = {}
        self._by_perm: dict[int, Record] = {}
        self._fill_of: dict[str, tuple[Record, str]] = {}
        self.round = 0

    # Looking up

    def every(self) -> Iterator[Record]:
        """Give every record once, oldest first."""
        seen: set[int] = set()
        for record in (*self._records.values(), *self._by_perm.values()):
            if id(record) not in seen:
                seen.add(id(record))
                yield record

    def by_id(self, broker_order_id: str) -> Record | None:
        """Find an order by the id its report carried."""
        if broker_order_id.isdecimal():
            return self._by_perm.get(int(broker_order_id))
        client, _, order = broker_order_id.partition("-")
        if client.isdecimal() and order.isdecimal():
            return self._records.get((int(client), int(order)))
        return None

    def by_ref(self, ref: str) -> Record | None:
        """Find an order by our reference; a pair of which only the stop arrived is found by that."""
        same = [record for record in self.every() if record.base == ref]
        return next((r for r in same if r.ref == ref), same[0] if same else None)

    def by_order(self, client_id: int, order_id: int) -> Record | None:
        """Find an order by the number its client gave it."""
        return self._records.get((client_id, order_id))

    def family(self, record: Record) -> list[Record]:
        """Give an order with its legs, the entry first."""
        if not record.base:
            return [record]
        # One record of each reference: an order of which there are two must not become a leg of itself.
        same: dict[str, Record] = {}
        for other in sorted(self.every(), key=lambda r: bool(r.perm_id)):
            if other.base == record.base:
                same[other.ref] = other
        same[record.ref] = record
        return sorted(same.values(), key=lambda r: (r.ref != r.base, r.order_id))

    def report(self, record: Record) -> OrderReport:
        """Report an order, nested where it is an entry."""
        family = self.family(record)
        entry = family[0]
        if record is not entry or record.ref != record.base:
            return record.report(entry=entry)
        return record.report(legs=tuple(leg.report(entry=entry) for leg in family[1:]))

    # Hearing

    def sent(self, record: Record) -> None:
        """Note an order before it is sent, so that an answer of any kind finds it."""
        self._records[record.client_id, record.order_id] = record

    def forget(self, record: Record) -> None:
        """Drop an order that turned out never to have reached TWS, or that TWS no longer knows."""
        self._records.pop((record.client_id, record.order_id), None)
        self._by_perm.pop(record.perm_id, None)

    def heard_order(self, contract: Any, order: Any, status: str) -> Record:
        """Take in an openOrder message."""
        record = self._record(order.clientId, order.orderId, order.permId)
        self._describe(record, contract, order)
        record.quantity = number(order.totalQuantity)
        record.limit_price = number(order.lmtPrice) or record.limit_price
        record.aux_price = number(order.auxPrice) or record.aux_price
        record.trail_stop = number(order.trailStopPrice) or record.trail_stop
        record.parent_id = order.parentId or record.parent_id
        record.outside_rth = order.outsideRth
        record.round = self.round
        self._stand(record, status)
        return record

    def heard_status(
        self,
        client_id: int,
        order_id: int,
        perm_id: int,
        *,
        status: str,
        filled: Any,
        average: Any,
        parent_id: int,
    ) -> Record:
        """Take in an orderStatus message. An old one never takes back what was filled."""
        record = self._record(client_id, order_id, perm_id)
        record.parent_id = parent_id or record.parent_id
        if amount(filled) >= record.filled:
            record.filled = amount(filled)
            record.average = number(average) if record.filled else None
        self._stand(record, status)
        return record

    def heard_completed(self, contract: Any, order: Any, state: Any) -> Record:
        """Take in a completedOrder message: it has no order id, and often neither size nor price."""
        record = self._by_perm.get(order.permId) or self._unanswered(order.orderRef)
        record = record or Record(
            client_id=order.clientId, order_id=0, at=_moment(state.completedTime, self._clock)
        )
        record.perm_id = order.permId
        self._by_perm[order.permId] = record
        self._describe(record, contract, order)
        record.filled = max(record.filled, number(order.filledQuantity) or ZERO)
        size = number(order.totalQuantity)
        record.quantity = record.quantity or size or (record.filled or None)
        record.limit_price = record.limit_price or number(order.lmtPrice)
        record.aux_price = record.aux_price or number(order.auxPrice)
        record.completed, record.round = True, self.round
        self._stand(record, state.status)
        return record

    def heard_execution(self, contract: Any, execution: Any) -> Record:
        """Take in an execution. A correction carries the id of what it corrects, but for its last part."""
        record = self._record(execution.clientId, execution.orderId, execution.permId)
        record.ref = record.ref or execution.orderRef
        if not record.action:
            record.contract, record.symbol = contract, our_symbol(contract)
            record.action = "BUY" if execution.side == "BOT" else "SELL"
        name = str(execution.execId).rpartition(".")[0] or str(execution.execId)
        self._fill_of[execution.execId] = (record, name)
        record.fills[name] = Fill(
            id=name,
            broker_order_id=record.id,
            quantity=amount(execution.shares),
            price=amount(execution.price),
            at=execution.time,
            fee=record.fills[name].fee if name in record.fills else ZERO,
        )
        if amount(execution.cumQty) >= record.filled:
            record.filled, record.average = amount(execution.cumQty), number(execution.avgPrice)
        self._changed(record)
        return record

    def heard_commission(self, report: Any) -> None:
        """Take in what an execution cost."""
        found = self._fill_of.get(report.execId)
        fee = number(report.commission)
        if found is None or fee is None:
            return
        record, name = found
        old = record.fills[name]
        record.fills[name] = Fill(
            id=name, broker_order_id=record.id, quantity=old.quantity, price=old.price, at=old.at, fee=fee
        )

    def heard_refusal(self, record: Record, text: str) -> None:
        """Take in a refusal: of the order itself where it does not work, of a change of it otherwise."""
        record.refused = text
        if record.status not in AT_WORK:
            self._changed(record)

    def vanished(self) -> None:
        """Forget what neither list of a whole reading held any more; absence proves nothing about it.

        An execution proves that there is an order, whatever list it is missing from.
        """
        for record in tuple(self.every()):
            seen = record.round == self.round or record.fills
            if not seen and record.perm_id and record.status not in OVER and record.live:
                self.forget(record)

    # Keeping

    def _record(self, client_id: int, order_id: int, perm_id: int) -> Record:
        found = self._by_perm.get(perm_id) if perm_id else None
        if found is None and order_id > 0:
            found = self._records.get((client_id, order_id))
        if found is None:
            found = Record(client_id=client_id, order_id=order_id, at=self._clock.now(), round=self.round)
            self._prune()
        if order_id > 0:
            found.client_id, found.order_id = client_id, order_id
            self._records[client_id, order_id] = found
        if perm_id:
            found.perm_id = perm_id
            self._by_perm[perm_id] = found
        return found

    def _unanswered(self, ref: str) -> Record | None:
        """Find an order we sent of which TWS has told nothing yet, by our reference."""
        ours = (record for record in self._records.values() if ref and record.ref == ref)
        return next((record for record in ours if not record.perm_id), None)

    def _describe(self, record: Record, contract: Any, order: Any) -> None:
        record.contract, record.symbol = contract, our_symbol(contract)
        record.action, record.kind, record.tif = order.action, order.orderType, order.tif
        record.ref, record.oca_group = order.orderRef or record.ref, record.oca_group or order.ocaGroup
        record.account = order.account

    def _stand(self, record: Record, status: str) -> None:
        if record.status in OVER and status not in OVER:
            return  # what is over stays over: messages may come late
        record.status = status
        self._changed(record)

    def _changed(self, record: Record) -> None:
        if not record.action:
            return  # a status without its order: the order's own message follows
        told = _told(record)
        if record.shown == told:
            return
        known, record.shown = record.shown is not None, told
        if known or not record.completed:
            record.at = self._clock.now()
        self._told(self.report(record))

    def _prune(self) -> None:
        if len(self._by_perm) <= _MOST:
            return
        gone = [r for r in self._by_perm.values() if r.state in TERMINAL][: _MOST // 2]
        for record in gone:
            self.forget(record)
        kept = {id(r) for r in self.every()}
        self._fill_of = {k: v for k, v in self._fill_of.items() if id(v[0]) in kept}


def _told(record: Record) -> object:
    prices = (record.limit_price, record.aux_price)
    return (record.perm_id, record.state, record.quantity, record.filled, record.average, prices)


def _moment(text: str, clock: Clock) -> datetime:
    """Read when an order was completed; only shown, so an odd spelling is no harm."""
    day, _, rest = text.partition(" ")
    time, _, zone = rest.strip().partition(" ")
    try:
        found = datetime.strptime(day + time, "%Y%m%d%H:%M:%S")  # noqa: DTZ007 - the zone follows
        return found.replace(tzinfo=ZoneInfo(zone or "UTC"))
    except (ValueError, KeyError, OSError):
        return clock.now()
