"""Remember what brokers say of instruments and accounts for as long as it stays true enough."""

import asyncio
from dataclasses import dataclass

from domain.broker import BrokerSession
from domain.instruments import Instrument, InstrumentQuery
from domain.portfolio import AccountState
from domain.ports import Clock

INSTRUMENT_TTL = 3600.0
ACCOUNT_TTL = 60.0
SHARED_WAIT = 0.5
"""Seconds one account waits for another's look-up before it asks by itself."""
_Key = tuple[str, InstrumentQuery]


class Instruments:
    """Share resolved instruments among a broker's accounts: one member's look-up serves all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[_Key, tuple[float, Instrument]] = {}
        self._asked: dict[_Key, asyncio.Future[None]] = {}

    async def resolve(self, session: BrokerSession, query: InstrumentQuery) -> Instrument:
        """Give the broker's instrument. Raises what the session raises.

        All followers of a signal ask at once: the first asks the broker, the others wait for that a moment.
        Where it failed, each asks with its own session: it may have been that account's trouble.
        """
        key = (session.manifest.slug, query)
        if (known := self._recall(key)) is not None:
            return known
        if (asked := self._asked.get(key)) is not None:
            await asyncio.wait([asked], timeout=SHARED_WAIT)
            return self._recall(key) or await self._ask(session, key)
        asked = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            return await self._ask(session, key)
        finally:
            del self._asked[key]
            asked.set_result(None)

    def _recall(self, key: _Key) -> Instrument | None:
        known = self._known.get(key)
        fresh = known is not None and self._clock.monotonic() - known[0] < INSTRUMENT_TTL
        return known[1] if known is not None and fresh else None

    async def _ask(self, session: BrokerSession, key: _Key) -> Instrument:
        instrument = await session.resolve(key[1])
        self._known[key] = (self._clock.monotonic(), instrument)
        return instrument


@dataclass(slots=True)
class Money:
    """Keep one account's money for a minute: sizing by percent needs equity, not the last cent."""

    clock: Clock
    state: AccountState | None = None
    at: float = 0.0

    async def read(self, session: BrokerSession) -> AccountState:
        """Give the account's money, at most a minute old."""
        now = self.clock.monotonic()
        if self.state is None or now - self.at > ACCOUNT_TTL:
            self.state = await session.account()
            self.at = now
        return self.state
