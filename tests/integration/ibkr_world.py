"""Stand the pretend TWS up for a test, with prices of its own and a session through the real SDK."""

import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.ibkr import ADAPTER, link
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side
from sim.ibkr import IbkrSim
from sim.market import Market

D = Decimal
ACCOUNT = "DU1234567"


class World:
    def __init__(self, sim, clock):
        self.sim, self.clock, self.market, self.faults = sim, clock, sim.market, sim.faults

    def open(self, *, endpoint=None, environment=Environment.PAPER, ceiling=None, trial=False, **fields):
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="ibkr", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.address if endpoint is None else endpoint,
            rate_ceiling=ceiling,
            trial=trial,
        )
        known = {"host": "127.0.0.1", "port": "7497", "client_id": "71", "account": ""}
        return ADAPTER.open(Credentials({**known, **fields}), deps)

    def seen(self, name):
        return [r for r in self.sim.requests if r.name == name]

    def placed(self):
        """The order messages that arrived, exactly as text."""
        return [r.fields for r in self.sim.requests if r.name in {"placeOrder", "stageOrder"}]


@asynccontextmanager
async def world(clock=None, patience=0.5, **options):
    clock = clock or SystemClock()
    market = Market(clock=clock)
    market.set("AAPL", D(99), D(100))
    kept, link.REPLY_TIMEOUT = link.REPLY_TIMEOUT, patience
    try:
        async with IbkrSim(market, clock, **options) as sim:
            yield World(sim, clock)
    finally:
        link.REPLY_TIMEOUT = kept


async def stock(session, symbol="AAPL"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.EQUITY))


def order(instrument, quantity="10", **changes):
    facts = {
        "client_order_id": str(uuid.uuid4()),
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": None if quantity is None else D(quantity),
    }
    return OrderRequest(**{**facts, **changes})


def limit(instrument, price, quantity="10", **changes):
    return order(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **changes)
