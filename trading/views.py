"""Hold what faces show: plain values put together from the journal and the brokers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.accounts import LinkedAccount
from domain.events import Event
from domain.ids import GuildId, UserId
from domain.orders import Order, OrderType, Side, TimeInForce
from domain.portfolio import AccountState, Position
from domain.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualOrder:
    """Carry a slash command or an API call that wants an order. ``key`` makes it once-only.

    Exactly one of ``quantity`` and ``notional``. ``account`` None means the member's default. ``symbol`` may
    be a ticker, a pair (BTC/USD) or an OCC option symbol.
    """

    key: str
    user: UserId
    guild: GuildId | None
    side: Side
    symbol: str
    quantity: Decimal | None = None
    notional: Decimal | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """Show a trade with its orders, what it holds, and its profit so far in account currency."""

    trade: Trade
    orders: Sequence[Order]
    events: Sequence[Event] = ()
    held: Decimal = Decimal(0)
    entry_average: Decimal | None = None
    realised: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPositions:
    """Show one account's positions, or the sentence that says why they cannot be read."""

    account: LinkedAccount
    positions: Sequence[Position] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """Show one account's money, or the sentence that says why it cannot be read."""

    account: LinkedAccount
    state: AccountState | None = None
    problem: str = ""
