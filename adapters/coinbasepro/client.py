"""Run the SDK's calls: inside the rate limit, with errors named."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.coinbasepro import guard, keys, limits, manifest, sdk, texts
from adapters.coinbasepro.errors import classify
from adapters.coinbasepro.manifest import MANIFEST
from adapters.coinbasepro.shared import Shared, scope_of
from adapters.kit import retry
from adapters.kit.errors import Errors
from domain.broker import Credentials, Lane
from domain.errors import BrokerError, Throttled
from domain.ports import Clock, SharedQuota

Json = dict[str, Any]
Call = Callable[[Any], Awaitable[Any]]
_QUOTA_PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share of the limit before it is refused unsent."""
_DOWN = frozenset({"unreachable", "timeout", "dropped", "auth_failed", "wrong_clock"})


class Client:
    """Hold one account's SDK client on the shared transport."""

    def __init__(
        self,
        shared: Shared,
        credentials: Credentials,
        *,
        clock: Clock,
        endpoint: str = "",
        ceiling: int | None = None,
        quota: SharedQuota | None = None,
    ) -> None:
        self._shared, self._clock, self._credentials = shared, clock, credentials
        self.endpoint = endpoint
        self._name = keys.key_name(credentials["key_name"])
        keep, user = shared.limiters.get, scope_of(self._name, endpoint)
        self._private = keep(clock, f"user|{user}", lambda: limits.private(clock, ceiling))
        self._public = keep(clock, f"ip|{endpoint}", lambda: limits.public(clock, ceiling, quota, endpoint))
        self._sdk: Any = None
        self.http: Any = None
        self.healthy = False

    async def open(self) -> None:
        """Import the SDK and build the client.

        Raises Denied where the address is not Coinbase's or the SDK is missing, AuthFailed for a bad key.
        """
        errors = Errors(broker=MANIFEST.slug, operation="connect")
        guard.refuse(guard.rest_url(self.endpoint), self.endpoint)
        try:
            # Off the loop: the first import takes most of a second.
            await asyncio.to_thread(sdk.client_class)
        except ImportError as error:
            raise errors.denied(texts.NOT_INSTALLED, "not_installed") from error
        session, tls = self._shared.join()
        self.http = session
        try:
            self._sdk = sdk.make(
                self._name,
                keys.private_key(self._credentials["private_key"]),
                endpoint=self.endpoint,
                session=session,
                ssl_context=tls,
                timeout=manifest.TIMEOUT,
            )
        except ValueError:
            raise errors.auth(texts.BAD_KEY, "unreadable_key") from None

    async def close(self) -> None:
        """Forget the client; pooled connections stay for others."""
        self.healthy = False
        client, self._sdk = self._sdk, None
        if client is not None:
            sdk.release(client)
        if self.http is not None:
            self.http = None
            await self._shared.leave()

    def token(self) -> str:
        """Sign a token for the socket."""
        return sdk.token(self._sdk)

    async def read(self, call: Call, errors: Errors, *, public: bool = False) -> Json:
        """Ask for something, again if need be."""
        return await retry.read(lambda: self.ask(call, errors, lane=Lane.READ, public=public))

    async def ask(self, call: Call, errors: Errors, *, lane: Lane, public: bool = False) -> Json:
        """Call once. Raises BrokerError; whatever may have reached Coinbase is OutcomeUnknown."""
        if self._sdk is None:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")
        limiter = self._public if public else self._private
        slot = await limiter.acquire(lane, errors, _QUOTA_PATIENCE[lane])
        failure: BrokerError
        try:
            if self._sdk is None:
                raise errors.unreachable(texts.DISCONNECTED, "disconnected")
            answer = await call(self._sdk)
            if isinstance(answer, dict):
                self.healthy = True
                return answer
            failure = errors.unknown(texts.UNREADABLE, "unreadable")
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything; classify() names it
            failure = classify(error, errors)
            if isinstance(failure, Throttled) and isinstance(error, sdk.Answered):
                limiter.throttled(failure.retry_after if failure.retry_after is not None else 1.0)
        finally:
            slot.done()
        self.healthy = not (failure.code in _DOWN or failure.code.startswith("http_"))
        # Not chained: the SDK's exception holds the request.
        raise failure
