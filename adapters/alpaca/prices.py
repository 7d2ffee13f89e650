"""Give prices from Alpaca's market data to those that have none: the paper broker and the planner."""

import asyncio
import logging

from adapters.alpaca import quotes, texts
from adapters.alpaca.client import Client
from adapters.alpaca.manifest import MANIFEST
from adapters.alpaca.shared import SHARED
from adapters.kit.errors import Errors
from domain.accounts import Environment
from domain.broker import Credentials
from domain.clock import SystemClock
from domain.errors import BrokerError, NotFound, NotTradable
from domain.instruments import Instrument
from domain.portfolio import Quote
from domain.ports import Clock

_log = logging.getLogger(__name__)
_ERRORS = Errors(broker=MANIFEST.slug, operation="quote")
FRESH = 0.25
"""Seconds an answer serves others: one signal makes every follower ask for the same symbol at once."""


class AlpacaPrices:
    """Quote stocks, coin pairs and option contracts. Be used as an async context manager, or closed.

    Any Alpaca key pair will do, a paper one included; it is used for market data only.
    """

    def __init__(self, key: str, secret: str, endpoint: str = "", clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._client = Client(
            SHARED,
            Credentials({"key_id": key, "secret_key": secret}),
            clock=self._clock,
            environment=Environment.PAPER,
            endpoint=endpoint,
        )
        self._opening: asyncio.Task[None] | None = None
        self._asked: dict[str, tuple[float, asyncio.Task[Quote | None]]] = {}

    async def quote(self, instrument: Instrument) -> Quote | None:
        """Give the latest bid and ask, or None when Alpaca has none. Raises Unreachable."""
        now = self._clock.monotonic()
        at, task = self._asked.get(instrument.symbol, (0.0, None))
        if task is None or (task.done() and now - at > FRESH):
            self._asked = {s: (t, k) for s, (t, k) in self._asked.items() if not k.done() or now - t <= FRESH}
            task = asyncio.get_running_loop().create_task(self._fetch(instrument))
            self._asked[instrument.symbol] = (now, task)
        # Shielded: one asker that gives up must not take the answer from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Close connections."""
        for _, task in self._asked.values():
            task.cancel()
        self._asked.clear()
        if self._opening is not None:
            await asyncio.gather(self._opening, return_exceptions=True)
            self._client.close()

    async def __aenter__(self) -> "AlpacaPrices":
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def _fetch(self, instrument: Instrument) -> Quote | None:
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._client.open())
        await asyncio.shield(self._opening)
        try:
            return await quotes.latest(self._client, instrument, _ERRORS)
        except (NotTradable, NotFound):
            return None
        except BrokerError as error:
            _log.warning("no price for %s: %s", instrument.symbol, error.code)
            raise _ERRORS.unreachable(error.text, "prices_unreachable") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("no price for %s: the answer cannot be read", instrument.symbol)
            raise _ERRORS.unreachable(texts.NO_PRICES, "prices_unreadable") from error
