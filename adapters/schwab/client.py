"""Run the SDK's calls inside the rate limits, with a live token, and with errors named."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.kit import retry
from adapters.kit.errors import Errors
from adapters.kit.limits import Limiter
from adapters.schwab import guard, limits, texts
from adapters.schwab import manifest as facts
from adapters.schwab.errors import body_of, check, classify
from adapters.schwab.login import Login, load_sdk
from adapters.schwab.manifest import CONNECT_TIMEOUT, MANIFEST, TOTAL_TIMEOUT
from adapters.schwab.shared import Shared, digest
from domain.broker import Credentials, Lane, SessionDeps
from domain.errors import AuthFailed, BrokerError, Throttled

Call = Callable[[], Awaitable[Any]]
_QUOTA_PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share of the limit before it is refused unsent."""


class Client:
    """Hold one sign-in's SDK client."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._credentials, self._deps = shared, credentials, deps
        self.login = Login(shared, credentials, deps)
        self.sdk: Any = None
        self.healthy = False
        self._joined = False
        self._app = digest(credentials["app_key"], deps.endpoint)
        self._app_limit = shared.limiters.get(
            deps.clock,
            f"app|{self._app}",
            lambda: limits.app(deps.clock, deps.rate_ceiling, deps.quota, self._app),
        )
        self._order_limit: Limiter | None = None

    async def open(self) -> None:
        """Import the SDK off the loop and sign in. Raises Denied, AuthFailed or Unreachable."""
        errors = Errors(broker=MANIFEST.slug, operation="connect")
        guard.check_environment(self._deps.environment)
        if not self._joined:
            self._joined = True
            self._shared.join()
        await asyncio.to_thread(load_sdk, errors)
        transport = self._shared.transport(self._deps.environment, self._deps.endpoint)
        self.sdk = await self.login.open(transport, errors)
        import httpx

        self.sdk.set_timeout(httpx.Timeout(facts.READ_TIMEOUT, connect=CONNECT_TIMEOUT))

    @property
    def joined(self) -> bool:
        """Tell whether the session is open."""
        return self._joined

    def orders_of(self, account_hash: str) -> None:
        """Count order requests against this account from now on."""
        clock, ceiling = self._deps.clock, self._deps.rate_ceiling
        scope = f"orders|{digest(account_hash, self._deps.endpoint)}"
        self._order_limit = self._shared.limiters.get(clock, scope, lambda: limits.orders(clock, ceiling))

    async def close(self) -> None:
        """Forget the session; the connections are shared and stay."""
        self.healthy = False
        if self._joined:
            self._joined = False
            self.sdk = None
            await self._shared.leave()

    async def read(self, call: Call, errors: Errors, *, lane: Lane = Lane.READ) -> Any:
        """Ask for JSON, again if need be; an access that ended early is renewed once."""
        try:
            return await retry.read(lambda: self._read(call, errors, lane))
        except AuthFailed as error:
            if error.code != "access_expired":
                raise
        try:
            return await retry.read(lambda: self._read(call, errors, lane))
        except AuthFailed as error:
            if error.code != "access_expired":
                raise
            raise errors.auth(texts.LOGIN_REFUSED, "login_refused") from None

    async def _read(self, call: Call, errors: Errors, lane: Lane) -> Any:
        return body_of(await self.ask(call, errors, lane=lane), errors)

    async def ask(self, call: Call, errors: Errors, *, lane: Lane, order: bool = False) -> Any:
        """Call once and give the answer. Raises BrokerError: OutcomeUnknown where Schwab may have acted.

        An access that Schwab ended while ordering is renewed at once: where the sign-in itself is dead that
        is AuthFailed, and otherwise Unreachable, for the order was refused unread and may be sent again.
        """
        try:
            return await self._once(call, errors, lane, order=order)
        except AuthFailed as error:
            if not order or error.code != "access_expired":
                raise
        await self.login.ready(errors)
        raise errors.unreachable(texts.ACCESS_OVER, "access_expired")

    async def _once(self, call: Call, errors: Errors, lane: Lane, *, order: bool) -> Any:
        limiter = self._order_limit if order and self._order_limit is not None else self._app_limit
        self._check_open(errors)
        await self.login.ready(errors)
        slot = await limiter.acquire(lane, errors, _QUOTA_PATIENCE[lane])
        used = ""
        try:
            self._check_open(errors)
            used = self.login.access
            response = await asyncio.wait_for(call(), TOTAL_TIMEOUT)
            check(response, errors, self._deps.clock.now())
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything; classify() names it
            failure = classify(error, errors)
            self._learn(failure, limiter, used)
            # Not chained: the SDK's exception carries the request, and the request carries the token.
            raise failure from None
        finally:
            slot.done()
        self.healthy = True
        return response

    def _check_open(self, errors: Errors) -> None:
        if not self._joined or self.sdk is None:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")

    def _learn(self, failure: BrokerError, limiter: Limiter, used: str) -> None:
        if isinstance(failure, Throttled):
            limiter.throttled(failure.retry_after)
        if isinstance(failure, AuthFailed) and failure.code == "access_expired":
            self.login.distrust(used)
        down = failure.code in {"unreachable", "timeout", "dropped"} or failure.code.startswith("http_")
        self.healthy = not (down or isinstance(failure, AuthFailed))
