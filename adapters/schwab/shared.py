"""Hold what every Schwab session of this process shares: connections, limits, and who sent which order."""

import asyncio
import hashlib
from collections import OrderedDict
from typing import Any

from adapters.kit.limits import Limiters
from adapters.schwab.claims import Claims
from adapters.schwab.guard import make_transport
from domain.accounts import Environment
from domain.instruments import Instrument
from domain.ports import Clock

_INSTRUMENT_LIFE = 3600.0
_MANY = 512


class Shared:
    """Count its users; the last one out closes the connections."""

    def __init__(self) -> None:
        self.limiters = Limiters()
        self._users = 0
        self._transports: dict[tuple[asyncio.AbstractEventLoop, Environment, str], Any] = {}
        self._claims: OrderedDict[tuple[Clock, str], Claims] = OrderedDict()
        self._exchanged: OrderedDict[str, str] = OrderedDict()
        self._instruments: OrderedDict[tuple[Clock, str, str], tuple[float, Instrument]] = OrderedDict()

    def join(self) -> None:
        """Count one more user."""
        self._users += 1

    async def leave(self) -> None:
        """Count one user less."""
        self._users -= 1
        if self._users > 0:
            return
        transports, self._transports = self._transports, {}
        for (loop, _, _), transport in transports.items():
            if loop is asyncio.get_running_loop():
                await transport.dispose()

    def transport(self, environment: Environment, endpoint: str) -> Any:
        """Give the guarded transport of one address, made on first use in this loop."""
        key = (asyncio.get_running_loop(), environment, endpoint)
        if key not in self._transports:
            self._transports[key] = make_transport(environment, endpoint)
        return self._transports[key]

    def claims(self, clock: Clock, scope: str) -> Claims:
        """Give what is known of one account's own orders; it outlives a reconnect, not the process."""
        key = (clock, scope)
        if key not in self._claims:
            self._claims[key] = Claims(clock)
            while len(self._claims) > _MANY * 4:
                self._claims.popitem(last=False)
        return self._claims[key]

    def exchanged(self, digest: str) -> str:
        """Give the token that a pasted address was traded for: its code works only once."""
        return self._exchanged.get(digest, "")

    def remember_exchange(self, digest: str, token: str) -> None:
        """Keep a traded token for the session that is opened after the test of the connection."""
        self._exchanged[digest] = token
        while len(self._exchanged) > _MANY:
            self._exchanged.popitem(last=False)

    def known(self, clock: Clock, endpoint: str, broker_symbol: str) -> Instrument | None:
        """Give an instrument read within the hour."""
        found = self._instruments.get((clock, endpoint, broker_symbol))
        return found[1] if found and clock.monotonic() - found[0] < _INSTRUMENT_LIFE else None

    def learn(self, clock: Clock, endpoint: str, instrument: Instrument) -> None:
        """Remember an instrument."""
        self._instruments[clock, endpoint, instrument.broker_symbol] = (clock.monotonic(), instrument)
        while len(self._instruments) > 16 * _MANY:
            self._instruments.popitem(last=False)


def digest(*parts: str) -> str:
    """Name something by secrets, without them."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


SHARED = Shared()
"""One per process; holds nothing until a session opens."""
