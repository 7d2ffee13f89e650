"""Run the SDK's calls: on the shared threads, inside the rate limit, with errors named.

The SDK is synchronous; its 64-thread pool does more orders per second than any asynchronous client of it
would (shared/reference/brokers.md section 1). Its own retries are off: they repeat sent POSTs.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.alpaca import consent, guard, limits, texts
from adapters.alpaca.errors import classify
from adapters.alpaca.manifest import MANIFEST, TOTAL_TIMEOUT
from adapters.alpaca.shared import Shared, scope_of
from adapters.kit import retry
from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter, Slot
from domain.accounts import Environment
from domain.broker import Credentials, Lane
from domain.errors import BrokerError, Throttled
from domain.ports import Clock

Call = Callable[[], Any]
_QUOTA_PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share of the limit before it is refused unsent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    value: Any = None
    error: Exception | None = None
    headers: Any = None


class Client:
    """Hold one account's SDK clients; they share one guarded HTTP session."""

    def __init__(
        self,
        shared: Shared,
        credentials: Credentials,
        *,
        clock: Clock,
        environment: Environment,
        endpoint: str = "",
        ceiling: int | None = None,
    ) -> None:
        self._shared, self._clock = shared, clock
        self._credentials = credentials
        self._environment, self._endpoint = environment, endpoint
        self.scope = scope_of(consent.owner(credentials), environment, endpoint)
        keep = shared.limiters.get
        self._orders_limit = keep(clock, f"orders|{self.scope}", lambda: limits.trading(clock, ceiling))
        self._data_limit = keep(clock, f"data|{self.scope}", lambda: limits.data(clock, ceiling))
        self._local = threading.local()
        self._session: Any = None
        self.trading: Any = None
        self.stocks: Any = None
        self.coins: Any = None
        self.options: Any = None
        self.healthy = False
        self._joined = False

    async def open(self) -> None:
        """Import the SDK and build the clients, off the loop: the first import takes most of a second.

        Raises Denied where the environment may not reach its address, or the SDK is not installed.
        """
        base = guard.trading_url(self._environment, self._endpoint)
        guard.refuse(self._environment, base, self._endpoint)
        if not self._joined:
            self._joined = True
            self._shared.join()
        try:
            await asyncio.get_running_loop().run_in_executor(self._shared.pool(), self._build)
        except ImportError as error:
            errors = Errors(broker=MANIFEST.slug, operation="connect")
            raise errors.denied(texts.NOT_INSTALLED, "not_installed") from error

    def close(self) -> None:
        """Forget the session; pooled connections stay for others."""
        self.healthy = False
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._joined:
            self._joined = False
            self._shared.leave()

    async def read(self, call: Call, errors: Errors, *, data: bool = False) -> Any:
        """Ask for something, again if need be."""
        return await retry.read(lambda: self.ask(call, errors, lane=Lane.READ, data=data))

    async def ask(self, call: Call, errors: Errors, *, lane: Lane, data: bool = False) -> Any:
        """Call once. Raises BrokerError; whatever may have reached Alpaca is OutcomeUnknown."""
        if not self._joined:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")
        limiter = self._data_limit if data else self._orders_limit
        slot = await limiter.acquire(lane, errors, _QUOTA_PATIENCE[lane])
        future = self._start(call, slot)
        try:
            answer = await asyncio.wait_for(asyncio.wrap_future(future), TOTAL_TIMEOUT)
        except TimeoutError as error:
            self.healthy = False
            raise classify(error, errors) from None
        wait = self._adopt(limiter, answer)
        if answer.error is None:
            self.healthy = True
            return answer.value
        failure = classify(answer.error, errors, retry_after=wait)
        self.healthy = not self._is_down(failure)
        if isinstance(failure, Throttled) and not isinstance(answer.error, BrokerError):
            limiter.throttled(wait)
        # Not chained: the SDK's exception carries the request, and the request carries the secret.
        raise failure

    def _start(self, call: Call, slot: Slot) -> "Future[_Answer]":
        """Hand a call to the threads; its slot is freed by the answer, even if nobody waits any more."""
        loop = asyncio.get_running_loop()
        future = self._shared.pool().submit(self._run, call)

        def answered(done: "Future[_Answer]") -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody counts any more
                loop.call_soon_threadsafe(slot.unsent if done.cancelled() else slot.done)

        future.add_done_callback(answered)
        return future

    def _run(self, call: Call) -> _Answer:
        self._local.headers = None
        try:
            value = call()
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything; classify() names it
            return _Answer(error=error, headers=self._local.headers)
        return _Answer(value=value, headers=self._local.headers)

    def _adopt(self, limiter: Limiter, answer: _Answer) -> float | None:
        """Take over what Alpaca says of the limit; give the seconds to wait, where it says so."""
        headers = answer.headers or {}
        reset = self._seconds(headers.get("X-RateLimit-Reset"), epoch=True)
        remaining = str(headers.get("X-RateLimit-Remaining", ""))
        if remaining.isdecimal():
            limiter.adopt(int(remaining), reset)
        after = self._seconds(headers.get("Retry-After"), epoch=False)
        return after if after is not None else reset

    def _seconds(self, text: object, *, epoch: bool) -> float | None:
        value = str(text or "")
        if value.isdecimal():
            return max(0.0, float(value) - (self._clock.now().timestamp() if epoch else 0.0))
        try:
            return max(0.0, (parsedate_to_datetime(value) - self._clock.now()).total_seconds())
        except (TypeError, ValueError):
            return None

    @staticmethod
    def _is_down(failure: BrokerError) -> bool:
        return failure.code in {
            "unreachable",
            "timeout",
            "dropped",
            "auth_failed",
        } or failure.code.startswith("http_")

    def _build(self) -> None:
        from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
        from alpaca.data.historical.option import OptionHistoricalDataClient
        from alpaca.trading.client import TradingClient
        from requests import Session

        self._session = session = Session()
        # No proxies, .netrc or certificates picked up from the environment on the way to a broker.
        session.trust_env = False
        session.hooks["response"].append(self._keep_headers)
        transport = self._shared.transport(self._environment, self._endpoint)
        session.mount("https://", transport)
        session.mount("http://", transport)
        base, data = guard.trading_url(self._environment, self._endpoint), guard.data_url(self._endpoint)
        keys = consent.keys(self._credentials)
        self.trading = TradingClient(**keys, raw_data=True, url_override=base)
        self.stocks = StockHistoricalDataClient(**keys, raw_data=True, url_override=data)
        self.coins = CryptoHistoricalDataClient(**keys, raw_data=True, url_override=data)
        self.options = OptionHistoricalDataClient(**keys, raw_data=True, url_override=data)
        for client in (self.trading, self.stocks, self.coins, self.options):
            client._session = session
            client._retry = 0

    def _keep_headers(self, response: Any, *_: Any, **__: Any) -> None:
        self._local.headers = response.headers
