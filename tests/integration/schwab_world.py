"""Stand the pretend Schwab up for a test, with prices of its own and a session through the real SDK."""

import json
import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.schwab import ADAPTER
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.clock import SystemClock
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery, OptionContract
from domain.orders import OrderRequest, OrderType, Side
from sim.market import Market
from sim.schwab import SchwabSim

D = Decimal
KEY, SECRET, NUMBER = "INTEGRATIONINTEGRATION0000000001", "integration-secret", "87654321"


class World:
    def __init__(self, sim, clock, login):
        self.sim, self.clock, self.login = sim, clock, login
        self.market, self.faults = sim.market, sim.faults
        self.base = f"/trader/v1/accounts/{login.accounts[0].hash}"
        self.kept = []

    async def keep(self, fields):
        self.kept.append(dict(fields))

    def open(self, *, token=None, endpoint=None, environment=Environment.LIVE, **fields):
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="schwab", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.sim.url if endpoint is None else endpoint,
            on_credentials=self.keep,
        )
        keys = {"app_key": KEY, "app_secret": SECRET}
        if "redirect_url" not in fields:
            keys["token"] = json.dumps(token or self.sim.token(self.login))
        return ADAPTER.open(Credentials({**keys, **fields}), deps)

    def bodies(self):
        """The order bodies that arrived, with numbers as text."""
        return [json.loads(r.body, parse_float=str) for r in self.sim.posted()]

    def seen(self, method, path):
        return [r for r in self.sim.requests if (r.method, r.path) == (method, path)]

    def renewals(self):
        return len(self.seen("POST", "/v1/oauth/token"))


@asynccontextmanager
async def world(clock=None, numbers=(NUMBER,), **options):
    clock = clock or SystemClock()
    market = Market(clock=clock)
    market.set("AAPL", D(99), D(100))
    options.setdefault("app_limit", None)
    options.setdefault("order_limit", None)
    async with SchwabSim(market, clock, **options) as sim:
        yield World(sim, clock, sim.add_login(KEY, SECRET, *numbers))


async def stock(session, symbol="AAPL"):
    return await session.resolve(InstrumentQuery(symbol=symbol, asset_class=AssetClass.EQUITY))


async def option(session, occ):
    contract = OptionContract.from_occ(occ)
    query = InstrumentQuery(symbol=contract.underlying, asset_class=AssetClass.OPTION, option=contract)
    return await session.resolve(query)


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
