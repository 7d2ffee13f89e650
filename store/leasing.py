"""Let one process at a time own a name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from domain.ports import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Remember who owns a name until when. It is never deleted: the epoch must only rise."""

    COLLECTION: ClassVar[str] = "leases"
    INDEXES: ClassVar[tuple[str, ...]] = ()
    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = ()

    id: str
    version: int = 0
    holder: str
    epoch: int
    expires_at: datetime


class StoredLeases:
    """Keep leases by compare-and-set, on the engine's own time."""

    def __init__(self, leases: Repository[Lease], now: Callable[[], Awaitable[datetime]]) -> None:
        self._leases = leases
        self._now = now

    async def acquire(self, name: str, holder: str, ttl: float) -> int | None:
        """Take or renew the lease for ``ttl`` seconds; give its epoch, or None while another holds it.

        The epoch stays while the holder renews in time; it rises with every new start, also of the same
        holder after its lease ran out.
        """
        now = await self._now()
        until = now + timedelta(seconds=ttl)
        lease = await self._leases.get(name)
        if lease is None:
            first = Lease(id=name, holder=holder, epoch=1, expires_at=until)
            return 1 if await self._leases.insert(first) else None
        held = lease.holder != "" and now < lease.expires_at
        if held and lease.holder != holder:
            return None
        epoch = lease.epoch if held else lease.epoch + 1
        taken = await self._leases.compare_and_set(
            replace(lease, holder=holder, epoch=epoch, expires_at=until)
        )
        return None if taken is None else epoch

    async def release(self, name: str, holder: str) -> None:
        """Give the lease up; does nothing when ``holder`` does not hold it."""
        lease = await self._leases.get(name)
        if lease is not None and lease.holder == holder:
            await self._leases.compare_and_set(replace(lease, holder=""))
