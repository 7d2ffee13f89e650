"""Tell members what became of their trades: one direct message a trade, edited as it progresses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

import discord
import structlog

from bot import texts
from bot.desk import Desk, DmClosed, MessageGone, NotNow, Place
from bot.supervise import Backoff
from domain.accounts import LinkedAccount, Notice
from domain.errors import StoreUnavailable
from domain.events import Event, EventKind
from domain.ids import AccountRef, UserId
from domain.orders import Order
from domain.ports import Clock, Store
from domain.trades import Trade
from trading.views import TradeView

log = structlog.get_logger(__name__)
DEBOUNCE = 0.15
"""Seconds in which a burst of events becomes one edit."""
AT_ONCE = 8
CLOSED_FOR = 600.0
"""Seconds without trying a member whose direct messages are closed: refusals count against the bot."""

Look = Callable[[UserId, str], Awaitable[TradeView | None]]
Draw = Callable[[TradeView], discord.ui.LayoutView]
Say = Callable[[str, LinkedAccount | None], discord.ui.LayoutView]


class TradeNotices:
    """Be the notifier. Hand-overs return at once; drawing and sending happen behind.

    ``look`` reads a trade as its owner sees it, ``draw`` makes its panel, ``say`` makes a panel of one text
    about an account. What was shown is remembered as a Notice with the last event's sequence.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        desk: Desk,
        look: Look,
        draw: Draw,
        say: Say,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._desk = desk
        self._look = look
        self._draw = draw
        self._say = say
        self._count = count
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._closed: dict[str, float] = {}
        self._others: set[asyncio.Task[None]] = set()

    async def trade_changed(self, trade: Trade, orders: Sequence[Order], events: Sequence[Event]) -> None:
        """Show the trade as it stands, soon."""
        self.show(trade.ref.user, trade.id)

    async def account_changed(self, user: str, event: Event) -> None:
        """Tell that an account is blocked, needs a person, or works again."""
        task = asyncio.create_task(self._tell_account(UserId(user), event))
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    def show(self, user: UserId, trade: str) -> None:
        """Draw a trade's message anew, soon; many calls at once are one drawing."""
        if trade in self._drawing:
            self._again.add(trade)
            return
        task = asyncio.create_task(self._keep_drawing(user, trade))
        self._drawing[trade] = task
        task.add_done_callback(lambda _: self._drawing.pop(trade, None))

    @property
    def idle(self) -> bool:
        """Tell whether everything handed over is shown."""
        return not self._drawing and not self._others

    async def flush(self, within: float) -> None:
        """Wait at most ``within`` seconds for what is being drawn; the next start takes up the rest."""
        waiting = [*self._drawing.values(), *self._others]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _keep_drawing(self, user: UserId, trade: str) -> None:
        backoff = Backoff(1.0, 60.0)
        wait = DEBOUNCE
        while True:
            await self._clock.sleep(wait)
            self._again.discard(trade)
            try:
                async with self._slots:
                    await self._show(user, trade)
            except (NotNow, StoreUnavailable):
                wait = backoff.next()
                self._count("retried")
                continue
            except Exception:
                log.exception("a trade's message could not be drawn", trade=trade)
                self._count("failed")
            if trade not in self._again:
                return
            wait = DEBOUNCE

    async def _show(self, user: UserId, trade: str) -> None:
        """Draw what is behind. The events are read first, so that what is shown is never older than noted."""
        events = await self._store.events.for_trade(trade)
        newest = events[-1].sequence if events else 0
        notice = await self._store.notices.get(trade)
        if notice is not None and notice.sequence >= newest:
            return
        view = await self._look(user, trade)
        if view is None:
            return
        place = await self._place(user, trade, notice, self._draw(view))
        await self._remember(notice, user, trade, place, newest)

    async def _place(
        self, user: UserId, trade: str, notice: Notice | None, panel: discord.ui.LayoutView
    ) -> Place | None:
        """Edit the message there is, or send one; None when the member takes none."""
        if notice is not None and notice.message:
            place = Place(channel=notice.channel, message=notice.message)
            try:
                await self._desk.edit(place, panel)
            except MessageGone:
                log.info("a trade's message was deleted; sending another", trade=trade)
            except DmClosed:
                self._is_closed(user)
                return None
            else:
                self._count("edited")
                return place
        return await self._send(user, panel, trade[:25])

    async def _send(self, user: UserId, panel: discord.ui.LayoutView, nonce: str) -> Place | None:
        if self._closed.get(user, 0.0) > self._clock.monotonic():
            return None
        try:
            place = await self._desk.send(user, panel, nonce)
        except DmClosed:
            self._is_closed(user)
            return None
        self._count("sent")
        return place

    def _is_closed(self, user: UserId) -> None:
        self._closed[user] = self._clock.monotonic() + CLOSED_FOR
        self._count("closed")

    async def _remember(
        self, notice: Notice | None, user: UserId, trade: str, place: Place | None, newest: int
    ) -> None:
        now = replace(
            notice or Notice(id=trade, user=user),
            channel=place.channel if place else "",
            message=place.message if place else "",
            sequence=newest,
        )
        if notice is None:
            await self._store.notices.insert(now)
        elif await self._store.notices.compare_and_set(now) is None:
            self._again.add(trade)  # another process drew it meanwhile

    async def _tell_account(self, user: UserId, event: Event) -> None:
        try:
            account = await self._store.accounts.get(AccountRef.from_key(event.account_key).account)
            text = _account_text(event, account)
            if text:
                async with self._slots:
                    await self._send(user, self._say(text, account), event.id[:25])
        except NotNow:
            self._count("retried")
        except Exception:
            log.exception("a member could not be told about an account")
            self._count("failed")


def _account_text(event: Event, account: LinkedAccount | None) -> str:
    ref = AccountRef.from_key(event.account_key)
    name = discord.utils.escape_markdown(account.name if account is not None else ref.broker)
    if event.kind is EventKind.ACCOUNT_READY:
        return texts.ACCOUNT_READY.format(name=name)
    if event.kind is EventKind.ACCOUNT_EXPIRING:
        ends = int(datetime.fromisoformat(event.data["ends"]).timestamp())
        return texts.ACCOUNT_EXPIRING[event.data["stage"]].format(name=name, ends=f"<t:{ends}:R>")
    if event.kind is not EventKind.ACCOUNT_BLOCKED:
        return ""
    reason = event.data.get("reason") or texts.ACCOUNT_UNKNOWN_REASON
    return texts.ACCOUNT_BLOCKED.format(name=name, reason=discord.utils.escape_markdown(reason))
