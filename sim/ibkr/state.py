"""Hold what the pretend TWS knows of one order, and of one request that arrived."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from adapters.paper.engine import EngineFill, EngineOrder
from domain.instruments import Instrument
from domain.money import ZERO
from domain.orders import OrderState, OrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Hold one request: its name, and its fields exactly as text, where they stand at version 176.

    ``raw`` is what arrived: the same, but for an order of a younger client.
    """

    name: str
    fields: tuple[str, ...]
    raw: tuple[str, ...]
    client_id: int
    at: datetime


@dataclass(slots=True, kw_only=True)
class TwsOrder:
    """Hold one order under its client's order id; the engine's order says how far it got."""

    client_id: int
    order_id: int
    perm_id: int
    instrument: Instrument
    action: str
    quantity: Decimal | None
    kind: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    trail_percent: Decimal | None
    tif: str
    oca_group: str
    ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    created_at: datetime
    updated_at: datetime
    engine: EngineOrder | None = field(default=None, repr=False)
    refused: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """Name the order: ids are counted for each client."""
        return (self.client_id, self.order_id)

    @property
    def live(self) -> bool:
        """Tell whether it may still fill."""
        return self.engine is not None and self.engine.live and not self.refused

    @property
    def filled(self) -> Decimal:
        """Give what was executed."""
        return self.engine.filled_quantity if self.engine else ZERO

    @property
    def average(self) -> Decimal | None:
        """Give the mean price."""
        return self.engine.average_price if self.engine else None

    @property
    def fills(self) -> tuple[EngineFill, ...]:
        """Give the executions."""
        return self.engine.fills if self.engine else ()

    @property
    def last_price(self) -> Decimal:
        """Give the last execution's price."""
        return self.fills[-1].price if self.fills else ZERO

    @property
    def held(self) -> bool:
        """Tell whether it waits for its parent."""
        return self.engine is not None and self.engine.held

    @property
    def stop_price(self) -> Decimal | None:
        """Give where a trailing stop stands."""
        return self.engine.stop_price if self.engine and self.kind == "TRAIL" else None

    @property
    def text(self) -> str:
        """Say how it ended."""
        return (
            f"Filled Size: {self.filled}"
            if self.status == "Filled"
            else self.refused or "Cancelled by Trader"
        )

    @property
    def status(self) -> str:
        """Name where it stands as TWS does."""
        if self.refused:
            return "Inactive"
        if self.engine is None:
            return "PendingSubmit"
        if self.engine.live:
            sleeping = self.engine.order_type in {
                OrderType.STOP,
                OrderType.STOP_LIMIT,
                OrderType.TRAILING_STOP,
            }
            waits = self.engine.held or (sleeping and not self.engine.triggered)
            return "PreSubmitted" if waits else "Submitted"
        return {OrderState.FILLED: "Filled", OrderState.REJECTED: "Inactive"}.get(
            self.engine.state, "Cancelled"
        )
