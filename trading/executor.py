"""Keep one actor for every linked account."""

import asyncio
from collections.abc import Iterable

import structlog

from domain.accounts import LinkedAccount
from domain.errors import DomainError
from trading.actor import AccountActor
from trading.deps import TradingDeps
from trading.jobs import Job, Rank
from trading.lookups import Instruments

_log = structlog.get_logger(__name__)

LOOK_EVERY = 15.0
"""Seconds between two looks at what other processes did."""


class Executor:
    """Start, find and stop account actors."""

    def __init__(self, deps: TradingDeps) -> None:
        self._deps = deps
        self._actors: dict[str, AccountActor] = {}
        self._instruments = Instruments(deps.clock)
        self._left: set[str] = set()
        """Accounts that were taken leave of here: they may still be in the store for a moment."""

    @property
    def ready(self) -> bool:
        """Tell whether every actor has reconciled once, or said that its broker cannot be reached."""
        return all(actor.started.is_set() for actor in self._actors.values())

    async def start(self) -> None:
        """Start an actor for every account that may be used."""
        for account in await self._deps.store.accounts.find(limit=100_000):
            self.ensure(account)

    async def wait_ready(self) -> None:
        """Wait until every actor has reconciled once."""
        await asyncio.gather(*(actor.started.wait() for actor in self._actors.values()))

    def ensure(self, account: LinkedAccount) -> AccountActor | None:
        """Give the account's actor, started; None where the broker is not switched on here.

        A paused account has one too: what is open in it must be closed all the same.
        """
        if account.broker not in self._deps.adapters:
            return None
        actor = self._actors.get(account.id)
        self._left.discard(account.id)
        if actor is None:
            actor = AccountActor(self._deps, account, self._instruments)
            self._actors[account.id] = actor
            actor.start()
        return actor

    async def adopt(self, account: LinkedAccount) -> None:
        """Let the account's actor know what changed about it, at once."""
        actor = self.ensure(account)
        if actor is not None:
            await actor.adopt(account)

    def get(self, account: str) -> AccountActor | None:
        """Give an account's actor, or None."""
        return self._actors.get(account)

    def all(self) -> Iterable[AccountActor]:
        """Give every actor."""
        return tuple(self._actors.values())

    def put(self, account: str, job: Job, rank: Rank) -> bool:
        """Ask an account's actor for a job; False where there is none."""
        actor = self._actors.get(account)
        if actor is None:
            return False
        actor.put(job, rank)
        return True

    async def remove(self, account: str) -> None:
        """Stop and forget one actor."""
        self._left.add(account)
        actor = self._actors.pop(account, None)
        if actor is not None:
            await actor.stop()

    async def keep_up(self) -> None:
        """Follow what other processes do to accounts, for as long as this one lives."""
        while True:
            await self._deps.clock.sleep(LOOK_EVERY)
            try:
                await self.look()
            except DomainError as error:
                _log.warning("accounts_not_read", reason=str(error))

    async def look(self) -> None:
        """Take up accounts that are new, adopt what changed about others, let go of those that are gone."""
        there = {account.id: account for account in await self._deps.store.accounts.find(limit=100_000)}
        for account in there.values():
            actor = self._actors.get(account.id)
            if actor is None and account.id not in self._left:
                self.ensure(account)
            elif actor is not None and actor.account.version < account.version:
                await actor.adopt(account)
        for key in set(self._actors) - set(there):
            if await self._deps.store.accounts.get(key) is None:  # not one that was linked just now
                await self.remove(key)

    async def stop(self) -> None:
        """Stop every actor."""
        await asyncio.gather(*(actor.stop() for actor in self._actors.values()))
        self._actors.clear()
