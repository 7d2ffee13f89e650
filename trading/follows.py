"""Keep which channels are sources and who follows them how."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from domain.accounts import Environment, Follow, LinkedAccount, SizeKind, Source
from domain.errors import InvalidValue
from domain.ids import AuthorId, ChannelId, GuildId, UserId
from domain.money import plain
from domain.trades import Mode
from trading import guard, texts
from trading.denial import DeniedByUs
from trading.deps import TradingDeps
from trading.entitlements import Standing, within


class FollowBook:
    """Add, change, remove and list sources and follows; sources are kept in memory, chat is frequent."""

    def __init__(self, deps: TradingDeps) -> None:
        self._deps = deps
        self._sources: dict[str, Source] = {}

    async def load(self) -> None:
        """Read every source."""
        self._sources = {s.id: s for s in await self._deps.store.sources.find(limit=100_000)}

    def source(self, guild: str, channel: str) -> Source | None:
        """Give a channel's source, or None."""
        return self._sources.get(f"{guild}/{channel}")

    def in_guild(self, guild: str) -> Sequence[Source]:
        """List a server's sources."""
        return [s for s in self._sources.values() if s.guild == guild]

    def all(self) -> Sequence[Source]:
        """List every source."""
        return list(self._sources.values())

    async def add_source(
        self, guild: GuildId, channel: ChannelId, authors: Sequence[str], webhooks: Sequence[str], by: UserId
    ) -> Source:
        """Make a channel a source, or add authors to one. Raises InvalidValue without any author."""
        if not authors and not webhooks:
            raise InvalidValue(texts.say("authors_needed"))
        key = f"{guild}/{channel}"
        while True:
            known = await self._deps.store.sources.get(key)
            if known is None:
                fresh = Source(
                    id=key,
                    guild=guild,
                    channel=channel,
                    authors=tuple(AuthorId(a) for a in dict.fromkeys(authors)),
                    webhooks=tuple(dict.fromkeys(webhooks)),
                    added_by=by,
                    added_at=self._deps.clock.now(),
                )
                saved = fresh if await self._deps.store.sources.insert(fresh) else None
            else:
                wanted = replace(
                    known,
                    authors=tuple(dict.fromkeys((*known.authors, *(AuthorId(a) for a in authors)))),
                    webhooks=tuple(dict.fromkeys((*known.webhooks, *webhooks))),
                )
                saved = await self._deps.store.sources.compare_and_set(wanted)
            if saved is not None:
                self._sources[key] = saved
                return saved

    async def remove_source(self, guild: GuildId, channel: ChannelId) -> bool:
        """Stop reading a channel."""
        self._sources.pop(f"{guild}/{channel}", None)
        return await self._deps.store.sources.delete(f"{guild}/{channel}")

    async def follow(
        self,
        account: LinkedAccount,
        *,
        guild: GuildId,
        channel: ChannelId,
        mode: Mode,
        size_kind: SizeKind,
        size: Decimal,
    ) -> Follow:
        """Follow a source, or change how. Raises InvalidValue with what does not fit."""
        if self.source(guild, channel) is None:
            raise InvalidValue(texts.say("not_a_source"))
        await self._check_size(account, size_kind, size)
        if mode is Mode.PAPER and account.environment is Environment.LIVE:
            raise InvalidValue(texts.say("mode_needs_paper", name=account.name))
        if mode is Mode.LIVE and account.environment is Environment.PAPER:
            raise InvalidValue(texts.say("mode_needs_live", name=account.name))
        await self._check_gate(account, guild, channel)
        follow = Follow(
            id=f"{account.user}/{guild}/{channel}",
            user=account.user,
            guild=guild,
            channel=channel,
            account=account.id,
            mode=mode,
            size_kind=size_kind,
            size=size,
            created_at=self._deps.clock.now(),
        )
        return await self._upsert(follow)

    async def _check_gate(self, account: LinkedAccount, guild: GuildId, channel: ChannelId) -> None:
        """Say now what entries would be refused for; changing a follow is no new one. Raises InvalidValue."""
        try:
            await guard.check_gate(self._deps, account, guild)
        except DeniedByUs as no:
            raise InvalidValue(no.denial.reason) from no
        if await self._deps.store.follows.get(f"{account.user}/{guild}/{channel}") is not None:
            return
        gate = self._deps.config.gate
        standing = await guard.standing_of(self._deps, guild, account.user)
        mine = await self._deps.store.follows.find({"user": account.user})
        verdicts = [within(gate, standing, "sources", sum(follow.guild == guild for follow in mine))]
        if (author := await self._author_standing(guild, channel)) is not None:
            there = len(await self._deps.store.follows.find({"source": f"{guild}/{channel}"}, limit=100_000))
            verdicts.append(within(gate, author, "followers", there))
        for verdict in verdicts:
            if not verdict.allowed:
                raise InvalidValue(verdict.reason)

    async def _author_standing(self, guild: GuildId, channel: ChannelId) -> Standing | None:
        """Give the best standing among a source's authors; None where only webhooks post."""
        source = self.source(guild, channel)
        authors = source.authors if source else ()
        found = [await guard.standing_of(self._deps, guild, UserId(author)) for author in authors]
        return guard.best(found) if found else None

    async def _upsert(self, follow: Follow) -> Follow:
        while True:
            known = await self._deps.store.follows.get(follow.id)
            if known is None:
                if await self._deps.store.follows.insert(follow):
                    return follow
            else:
                wanted = replace(follow, version=known.version, created_at=known.created_at)
                saved = await self._deps.store.follows.compare_and_set(wanted)
                if saved is not None:
                    return saved

    async def _check_size(self, account: LinkedAccount, kind: SizeKind, size: Decimal) -> None:
        if size <= 0:
            raise InvalidValue(texts.say("size_positive"))
        if kind is SizeKind.PERCENT:
            if size > 100:
                raise InvalidValue(texts.say("percent_range"))
            return
        limits = await guard.limits_of(self._deps, account.user)
        if size > limits.max_order_notional:
            raise InvalidValue(
                texts.say("size_over_limit", size=plain(size), limit=plain(limits.max_order_notional))
            )
