"""Put the real schwab-py in front of the pretend Schwab, on a clock driven by hand."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from adapters.schwab import ADAPTER
from adapters.schwab import manifest as facts
from adapters.schwab.manifest import MANIFEST
from domain.accounts import Environment
from domain.broker import BrokerSession
from domain.orders import OrderRequest
from sim.clock import DrivenClock
from sim.faults import FaultAction, Faults
from sim.market import UNTRADABLE
from sim.schwab import SchwabSim
from tests.contract.harness import START_CASH, HarnessSpec
from tests.contract.shared_harness import HttpHarness, started
from tests.support import patched

KEY, SECRET = "CONTRACTCONTRACTCONTRACT00000001", "a-pretend-app-secret"
BAD_SECRET = "another-pretend-secret-that-is-wrong"
BAD_ACCESS, BAD_REFRESH = "I0.no-such-access-token", "R-no-such-refresh-token"
NUMBER = "12345678"
OPTION = "AAPL260619C00100000"


class SchwabHarness(HttpHarness):
    """Be one account at the pretend Schwab."""

    adapter = ADAPTER

    def __init__(self, sim: SchwabSim, clock: DrivenClock) -> None:
        super().__init__(sim, clock)
        self.login = sim.add_login(KEY, SECRET, NUMBER, cash=START_CASH)
        self.sent: dict[str, OrderRequest] = {}
        base = f"/trader/v1/accounts/{self.login.accounts[0].hash}"
        self.requests = {
            **dict.fromkeys(("verify", "account", "positions"), f"GET {base}"),
            **dict.fromkeys(("resolve", "quote"), "GET /marketdata/v1/quotes"),
            **dict.fromkeys(
                ("submit", "set_stop_loss", "set_take_profit", "close_position"), f"POST {base}/orders"
            ),
            "cancel": f"DELETE {base}/orders/*",
            "replace": f"PUT {base}/orders/*",
            "order": f"GET {base}/orders/*",
            **dict.fromkeys(("find_order", "open_orders", "history"), f"GET {base}/orders"),
        }

    def fields(self, good: bool) -> dict[str, str]:
        token = self.sim.token(self.login)
        if not good:
            token["token"] |= {"access_token": BAD_ACCESS, "refresh_token": BAD_REFRESH}
        secret = SECRET if good else BAD_SECRET
        return {"app_key": KEY, "app_secret": secret, "token": json.dumps(token)}

    def open(
        self, *, environment: Environment | None = None, endpoint: str | None = None, **asked: bool
    ) -> AbstractAsyncContextManager[BrokerSession]:
        # There is no paper at Schwab: a session is live, but for the card about paper ones.
        environment = environment or (Environment.LIVE if endpoint is None else Environment.PAPER)
        return self._noting(super().open(environment=environment, endpoint=endpoint, **asked))

    @asynccontextmanager
    async def _noting(
        self, opened: AbstractAsyncContextManager[BrokerSession]
    ) -> AsyncIterator[BrokerSession]:
        """Note what is submitted under which id: Schwab is told no id, so only the shape can be counted."""
        async with opened as session:
            submit = session.submit

            async def noted(request: OrderRequest) -> Any:
                self.sent.setdefault(request.client_order_id, request)
                return await submit(request)

            session.submit = noted  # type: ignore[method-assign]
            yield session

    async def orders_at_broker(self, client_order_id: str) -> int:
        """Count the orders of the shape that was submitted under an id; each test's shapes differ."""
        request = self.sent.get(client_order_id)
        if request is None:
            return 0
        size = (request.quantity or Decimal(0)).quantize(Decimal(1), rounding=ROUND_FLOOR)
        shape = (request.instrument.symbol, request.side, request.order_type, size, request.limit_price)
        orders = self.sim.orders(NUMBER)
        return sum(
            1
            for o in orders
            if shape == (o.symbol, o.side, o.order_type, o.request.quantity, o.request.limit_price)
        )


@asynccontextmanager
async def make() -> AsyncIterator[SchwabHarness]:
    clock = DrivenClock()
    # The real patience is real seconds, which no test should spend.
    with patched((facts, "READ_TIMEOUT", 1.0)):
        async with SchwabSim(started(clock), clock, faults=Faults()) as sim:
            yield SchwabHarness(sim, clock)


SPEC = HarnessSpec(
    name="schwab",
    manifest=MANIFEST,
    make=make,
    faults=frozenset(FaultAction),
    untradable=UNTRADABLE,
    live_endpoint="https://api.schwabapi.com",
    breaks_stream=True,
    option=OPTION,
    secrets=(SECRET, BAD_SECRET, BAD_ACCESS, BAD_REFRESH),
)
