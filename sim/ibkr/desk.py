"""Take, change and cancel orders, and say what became of them."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from adapters.paper.engine import EngineEvent, EngineOrder, MatchingEngine, Refusal, Refused
from domain.instruments import AssetClass
from domain.orders import LegRole
from domain.ports import Clock
from sim.ibkr import intake, messages
from sim.ibkr.intake import TwsRefusal
from sim.ibkr.state import TwsOrder
from sim.market import Market

Send = Callable[[int, bytes], None]
_REASONS = {
    Refusal.INSUFFICIENT_FUNDS: "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR "
    "AVAILABLE FUNDS MUST BE SUFFICIENT TO COVER THE MARGIN REQUIREMENT",
    Refusal.INSUFFICIENT_QUANTITY: "The position is not sufficient: insufficient quantity",
    Refusal.NOT_SHORTABLE: "The contract is not available for short sale.",
}


def _commission(order: TwsOrder) -> Decimal:
    size = order.quantity or Decimal(0)
    if order.instrument.asset_class is AssetClass.FUTURE:
        return size * Decimal("2.25")
    if order.instrument.asset_class is AssetClass.FOREX:
        return Decimal(2)
    return max(Decimal(1), size * Decimal("0.005"))


class Desk:
    """Keep the orders of one account; ``send`` writes to a client, if it is connected."""

    def __init__(
        self, engine: MatchingEngine, market: Market, clock: Clock, account: str, send: Send
    ) -> None:
        self._engine, self._market, self._clock = engine, market, clock
        self.account, self._send = account, send
        self.orders: dict[tuple[int, int], TwsOrder] = {}
        self._by_engine: dict[str, TwsOrder] = {}
        self._kept: list[EngineEvent] | None = None
        self._silent: set[str] = set()
        self._perm = 1000
        self.warning: tuple[int, str] | None = None
        """What to say of every new order before it is taken."""
        self.late: set[tuple[int, int]] = set()
        """Finished orders that are not among the completed ones yet."""
        engine.subscribe(self._heard)

    def every(self) -> Iterator[TwsOrder]:
        """Give every order that was transmitted, oldest first."""
        return (o for o in self.orders.values() if o.engine is not None or o.refused)

    # Requests

    def place(self, fields: list[str], client: int) -> None:
        """Take placeOrder: a new order, a change of one, or a preview."""
        order_id = int(fields[1])
        try:
            self._place(fields, client)
        except TwsRefusal as refusal:
            self._refuse((client, order_id), refusal)

    def _place(self, fields: list[str], client: int) -> None:
        self._perm += 1
        now, accounts = self._clock.now(), [self.account]
        order = intake.read_order(fields, client, self._perm, self._market, now, accounts)
        if len(fields) > 85 and fields[85] == "1":
            self._send(client, messages.what_if(order, self.account, _commission(order)))
            return
        known = self.orders.get(order.key)
        if known is not None and (known.live or known.engine is not None):
            self._change(known, order)
            return
        if not fields[21]:
            self._send(
                client,
                messages.error(order.order_id, 10349, "Order TIF was set to DAY based on order preset."),
            )
        if self.warning is not None:
            self._send(client, messages.error(order.order_id, *self.warning))
        self.orders[order.key] = order
        if order.transmit:
            self._transmit(order)

    def _transmit(self, order: TwsOrder) -> None:
        entry, children = order, []
        if order.parent_id:
            parent = self.orders.get((order.client_id, order.parent_id))
            if parent is None:
                raise TwsRefusal(135, "Can't find order with id = " + str(order.parent_id))
            entry = parent
            children = [
                o for o in self.orders.values() if o.parent_id == entry.order_id and o.key[0] == entry.key[0]
            ]
        self._quote(entry)
        partner = self._partner(order)
        try:
            self._kept = []
            if partner is not None and partner.engine is not None:
                self._silent.add(partner.engine.id)
                self._engine.cancel(partner.engine.id)
                target, stop = (order, partner) if order.kind == "LMT" else (partner, order)
                placed = self._engine.place(self.account, intake.pair_request(target, stop))
                self._tie(target, placed)
                self._tie(stop, placed.legs[0])
            else:
                placed = self._engine.place(self.account, intake.engine_request(entry, children))
                self._tie_family(entry, children, placed)
        except Refused as refused:
            self._reject(entry, children, refused)
        finally:
            kept, self._kept = self._kept or [], None
            for event in kept:
                self._heard(event)

    def _partner(self, order: TwsOrder) -> TwsOrder | None:
        if not order.oca_group or order.parent_id:
            return None
        same = (
            o for o in self.orders.values() if o.oca_group == order.oca_group and o is not order and o.live
        )
        return next(same, None)

    def _tie_family(self, entry: TwsOrder, children: list[TwsOrder], placed: EngineOrder) -> None:
        self._tie(entry, placed)
        for leg in placed.legs:
            wanted = leg.role is LegRole.TAKE_PROFIT
            self._tie(next(c for c in children if (c.kind == "LMT") is wanted), leg)

    def _tie(self, order: TwsOrder, engine: EngineOrder) -> None:
        order.engine = engine
        self._by_engine[engine.id] = order

    def _reject(self, entry: TwsOrder, children: list[TwsOrder], refused: Refused) -> None:
        text = "Order rejected - reason:" + _REASONS.get(refused.code, refused.text)
        for order in (entry, *children):
            order.refused = text
            self._send(order.client_id, messages.error(order.order_id, 201, text))
            self.tell(order)

    def _refuse(self, key: tuple[int, int], refusal: TwsRefusal) -> None:
        order = self.orders.get(key)
        if order is not None and order.engine is None:
            order.refused = refusal.text
        self._send(key[0], messages.error(key[1], refusal.code, refusal.text))

    def _change(self, known: TwsOrder, wanted: TwsOrder) -> None:
        if known.engine is None or not known.live:
            code = 104 if known.status == "Filled" else 103
            raise TwsRefusal(code, "Cannot modify a filled order." if code == 104 else "Duplicate order id")
        try:
            self._engine.replace(
                known.engine.id,
                quantity=wanted.quantity if wanted.quantity != known.quantity else None,
                limit_price=wanted.limit_price if known.kind in {"LMT", "STP LMT"} else None,
                stop_price=wanted.aux_price if known.kind in {"STP", "STP LMT"} else None,
            )
        except Refused as refused:
            raise TwsRefusal(201, "Order rejected - reason:" + refused.text) from refused

    def cancel(self, order_id: int, client: int) -> None:
        """Take cancelOrder."""
        order = self.orders.get((client, order_id))
        if order is None or order.engine is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            self._send(client, messages.error(order_id, 10147, text))
        elif not order.live:
            text = (
                f"OrderId {order_id} that needs to be cancelled can not be cancelled, state: {order.status}."
            )
            self._send(client, messages.error(order_id, 10148, text))
        else:
            self._engine.cancel(order.engine.id)
            self._send(client, messages.error(order_id, 202, "Order Canceled - reason:"))

    # Telling

    def tell(self, order: TwsOrder) -> None:
        """Tell an order's client where it stands."""
        self._send(order.client_id, messages.open_order(order, self.account) + messages.status(order))

    def _heard(self, event: EngineEvent) -> None:
        if self._kept is not None:
            self._kept.append(event)
            return
        order = self._by_engine.get(event.order.id)
        if order is None or event.order.id in self._silent:
            return
        self._follow(order, event.order)
        if event.execution_id is not None:
            self._executed(order)
        else:
            self.tell(order)
        for leg in event.order.legs:
            child = self._by_engine.get(leg.id)
            if child is not None and event.kind == "new":
                self._follow(child, leg)
                self.tell(child)

    def _follow(self, order: TwsOrder, engine: EngineOrder) -> None:
        order.engine, order.updated_at = engine, self._clock.now()
        order.quantity = engine.quantity
        order.limit_price = engine.limit_price
        if order.kind in {"STP", "STP LMT"}:
            order.aux_price = engine.stop_price

    def _executed(self, order: TwsOrder) -> None:
        fill, number = order.fills[-1], len(order.fills)
        symbol = order.instrument.symbol
        held = [p for p in self._engine.positions(self.account) if p.instrument.symbol == symbol]
        quantity = held[0].quantity if held else Decimal(0)
        average = held[0].average_price if held else Decimal(0)
        self._send(
            order.client_id,
            messages.execution(order, fill, number, self.account)
            + messages.commission(order, fill, number)
            + messages.position(order.instrument, quantity, average, self.account)
            + messages.open_order(order, self.account)
            + messages.status(order),
        )

    def _quote(self, order: TwsOrder) -> None:
        symbol = order.instrument.symbol
        if self._engine.quote(symbol) is None:
            quote = self._market.quote(symbol)
            self._engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
