"""Run the SDK's calls for one session: connected, inside the limits, with errors named."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from adapters.kit import retry
from adapters.kit.errors import Errors
from adapters.moomoo import sdk, texts
from adapters.moomoo.gateway import Account, Gateway, address
from adapters.moomoo.manifest import MANIFEST
from adapters.moomoo.sdk import Link
from adapters.moomoo.shared import Shared
from domain.broker import Credentials, Lane, SessionDeps
from domain.errors import BrokerError, Throttled, Unreachable

Call = Callable[[Any], Any]
"""What to do with a context, in a thread: gives the SDK's code and data."""
Rows = list[dict[str, Any]]
_QUOTA_PATIENCE = {Lane.CANCEL: 30.0, Lane.EXIT: 30.0, Lane.ENTRY: 10.0, Lane.READ: 15.0}
"""Seconds a request waits for its share of the limit before it is refused unsent."""


class Client:
    """Hold one session's contexts, one for trading and one for quotes, each made when first needed."""

    def __init__(
        self, shared: Shared, credentials: Credentials, deps: SessionDeps, push: Callable[[Any], None]
    ) -> None:
        self._shared, self._deps, self._push = shared, deps, push
        errors = Errors(broker=MANIFEST.slug, operation="connect")
        place = address(credentials, deps.endpoint, errors)
        allowed = None if deps.endpoint else deps.gateway_hosts
        self._gateway = Gateway(shared, credentials, deps.environment, place, allowed)
        self.scope = f"{place[0]}:{place[1]}|{deps.environment.value}|{credentials.get('account_id')}"
        self._links: dict[bool, Link] = {}
        self._locks = {True: asyncio.Lock(), False: asyncio.Lock()}
        self._joined = False
        self.healthy = False
        self.lost: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Import the SDK off the loop. Raises Denied where it is not installed or has no home."""
        errors = Errors(broker=MANIFEST.slug, operation="connect")
        if not self._joined:
            self._joined = True
            self._shared.join()
        try:
            await asyncio.get_running_loop().run_in_executor(self._shared.pool(), sdk.load)
        except ImportError as error:
            raise errors.denied(texts.NOT_INSTALLED, "not_installed") from error
        except (KeyError, OSError) as error:
            raise errors.denied(texts.NO_HOME, "no_home") from error

    async def close(self) -> None:
        """Close both contexts. Idempotent."""
        self.healthy = False
        if not self._joined:
            return
        self._joined = False
        links, self._links = list(self._links.values()), {}
        try:
            for link in links:
                await self._gateway.close(link)
        finally:
            self._shared.leave()

    @property
    def up(self) -> bool:
        """Tell whether the trading context is connected."""
        return self._joined and True in self._links and self._links[True].up

    async def account(self, errors: Errors) -> Account:
        """Give the account the session is pinned to, connecting first."""
        await self.link(errors, trade=True)
        if self._gateway.account is None:
            raise errors.unreachable(texts.DISCONNECTED, "disconnected")
        return self._gateway.account

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Give the accounts to choose from, as number and what to show, where several would do."""
        return self._gateway.choices

    async def link(self, errors: Errors, *, trade: bool) -> Link:
        """Give a connected context, a new one where the old one died. Raises Unreachable, AuthFailed."""
        async with self._locks[trade]:
            if not self._joined:
                raise errors.unreachable(texts.DISCONNECTED, "disconnected")
            link = self._links.get(trade)
            if link is not None and link.up:
                return link
            if link is not None:
                await self._gateway.close(self._links.pop(trade))
            try:
                made = await self._fresh(errors, trade=trade)
            except BrokerError as error:
                self.healthy = False
                # Whatever failed, it was the way to OpenD: of the request itself nothing was sent.
                if isinstance(error, Unreachable) or error.code in {"unknown_account", "no_account"}:
                    raise
                raise _not_connected(error, errors) from None
            self._links[trade] = made
            return made

    async def _fresh(self, errors: Errors, *, trade: bool) -> Link:
        if not trade:
            return await self._gateway.quotes(lambda: None, errors)
        return await self._gateway.trade(self._went_down, errors, self._push)

    async def read(
        self, call: Call, errors: Errors, *, kind: str = "", trade: bool = True, lane: Lane = Lane.READ
    ) -> Rows:
        """Ask for rows, again if need be; ``kind`` names the limit it counts against, if any."""

        async def ask() -> Any:
            return await self.ask(call, errors, lane=lane, kind=kind, trade=trade)

        table = await retry.read(ask)
        return [dict(row) for row in table.to_dict("records")]

    async def room(self, kind: str, errors: Errors) -> bool:
        """Tell whether a request of a kind could go at once: then fresh data is asked for, else cached."""
        limiter = self._shared.limiter(self._deps.clock, self.scope, kind, None)
        try:
            slot = await limiter.acquire(Lane.READ, errors, 0)
        except Throttled:
            return False
        slot.unsent()
        return True

    async def ask(
        self,
        call: Call,
        errors: Errors,
        *,
        lane: Lane,
        kind: str = "",
        act: str = "",
        trade: bool = True,
        before: Callable[[], None] = lambda: None,
    ) -> Any:
        """Call once. Raises BrokerError; whatever may have reached moomoo is OutcomeUnknown.

        ``before`` runs last thing before sending and may refuse.
        """
        link = await self.link(errors, trade=trade)
        slot = None
        if kind:
            limiter = self._shared.limiter(self._deps.clock, self.scope, kind, self._deps.rate_ceiling)
            slot = await limiter.acquire(lane, errors, _QUOTA_PATIENCE[lane])

        def run() -> Any:
            before()
            return call(link.context)

        try:
            answer = await self._gateway.call(link, run, errors, act, slot)
        except BrokerError as failure:
            self.healthy = link.up and failure.code not in {"timeout", "dropped", "auth_failed"}
            if isinstance(failure, Throttled) and kind:
                limiter.throttled(None)
            raise
        self.healthy = True
        return answer

    def _went_down(self) -> None:
        self.healthy = False
        with contextlib.suppress(RuntimeError):
            self.lost()


def _not_connected(error: BrokerError, errors: Errors) -> BrokerError:
    if error.code == "auth_failed":
        return errors.auth(error.text)
    if error.code in {"wrong_account", "rsa_clash", "rsa_broken", "host_not_allowed"}:
        return errors.denied(error.text, error.code)
    return errors.unreachable(texts.NO_HANDSHAKE, "no_handshake")
