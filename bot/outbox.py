"""Take up at start what members were not shown before the process ended."""

from collections import defaultdict
from dataclasses import replace

import structlog

from bot.notify import TradeNotices
from domain.accounts import LinkedAccount, Notice
from domain.ids import UserId
from domain.ports import Clock, Store

log = structlog.get_logger(__name__)
PAGE = 1000
MOST_ACCOUNTS = 100_000
SAVE_EVERY = 30.0


class Outbox:
    """Know, for each account, up to which event every trade's message is right.

    The mark is itself a Notice, with the id ``cursor/`` + account key. It only moves while nothing is being
    drawn, so it may be behind and is never ahead: what lies between is compared trade by trade.
    """

    def __init__(self, store: Store, notices: TradeNotices, clock: Clock) -> None:
        self._store = store
        self._notices = notices
        self._clock = clock

    async def catch_up(self) -> int:
        """Draw every trade whose message is behind its events; give how many there were."""
        behind = 0
        for account in await self._store.accounts.find(limit=MOST_ACCOUNTS):
            behind += await self._catch_up(account)
        if behind:
            log.info("messages of an earlier run taken up", trades=behind)
        return behind

    async def keep_marks(self) -> None:
        """Catch up once, then move the marks on from time to time, for as long as the process lives."""
        await self.catch_up()
        while True:
            await self._clock.sleep(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Move every mark to its account's newest event, unless something is still being drawn."""
        for account in await self._store.accounts.find(limit=MOST_ACCOUNTS):
            newest = await self._store.events.last_sequence(account.ref.key)
            if not self._notices.idle:
                return
            await self._mark(account, newest)

    async def _catch_up(self, account: LinkedAccount) -> int:
        newest: defaultdict[str, int] = defaultdict(int)
        sequence = await self._marked(account)
        while events := await self._store.events.since(account.ref.key, sequence, PAGE):
            sequence = events[-1].sequence
            for event in events:
                if event.trade:
                    newest[event.trade] = event.sequence
        behind = [trade for trade, number in newest.items() if await self._shown(trade) < number]
        for trade in behind:
            self._notices.show(account.user, trade)
        return len(behind)

    async def _shown(self, trade: str) -> int:
        notice = await self._store.notices.get(trade)
        return notice.sequence if notice is not None else 0

    async def _marked(self, account: LinkedAccount) -> int:
        mark = await self._store.notices.get(_mark_id(account))
        return mark.sequence if mark is not None else 0

    async def _mark(self, account: LinkedAccount, sequence: int) -> None:
        mark = await self._store.notices.get(_mark_id(account))
        if mark is None:
            fresh = Notice(id=_mark_id(account), user=UserId(""), sequence=sequence)
            await self._store.notices.insert(fresh)
        elif mark.sequence < sequence:
            await self._store.notices.compare_and_set(replace(mark, sequence=sequence))


def _mark_id(account: LinkedAccount) -> str:
    return f"cursor/{account.ref.key}"
