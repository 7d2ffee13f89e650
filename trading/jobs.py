"""Name what an account's actor can be asked to do, and in which order it does it."""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from domain.ids import OrderId, TradeId
from domain.orders import OrderReport
from domain.signals import Reading
from domain.trades import Trade
from trading.wishes import Wish

Taken: TypeAlias = "asyncio.Task[bool] | None"
"""Tells whether a message is on disk, and was new; None where nobody has to wait for that."""


async def kept(taken: Taken) -> bool:
    """Wait until a message is kept; False where it had been taken before, or nobody will ever know.

    Raises StoreUnavailable where it could not be kept. Whoever is cancelled waiting stops nobody else.
    """
    if taken is None:
        return True
    if not taken.done():
        await asyncio.wait([taken])
    return not taken.cancelled() and taken.result()


class Rank(IntEnum):
    """Rank jobs: what the broker says, then what closes, then what people ask, then what opens."""

    REPORT = 0
    EXIT = 1
    ASK = 2
    ENTRY = 3
    SWEEP = 4


@dataclass(slots=True)
class Report:
    """Take in what the broker says."""

    report: OrderReport


@dataclass(slots=True)
class Plan:
    """Plan an entry."""

    wish: Wish
    done: "asyncio.Future[Trade]"
    waited: bool = False
    """It has waited for the broker once."""
    taken: Taken = None

    async def meant(self) -> bool:
        """Wait until the message behind it is kept, as ``kept`` does. Nothing may be written before."""
        return await kept(self.taken)


@dataclass(slots=True)
class Amend:
    """Apply a reading to this account's open trades of one source, or an edit to one signal's trade."""

    reading: Reading
    message: str
    source_key: str = ""
    signal: str = ""
    old: Reading | None = None
    done: "asyncio.Future[list[Trade]]" = field(default_factory=asyncio.Future)
    waited: bool = False


@dataclass(slots=True)
class Change:
    """Do what its owner asks of one trade.

    ``what`` is ``exit``, ``trim``, ``cancel``, ``confirm``, ``decline``, or a Finding about a doubt.
    """

    trade: TradeId
    what: str
    reading: Reading
    key: str
    nonce: str = ""
    done: "asyncio.Future[Trade]" = field(default_factory=asyncio.Future)


@dataclass(slots=True)
class Send:
    """Send one order that is READY."""

    order: OrderId


@dataclass(slots=True)
class Sweep:
    """Read the broker's truth and settle everything against it."""

    done: "asyncio.Future[None] | None" = None


Job = Report | Plan | Amend | Change | Send | Sweep


def fail(job: Job, error: Exception) -> None:
    """Tell who asked for a job, if anybody still waits, that it failed."""
    done: asyncio.Future[object] | None = getattr(job, "done", None)
    if done is not None and not done.done():
        done.set_exception(error)
        done.exception()  # who asked may be gone; that is no error of ours
