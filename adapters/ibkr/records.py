"""Hold what is known of one order at TWS, and turn it into a report. Floats end here."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.ibkr import futures, texts
from domain.errors import InvalidValue
from domain.instruments import OptionContract, OptionRight
from domain.money import ZERO
from domain.orders import Fill, LegRole, OrderReport, OrderState, OrderType, Side

STOP, TARGET = ":sl", ":tp"
"""What our own reference of an order ends with where it is a leg."""
_UNSET = 1e300
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
TYPES = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP,
    "STP LMT": OrderType.STOP_LIMIT,
    "TRAIL": OrderType.TRAILING_STOP,
}
# Orders made in TWS by hand have kinds this bot never sends; the nearest name will do for showing them.
_LIKE = {"MOC": OrderType.MARKET, "LOC": OrderType.LIMIT, "TRAIL LIMIT": OrderType.TRAILING_STOP}
AT_WORK = frozenset({"PreSubmitted", "Submitted", "PendingCancel"})
ON_ITS_WAY = frozenset({"", "ApiPending", "PendingSubmit"})
OVER = frozenset({"Filled", "Cancelled", "ApiCancelled"})
STATUSES = AT_WORK | ON_ITS_WAY | OVER | {"Inactive"}
_SUFFIX = {STOP: LegRole.STOP_LOSS, TARGET: LegRole.TAKE_PROFIT}


def number(value: object) -> Decimal | None:
    """Read a number of the SDK's; its largest float and an empty text mean that there is none.

    ``repr`` of a float is its shortest exact form. Raises ValueError for what is no number.
    """
    if value is None or value == "":
        return None
    if isinstance(value, float) and abs(value) > _UNSET:
        return None
    found = Decimal(repr(value) if isinstance(value, float) else str(value))
    if not found.is_finite():
        raise ValueError("not a finite number")
    return found


def amount(value: object) -> Decimal:
    """Read a number that must be there, without trailing zeros."""
    found = number(value)
    if found is None:
        raise ValueError("a number is missing")
    return found


@dataclass(slots=True, kw_only=True)
class Record:
    """Hold one order; it changes as TWS tells more."""

    client_id: int
    order_id: int
    at: datetime
    perm_id: int = 0
    ref: str = ""
    contract: Any = None
    symbol: str = ""
    action: str = ""
    kind: str = ""
    tif: str = ""
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_stop: Decimal | None = None
    trail_percent: Decimal | None = None
    oca_group: str = ""
    account: str = ""
    outside_rth: bool = False
    parent_id: int = 0
    status: str = ""
    filled: Decimal = ZERO
    average: Decimal | None = None
    completed: bool = False
    refused: str = ""
    """A sentence, once a refusal is proven."""
    fills: dict[str, Fill] = field(default_factory=dict)
    round: int = 0
    """The reading of all orders that last saw it."""
    shown: object = None
    """What was last reported of it."""

    @property
    def id(self) -> str:
        """Give the id that is the account's for good; until TWS has told it, the one of our client."""
        return str(self.perm_id) if self.perm_id else f"{self.client_id}-{self.order_id}"

    @property
    def base(self) -> str:
        """Give our id of the order it belongs to, which for a leg is its entry."""
        return self.ref[:-3] if self.ref[-3:] in _SUFFIX else self.ref

    @property
    def role(self) -> LegRole | None:
        """Give a leg's job. The target of a pair is the first of the two and carries our id itself."""
        if self.paired and self.ref == self.base:
            return LegRole.TAKE_PROFIT
        return _SUFFIX.get(self.ref[-3:])

    @property
    def paired(self) -> bool:
        """Tell whether it is one of two orders we sent of which one cancels the other."""
        return bool(self.ref) and self.oca_group == self.base

    @property
    def state(self) -> OrderState:
        """Give where it stands. Raises ValueError for a status nobody knows."""
        if self.status not in STATUSES:
            raise ValueError("an unknown order status")
        if self.status == "Filled" or (self.quantity and self.filled >= self.quantity):
            return OrderState.FILLED
        if self.refused and self.status not in AT_WORK:
            return OrderState.REJECTED if not self.filled else OrderState.CANCELLED
        if self.status in OVER:
            return OrderState.CANCELLED
        if self.status == "Inactive" and self.completed:
            return OrderState.REJECTED
        return OrderState.PARTIALLY_FILLED if self.filled else OrderState.WORKING

    @property
    def live(self) -> bool:
        """Tell whether it may still fill."""
        return self.state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED}

    @property
    def left(self) -> Decimal:
        """Give what may still fill."""
        return max((self.quantity or ZERO) - self.filled, ZERO)

    @property
    def reason(self) -> str:
        """Say why it does not work, where that is known."""
        if self.refused and self.status not in AT_WORK:
            return self.refused
        if self.status == "Inactive":
            return texts.REASON_REJECTED if self.completed else texts.REASON_INACTIVE
        return ""

    def report(self, entry: "Record | None" = None, legs: "tuple[OrderReport, ...]" = ()) -> OrderReport:
        """Make a report. Raises ValueError where TWS said something nobody can read."""
        kind = TYPES.get(self.kind) or _LIKE.get(self.kind) or OrderType.LIMIT
        stops = self.trail_stop if self.kind == "TRAIL" else self.aux_price
        held = entry is not None and entry is not self and not self.paired and self.live
        return OrderReport(
            broker_order_id=self.id,
            client_order_id=self.ref or None,
            state=self.state,
            symbol=self.symbol,
            side=SIDES[self.action],
            order_type=kind,
            quantity=self.quantity,
            filled_quantity=self.filled,
            average_price=self.average if self.filled else None,
            at=self.at,
            limit_price=self.limit_price if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
            stop_price=stops if kind not in {OrderType.MARKET, OrderType.LIMIT} else None,
            fills=tuple(self.fills.values()),
            legs=legs,
            role=self.role,
            parent_id=entry.id if entry is not None and entry is not self else None,
            held=held and entry is not None and entry.live and not entry.filled,
            reason=self.reason,
        )


def our_symbol(contract: Any) -> str:
    """Give our symbol of a contract: OCC of options, EURUSD of a pair, ESH26 of a future; else TWS's own."""
    if contract.secType == "OPT":
        return _occ(contract) or str(contract.localSymbol or contract.symbol).replace(" ", "")
    if contract.secType == "STK":
        return str(contract.symbol).replace(" ", ".")
    if contract.secType == "CASH":
        return f"{contract.symbol}{contract.currency}"
    if contract.secType == "FUT":
        return futures.symbol_of(contract)
    return str(contract.localSymbol or contract.symbol).replace(" ", "")


def _occ(contract: Any) -> str:
    """Give an option's OCC symbol, which its local symbol is, padded: the class names it, not the underlying.

    Options of BRK B are BRKB, those of SPX may be SPXW.
    """
    try:
        return OptionContract.from_occ(str(contract.localSymbol)).occ
    except InvalidValue:
        expiry = futures.day(str(contract.lastTradeDateOrContractMonth))
    if expiry is None:
        return ""
    # An adjusted option (class AAPL1) must not take the name of the ordinary one.
    root = str(contract.tradingClass or contract.symbol).replace(" ", "")
    right = OptionRight(contract.right[:1])
    return OptionContract(underlying=root, expiry=expiry, strike=amount(contract.strike), right=right).occ
