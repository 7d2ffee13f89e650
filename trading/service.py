"""Be the one façade of the verbs that cogs, the API and the wizard call."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.accounts import (
    Follow,
    GuildSettings,
    KillSwitch,
    LinkedAccount,
    SizeKind,
    Source,
    SwitchMode,
)
from domain.errors import BrokerError, DomainError, InvalidValue
from domain.ids import ChannelId, GuildId, MessageId, TradeId, UserId
from domain.money import ZERO
from domain.orders import TERMINAL, PositionEffect, Side
from domain.signals import InboxMessage, RawMessage, Reading, ReadingKind
from domain.tiers import Tier
from domain.trades import Mode, Trade
from trading import amend, guard, jobs, standing, texts, wishes
from trading.accounts import AccountService
from trading.closing import Closer
from trading.deps import TradingDeps
from trading.doubts import Finding
from trading.executor import Executor
from trading.follows import FollowBook
from trading.intake import Intake, Reader
from trading.jobs import Rank
from trading.views import AccountBalance, AccountPositions, ManualOrder, TradeView


class TradingService:
    """Carry out what people and messages ask. Refusals a person caused raise InvalidValue with a sentence."""

    def __init__(
        self, deps: TradingDeps, executor: Executor, accounts: AccountService, reader: Reader
    ) -> None:
        self._deps = deps
        self._executor = executor
        self._accounts = accounts
        self._follows = FollowBook(deps)
        self._intake = Intake(deps, executor, reader)
        self._closer = Closer(deps, executor)
        self._started = False

    @property
    def ready(self) -> bool:
        """Tell whether start-up recovery is done for every account this process owns."""
        return self._started and self._executor.ready

    async def start(self) -> None:
        """Start the account actors, and take up unfinished messages once each account is reconciled."""
        await self._follows.load()
        await self._executor.start()
        await self._executor.wait_ready()
        await self._intake.resume()
        self._started = True

    async def stop(self) -> None:
        """Finish or mark what is in flight and stop. Idempotent."""
        self._started = False
        try:
            async with asyncio.timeout(5):
                await self._intake.drain()
        except TimeoutError:
            pass  # the next start takes it up
        await self._executor.stop()
        await self._deps.hub.drain()
        await self._deps.tallies.flush()

    async def keep_up(self) -> None:
        """Follow what other processes do to accounts, for as long as this one lives."""
        await self._executor.keep_up()

    async def keep_counts(self) -> None:
        """Write daily counts behind, for as long as the process lives."""
        await self._deps.tallies.run()

    async def on_message(self, raw: RawMessage) -> InboxMessage | None:
        """Take a posted message; None when its channel or author is no source or it was taken before."""
        source = self._follows.source(raw.guild, raw.channel)
        return await self._intake.accept(raw, source) if source is not None else None

    async def on_edit(self, raw: RawMessage) -> InboxMessage | None:
        """Take an edit: it amends the signal, and never makes a second entry."""
        source = self._follows.source(raw.guild, raw.channel)
        return await self._intake.accept_edit(raw, source) if source is not None else None

    async def on_delete(self, guild: GuildId, channel: ChannelId, message: MessageId) -> None:
        """Take a delete: what is not sent yet is cancelled, what works is left alone."""
        if self._follows.source(guild, channel) is not None:
            await self._intake.accept_delete(guild, channel, message)

    # -- sources and follows

    async def add_source(
        self,
        guild: GuildId,
        channel: ChannelId,
        *,
        authors: Sequence[str],
        webhooks: Sequence[str],
        by: UserId,
    ) -> Source:
        """Make a channel a source, or add authors to one."""
        return await self._follows.add_source(guild, channel, authors, webhooks, by)

    async def remove_source(self, guild: GuildId, channel: ChannelId) -> bool:
        """Stop reading a channel; open trades keep their stops."""
        return await self._follows.remove_source(guild, channel)

    async def sources(self, guild: GuildId) -> Sequence[Source]:
        """List a server's sources."""
        return self._follows.in_guild(guild)

    async def all_sources(self) -> Sequence[Source]:
        """List every source this bot reads."""
        return self._follows.all()

    async def follow(
        self,
        *,
        user: UserId,
        guild: GuildId,
        channel: ChannelId,
        account: str,
        mode: Mode,
        size_kind: SizeKind,
        size: Decimal,
    ) -> Follow:
        """Follow a source, or change how. ``account`` is a linked account's id."""
        linked = await self._accounts.get(user, account)
        return await self._follows.follow(
            linked, guild=guild, channel=channel, mode=mode, size_kind=size_kind, size=size
        )

    async def unfollow(self, *, user: UserId, guild: GuildId, channel: ChannelId) -> bool:
        """Stop following; open trades keep their stops."""
        return await self._deps.store.follows.delete(f"{user}/{guild}/{channel}")

    async def follows(self, user: UserId) -> Sequence[Follow]:
        """List what a member follows."""
        return await self._deps.store.follows.find({"user": user})

    # -- by hand

    async def place(self, order: ManualOrder) -> Trade:
        """Place a manual order; a refusal comes back as a denied trade with its reason.

        Selling what the member holds closes it; only what is not held would be a short sale.
        """
        account = await self._account(order.user, order.account)
        if order.side is Side.SELL:
            closed = await self._closer.sell(account, order)
            if closed is not None:
                return closed
        limits = await guard.limits_of(self._deps, order.user)
        wish = wishes.from_manual(order, self._deps.clock.now(), limits)
        job = jobs.Plan(wish=wish, done=asyncio.get_running_loop().create_future())
        if not self._executor.put(account.id, job, Rank.ASK):
            raise InvalidValue(texts.say(f"account_{account.status.value}", name=account.name))
        return await job.done

    async def _account(self, user: UserId, account: str | None) -> LinkedAccount:
        if account:
            return await self._accounts.get(user, account)
        return await self._accounts.default(user)

    async def close(
        self, user: UserId, symbol: str, *, fraction: Decimal, key: str, account: str | None = None
    ) -> Sequence[Trade]:
        """Close all (fraction 1) or part of what the member holds in a symbol, in one or all accounts."""
        if not 0 < fraction <= 1:
            raise InvalidValue(texts.say("size_positive"))
        if account:
            accounts: Sequence[LinkedAccount] = [await self._accounts.get(user, account)]
        else:
            accounts = await self._accounts.accounts(user)
        query = wishes.manual_query(symbol)
        closed: list[Trade] = []
        for linked in accounts:
            closed += await self._closer.close(linked, query, fraction, key)
        if not closed:
            where = accounts[0].name if len(accounts) == 1 else "any account"
            raise InvalidValue(texts.say("nothing_held", symbol=query.symbol, where=where))
        return closed

    async def cancel(self, user: UserId, trade: str) -> Trade:
        """Cancel what has not filled of one trade's entry."""
        mine = await self._mine(user, trade)
        orders = await self._deps.store.orders.find({"trade": trade})
        entries = [o for o in orders if o.intent.request.effect is PositionEffect.OPEN]
        if not any(o.state not in TERMINAL for o in entries):
            raise InvalidValue(texts.say("nothing_to_cancel", symbol=mine.symbol))
        return await self._change(mine, "cancel", Reading(kind=ReadingKind.CANCEL), f"{trade}/cancel")

    async def confirm(self, user: UserId, trade: str, nonce: str) -> Trade:
        """Let a trade that waits for its owner go. Raises InvalidValue when stale, used or not theirs."""
        return await self._answer(user, trade, "confirm", nonce)

    async def decline(self, user: UserId, trade: str, nonce: str) -> Trade:
        """Drop a trade that waits for its owner."""
        return await self._answer(user, trade, "decline", nonce)

    async def settle(self, user: UserId, trade: str, finding: Finding) -> Trade:
        """Take the owner's word on orders in doubt. Raises InvalidValue when nothing is in doubt any more."""
        return await self._answer(user, trade, finding.value, "")

    async def _answer(self, user: UserId, trade: str, what: str, nonce: str) -> Trade:
        mine = await self._mine(user, trade)
        try:
            return await self._change(mine, what, Reading(kind=ReadingKind.NONE), what, nonce)
        except InvalidValue:
            raise
        except DomainError as error:
            raise InvalidValue(str(error)) from error

    async def _change(self, trade: Trade, what: str, reading: Reading, key: str, nonce: str = "") -> Trade:
        done: asyncio.Future[Trade] = asyncio.get_running_loop().create_future()
        job = jobs.Change(trade=trade.id, what=what, reading=reading, key=key, nonce=nonce, done=done)
        if not trade.active or not self._executor.put(trade.ref.account, job, Rank.EXIT):
            raise InvalidValue(texts.say("not_your_trade"))
        return await done

    async def _mine(self, user: UserId, trade: str) -> Trade:
        mine = await self._deps.store.trades.get(TradeId(trade))
        if mine is None or mine.user != user:
            raise InvalidValue(texts.say("not_your_trade"))
        return mine

    # -- to look at

    async def trades(self, user: UserId, *, active: bool = True, limit: int = 25) -> Sequence[TradeView]:
        """Show a member's trades, newest first."""
        where = {"user": user, "active": True} if active else {"user": user}
        found = await self._deps.store.trades.find(where, limit=10_000)
        newest = sorted(found, key=lambda t: t.created_at, reverse=True)[:limit]
        return [await self._view(t) for t in newest]

    async def trade(self, user: UserId, trade: str) -> TradeView | None:
        """Show one trade of this member, or None."""
        found = await self._deps.store.trades.get(TradeId(trade))
        return await self._view(found) if found is not None and found.user == user else None

    async def _view(self, trade: Trade) -> TradeView:
        orders = sorted(
            await self._deps.store.orders.find({"trade": trade.id}), key=lambda o: o.intent.created_at
        )
        return TradeView(
            # Derived anew: an order and its trade are written one after the other, and this may fall between.
            trade=standing.as_it_stands(trade, orders),
            orders=orders,
            events=await self._deps.store.events.for_trade(trade.id),
            held=max(standing.held(orders), ZERO),
            entry_average=amend.entry_average(orders),
            realised=amend.realised(trade, orders),
        )

    async def positions(self, user: UserId) -> Sequence[AccountPositions]:
        """Read positions from every linked account at once."""
        return await asyncio.gather(*(self._positions(a) for a in await self._accounts.accounts(user)))

    async def _positions(self, account: LinkedAccount) -> AccountPositions:
        actor = self._executor.get(account.id)
        if actor is None or actor.session is None:
            return AccountPositions(account=account, problem=self._unreachable(account))
        try:
            return AccountPositions(account=account, positions=await actor.session.positions())
        except BrokerError as error:
            return AccountPositions(account=account, problem=error.text)

    async def balances(self, user: UserId) -> Sequence[AccountBalance]:
        """Read money from every linked account at once."""
        return await asyncio.gather(*(self._balance(a) for a in await self._accounts.accounts(user)))

    async def _balance(self, account: LinkedAccount) -> AccountBalance:
        actor = self._executor.get(account.id)
        if actor is None or actor.session is None:
            return AccountBalance(account=account, problem=self._unreachable(account))
        try:
            return AccountBalance(account=account, state=await actor.session.account())
        except BrokerError as error:
            return AccountBalance(account=account, problem=error.text)

    def _unreachable(self, account: LinkedAccount) -> str:
        title = self._accounts.titles().get(account.broker, account.broker)
        return texts.say("cannot_read", broker=title, name=account.name)

    # -- switches and servers

    async def halt(self, scope: str, mode: SwitchMode, *, reason: str, by: UserId) -> KillSwitch:
        """Raise a kill switch; it outlives restarts."""
        switch = KillSwitch(
            id=scope, mode=mode, reason=reason, raised_by=by, raised_at=self._deps.clock.now()
        )
        while not await self._deps.store.switches.insert(switch):
            known = await self._deps.store.switches.get(scope)
            if known is not None and await self._deps.store.switches.compare_and_set(
                replace(switch, version=known.version)
            ):
                break
        return switch

    async def lift(self, scope: str, *, by: UserId) -> bool:
        """Lower a kill switch."""
        return await self._deps.store.switches.delete(scope)

    async def switches(self) -> Sequence[KillSwitch]:
        """List what is halted."""
        return await self._deps.store.switches.find()

    async def guild_settings(self, guild: GuildId) -> GuildSettings:
        """Give a server's choices."""
        return await self._deps.store.guilds.get(guild) or GuildSettings(id=guild)

    async def give_tier(self, guild: GuildId, tier: Tier, roles: Sequence[str]) -> GuildSettings:
        """Set which roles give a tier. Raises InvalidValue for @everyone (the guild's own id)."""
        if guild in roles or tier is Tier.FREE:
            raise InvalidValue(texts.say("everyone_premium"))
        change: dict[str, Any] = {f"{tier.value}_roles": tuple(dict.fromkeys(roles))}
        while True:
            known = await self._deps.store.guilds.get(guild)
            wanted = replace(known or GuildSettings(id=guild), **change)
            if known is None:
                if await self._deps.store.guilds.insert(wanted):
                    return wanted
            elif (saved := await self._deps.store.guilds.compare_and_set(wanted)) is not None:
                return saved
