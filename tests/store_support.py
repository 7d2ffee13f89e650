"""Make the records store tests write, and open the stores they write to."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pymongo import AsyncMongoClient

from domain.events import Event, EventKind
from domain.ids import AccountRef
from domain.instruments import AssetClass, Instrument
from domain.orders import Order, OrderIntent, OrderRequest, OrderState, OrderType, Side
from domain.trades import Mode, Trade, TradeState
from store import open_store

AT = datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)
REF = AccountRef(user="42", broker="alpaca", account="main")
APPLE = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")


def order(
    key: str, *, account: str = "main", trade: str = "t1", state: OrderState = OrderState.NEW, **more
) -> Order:
    request = OrderRequest(
        client_order_id=f"c-{key}",
        instrument=APPLE,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("1.50"),
        limit_price=Decimal("187.10"),
    )
    intent = OrderIntent(
        id=key,
        trade=trade,
        signal="s1",
        ref=AccountRef(user="42", broker="alpaca", account=account),
        leg="entry",
        slice=0,
        request=request,
        created_at=AT,
    )
    return Order(id=key, intent=intent, state=state, updated_at=AT, **more)


def trade(key: str, *, account: str = "main", **more) -> Trade:
    return Trade(
        id=key,
        ref=AccountRef(user="42", broker="alpaca", account=account),
        account_name="Main",
        signal="s1",
        guild="1",
        channel="2",
        author="3",
        symbol="AAPL",
        side=Side.BUY,
        mode=Mode.LIVE,
        environment="paper",
        state=TradeState.OPENING,
        created_at=AT,
        updated_at=AT,
        **more,
    )


def event(key: str, *, account: str = "main", trade: str = "t1") -> Event:
    return Event(
        id=key,
        account_key=f"42/alpaca/{account}",
        kind=EventKind.ORDER_WORKING,
        at=AT,
        trade=trade,
        data={"price": "187.10", "a.b": "$x"},
    )


class Place:
    """Be somewhere a store can be opened, closed and opened again."""

    def __init__(self, data_dir: Path, mongodb_uri: str | None, database: str) -> None:
        self.data_dir = data_dir
        self.mongodb_uri = mongodb_uri
        self.database = database
        self._opened = []

    async def open(self, **more):
        store = await open_store(
            data_dir=self.data_dir, mongodb_uri=self.mongodb_uri, database=self.database, **more
        )
        self._opened.append(store)
        return store

    async def clear(self) -> None:
        for store in self._opened:
            await store.close()
        if self.mongodb_uri:
            async with AsyncMongoClient(self.mongodb_uri) as client:
                await client.drop_database(self.database)
