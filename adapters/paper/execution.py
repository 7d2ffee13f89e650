"""Execute orders and carry the consequences: cash, legs released, siblings shrunk, groups ended."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from adapters.paper.ledger import Ledger
from adapters.paper.legs import leg_requests
from adapters.paper.margin import Margin
from adapters.paper.matching import Depth, fill_price, marketable, touched, trail, turn
from adapters.paper.orderbook import OrderBook
from adapters.paper.values import EngineEvent, EngineFill, EngineOrder, EngineRequest, EventKind
from domain.money import ZERO, floor_to
from domain.orders import LegRole, OrderClass, OrderState, OrderType, Side, TimeInForce
from domain.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Choose between the habits brokers differ in. The defaults are the paper broker's."""

    leverage: Decimal = Decimal(1)
    """Buying power for shares per unit of equity; 1 is a cash account."""
    legs_on_partial: bool = True
    """Whether legs protect a partly filled entry at once, or only when the entry is done (Alpaca)."""
    legs_follow_tif: bool = False
    """Whether legs share their entry's time in force (Alpaca), or stay until cancelled."""
    cancel_siblings: bool = False
    """Whether cancelling one leg cancels the other (Alpaca)."""
    replace_renames: bool = False
    """Whether a replace makes a new order under a new id (Alpaca)."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """Hold the state of the engine and change it; every change is told to the listeners."""

    clock: Clock
    rules: Rules
    margin: Margin
    book: OrderBook
    depths: dict[str, Depth]
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    listeners: list[Callable[[EngineEvent], None]] = field(default_factory=list)

    # Making and ending orders

    def add(self, parent: EngineOrder) -> EngineOrder:
        """Take a drafted order with its legs; nothing is matched yet."""
        parent = self._numbered(parent)
        request, oco = parent.request, parent.request.order_class is OrderClass.OCO
        self.book.put(parent)
        legs: list[str] = []
        ids = (self.book.next_id("client"), self.book.next_id("client"))
        for role, wanted in leg_requests(request, ids, follow_tif=self.rules.legs_follow_tif):
            leg = self._numbered(self.draft(parent.account, wanted))
            legs.append(self.book.put(replace(leg, role=role, parent_id=parent.id, held=not oco)).id)
        parent = self.book.put(
            replace(parent, leg_ids=tuple(legs), role=LegRole.TAKE_PROFIT if oco else None)
        )
        self.tell("new", parent)
        return parent

    def _numbered(self, order: EngineOrder) -> EngineOrder:
        self.book.sequence += 1
        return replace(order, id=self.book.next_id("order"), sequence=self.book.sequence)

    def swap(self, old: EngineOrder, new: EngineOrder, client_order_id: str | None) -> EngineOrder:
        """Put a changed order in the old one's place, at the end of the queue."""
        if new.quantity != old.quantity:
            self._resize_group(old, (new.quantity or ZERO) - (old.quantity or ZERO))
        if not self.rules.replace_renames:
            self.book.sequence += 1
            new = self._update(new, sequence=self.book.sequence)
            self.tell("replaced", new)
            return new
        new = self._numbered(new)
        client = client_order_id or self.book.next_id("client")
        new = replace(new, replaces=old.id, request=replace(new.request, client_order_id=client))
        new = self._update(new, created_at=self.clock.now())
        self._adopt(old, new)
        gone = self._update(old, state=OrderState.CANCELLED, replaced_by=new.id, leg_ids=())
        self.tell("replaced", gone)
        self.tell("new", new)
        return new

    def _adopt(self, old: EngineOrder, new: EngineOrder) -> None:
        """Hang the old order's legs, or its place among its parent's legs, on the new one."""
        for leg in self.book.legs(old):
            self.book.put(replace(leg, parent_id=new.id))
        if old.parent_id is not None:
            parent = self.book.get(old.parent_id)
            ids = tuple(new.id if i == old.id else i for i in parent.leg_ids)
            self.book.put(replace(parent, leg_ids=ids))

    def _resize_group(self, order: EngineOrder, change: Decimal) -> None:
        oco = order.request.order_class is OrderClass.OCO
        for leg in self.book.legs(order):
            if leg.live and (leg.held or oco):
                self._update(leg, quantity=(leg.quantity or ZERO) + change)

    def draft(self, account: str, request: EngineRequest) -> EngineOrder:
        """Make an order that is not in the book and has no id yet."""
        now = self.clock.now()
        return EngineOrder(
            id="",
            account=account,
            sequence=0,
            request=request,
            state=OrderState.WORKING,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            created_at=now,
            updated_at=now,
        )

    def end(self, order: EngineOrder, state: OrderState, reason: str = "") -> None:
        """End a live order; legs of an entry that never filled end with it, others protect what filled."""
        order = self.book.get(order.id)
        order = self._update(order, state=state, held=False, reason=reason or order.reason)
        kinds: dict[OrderState, EventKind] = {
            OrderState.EXPIRED: "expired",
            OrderState.REJECTED: "rejected",
        }
        self.tell(kinds.get(state, "canceled"), order)
        oco = order.request.order_class is OrderClass.OCO
        if oco or not order.filled_quantity:
            for leg in self.book.legs(order):
                if leg.live:
                    self.end(leg, OrderState.CANCELLED if state is OrderState.REJECTED else state, reason)
        elif any(leg.held for leg in self.book.legs(order)):
            self._protect(order, ZERO)
            self.match(order.symbol)

    def _update(self, order: EngineOrder, **changes: object) -> EngineOrder:
        return self.book.put(replace(order, updated_at=self.clock.now(), **changes))  # type: ignore[arg-type]

    # Matching

    def match_new(self, order: EngineOrder) -> None:
        """Match after an order came or changed; what must fill at once and does not is cancelled."""
        order = self.book.get(order.id)
        self.trail(order)
        force = order.request.time_in_force
        if force is TimeInForce.FOK and not self._fits_whole(self.book.get(order.id)):
            self.end(order, OrderState.CANCELLED, "it could not be filled whole at once")
            return
        self.match(order.symbol)
        if force is TimeInForce.IOC and self.book.get(order.id).live:
            self.end(order, OrderState.CANCELLED, "the rest could not be filled at once")

    def _fits_whole(self, order: EngineOrder) -> bool:
        depth = self.depths.get(order.symbol)
        if depth is None or not (touched(order, depth) and marketable(order, depth)):
            return False
        sized = self._sized(order, depth)
        size = depth.size(order.side)
        return sized is not None and (size is None or (sized.remaining or ZERO) <= size)

    def trail(self, order: EngineOrder) -> None:
        """Move a trailing stop after the quote."""
        depth = self.depths.get(order.symbol)
        if order.order_type is not OrderType.TRAILING_STOP or order.held or order.triggered or depth is None:
            return
        best, stop = trail(order, depth)
        if stop != order.stop_price or best != order.extreme:
            self.book.put(replace(order, extreme=best, stop_price=stop))

    def match(self, symbol: str) -> None:
        """Fill what the latest quote allows, in price-time priority, until nothing more does."""
        depth = self.depths.get(symbol)
        moved = depth is not None
        while depth and moved:
            moved = False
            for side in Side:
                while order := self._next(symbol, side, depth):
                    self._execute(order, depth)
                    moved = True

    def _next(self, symbol: str, side: Side, depth: Depth) -> EngineOrder | None:
        best: EngineOrder | None = None
        for found in self.book.live(symbol):
            if found.side is not side or found.held or not touched(found, depth):
                continue
            order = found if found.triggered else self.book.put(replace(found, triggered=True))
            if not marketable(order, depth):
                continue
            sized = self._sized(order, depth)
            if sized is not None and self._size(sized, depth) and (best is None or turn(sized) < turn(best)):
                best = sized
        return best

    def _size(self, order: EngineOrder, depth: Depth) -> Decimal:
        remaining, size = order.remaining or ZERO, depth.size(order.side)
        if size is None:
            return remaining
        return min(remaining, floor_to(size, order.request.instrument.quantity_increment))

    def _sized(self, order: EngineOrder, depth: Depth) -> EngineOrder | None:
        """Turn an amount of money into a quantity at the first price it meets; None when it buys nothing."""
        if order.quantity is not None:
            return order
        instrument = order.request.instrument
        unit = fill_price(order, depth, self.margin.slippage) * instrument.multiplier
        quantity = floor_to((order.request.notional or ZERO) / unit, instrument.quantity_increment)
        if quantity:
            return self.book.put(replace(order, quantity=quantity))
        self.end(order, OrderState.REJECTED, "the amount of money is too small for one step of the quantity")
        return None

    # Filling

    def _execute(self, order: EngineOrder, depth: Depth) -> None:
        ledger = self.ledgers[order.account]
        price = fill_price(order, depth, self.margin.slippage)
        quantity = self._size(order, depth)
        if order.request.reduce_only:
            closable = (
                abs(ledger.quantity(order.symbol)) if ledger.reduces(order.symbol, order.side) else ZERO
            )
            quantity = min(quantity, closable)
        refusal = self._refuse_fill(ledger, order, quantity, price)
        if refusal:
            state = OrderState.CANCELLED if order.filled_quantity or order.parent_id else OrderState.REJECTED
            self.end(order, state, refusal)
            return
        depth.take(order.side, quantity)
        self._fill(ledger, order, quantity, price)

    def _refuse_fill(self, ledger: Ledger, order: EngineOrder, quantity: Decimal, price: Decimal) -> str:
        if not quantity:
            return "there is no position left to close"
        if ledger.reduces(order.symbol, order.side):
            return ""
        free = self.margin.excess(ledger, self.book.live_of(ledger.id), skip=order.id)
        if self.margin.required(order.request, quantity, price) > free:
            return "the account has too little buying power at this price"
        return ""

    def _fill(self, ledger: Ledger, order: EngineOrder, quantity: Decimal, price: Decimal) -> None:
        instrument = order.request.instrument
        fee = self.margin.fees.fee(instrument, quantity, price)
        ledger.apply(instrument, order.side, quantity, price, fee)
        fill = EngineFill(
            id=self.book.next_id("execution"), quantity=quantity, price=price, fee=fee, at=self.clock.now()
        )
        filled = order.filled_quantity + quantity
        done = filled == order.quantity
        order = self._update(
            order,
            state=OrderState.FILLED if done else OrderState.PARTIALLY_FILLED,
            filled_quantity=filled,
            filled_value=order.filled_value + quantity * price,
            fees=order.fees + fee,
            fills=(*order.fills, fill),
            reason="",
        )
        self.tell("fill" if done else "partial_fill", order, fill)
        self._shrink_rivals(order, quantity)
        self._protect(order, quantity)
        self._stop_entry(order)

    # Consequences

    def _rivals(self, order: EngineOrder) -> list[EngineOrder]:
        if order.request.order_class is OrderClass.OCO:
            return [leg for leg in self.book.legs(order) if leg.live]
        rivals = self.book.siblings(order)
        if order.parent_id is not None:
            parent = self.book.get(order.parent_id)
            if parent.live and parent.request.order_class is OrderClass.OCO:
                rivals.append(parent)
        return rivals

    def _shrink_rivals(self, order: EngineOrder, quantity: Decimal) -> None:
        """Take what one order of a group executed from the others; one with nothing left is cancelled."""
        for rival in self._rivals(order):
            left = (rival.quantity or ZERO) - quantity
            if left > rival.filled_quantity:
                self.tell("replaced", self._update(rival, quantity=left))
                continue
            self._end_alone(rival, "the other protective order filled")

    def _end_alone(self, order: EngineOrder, reason: str) -> None:
        self.tell("canceled", self._update(order, state=OrderState.CANCELLED, held=False, reason=reason))

    def _protect(self, entry: EngineOrder, quantity: Decimal) -> None:
        """Release held legs for what has filled, or grow released ones by ``quantity``."""
        if entry.request.order_class is OrderClass.OCO:
            return
        if entry.live and not self.rules.legs_on_partial:
            return
        for leg in self.book.legs(entry):
            if not leg.live:
                continue
            size = entry.filled_quantity if leg.held else (leg.quantity or ZERO) + quantity
            kind: EventKind = "new" if leg.held else "replaced"
            self.tell(kind, self._update(leg, held=False, quantity=size))
            self.trail(self.book.get(leg.id))

    def _stop_entry(self, leg: EngineOrder) -> None:
        """Cancel what is left of an entry whose protection has executed: the trade is over."""
        if leg.parent_id is None or leg.state is not OrderState.FILLED:
            return
        entry = self.book.get(leg.parent_id)
        if entry.live:
            self._end_alone(entry, "its protection has executed")

    def tell(self, kind: EventKind, order: EngineOrder, fill: EngineFill | None = None) -> None:
        """Call every listener with what happened."""
        event = EngineEvent(
            kind=kind,
            order=self.book.view(order),
            at=self.clock.now(),
            execution_id=fill.id if fill else None,
            price=fill.price if fill else None,
            quantity=fill.quantity if fill else None,
        )
        for listener in tuple(self.listeners):
            listener(event)
