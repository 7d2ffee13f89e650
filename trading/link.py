"""Hold one account: own its lease, keep its broker session open, and say when either is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from domain.accounts import LinkedAccount
from domain.broker import BrokerSession, Credentials
from domain.errors import AuthFailed, DomainError, VaultUnavailable
from domain.orders import OrderReport
from trading.deps import TradingDeps
from trading.grace import Grace
from trading.sessions import open_credentials, prepare_linked

_log = structlog.get_logger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
SAFE_SHARE = 0.8
"""The share of a lease's life in which it is relied upon: a renewal that fails must not be found out late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Say what the link calls: ``load`` after the lease is taken, ``reconcile`` on every new session, before
    it counts as connected; ``heard`` for each report; ``blocked`` once the broker refuses the credentials;
    ``exposed`` to learn whether anything is open that may have to be closed.
    """

    load: Callable[[], Awaitable[None]]
    reconcile: Callable[[], Awaitable[None]]
    heard: Callable[[OrderReport], None]
    blocked: Callable[[AuthFailed], Awaitable[None]]
    exposed: Callable[[], bool]


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
        self.keyless = False
        """The key service is away: there is no session, or one on kept credentials that is for exits only."""
        self.answered = asyncio.Event()
        """Set while connected, and while it is known that the key service is away: nobody need wait then."""
        self._renewed = float("-inf")
        self._grace = Grace(deps.clock)
        self._asking = False

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
            except asyncio.CancelledError:
                if _asked_to_end():
                    raise
                _log.error("session_cancelled_itself", account=self._account.ref.key)
            except Exception:  # noqa: BLE001 - an SDK may raise anything; the account must come back
                _log.exception("session_broke", account=self._account.ref.key)
            failures = 0 if self.connected.is_set() else failures + 1
            self._cut()
            if self.keyless:
                self.answered.set()
            self.started.set()  # who waits for the start must not wait for a broker that is away
            await self._deps.clock.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])

    async def renew(self) -> None:
        """Renew the lease; end the session when another process has it now."""
        self._grace.sweep()
        if not self.epoch:
            return
        epoch = await self._acquire()
        if epoch == self.epoch:
            self._renewed = self._deps.clock.monotonic()
        elif self.session is not None:
            _log.error("lease_lost", account=self._account.ref.key)
            self.epoch = 0
            await self.session.disconnect()  # ends the listening; run() then asks for the lease again

    async def ask_again(self) -> None:
        """While a session is for exits only, see whether the key service is back."""
        if self._asking or not self.keyless or self.session is None:
            return
        self._asking = True
        try:
            self._keys_back(await open_credentials(self._deps, self._account))
            _log.info("session_for_entries_again", account=self._account.ref.key)
        except DomainError:
            return  # still away, or the store is: asked again with the next sweep
        finally:
            self._asking = False

    def adopt(self, account: LinkedAccount) -> None:
        """Use what changed about the account with the next session."""
        self._account = account

    def forget(self) -> None:
        """Forget the last session and its credentials: there are others now."""
        self._grace = Grace(self._deps.clock)
        self.started.clear()
        self._cut()

    async def release(self) -> None:
        """Give the lease up."""
        if self.epoch:
            await self._deps.store.leases.release(self._account.ref.key, self._deps.config.holder)

    def _cut(self) -> None:
        self.session = None
        self.connected.clear()
        self.answered.clear()
        self._grace.lost(exposed=self._calls.exposed())

    async def _credentials(self) -> Credentials:
        """Open the credentials; while the key service is away, take those kept, for exits only.

        Raises VaultUnavailable when none are kept, VaultError.
        """
        try:
            opened = await open_credentials(self._deps, self._account)
        except VaultUnavailable:
            self.keyless = True
            kept = self._grace.use()
            if kept is None:
                raise
            _log.warning("session_for_exits_only", account=self._account.ref.key)
            return kept
        self._keys_back(opened)
        self.answered.clear()
        return opened

    def _keys_back(self, opened: Credentials) -> None:
        self._grace.opened(opened)
        self.keyless = False

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
        credentials = await self._credentials()
        async with prepare_linked(self._deps, self._account, credentials, self._grace) as session:
            self.session = session
            # Listen first, then read: what happens in between is told twice rather than never.
            listening = asyncio.create_task(self._listen(session))
            try:
                await self._calls.reconcile()
                self.connected.set()
                self.answered.set()
                self.started.set()
                await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, session: BrokerSession) -> None:
        async for report in session.events():
            self._calls.heard(report)


def _asked_to_end() -> bool:
    """Tell a cancellation that somebody asked for from one that an SDK made of its own accord."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
