"""Run ccxt's calls: inside the counters, nonces in order, errors named."""

import asyncio
from collections.abc import Mapping
from typing import Any

from adapters.kit import retry
from adapters.kit.errors import Errors
from adapters.kraken import guard, texts
from adapters.kraken.errors import classify
from adapters.kraken.limits import PATIENCE
from adapters.kraken.markets import Markets
from adapters.kraken.shared import Link, Shared
from domain.broker import Credentials, Lane, SessionDeps
from domain.errors import AuthFailed, BrokerError, Throttled, Unreachable

Json = dict[str, Any]
_COSTS = {"TradesHistory": 2, "QueryTrades": 2, "Ledgers": 2}
_DOWN = frozenset({"timeout", "dropped", "kraken_busy", "kraken_broken"})


class Client:
    """Hold one session's share of its API key."""

    def __init__(self, shared: Shared, credentials: Credentials, deps: SessionDeps) -> None:
        self._shared, self._credentials, self._deps = shared, credentials, deps
        self._link: Link | None = None
        self.healthy = False

    def open(self) -> None:
        """Join the key's instance. Raises Denied where the environment is not live, or ccxt is missing."""
        guard.refuse(self._deps.environment)
        deps = self._deps
        if self._link is None:
            self._link = self._shared.join(self._credentials, deps)

    async def close(self) -> None:
        """Leave; others may still use the same."""
        self.healthy = False
        link, self._link = self._link, None
        if link is not None:
            await self._shared.leave(link)

    def link(self, errors: Errors) -> Link:
        """Give the key's link. Raises Unreachable when this session is closed."""
        if self._link is None:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")
        return self._link

    async def markets(self, errors: Errors) -> Markets:
        """Give the pairs, read at most once an hour for all accounts."""
        link = self.link(errors)

        async def ask() -> Any:
            return await self._call(link.wire.master.load_markets(True), errors)

        async def load() -> None:
            await link.wire.markets.load(self._deps.clock.monotonic(), ask)

        await retry.read(load)
        if link.exchange.markets is not link.wire.master.markets:
            link.exchange.set_markets_from_exchange(link.wire.master)
        return link.wire.markets

    async def public(self, name: str, params: Mapping[str, str], errors: Errors) -> Json:
        """Ask for public data, again if need be."""

        async def once() -> Json:
            link = self.link(errors)
            slot = await link.public.acquire(Lane.READ, errors, PATIENCE[Lane.READ])
            call = getattr(link.wire.master, f"publicGet{name}")
            try:
                return _result(await self._call(call(dict(params)), errors), errors)
            except Throttled as slow:
                link.public.throttled(slow.retry_after)
                raise
            finally:
                slot.done()

        return await retry.read(once)

    async def read(
        self, name: str, params: Mapping[str, Any], errors: Errors, lane: Lane = Lane.READ
    ) -> Json:
        """Ask for something of the account, again if need be."""
        return await retry.read(lambda: self._read(name, params, errors, lane))

    async def send(self, name: str, params: Mapping[str, Any], errors: Errors, lane: Lane) -> Json:
        """Ask for a change, once. Whatever may have reached Kraken is OutcomeUnknown."""
        async with self.link(errors).gate.changing(lane):
            return await self.send_now(name, params, errors)

    async def send_now(self, name: str, params: Mapping[str, Any], errors: Errors) -> Json:
        """Ask for a change, once, by who holds the gate already."""
        call = getattr(self.link(errors).exchange, f"privatePost{name}")
        return _result(await self._call(call(dict(params)), errors), errors)

    async def _read(self, name: str, params: Mapping[str, Any], errors: Errors, lane: Lane) -> Json:
        link = self.link(errors)
        if self._deps.clock.monotonic() < link.blocked_until:
            raise errors.throttled(texts.THROTTLED, link.blocked_until - self._deps.clock.monotonic())
        try:
            async with link.counters.read(_COSTS.get(name, 1), lane, PATIENCE[lane], errors):
                await link.gate.quiet()
                return await self.send_now(name, params, errors)
        except Throttled as slow:
            if slow.text == texts.THROTTLED:
                link.blocked_until = self._deps.clock.monotonic() + (slow.retry_after or 5.0)
                await link.counters.full()
            raise

    async def _call(self, call: Any, errors: Errors) -> Any:
        try:
            # ccxt's own timeout is per socket step and total; this one holds whatever trickles in.
            answer = await asyncio.wait_for(call, guard.TIMEOUT * 1.5)
        except Exception as error:  # noqa: BLE001 - an SDK may raise anything; classify() names it
            failure = classify(error, errors)
        else:
            self.healthy = True
            return answer
        self.healthy = not _is_down(failure)
        # Not chained: ccxt's exceptions lead to the request, and the request carries the key.
        raise failure


def _result(answer: object, errors: Errors) -> Json:
    result = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    return result


def _is_down(failure: BrokerError) -> bool:
    wrong = isinstance(failure, AuthFailed) and failure.code == "auth_failed"
    return wrong or isinstance(failure, Unreachable) or failure.code in _DOWN or failure.code[:5] == "http_"
