"""Be the one façade of the verbs that cogs, the API and the wizard call."""

from collections.abc import Sequence
from decimal import Decimal

from domain.accounts import Follow, GuildSettings, KillSwitch, SizeKind, Source, SwitchMode
from domain.ids import ChannelId, GuildId, MessageId, UserId
from domain.signals import InboxMessage, RawMessage
from domain.trades import Mode, Trade
from trading.views import AccountBalance, AccountPositions, ManualOrder, TradeView


class TradingService:
    """Carry out what people and messages ask. Refusals a person caused raise InvalidValue with a sentence."""

    @property
    def ready(self) -> bool:
        """Tell whether start-up recovery is done for every account this process owns."""
        raise NotImplementedError

    async def start(self) -> None:
        """Reconcile what was open, take up unfinished messages, and start the account actors."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Finish or mark what is in flight and stop. Idempotent."""
        raise NotImplementedError

    async def on_message(self, raw: RawMessage) -> InboxMessage | None:
        """Take a posted message; None when its channel or author is no source or it was taken before."""
        raise NotImplementedError

    async def on_edit(self, raw: RawMessage) -> InboxMessage | None:
        """Take an edit: it amends the signal, and never makes a second entry."""
        raise NotImplementedError

    async def on_delete(self, guild: GuildId, channel: ChannelId, message: MessageId) -> None:
        """Take a delete: what is not sent yet is cancelled, what works is told about."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def remove_source(self, guild: GuildId, channel: ChannelId) -> bool:
        """Stop reading a channel; open trades keep their stops."""
        raise NotImplementedError

    async def sources(self, guild: GuildId) -> Sequence[Source]:
        """List a server's sources."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def unfollow(self, *, user: UserId, guild: GuildId, channel: ChannelId) -> bool:
        """Stop following; open trades keep their stops."""
        raise NotImplementedError

    async def follows(self, user: UserId) -> Sequence[Follow]:
        """List what a member follows."""
        raise NotImplementedError

    async def place(self, order: ManualOrder) -> Trade:
        """Place a manual order; a refusal comes back as a denied trade with its reason."""
        raise NotImplementedError

    async def close(
        self, user: UserId, symbol: str, *, fraction: Decimal, key: str, account: str | None = None
    ) -> Sequence[Trade]:
        """Close all (fraction 1) or part of what the member holds in a symbol, in one or all accounts."""
        raise NotImplementedError

    async def cancel(self, user: UserId, trade: str) -> Trade:
        """Cancel what has not filled of one trade's entry."""
        raise NotImplementedError

    async def confirm(self, user: UserId, trade: str, nonce: str) -> Trade:
        """Let a trade that waits for its owner go. Raises InvalidValue when stale, used or not theirs."""
        raise NotImplementedError

    async def decline(self, user: UserId, trade: str, nonce: str) -> Trade:
        """Drop a trade that waits for its owner."""
        raise NotImplementedError

    async def trades(self, user: UserId, *, active: bool = True, limit: int = 25) -> Sequence[TradeView]:
        """Show a member's trades, newest first."""
        raise NotImplementedError

    async def trade(self, user: UserId, trade: str) -> TradeView | None:
        """Show one trade of this member, or None."""
        raise NotImplementedError

    async def positions(self, user: UserId) -> Sequence[AccountPositions]:
        """Read positions from every linked account at once."""
        raise NotImplementedError

    async def balances(self, user: UserId) -> Sequence[AccountBalance]:
        """Read money from every linked account at once."""
        raise NotImplementedError

    async def halt(self, scope: str, mode: SwitchMode, *, reason: str, by: UserId) -> KillSwitch:
        """Raise a kill switch; it outlives restarts."""
        raise NotImplementedError

    async def lift(self, scope: str, *, by: UserId) -> bool:
        """Lower a kill switch."""
        raise NotImplementedError

    async def switches(self) -> Sequence[KillSwitch]:
        """List what is halted."""
        raise NotImplementedError

    async def guild_settings(self, guild: GuildId) -> GuildSettings:
        """Give a server's choices."""
        raise NotImplementedError

    async def set_premium_roles(self, guild: GuildId, roles: Sequence[str]) -> GuildSettings:
        """Set which roles are premium. Raises InvalidValue for @everyone (the guild's own id)."""
        raise NotImplementedError
