"""Hold the values of the matching engine: requests, orders, executions, events and refusals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from domain.instruments import Instrument
from domain.money import ZERO
from domain.orders import LIVE, LegRole, OrderClass, OrderRequest, OrderState, OrderType, Side, TimeInForce
from domain.orders import PositionEffect as Effect


class Refusal(StrEnum):
    """Name why the engine refuses something; nothing has changed then."""

    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INSUFFICIENT_QUANTITY = "insufficient_quantity"
    NOTHING_TO_CLOSE = "nothing_to_close"
    NOT_SHORTABLE = "not_shortable"
    NOT_TRADABLE = "not_tradable"
    BAD_QUANTITY = "bad_quantity"
    BAD_PRICE = "bad_price"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_ORDER = "unknown_order"
    NOT_OPEN = "not_open"


class Refused(Exception):
    """Refuse a request at once. ``text`` is one sentence for a trader."""

    def __init__(self, code: Refusal, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """Ask the engine for one order.

    ``order_class`` says how the legs are meant. A BRACKET or OTO enters and carries ``take_profit`` and/or
    ``stop_loss``; an OCO is the take-profit itself (``take_profit`` or ``limit_price``) with the stop as its
    leg. ``reduce_only`` refuses to open or to turn a position round.
    """

    client_order_id: str
    instrument: Instrument
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce = TimeInForce.DAY
    order_class: OrderClass = OrderClass.SINGLE
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_amount: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    stop_loss_limit: Decimal | None = None
    reduce_only: bool = False
    extended_hours: bool = False
    expires_at: datetime | None = None

    @classmethod
    def of(cls, request: OrderRequest) -> "EngineRequest":
        """Translate a domain request; an effect of CLOSE becomes ``reduce_only``."""
        return cls(
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            order_class=request.order_class,
            quantity=request.quantity,
            notional=request.notional,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            trail_percent=request.trail_percent,
            trail_amount=request.trail_amount,
            take_profit=request.take_profit,
            stop_loss=request.stop_loss,
            stop_loss_limit=request.stop_loss_limit,
            reduce_only=request.effect is Effect.CLOSE,
            extended_hours=request.extended_hours,
            expires_at=request.expires_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFill:
    """Hold one execution; ``fee`` is what it cost beside its price."""

    id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOrder:
    """Hold one order as it stands; a later change makes a new value.

    ``quantity`` is None while an order by amount has no price. ``held`` legs wait for their entry.
    ``triggered`` tells that a stop has been touched; ``extreme`` is the best price a trailing stop has seen.
    A replaced order is CANCELLED with ``replaced_by``. ``legs`` is filled in when the engine hands it out.
    """

    id: str
    account: str
    sequence: int
    request: EngineRequest
    state: OrderState
    quantity: Decimal | None
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    fees: Decimal = ZERO
    fills: tuple[EngineFill, ...] = ()
    role: LegRole | None = None
    parent_id: str | None = None
    leg_ids: tuple[str, ...] = ()
    held: bool = False
    triggered: bool = False
    extreme: Decimal | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    reason: str = ""
    legs: tuple["EngineOrder", ...] = ()

    @property
    def client_order_id(self) -> str:
        """Give the id the order was placed under; a leg has one of its own."""
        return self.request.client_order_id

    @property
    def symbol(self) -> str:
        """Give the instrument's symbol, ours."""
        return self.request.instrument.symbol

    @property
    def side(self) -> Side:
        """Give the side."""
        return self.request.side

    @property
    def order_type(self) -> OrderType:
        """Give how it is priced."""
        return self.request.order_type

    @property
    def live(self) -> bool:
        """Tell whether it may still fill, now or when released."""
        return self.state in LIVE

    @property
    def remaining(self) -> Decimal | None:
        """Give what is left to fill, or None while the quantity is not known."""
        return None if self.quantity is None else self.quantity - self.filled_quantity

    @property
    def average_price(self) -> Decimal | None:
        """Give the mean price of its executions, or None without any."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None

    @property
    def group(self) -> str:
        """Name the orders of which at most one quantity is executed: the legs of one parent, or an OCO."""
        return self.parent_id or self.id


EventKind = Literal["new", "fill", "partial_fill", "canceled", "expired", "rejected", "replaced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """Tell one thing that happened. The last three are set for executions only."""

    kind: EventKind
    order: EngineOrder
    at: datetime
    execution_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
