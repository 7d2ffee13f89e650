"""Make values for the verbs' tests with as few words as possible."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.broker import BracketKind, ClassRules
from domain.ids import (
    AccountRef,
    AuthorId,
    ChannelId,
    GuildId,
    SignalId,
    TradeId,
    UserId,
    client_order_id,
    order_id,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import (
    ChildOrder,
    LegRole,
    Order,
    OrderIntent,
    OrderReport,
    OrderRequest,
    OrderState,
    OrderType,
    PositionEffect,
    Side,
    TimeInForce,
)
from domain.trades import Mode, Slice, Trade, TradeState

D = Decimal
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
REF = AccountRef(user=UserId("7"), broker="alpaca", account="acc")
MSFT = Instrument(symbol="MSFT", asset_class=AssetClass.EQUITY, broker_symbol="MSFT", shortable=True)
BTC = Instrument(
    symbol="BTCUSD",
    asset_class=AssetClass.CRYPTO,
    broker_symbol="BTC/USD",
    quantity_increment=D("0.0001"),
)
NATIVE = ClassRules(
    order_types=frozenset(OrderType),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    bracket=BracketKind.NATIVE,
)
SOFTWARE = ClassRules(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC}),
    bracket=BracketKind.SOFTWARE,
)


def trade(*slices: Slice, instrument: Instrument = MSFT, side: Side = Side.BUY, **changes: object) -> Trade:
    values: dict[str, object] = {
        "id": TradeId("t1"),
        "ref": REF,
        "account_name": "main",
        "signal": SignalId("s1"),
        "guild": GuildId("1"),
        "channel": ChannelId("2"),
        "author": AuthorId("3"),
        "symbol": instrument.symbol,
        "side": side,
        "mode": Mode.PAPER,
        "environment": "paper",
        "state": TradeState.OPEN,
        "created_at": NOW,
        "updated_at": NOW,
        "instrument": instrument,
        "slices": slices,
    }
    return Trade(**{**values, **changes})


def part(quantity: str = "10", hold: str | None = None, target: str | None = "425", stop: str | None = "405"):
    return Slice(
        index=0,
        quantity=D(quantity),
        hold=D(hold if hold is not None else quantity),
        target=D(target) if target else None,
        stop=D(stop) if stop else None,
    )


def order(
    leg: str = "entry.0",
    state: OrderState = OrderState.FILLED,
    filled: str = "0",
    *,
    quantity: str = "10",
    effect: PositionEffect = PositionEffect.OPEN,
    tied: bool = True,
    children: tuple[ChildOrder, ...] = (),
    instrument: Instrument = MSFT,
    order_type: OrderType = OrderType.MARKET,
    stop_price: str | None = None,
    minute: int = 0,
    **changes: object,
) -> Order:
    opening = effect is PositionEffect.OPEN
    request = OrderRequest(
        client_order_id=client_order_id("s1", leg, REF.user, REF.account, 1),
        instrument=instrument,
        side=Side.BUY if opening else Side.SELL,
        order_type=order_type,
        effect=effect,
        quantity=D(quantity),
        stop_price=D(stop_price) if stop_price else None,
        limit_price=D("1") if order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} else None,
        take_profit=D(425) if tied and opening else None,
        stop_loss=D(405) if tied and opening else None,
    )
    intent = OrderIntent(
        id=order_id("s1", leg, REF.user, REF.account),
        trade=TradeId("t1"),
        signal=SignalId("s1"),
        ref=REF,
        leg=leg,
        slice=0,
        request=request,
        created_at=NOW + timedelta(minutes=minute),
    )
    values: dict[str, object] = {
        "id": intent.id,
        "intent": intent,
        "state": state,
        "updated_at": NOW,
        "filled_quantity": D(filled),
        "average_price": D("412.5") if D(filled) else None,
        "broker_order_id": f"b-{leg}",
        "children": children,
        "stop_price": D(stop_price) if stop_price else None,
    }
    return Order(**{**values, **changes})


def child(role: LegRole, state: OrderState = OrderState.WORKING, price: str = "405", filled: str = "0"):
    stop = role is LegRole.STOP_LOSS
    return ChildOrder(
        role=role,
        broker_order_id=f"b-{role.value}",
        state=state,
        quantity=D(10),
        stop_price=D(price) if stop else None,
        limit_price=None if stop else D(price),
        filled_quantity=D(filled),
        average_price=D(price) if D(filled) else None,
    )


def legs(stop: str = "405", target: str = "425") -> tuple[ChildOrder, ...]:
    return (
        child(LegRole.TAKE_PROFIT, price=target),
        child(LegRole.STOP_LOSS, price=stop),
    )


def report(
    state: OrderState, filled: str = "0", average: str | None = None, **changes: object
) -> OrderReport:
    values: dict[str, object] = {
        "broker_order_id": "b-entry.0",
        "state": state,
        "symbol": "MSFT",
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": D(10),
        "filled_quantity": D(filled),
        "average_price": D(average) if average else None,
        "at": NOW,
    }
    return OrderReport(**{**values, **changes})
