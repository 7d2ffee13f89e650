"""Move sealed values to another wrapping key, or seal them anew; stop anywhere, and go on later.

Each record is written by compare-and-set, by itself: whoever is killed half-way leaves every record whole,
under the old key or under the new one, and both open as long as the ring holds both keys.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.errors import VaultError, VaultUnavailable
from domain.ports import Repository
from vault import envelope, texts
from vault.ring import KeyRing
from vault.vault import EPOCH, EnvelopeVault, microseconds

Sealed = Mapping[str, bytes]
AT_ONCE = 8
_TRIES = 5
_EVERYTHING = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Say whose a record's sealed values are, as they were sealed."""

    user: str
    broker: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Name one kind of record with a ``sealed`` field, where it is kept, and whose each is."""

    name: str
    repository: Repository[Any]
    owner: Callable[[Any], Owner]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Count what was done with records. ``lost`` names those that do not open, and why."""

    done: int = 0
    right: int = 0
    """Needed nothing."""
    gone: int = 0
    """Removed, or finished, by somebody else meanwhile."""
    lost: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Survey:
    """Count sealed values by key id. ``oldest`` is the earliest time one says it was sealed at."""

    current: str
    values: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    """By shelf."""
    first_version: int = 0
    oldest: datetime | None = None
    lost: list[tuple[str, str]] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Count the values that are not under the current key."""
        return sum(count for key, count in self.values.items() if key != self.current)


class Rotation:
    """Change keys of everything sealed. ``vault`` must be on ``ring``."""

    def __init__(self, ring: KeyRing, vault: EnvelopeVault, shelves: Sequence[Shelf]) -> None:
        self._ring = ring
        self._vault = vault
        self._shelves = shelves

    async def rotate(self) -> Tally:
        """Put every data key under the ring's first key.

        Values are not opened; only those of the first version are sealed anew. Raises VaultUnavailable when
        a key cannot be had now: what was done stays done.
        """
        current = await self._ring.current()

        def right(sealed: Sealed) -> bool:
            return all(envelope.read_header(blob).key_id == current for blob in sealed.values())

        return await self._each(right, self._rewrap)

    async def reseal(self, before: datetime) -> Tally:
        """Seal anew, under fresh data keys, what was sealed before a time. Raises VaultUnavailable."""
        current = await self._ring.current()
        limit = microseconds(before)

        def right(sealed: Sealed) -> bool:
            headers = [envelope.read_header(blob) for blob in sealed.values()]
            return all(h.key_id == current and h.sealed_at >= limit for h in headers)

        return await self._each(right, self._anew)

    async def survey(self, *, check: bool = False) -> Survey:
        """Count what is sealed under which key; with ``check`` see that each data key can be had and fits.

        Raises VaultUnavailable when a key cannot be had now.
        """
        survey = Survey(current=await self._ring.current())
        async for shelf, record in self._records():
            survey.records[shelf.name] += 1
            try:
                for header in [envelope.read_header(blob) for blob in record.sealed.values()]:
                    _count(survey, header)
                if check:
                    await self._check(shelf.owner(record), record.sealed)
            except VaultUnavailable:
                raise
            except VaultError as error:
                survey.lost.append((f"{shelf.name}/{record.id}", str(error)))
        return survey

    # Inside.

    async def _records(self) -> AsyncIterator[tuple[Shelf, Any]]:
        for shelf in self._shelves:
            for record in await shelf.repository.find(limit=_EVERYTHING):
                if record.sealed:
                    yield shelf, record

    async def _each(
        self,
        right: Callable[[Sealed], bool],
        change: Callable[[Owner, Sealed], Awaitable[Sealed]],
    ) -> Tally:
        tally = Tally()
        records = [found async for found in self._records()]
        for start in range(0, len(records), AT_ONCE):
            some = (self._one(*found, right, change, tally) for found in records[start : start + AT_ONCE])
            for result in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result  # once all of the others have written what they had begun
        return tally

    async def _one(
        self,
        shelf: Shelf,
        record: Any,
        right: Callable[[Sealed], bool],
        change: Callable[[Owner, Sealed], Awaitable[Sealed]],
        tally: Tally,
    ) -> None:
        """Change one record; somebody who writes it meanwhile goes first, and it is looked at again."""
        try:
            for _ in range(_TRIES):
                if record is None or not record.sealed:
                    tally.gone += 1
                    return
                if right(record.sealed):
                    tally.right += 1
                    return
                sealed = await change(shelf.owner(record), record.sealed)
                if await shelf.repository.compare_and_set(replace(record, sealed=sealed)) is not None:
                    tally.done += 1
                    return
                record = await shelf.repository.get(record.id)
            tally.lost.append((f"{shelf.name}/{record.id}", texts.BUSY))
        except VaultUnavailable:
            raise
        except VaultError as error:
            tally.lost.append((f"{shelf.name}/{record.id}", str(error)))

    async def _rewrap(self, whose: Owner, sealed: Sealed) -> Sealed:
        headers = {name: envelope.read_header(blob) for name, blob in sealed.items()}
        if any(header.version == envelope.FIRST for header in headers.values()):
            return await self._anew(whose, sealed)
        context = self._vault.context(whose.user, whose.broker, whose.account)
        moved = {
            (key_id, wrapped): await self._ring.rewrap(key_id, wrapped, context)
            for key_id, wrapped in {(h.key_id, h.wrapped) for h in headers.values()}
        }
        fresh = {name: moved[h.key_id, h.wrapped] for name, h in headers.items()}
        return {
            name: envelope.rewrapped(blob, headers[name], key_id=new.key_id, wrapped=new.wrapped)
            for name, blob in sealed.items()
            for new in (fresh[name],)
        }

    async def _anew(self, whose: Owner, sealed: Sealed) -> Sealed:
        place = {"user": whose.user, "broker": whose.broker, "account": whose.account}
        opened = await self._vault.open(**place, sealed=sealed)
        await self._vault.forget(**place)
        return await self._vault.seal(**place, fields={name: opened[name] for name in opened})

    async def _check(self, whose: Owner, sealed: Sealed) -> None:
        context = self._vault.context(whose.user, whose.broker, whose.account)
        keys: dict[tuple[str, bytes], bytes] = {}
        for header in [envelope.read_header(blob) for blob in sealed.values()]:
            which = (header.key_id, header.wrapped)
            if which not in keys:
                keys[which] = await self._ring.unwrap(*which, context)
            if not envelope.fits(header, keys[which]):
                raise VaultError(texts.ALTERED)


def _count(survey: Survey, header: envelope.Header) -> None:
    survey.values[header.key_id] += 1
    if header.version == envelope.FIRST:
        survey.first_version += 1
        return
    at = EPOCH + timedelta(microseconds=header.sealed_at)
    survey.oldest = at if survey.oldest is None else min(survey.oldest, at)
