"""Ask for prices, and believe only fresh ones."""

import asyncio

from adapters.kit.errors import Errors
from adapters.paper import texts
from domain.errors import Unreachable
from domain.instruments import Instrument
from domain.portfolio import Quote
from domain.ports import Clock, PriceSource

_ERRORS = Errors(broker="paper", operation="quote")
PATIENCE = 2.0
"""Real seconds to wait for a price: an order must not hang on a slow feed, it can wait in the book."""


class Prices:
    """Give quotes young enough to fill at."""

    def __init__(self, source: PriceSource | None, clock: Clock, max_age: float) -> None:
        self._source = source
        self._clock = clock
        self._max_age = max_age

    @property
    def known(self) -> bool:
        """Tell whether anybody can be asked at all."""
        return self._source is not None

    async def latest(self, instrument: Instrument) -> Quote | None:
        """Give the latest quote however old, or None when nobody knows or the feed fails."""
        try:
            return await self.ask(instrument)
        except Unreachable:
            return None

    async def ask(self, instrument: Instrument) -> Quote | None:
        """Give the latest quote however old, or None when there is none. Raises Unreachable."""
        if self._source is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                quote = await self._source.quote(instrument)
        except Exception as error:
            raise _ERRORS.unreachable(texts.NO_PRICES, "prices_unreachable") from error
        usable = quote is not None and 0 < quote.bid <= quote.ask
        return quote if usable else None

    def is_fresh(self, quote: Quote) -> bool:
        """Tell whether an order may be filled at it: outside market hours the last quote is history."""
        return (self._clock.now() - quote.at).total_seconds() <= self._max_age
