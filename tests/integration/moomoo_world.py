"""Stand the pretend OpenD up for a test, with a session through the real SDK."""

import uuid
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.moomoo import ADAPTER, manifest
from domain.accounts import Environment
from domain.broker import Credentials, SessionDeps
from domain.ids import AccountRef, UserId
from domain.instruments import AssetClass, InstrumentQuery
from domain.orders import OrderRequest, OrderType, Side
from sim.clock import DrivenClock
from tests.contract.harness import START
from tests.contract.moomoo_harness import PASSWORD, process

D = Decimal
PAPER, LIVE = Environment.PAPER, Environment.LIVE


class World:
    def __init__(self, opend, clock):
        self.opend, self.clock = opend, clock
        self.paper, self.real = opend.facts["paper_account"], opend.facts["real_account"]

    def open(self, *, environment=PAPER, endpoint=None, ceiling=None, **fields):
        fields.setdefault("unlock_password", PASSWORD)
        deps = SessionDeps(
            ref=AccountRef(user=UserId("1"), broker="moomoo", account="a"),
            environment=environment,
            clock=self.clock,
            endpoint=self.opend.endpoint if endpoint is None else endpoint,
            rate_ceiling=ceiling,
        )
        return ADAPTER.open(Credentials(fields), deps)

    def bodies(self, path="/2202"):
        """The requests of one path that arrived, as OpenD read them."""
        return [r["body"] for r in self.opend.ask("requests") if r["path"] == path]

    def paths(self):
        return [r["path"] for r in self.opend.ask("requests")]

    def fault(self, path, action, times=1, **params):
        self.opend.ask("fault", match=f"OPEND {path}", action=action.value, times=times, params=params)

    def price(self, bid, ask, symbol="AAPL", **sizes):
        self.opend.ask("price", symbol=symbol, bid=bid, ask=ask, **sizes)

    async def advance(self, seconds):
        await self.opend.call("advance", seconds=seconds)
        await self.clock.advance(seconds)


@asynccontextmanager
async def world(*, query_timeout=2.0, connect_timeout=None, **options):
    opend = process()
    await opend.call("reset", prices=START, password=PASSWORD, **options)
    before = manifest.QUERY_TIMEOUT, manifest.CONNECT_TIMEOUT
    # The real patience is real seconds, which no test should spend.
    manifest.QUERY_TIMEOUT = query_timeout
    manifest.CONNECT_TIMEOUT = connect_timeout or before[1]
    try:
        yield World(opend, DrivenClock())
    finally:
        manifest.QUERY_TIMEOUT, manifest.CONNECT_TIMEOUT = before


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
