"""Make trades, accounts and money to show."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from domain.accounts import Environment, LinkedAccount
from domain.ids import (
    AccountRef,
    AuthorId,
    ChannelId,
    ClientOrderId,
    GuildId,
    OrderId,
    SignalId,
    TradeId,
    UserId,
    trade_id,
)
from domain.instruments import AssetClass, Instrument
from domain.orders import (
    ChildOrder,
    LegRole,
    Order,
    OrderIntent,
    OrderRequest,
    OrderState,
    OrderType,
    PositionEffect,
    Side,
)
from domain.portfolio import AccountState, Position
from domain.trades import Mode, Slice, Trade, TradeState
from trading.views import TradeView

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
USER = "200000000000000001"
AAPL = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")
D = Decimal


def linked(**changes):
    base = LinkedAccount(
        id="acc-1",
        user=UserId(USER),
        broker="paper",
        name="Paper",
        environment=Environment.PAPER,
        is_default=True,
        linked_at=AT,
    )
    return replace(base, **changes)


def trade(**changes):
    symbol = changes.get("symbol", "AAPL")
    base = Trade(
        id=TradeId(trade_id(f"signal {symbol}", USER, "acc-1")),
        ref=AccountRef(user=UserId(changes.pop("user", USER)), broker="paper", account="acc-1"),
        account_name="Paper",
        signal=SignalId("a" * 32),
        guild=GuildId("300000000000000001"),
        channel=ChannelId("400000000000000001"),
        author=AuthorId("500000000000000001"),
        symbol="AAPL",
        side=Side.BUY,
        mode=Mode.PAPER,
        environment="paper",
        state=TradeState.OPEN,
        created_at=AT,
        updated_at=AT,
        instrument=AAPL,
        slices=(
            Slice(index=0, quantity=D(5), hold=D(5), target=D(160), stop=D(145)),
            Slice(index=1, quantity=D(5), hold=D(5), target=D(170), stop=D(145)),
        ),
        alerted_price=D(150),
    )
    return replace(base, **changes)


def order(state=OrderState.FILLED, *, effect=PositionEffect.OPEN, side=Side.BUY, **changes):
    request = OrderRequest(
        client_order_id=ClientOrderId("c"),
        instrument=AAPL,
        side=side,
        order_type=OrderType.LIMIT,
        limit_price=D("150.50"),
        quantity=D(10),
        effect=effect,
    )
    intent = OrderIntent(
        id=OrderId("o"),
        trade=TradeId("t"),
        signal=SignalId("s"),
        ref=AccountRef(user=UserId(USER), broker="paper", account="acc-1"),
        leg="entry",
        slice=0,
        request=request,
        created_at=AT,
    )
    return replace(Order(id=OrderId("o"), intent=intent, state=state, updated_at=AT), **changes)


def stop_child(**changes):
    base = ChildOrder(
        role=LegRole.STOP_LOSS,
        broker_order_id="b",
        state=OrderState.WORKING,
        quantity=D(10),
        stop_price=D(145),
    )
    return replace(base, **changes)


def open_view(**changes):
    filled = order(filled_quantity=D(10), average_price=D("150.02"), children=(stop_child(),))
    base = TradeView(trade=trade(), orders=(filled,), held=D(10), entry_average=D("150.02"))
    return replace(base, **changes)


def awaiting_view(nonce="n0nce", **changes):
    waiting = trade(
        state=TradeState.AWAITING, mode=Mode.CONFIRM, environment="live", confirm_nonce=nonce, **changes
    )
    return TradeView(trade=waiting, orders=(order(OrderState.AWAITING),))


def position(**changes):
    base = Position(instrument=AAPL, quantity=D(10), average_price=D("150.02"), mark=D("155.00"))
    return replace(base, **changes)


def state(**changes):
    base = AccountState(number_masked="…1234", cash=D(40000), equity=D("50000.5"), buying_power=D(80000))
    return replace(base, **changes)


def text_of(view):
    """Give all the text of a panel, as a person reads it."""
    import discord

    return "\n".join(i.content for i in view.walk_children() if isinstance(i, discord.ui.TextDisplay))


def buttons_of(view):
    """Give the labels of a panel's buttons with their ids."""
    import discord

    items = [getattr(i, "item", i) for i in view.walk_children()]
    return {i.label: i.custom_id for i in items if isinstance(i, discord.ui.Button)}
