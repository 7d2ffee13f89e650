"""Hold what every moomoo session of this process shares: threads, limits, ids already sent."""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from adapters.kit.limits import Limiter, Limiters
from adapters.moomoo import limits
from domain.instruments import Instrument
from domain.ports import Clock

THREADS = 32
"""Measured: 157 calls a second over one connection (shared/reference/brokers.md section 4)."""
_REMEMBERED = 20_000
_STOCK_LIFE = 3600.0


class Sent:
    """Remember which client order ids were sent: moomoo would take a second order under the same."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()

    def claim(self, scope: str, client_order_id: str) -> bool:
        """Take an id; False when it was taken before."""
        key = (scope, client_order_id)
        if key in self._ids:
            return False
        self._ids[key] = None
        while len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
        return True

    def release(self, scope: str, client_order_id: str) -> None:
        """Give an id back: it provably made no order."""
        self._ids.pop((scope, client_order_id), None)


class Stocks:
    """Remember stocks for an hour: a look-up per order would cost time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Clock, str, str], tuple[float, Instrument]] = {}

    def get(self, clock: Clock, scope: str, symbol: str) -> Instrument | None:
        """Give a stock read within the hour."""
        found = self._known.get((clock, scope, symbol))
        return found[1] if found and clock.monotonic() - found[0] < _STOCK_LIFE else None

    def put(self, clock: Clock, scope: str, instrument: Instrument) -> None:
        """Remember a stock."""
        self._known[clock, scope, instrument.symbol] = (clock.monotonic(), instrument)


class Shared:
    """Count its users; the last one out closes the threads."""

    def __init__(self) -> None:
        self.limiters = Limiters()
        self.sent = Sent()
        self.stocks = Stocks()
        self._users = 0
        self._pool: ThreadPoolExecutor | None = None

    def join(self) -> None:
        """Count one more user."""
        self._users += 1

    def leave(self) -> None:
        """Count one user less. A thread stuck in a request ends by the SDK's own timeout."""
        self._users -= 1
        if self._users <= 0 and self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None

    def pool(self) -> ThreadPoolExecutor:
        """Give the threads, made on first use."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="moomoo")
        return self._pool

    def limiter(self, clock: Clock, scope: str, kind: str, ceiling: int | None) -> Limiter:
        """Give the limiter of one kind of request for one account."""
        return self.limiters.get(clock, f"{kind}|{scope}", lambda: limits.of_kind(clock, kind, ceiling))


SHARED = Shared()
