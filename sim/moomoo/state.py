"""Hold what the pretend OpenD knows: accounts, remarks, recorded requests, faults."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineOrder, MatchingEngine
from domain.ports import Clock
from sim.faults import Faults
from sim.market import Market

PAPER, REAL = 0, 1
US = 2
PAPER_ACCOUNT, REAL_ACCOUNT = 910001234, 281756450000005678
WINDOW = 30.0
LIMITS = {
    "unlock": 10,
    "place": 15,
    "modify": 20,
    "orders": 10,
    "funds": 10,
    "positions": 10,
    "history": 10,
    "quotes": 60,
}


class Refusal(Exception):
    """Refuse a request as OpenD does: a result type and a sentence, in no fixed wording."""

    def __init__(self, text: str, ret_type: int = -1) -> None:
        super().__init__(text)
        self.text = text
        self.ret_type = ret_type


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """Hold one trading account of the one login behind this OpenD."""

    number: int
    env: int
    firm: int | None = None
    markets: tuple[int, ...] = (US,)
    disabled: bool = False

    @property
    def key(self) -> str:
        """Name it for the engine."""
        return str(self.number)


@dataclass(slots=True, kw_only=True)
class Recorded:
    """Hold one request as it arrived."""

    proto: int
    path: str
    body: Mapping[str, Any]
    at: float
    monotonic: float = field(default_factory=time.monotonic)


class World:
    """Be everything behind one OpenD; a reset makes a new one."""

    def __init__(
        self,
        clock: Clock,
        *,
        cash: Decimal = Decimal(100_000),
        password_md5: str = "",
        paper_rules: bool = False,
        limits: bool = True,
    ) -> None:
        self.clock = clock
        self.market = Market(clock=clock)
        self.engine = MatchingEngine(clock)
        self.faults = Faults()
        self.requests: list[Recorded] = []
        self.accounts = [
            SimAccount(number=PAPER_ACCOUNT, env=PAPER, markets=(US,)),
            SimAccount(number=REAL_ACCOUNT, env=REAL, firm=2, markets=(1, US)),
        ]
        self.password_md5, self.paper_rules, self.limits = password_md5, paper_rules, limits
        self.unlocked = False
        self.remarks: dict[str, str] = {}
        self._hits: dict[tuple[str, str], deque[float]] = {}
        for account in self.accounts:
            self.engine.open_account(account.key, cash)
        for instrument in self.market.instruments():
            quote = self.market.quote(instrument.symbol)
            self.engine.on_quote(instrument.symbol, quote.bid, quote.ask)
        self.market.listen(lambda s, q: self.engine.on_quote(s, q.bid, q.ask, q.bid_size, q.ask_size))

    def account(self, header: Any) -> SimAccount:
        """Find the account a request is for. Raises Refusal."""
        for account in self.accounts:
            if account.number == header.accID and account.env == header.trdEnv:
                if header.trdMarket not in account.markets:
                    raise Refusal("This account does not support the market")
                return account
        raise Refusal(f"Nonexisting acc_id {header.accID}")

    def count(self, kind: str, account: str = "") -> None:
        """Count a request against its limit. Raises Refusal over it."""
        if not self.limits:
            return
        hits = self._hits.setdefault((kind, account), deque())
        now = self.clock.monotonic()
        while hits and hits[0] <= now - WINDOW:
            hits.popleft()
        if len(hits) >= LIMITS[kind]:
            raise Refusal(f"This request is too frequent: at most {LIMITS[kind]} times per 30 seconds")
        hits.append(now)

    def order(self, account: SimAccount, number: int, order_id: str) -> EngineOrder:
        """Find an order by its text, or by its number where there is none. Raises Refusal."""
        for order in self.engine.orders(account.key):
            if order.id == order_id or (not order_id and order.sequence + 1 == number):
                return order
        raise Refusal("The order does not exist")
