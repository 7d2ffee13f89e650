"""Stand the pretend Alpaca up for a test, with prices of its own and a session through the real SDK."""

import json
import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.alpaca import ADAPTER
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sim.alpaca import AlpacaSim
from sim.market import Market

D = Decimal
KEY, SECRET = "PKINTEGRATIONTEST001", "integration-pretend-secret-0123456789"


class World:
    def __init__(self, sim, clock):
        self.sim, self.clock, self.market, self.faults = sim, clock, sim.market, sim.faults

    def open(self, *, key=KEY, secret=SECRET, endpoint=None, environment=Environment.PAPER, ceiling=None):
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="alpaca", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
            rate_ceiling=ceiling,
        )
        return ADAPTER.open(Credentials({"key_id": key, "secret_key": secret}), deps)

    def bodies(self):
        """The order bodies that arrived, exactly as text."""
        return [json.loads(r.body, parse_float=str) for r in self.sim.posted()]

    def seen(self, method, path):
        return [r for r in self.sim.requests if (r.method, r.path) == (method, path)]


@asynccontextmanager
async def world(clock=None, **options):
    clock = clock or SystemClock()
    market = Market(clock=clock)
    market.set("AAPL", D(99), D(100))
    market.set("BTCUSD", D(50000), D(50100))
    options.setdefault("rate_limit", None)
    async with AlpacaSim(market, clock, **options) as sim:
        sim.add_account(KEY, SECRET)
        yield World(sim, clock)


async def stock(session, symbol="AAPL"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.EQUITY))


async def coin(session, symbol="BTCUSD"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.CRYPTO))


def order(instrument, quantity="10", **changes):
    facts = {
        "client_order_id": str(uuid.uuid4()),
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": None if quantity is None else D(quantity),
    }
    if instrument.asset_class is AssetClass.CRYPTO:
        facts["time_in_force"] = TimeInForce.GTC
    return OrderRequest(**{**facts, **changes})


def limit(instrument, price, quantity="10", **changes):
    return order(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **changes)
