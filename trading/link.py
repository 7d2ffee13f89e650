"""Hold one account: own its lease, keep its broker session open, and say when either is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from domain.accounts import LinkedAccount
from domain.broker import BrokerSession
from domain.errors import AuthFailed, DomainError
from domain.orders import OrderReport
from trading.deps import TradingDeps
from trading.sessions import open_session

_log = structlog.get_logger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
SAFE_SHARE = 0.8
"""The share of a lease's life in which it is relied upon: a renewal that fails must not be found out late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Say what the link calls: ``load`` after the lease is taken, ``reconcile`` on every new session, before
    it counts as connected; ``heard`` for each report; ``blocked`` once the broker refuses the credentials.
    """

    load: Callable[[], Awaitable[None]]
    reconcile: Callable[[], Awaitable[None]]
    heard: Callable[[OrderReport], None]
    blocked: Callable[[AuthFailed], Awaitable[None]]


class Link:
    """Be the account's connection to the world, for as long as this process owns it."""

    def __init__(self, deps: TradingDeps, account: LinkedAccount, calls: Links) -> None:
        self._deps = deps
        self._account = account
        self._calls = calls
        self.session: BrokerSession | None = None
        self.connected = asyncio.Event()
        self.started = asyncio.Event()
        """Set once the first reconciliation passed, or the broker could not be reached."""
        self.epoch = 0
        self._renewed = float("-inf")

    @property
    def owned(self) -> bool:
        """Tell whether the lease is surely ours: only then may anything be sent."""
        age = self._deps.clock.monotonic() - self._renewed
        return self.epoch > 0 and age < self._deps.config.lease_ttl * SAFE_SHARE

    async def run(self) -> None:
        """Take the lease, connect, reconcile and listen, again and again, until the keys are refused."""
        failures = 0
        while True:
            try:
                if await self._take():
                    await self._connect()
            except AuthFailed as error:
                self._cut()
                await self._calls.blocked(error)
                self.started.set()
                return
            except DomainError as error:
                _log.warning("session_ended", account=self._account.ref.key, reason=str(error))
            except Exception:  # noqa: BLE001 - an SDK may raise anything; the account must come back
                _log.exception("session_broke", account=self._account.ref.key)
            failures = 0 if self.connected.is_set() else failures + 1
            self._cut()
            self.started.set()  # who waits for the start must not wait for a broker that is away
            await self._deps.clock.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])

    async def renew(self) -> None:
        """Renew the lease; end the session when another process has it now."""
        if not self.epoch:
            return
        epoch = await self._acquire()
        if epoch == self.epoch:
            self._renewed = self._deps.clock.monotonic()
        elif self.session is not None:
            _log.error("lease_lost", account=self._account.ref.key)
            self.epoch = 0
            await self.session.disconnect()  # ends the listening; run() then asks for the lease again

    async def release(self) -> None:
        """Give the lease up."""
        if self.epoch:
            await self._deps.store.leases.release(self._account.ref.key, self._deps.config.holder)

    def _cut(self) -> None:
        self.session = None
        self.connected.clear()

    async def _acquire(self) -> int | None:
        config = self._deps.config
        return await self._deps.store.leases.acquire(self._account.ref.key, config.holder, config.lease_ttl)

    async def _take(self) -> bool:
        """Take or renew the lease; False while another process holds it and answers for the account."""
        epoch = await self._acquire()
        if epoch is None:
            self.epoch = 0
            return False
        self._renewed = self._deps.clock.monotonic()
        if epoch != self.epoch:
            await self._deps.hub.start_account(self._account.ref.key)
            await self._calls.load()
            self.epoch = epoch
        return True

    async def _connect(self) -> None:
        async with await open_session(self._deps, self._account) as session:
            self.session = session
            # Listen first, then read: what happens in between is told twice rather than never.
            listening = asyncio.create_task(self._listen(session))
            try:
                await self._calls.reconcile()
                self.connected.set()
                self.started.set()
                await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, session: BrokerSession) -> None:
        async for report in session.events():
            self._calls.heard(report)
