"""Say what an entry should be, whoever asked: a signal with its follower, or a person by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.accounts import Follow, RiskLimits, SizeKind
from domain.ids import AuthorId, ChannelId, GuildId, SignalId, signal_id
from domain.instruments import AssetClass, InstrumentQuery, OptionContract
from domain.orders import OrderType, Side, TimeInForce
from domain.signals import Reading, Signal
from domain.trades import Mode
from trading.denial import Denial, deny
from trading.views import ManualOrder

MANUAL = "manual"


class Measure(StrEnum):
    """Say what a size counts."""

    MONEY = "money"
    PERCENT = "percent"
    UNITS = "units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Describe one entry for one account, before anything of the broker's is known."""

    signal: SignalId
    guild: GuildId
    channel: ChannelId
    author: AuthorId
    query: InstrumentQuery
    side: Side
    order_type: OrderType
    price: Decimal | None
    stop_trigger: Decimal | None = None
    stop: Decimal | None = None
    targets: tuple[Decimal, ...] = ()
    measure: Measure
    size: Decimal
    mode: Mode
    posted_at: datetime
    expires_at: datetime
    time_in_force: TimeInForce | None = None
    cause: str = ""
    problem: Denial | None = None
    """Why the words alone already rule it out."""


def from_signal(signal: Signal, follow: Follow, limits: RiskLimits) -> Wish:
    """Make a follower's wish from a signal; ``problem`` says where the reading lacks something."""
    reading = signal.reading
    price = _entry_price(reading)
    order_type = _entry_type(reading, price)
    stops = order_type is OrderType.STOP
    return Wish(
        signal=signal.id,
        guild=signal.guild,
        channel=signal.channel,
        author=signal.author,
        query=reading.query or InstrumentQuery(symbol="?"),
        side=_entry_side(reading),
        order_type=order_type,
        price=None if stops or order_type is OrderType.MARKET else price,
        stop_trigger=price if stops else None,
        stop=reading.stop,
        targets=reading.targets,
        measure=Measure.PERCENT if follow.size_kind is SizeKind.PERCENT else Measure.MONEY,
        size=follow.size,
        mode=follow.mode,
        posted_at=signal.posted_at,
        expires_at=signal.posted_at + timedelta(seconds=limits.entry_max_age),
        cause=signal.message,
        problem=_problem(reading),
    )


def _problem(reading: Reading) -> Denial | None:
    """Say why the words alone rule an order out."""
    if reading.legs:
        return deny("spread_not_supported").denial
    if reading.symbol is None:
        return deny("reading_incomplete", what="a symbol").denial
    if reading.asset_class is AssetClass.OPTION:
        if reading.query is None or reading.query.option is None:
            return deny("reading_incomplete", what="strike, right and expiry of the option").denial
        if reading.action == "STO":
            return deny("short_not_supported").denial
    return None


def _entry_price(reading: Reading) -> Decimal | None:
    """Give the worst price the words allow: the far end of a zone, the first of a list."""
    if reading.entry_range is not None:
        return max(reading.entry_range) if reading.side != "short" else min(reading.entry_range)
    if reading.price is None and reading.entries:
        return reading.entries[0]
    return reading.price


def _entry_type(reading: Reading, price: Decimal | None) -> OrderType:
    if price is None or reading.order_type == "market":
        return OrderType.MARKET
    return OrderType.STOP if reading.order_type in {"stop", "stop_limit"} else OrderType.LIMIT


def _entry_side(reading: Reading) -> Side:
    # Buying a put is still buying: an option's side is the order's, not the view's.
    if reading.asset_class is AssetClass.OPTION:
        return Side.BUY
    return Side.SELL if reading.side == "short" or reading.action == "STO" else Side.BUY


def from_manual(order: ManualOrder, now: datetime, limits: RiskLimits) -> Wish:
    """Make a wish from a slash command or an API call."""
    guild = GuildId(order.guild or "")
    return Wish(
        signal=signal_id(guild, MANUAL, order.key),
        guild=guild,
        channel=ChannelId(MANUAL),
        author=AuthorId(order.user),
        query=manual_query(order.symbol),
        side=order.side,
        order_type=order.order_type,
        price=order.limit_price,
        stop_trigger=order.stop_price,
        stop=order.stop_loss,
        targets=(order.take_profit,) if order.take_profit is not None else (),
        measure=Measure.UNITS if order.quantity is not None else Measure.MONEY,
        size=order.quantity if order.quantity is not None else order.notional or Decimal(0),
        mode=Mode.LIVE,
        posted_at=now,
        expires_at=now + timedelta(seconds=limits.entry_max_age),
        time_in_force=order.time_in_force,
        cause=order.key,
    )


def manual_query(text: str) -> InstrumentQuery:
    """Read a symbol a person typed: a ticker, a pair, or an OCC option symbol."""
    plain = text.strip().upper().lstrip("$")
    if len(plain.replace(" ", "")) > 15 and plain[-8:].isdigit():
        option = OptionContract.from_occ(plain)
        return InstrumentQuery(symbol=option.underlying, asset_class=AssetClass.OPTION, option=option)
    if "/" in plain or "-" in plain:
        return InstrumentQuery(symbol=plain.replace("/", "").replace("-", ""), asset_class=AssetClass.CRYPTO)
    return InstrumentQuery(symbol=plain)
