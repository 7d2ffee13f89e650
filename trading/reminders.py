"""Remind members that a broker's sign-in ends: two days before, twelve hours before, and when it is over."""

from datetime import datetime, timedelta

from domain.accounts import LinkedAccount
from domain.events import Event, EventKind
from domain.ids import event_id
from trading.deps import TradingDeps

LOOK_EVERY = 600.0
STAGES = (("soon", timedelta(days=2)), ("last", timedelta(hours=12)), ("over", timedelta(0)))
"""At Schwab's seven days these are day 5 and day 6.5; the latest one due is told, those missed are not."""


class Reminders:
    """Tell of what ends. Each stage of each sign-in is told once: its event has an id of its own."""

    def __init__(self, deps: TradingDeps) -> None:
        self._deps = deps

    async def run(self) -> None:
        """Look every ten minutes, for as long as the process lives."""
        while True:
            await self.look()
            await self._deps.clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Tell of every sign-in for which a stage is due that was not told."""
        now = self._deps.clock.now()
        for account in await self._deps.store.accounts.find(limit=100_000):
            stage = due(account, now)
            if stage:
                await self._tell(account, stage, now)

    async def _tell(self, account: LinkedAccount, stage: str, now: datetime) -> None:
        assert account.expires_at is not None
        key = account.ref.key
        cause = f"{account.id}/{account.expires_at.isoformat()}/{stage}"
        event = Event(
            id=event_id(cause, 0, 0),
            account_key=key,
            kind=EventKind.ACCOUNT_EXPIRING,
            at=now,
            data={"account": account.name, "stage": stage, "ends": account.expires_at.isoformat()},
        )
        await self._deps.hub.start_account(key)
        await self._deps.store.events.append([event])
        self._deps.hub.wake(key)


def due(account: LinkedAccount, now: datetime) -> str:
    """Give the latest stage that is due, or nothing."""
    if account.expires_at is None:
        return ""
    reached = [stage for stage, before in STAGES if now >= account.expires_at - before]
    return reached[-1] if reached else ""
