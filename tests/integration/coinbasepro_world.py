"""Stand the pretend Coinbase up for a test, with prices of its own and a session through the real SDK."""

import json
import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.coinbasepro import ADAPTER
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sim.coinbase import CoinbaseSim
from sim.coinbase.auth import ecdsa_key
from sim.market import Market

D = Decimal
BASE = "/api/v3/brokerage"
KEY = ecdsa_key()


class World:
    def __init__(self, sim, clock):
        self.sim, self.clock, self.market, self.faults = sim, clock, sim.market, sim.faults
        self.account = sim._accounts[KEY.name]

    def open(self, *, key=KEY, secret=None, endpoint=None, environment=Environment.LIVE, ceiling=None):
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="coinbasepro", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
            rate_ceiling=ceiling,
        )
        fields = {"key_name": key.name, "private_key": secret or key.secret}
        return ADAPTER.open(Credentials(fields), deps)

    def bodies(self, path=f"{BASE}/orders"):
        """The bodies that arrived, with numbers as the text they were."""
        posted = [r for r in self.sim.requests if (r.method, r.path) == ("POST", path)]
        return [json.loads(r.body, parse_float=str) for r in posted]

    def seen(self, method, path):
        return [r for r in self.sim.requests if (r.method, r.path) == (method, BASE + path)]


@asynccontextmanager
async def world(clock=None, **options):
    clock = clock or SystemClock()
    market = Market(clock=clock)
    market.set("BTCUSD", D(50000), D(50100))
    market.set("ETHUSD", D(99), D(100))
    async with CoinbaseSim(market, clock, **options) as sim:
        sim.add_account(KEY)
        yield World(sim, clock)


async def coin(session, symbol="ETHUSD"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.CRYPTO))


def order(instrument, quantity="10", **changes):
    facts = {
        "client_order_id": str(uuid.uuid4()),
        "instrument": instrument,
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "time_in_force": TimeInForce.GTC,
        "quantity": None if quantity is None else D(quantity),
    }
    return OrderRequest(**{**facts, **changes})


def limit(instrument, price, quantity="10", **changes):
    return order(instrument, quantity, order_type=OrderType.LIMIT, limit_price=D(price), **changes)
