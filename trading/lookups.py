"""Remember what brokers say of instruments and accounts for as long as it stays true enough."""

from dataclasses import dataclass

from domain.broker import BrokerSession
from domain.instruments import Instrument, InstrumentQuery
from domain.portfolio import AccountState
from domain.ports import Clock

INSTRUMENT_TTL = 3600.0
ACCOUNT_TTL = 60.0


class Instruments:
    """Share resolved instruments among a broker's accounts: one member's look-up serves all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, InstrumentQuery], tuple[float, Instrument]] = {}

    async def resolve(self, session: BrokerSession, query: InstrumentQuery) -> Instrument:
        """Give the broker's instrument. Raises what the session raises."""
        key = (session.manifest.slug, query)
        now = self._clock.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < INSTRUMENT_TTL:
            return known[1]
        instrument = await session.resolve(query)
        self._known[key] = (now, instrument)
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
