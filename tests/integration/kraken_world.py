"""Stand the pretend Kraken up for a test, with prices of its own and a session through the real ccxt."""

import base64
import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.kraken import ADAPTER
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce
from sim.kraken import KrakenSim
from sim.market import Market

D = Decimal
KEY = "IntegrationIntegrationIntegrationIntegrationIntegrationX"
SECRET = base64.b64encode(b"a pretend private key for integration, sixty-four bytes long....").decode()


class World:
    def __init__(self, sim, clock):
        self.sim, self.clock, self.market, self.faults = sim, clock, sim.market, sim.faults

    def open(self, *, key=KEY, secret=SECRET, endpoint=None, environment=Environment.LIVE, ceiling=None):
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="kraken", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
            rate_ceiling=ceiling,
        )
        return ADAPTER.open(Credentials({"api_key": key, "private_key": secret}), deps)

    def calls(self, name):
        return [r for r in self.sim.requests if r.path.endswith(f"/{name}")]


@asynccontextmanager
async def world(clock=None, **options):
    clock = clock or SystemClock()
    market = Market(clock=clock)
    market.set("BTCUSD", D(50000), D(50100))
    market.set("ETHUSD", D(99), D(100))
    options.setdefault("counter", None)
    async with KrakenSim(market, clock, **options) as sim:
        sim.add_account(KEY, SECRET)
        yield World(sim, clock)


async def coin(session, symbol="ETHUSD"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.CRYPTO))


def order(instrument, quantity="1", **changes):
    facts = {
        "client_order_id": str(uuid.uuid4()),
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "quantity": None if quantity is None else D(quantity),
    }
    return OrderRequest(**{**facts, **changes})


def limit(instrument, price, quantity="1", **changes):
    return order(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **changes)


def sell(instrument, quantity="1", **changes):
    return order(instrument, quantity, side=Side.SELL, effect=PositionEffect.CLOSE, **changes)
