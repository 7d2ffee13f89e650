"""Describe orders, and hold the one table of how they may change state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from domain.errors import InvalidValue
from domain.ids import AccountRef, ClientOrderId, OrderId, SignalId, TradeId
from domain.instruments import Instrument
from domain.money import ZERO


class Side(StrEnum):
    """Tell buying from selling."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """Give the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """Name how an order is priced."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """Name how long an order works."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


class PositionEffect(StrEnum):
    """Tell an order that opens or adds from one that closes or reduces."""

    OPEN = "open"
    CLOSE = "close"


class OrderClass(StrEnum):
    """Name how an order is tied to its protective legs."""

    SINGLE = "single"
    BRACKET = "bracket"
    """Entry, then take-profit and stop-loss as OCO."""
    OTO = "oto"
    """Entry, then one protective leg."""
    OCO = "oco"
    """Take-profit and stop-loss on an open position; one cancels the other."""


class LegRole(StrEnum):
    """Name a protective leg's job."""

    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


class OrderState(StrEnum):
    """Name where an order intent stands (shared/reference/reliability.md section 1.3)."""

    NEW = "new"
    AWAITING = "awaiting"
    """Waits for its owner's confirmation."""
    READY = "ready"
    SENDING = "sending"
    """Written before the socket: from here on only evidence decides."""
    UNKNOWN = "unknown"
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DENIED = "denied"
    """Refused by us; never sent."""
    NOT_SENT = "not_sent"
    """Proven absent at the broker."""
    NEEDS_HUMAN = "needs_human"


_S = OrderState
TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    _S.NEW: frozenset({_S.AWAITING, _S.READY, _S.DENIED}),
    _S.AWAITING: frozenset({_S.READY, _S.DENIED, _S.EXPIRED, _S.CANCELLED}),
    _S.READY: frozenset({_S.SENDING, _S.DENIED, _S.EXPIRED, _S.CANCELLED}),
    # READY and DENIED again: only where the adapter proves that nothing was sent.
    _S.SENDING: frozenset(
        {_S.READY, _S.DENIED, _S.UNKNOWN, _S.WORKING, _S.PARTIALLY_FILLED, _S.FILLED}
        | {_S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.NOT_SENT}
    ),
    _S.UNKNOWN: frozenset(
        {_S.WORKING, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED}
        | {_S.NOT_SENT, _S.NEEDS_HUMAN}
    ),
    _S.WORKING: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.UNKNOWN}
    ),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.UNKNOWN}),
    _S.NEEDS_HUMAN: frozenset(
        {_S.WORKING, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.NOT_SENT}
    ),
    # Only the 24 h sweep that finds an orphan re-opens this one.
    _S.NOT_SENT: frozenset({_S.WORKING, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED}),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.DENIED: frozenset(),
}

LIVE = frozenset({_S.WORKING, _S.PARTIALLY_FILLED})
"""The broker has it and may still fill it."""
UNSETTLED = frozenset({_S.SENDING, _S.UNKNOWN})
"""Nobody knows yet whether the broker has it."""
TERMINAL = frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.DENIED, _S.NOT_SENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """Ask a broker for one order.

    Exactly one of ``quantity`` (shares, contracts, coins) and ``notional`` (account currency). A request
    that opens and carries ``take_profit`` or ``stop_loss`` is a bracket; one that closes and carries both
    is an OCO on the open position. Raises InvalidValue when the parts contradict each other.
    """

    client_order_id: ClientOrderId
    instrument: Instrument
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce = TimeInForce.DAY
    effect: PositionEffect = PositionEffect.OPEN
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_amount: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    stop_loss_limit: Decimal | None = None
    extended_hours: bool = False
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.notional is None):
            raise InvalidValue("an order needs either a quantity or an amount of money, and not both")
        for name in _NUMBERS:
            number = getattr(self, name)
            if number is not None and (not number.is_finite() or number <= ZERO):
                raise InvalidValue(f"the {name.replace('_', ' ')} must be above zero")
        self._check_prices()

    def _check_prices(self) -> None:
        needs = {
            OrderType.LIMIT: ("limit_price",),
            OrderType.STOP: ("stop_price",),
            OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
        }.get(self.order_type, ())
        for name in needs:
            if getattr(self, name) is None:
                raise InvalidValue(f"a {self.order_type.value} order needs a {name.replace('_', ' ')}")
        if self.order_type is OrderType.TRAILING_STOP and (self.trail_percent is None) == (
            self.trail_amount is None
        ):
            raise InvalidValue("a trailing stop needs a trail in percent or in money, and not both")

    @property
    def order_class(self) -> OrderClass:
        """Tell how the order is tied to protective legs."""
        legs = (self.take_profit is not None) + (self.stop_loss is not None)
        if self.effect is PositionEffect.CLOSE:
            return OrderClass.OCO if legs == 2 else OrderClass.SINGLE
        return (OrderClass.SINGLE, OrderClass.OTO, OrderClass.BRACKET)[legs]


_NUMBERS = (
    *("quantity", "notional", "limit_price", "stop_price", "trail_percent", "trail_amount"),
    *("take_profit", "stop_loss", "stop_loss_limit"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Hold one execution, named by the broker's execution id, applied once."""

    id: str
    broker_order_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """Carry what a broker says of one order, from a reply, a stream, a poll or a look-up alike.

    ``state`` is WORKING, PARTIALLY_FILLED, FILLED, CANCELLED, EXPIRED or REJECTED. ``filled_quantity`` and
    ``average_price`` are cumulative. ``legs`` are the protective orders the broker made of this one.
    ``replaced_by`` names the order that took this one's place; such a report changes no state.
    """

    broker_order_id: str
    state: OrderState
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal | None
    filled_quantity: Decimal
    average_price: Decimal | None
    at: datetime
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    fills: tuple[Fill, ...] = ()
    legs: tuple["OrderReport", ...] = ()
    role: LegRole | None = None
    parent_id: str | None = None
    replaced_by: str | None = None
    held: bool = False
    """The broker has it but it cannot fill yet: a bracket leg before its entry fills."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """State what we want a broker to do, before anything is sent.

    ``leg`` tells the orders of one trade apart and is part of the derived ids; ``slice`` is the part of the
    trade it belongs to; ``cause`` is the message or interaction that asked for it.
    """

    id: OrderId
    trade: TradeId
    signal: SignalId
    ref: AccountRef
    leg: str
    slice: int
    request: OrderRequest
    created_at: datetime
    attempt: int = 1
    cause: str = ""
    reference_price: Decimal | None = None
    """The price the plan was made at: alerted, or quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """Follow one protective leg that lives at the broker under the order it belongs to."""

    role: LegRole
    broker_order_id: str
    state: OrderState
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Be an intent and all that is known of it: the row of the journal.

    Changes only through ``trading.lifecycle``. ``send_by`` is when the licence to send ends; ``epoch`` is
    the fencing epoch of the process that took it.
    """

    COLLECTION: ClassVar[str] = "orders"
    INDEXES: ClassVar[tuple[str, ...]] = ("account_key", "trade", "state", "broker_order_id", "active")
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: OrderId
    version: int = 0
    intent: OrderIntent
    state: OrderState
    updated_at: datetime
    epoch: int = 0
    send_by: datetime | None = None
    broker_order_id: str | None = None
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    children: tuple[ChildOrder, ...] = ()
    seen: int = 0
    """How many look-ups in a row did not find it while UNKNOWN."""
    reason_code: str = ""
    reason: str = ""

    @property
    def account_key(self) -> str:
        """Give the account this order belongs to."""
        return self.intent.ref.key

    @property
    def trade(self) -> TradeId:
        """Give the trade this order belongs to."""
        return self.intent.trade

    @property
    def active(self) -> bool:
        """Tell whether the order or one of its children may still change."""
        return self.state not in TERMINAL or any(c.state not in TERMINAL for c in self.children)
