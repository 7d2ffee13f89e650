"""Give one-time addresses, and keep what browsers carry: hashed, short-lived, each good for one thing."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from domain.accounts import PassKind, WebPass
from domain.ids import UserId
from domain.ports import Clock, Repository

LINK_LIFE: Final = timedelta(minutes=10)
"""How long a link, or the way through a sign-in, is good."""
SESSION_LIFE: Final = timedelta(minutes=30)
"""How long a browser stays signed in."""
REMEMBERED: Final = timedelta(hours=24)
"""How long what is over is kept, so that a late visitor can be told so."""
MOST_OF_A_KIND = 40
"""Of each kind of pass, for each member."""
_BYTES = 32


def digest(secret: str) -> str:
    """Give what is stored in place of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Passes:
    """Make, find and use up what browsers carry. Only hashes are ever stored."""

    def __init__(
        self, store: Repository[WebPass], clock: Clock, hide: Callable[[str], None] = lambda _: None
    ) -> None:
        """Keep passes in a repository; ``hide`` is told each secret, so that logs can mask it."""
        self._store = store
        self._clock = clock
        self._hide = hide

    async def make(
        self,
        kind: PassKind,
        user: UserId,
        *,
        life: timedelta = LINK_LIFE,
        name: str = "",
        flow: str = "",
        step: str = "",
        broker: str = "",
        cookie: str = "",
        note: str = "",
    ) -> str:
        """Make one and give its secret: 256 bits, shown to nobody else."""
        secret, now = secrets.token_urlsafe(_BYTES), self._clock.now()
        self._hide(secret)
        made = WebPass(
            id=digest(secret),
            kind=kind,
            user=user,
            name=name,
            flow=flow,
            step=step,
            broker=broker,
            cookie=cookie,
            note=note,
            created_at=now,
            expires_at=now + life,
        )
        await self._make_room(user, kind)
        await self._store.insert(made)
        return secret

    async def find(self, secret: str, *kinds: PassKind) -> WebPass | None:
        """Give what a secret stands for, used up and expired ones too; None when there is no such thing."""
        found = await self._store.get(digest(secret))
        return found if found is not None and found.kind in kinds else None

    def over(self, found: WebPass) -> bool:
        """Tell whether its time is up."""
        return found.expires_at <= self._clock.now()

    async def use(self, found: WebPass) -> bool:
        """Use it up; False when somebody did so before, or its time is up."""
        if found.used or self.over(found):
            return False
        return await self._store.compare_and_set(replace(found, used=True)) is not None

    async def give_back(self, found: WebPass) -> None:
        """Make good again what was used up in vain."""
        now = await self._store.get(found.id)
        if now is not None and now.used:
            await self._store.compare_and_set(replace(now, used=False))

    async def drop(self, found: WebPass) -> None:
        """Forget it."""
        await self._store.delete(found.id)

    async def sweep(self) -> int:
        """Forget what was over long ago; give how many."""
        dropped = 0
        for old in await self._store.find(order_by="expires_at"):
            if old.expires_at + REMEMBERED > self._clock.now():
                break
            dropped += await self._store.delete(old.id)
        return dropped

    async def _make_room(self, user: UserId, kind: PassKind) -> None:
        """Keep a member from filling the store: of each kind, the oldest goes."""
        everything: Sequence[WebPass] = await self._store.find({"user": user}, order_by="expires_at")
        mine = [each for each in everything if each.kind is kind]
        for old in mine[: max(0, len(mine) - MOST_OF_A_KIND + 1)]:
            await self._store.delete(old.id)


class Door:
    """Be the way out of Discord to our own pages, and back (wizard.web.WebDoor)."""

    def __init__(
        self,
        passes: Passes,
        public_url: str,
        *,
        required: bool = False,
        leads_to: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._passes = passes
        self._public_url = public_url.rstrip("/")
        self._required = required
        self._leads_to = leads_to

    @property
    def required(self) -> bool:
        """Tell whether the owner wants secrets typed on the page only, never in Discord."""
        return self._required

    def leads_to(self, broker: str) -> bool:
        """Tell whether ``consent`` can lead to this broker's sign-in."""
        return self._leads_to(broker)

    async def form(self, *, flow_id: str, user: UserId, step: str) -> str:
        """Give a one-time address of the page that shows the form of ``step``."""
        return self._address(await self._passes.make(PassKind.FORM, user, flow=flow_id, step=step))

    async def consent(self, *, flow_id: str, user: UserId, step: str, broker: str) -> str:
        """Give a one-time address that leads through the broker's own sign-in and back."""
        secret = await self._passes.make(PassKind.CONSENT, user, flow=flow_id, step=step, broker=broker)
        return self._address(secret)

    def _address(self, secret: str) -> str:
        return f"{self._public_url}/link/{secret}"
