"""Look after linked accounts: name, default, pause, and taking leave of one without stranding anything."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from domain.accounts import AccountStatus, LinkedAccount
from domain.broker import BrokerManifest
from domain.errors import DomainError, InvalidValue
from domain.ids import UserId
from domain.orders import TERMINAL, PositionEffect
from domain.signals import Reading, ReadingKind
from domain.trades import Trade
from trading import jobs, texts
from trading.accounts import AccountService
from trading.deps import TradingDeps
from trading.executor import Executor
from trading.jobs import Rank

PATIENCE = 20.0
"""Seconds that taking leave waits for closing orders to fill and entries to be cancelled."""
_LOOK = 0.25
_MOST_NAMED = 5
Change: TypeAlias = Callable[[LinkedAccount], LinkedAccount]
Left: TypeAlias = Callable[[LinkedAccount], Awaitable[Sequence[Trade]]]


class Leave(StrEnum):
    """Say what becomes of open trades when their account is removed."""

    ASK = "ask"
    """Refuse while there are any."""
    CLOSE = "close"
    """Close them at the market first."""
    KEEP = "keep"
    """Leave positions, and the stops that rest at the broker, where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOverview:
    """Show one account to its owner."""

    account: LinkedAccount
    manifest: BrokerManifest | None
    """None where its broker is not installed here any more."""
    connected: bool
    entries_today: int
    open_trades: tuple[Trade, ...]


class AccountCare:
    """Change and remove accounts. Every verb is the owner's alone: nobody else's account is found at all."""

    def __init__(self, deps: TradingDeps, executor: Executor, accounts: AccountService) -> None:
        self._deps = deps
        self._executor = executor
        self._accounts = accounts

    async def overview(self, user: UserId) -> Sequence[AccountOverview]:
        """Show every account of a member, the default first."""
        return [await self.look(user, account.id) for account in await self._accounts.accounts(user)]

    async def look(self, user: UserId, account: str) -> AccountOverview:
        """Show one account. Raises InvalidValue."""
        linked = await self._accounts.get(user, account)
        adapter = self._deps.adapters.get(linked.broker)
        actor = self._executor.get(linked.id)
        trades = await self._deps.store.trades.find({"account_key": linked.ref.key}, limit=10_000)
        today = self._deps.clock.now().date()
        return AccountOverview(
            account=linked,
            manifest=adapter.manifest if adapter else None,
            connected=actor is not None and actor.session is not None and actor.session.is_connected(),
            entries_today=sum(t.created_at.date() == today and bool(t.slices) for t in trades),
            open_trades=tuple(t for t in trades if t.active),
        )

    async def rename(self, user: UserId, account: str, name: str) -> LinkedAccount:
        """Give an account another name. Raises InvalidValue when the member has one of that name."""
        wanted = name.strip()
        linked = await self._accounts.get(user, account)
        for other in await self._accounts.accounts(user):
            if other.id != linked.id and other.name.casefold() == wanted.casefold():
                raise InvalidValue(texts.say("name_taken", name=wanted))
        return await self._change(linked, lambda current: replace(current, name=wanted))

    async def make_default(self, user: UserId, account: str) -> LinkedAccount:
        """Let commands that name no account mean this one."""
        chosen = await self._accounts.get(user, account)
        made = await self._change(chosen, lambda current: replace(current, is_default=True))
        for other in await self._accounts.accounts(user):
            if other.id != chosen.id and other.is_default:
                await self._change(other, lambda current: replace(current, is_default=False))
        return made

    async def pause(self, user: UserId, account: str) -> LinkedAccount:
        """Take no entries; what is open is looked after as before."""
        linked = await self._accounts.get(user, account)
        return await self._change(linked, lambda current: replace(current, status=AccountStatus.PAUSED))

    async def resume(self, user: UserId, account: str) -> LinkedAccount:
        """Take entries again. Raises BrokerError when the broker does not take the keys now."""
        linked = await self._accounts.get(user, account)
        if linked.status is not AccountStatus.PAUSED:
            return linked
        await self._accounts.test(user, linked.id)
        return await self._change(linked, lambda current: replace(current, status=AccountStatus.ACTIVE))

    async def remove(self, user: UserId, account: str, leave: Leave = Leave.ASK) -> LinkedAccount:
        """Unlink: settle what is open as ``leave`` says, stop its actor, shred its keys.

        Raises InvalidValue while something of it is open that ``leave`` does not settle, naming it.
        """
        linked = await self._accounts.get(user, account)
        trades = await self._open(linked)
        if trades and leave is Leave.ASK:
            said = {"count": len(trades), "name": linked.name, "symbols": _symbols(trades)}
            raise InvalidValue(texts.say("trades_open", **said))
        if leave is Leave.CLOSE:
            await self._settle(
                linked,
                trades,
                Reading(kind=ReadingKind.EXIT, fraction=Decimal(1)),
                self._open,
                "still_closing",
            )
        if leave is Leave.KEEP:
            cancel = Reading(kind=ReadingKind.CANCEL)
            await self._settle(linked, trades, cancel, self._with_entries, "entries_pending")
        await self._executor.remove(linked.id)
        for trade in await self._open(linked):
            await self._release(trade)
        await self._forget(user, linked)
        return linked

    # Inside.

    async def _change(self, linked: LinkedAccount, change: Change) -> LinkedAccount:
        """Write a change on top of whatever was written meanwhile, and let the actor know."""
        while (current := await self._deps.store.accounts.get(linked.id)) is not None:
            saved = await self._deps.store.accounts.compare_and_set(change(current))
            if saved is not None:
                await self._executor.adopt(saved)
                return saved
        raise InvalidValue(texts.say("not_your_account"))

    async def _open(self, linked: LinkedAccount) -> Sequence[Trade]:
        return await self._deps.store.trades.find({"account_key": linked.ref.key, "active": True})

    async def _with_entries(self, linked: LinkedAccount) -> Sequence[Trade]:
        """Give the open trades of which something unfilled may still be at the broker."""
        found = []
        for trade in await self._open(linked):
            orders = await self._deps.store.orders.find({"trade": trade.id})
            entries = [o for o in orders if o.intent.request.effect is PositionEffect.OPEN]
            if any(order.state not in TERMINAL for order in entries):
                found.append(trade)
        return found

    async def _settle(
        self, linked: LinkedAccount, trades: Sequence[Trade], reading: Reading, left: Left, complaint: str
    ) -> None:
        """Ask for a change of every trade, and wait until none is left. Raises InvalidValue."""
        key = f"leave/{secrets.token_hex(4)}"
        for trade in trades:
            done: asyncio.Future[Trade] = asyncio.get_running_loop().create_future()
            change = jobs.Change(trade=trade.id, what="leave", reading=reading, key=key, nonce="", done=done)
            if self._executor.put(linked.id, change, Rank.EXIT):
                with contextlib.suppress(DomainError):  # it ended in the same moment
                    await done
        until = self._deps.clock.monotonic() + PATIENCE
        while remaining := await left(linked):
            if self._deps.clock.monotonic() >= until:
                said = {"name": linked.name, "symbols": _symbols(remaining)}
                raise InvalidValue(texts.say(complaint, **said))
            await self._deps.clock.sleep(_LOOK)

    async def _release(self, trade: Trade) -> None:
        reason = texts.say("released")
        while True:
            freed = replace(trade, released=True, code="released", reason=reason)
            if await self._deps.store.trades.compare_and_set(freed) is not None:
                return
            current = await self._deps.store.trades.get(trade.id)
            if current is None:
                return
            trade = current

    async def _forget(self, user: UserId, linked: LinkedAccount) -> None:
        for follow in await self._deps.store.follows.find({"user": user}):
            if follow.account == linked.id:
                await self._deps.store.follows.delete(follow.id)
        await self._deps.vault.forget(user=user, broker=linked.broker, account=linked.id)
        await self._deps.store.accounts.delete(linked.id)
        left = await self._accounts.accounts(user)
        if linked.is_default and left:
            await self._change(left[0], lambda current: replace(current, is_default=True))


def _symbols(trades: Sequence[Trade]) -> str:
    return ", ".join(sorted({trade.symbol for trade in trades})[:_MOST_NAMED])
