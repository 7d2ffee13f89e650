"""Hold one account's engine while it is open: one change at a time, each in the store before it is told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from adapters.kit.errors import Errors
from adapters.paper import reports, texts
from adapters.paper.engine import EngineEvent, EngineOrder, MatchingEngine, Refused
from adapters.paper.feed import Feed
from adapters.paper.hours import day_ends
from adapters.paper.keeper import Keeper
from adapters.paper.manifest import MANIFEST
from adapters.paper.prices import Prices
from domain.errors import BrokerError
from domain.instruments import Instrument
from domain.portfolio import Quote
from domain.ports import Clock

_log = logging.getLogger(__name__)

POLL = 0.5
"""Seconds between two looks at the prices of working orders."""


class LiveBook:
    """Serve the engine under a lock. What could not be written is thrown away and read again."""

    def __init__(self, key: str, clock: Clock, keeper: Keeper, prices: Prices) -> None:
        self.key = key
        self.feed = Feed()
        self.healthy = True
        self._clock = clock
        self._keeper = keeper
        self._prices = prices
        self._lock = asyncio.Lock()
        self._engine: MatchingEngine | None = None
        self._news: list[EngineEvent] = []
        self._taken: dict[str, Quote] = {}

    @asynccontextmanager
    async def changing(self, operation: str) -> AsyncIterator[MatchingEngine]:
        """Lend the engine; what changed is written, then told. A refusal becomes the error it means."""
        errors = Errors(broker=MANIFEST.slug, operation=operation)
        if self.feed.closed:
            raise errors.unreachable(texts.CLOSED, "closed")
        async with self._lock:
            engine = await self._loaded(errors)
            try:
                yield engine
            except Refused as refused:
                await self.save(engine, errors)
                raise reports.error(refused, errors) from None
            except BrokerError:
                await self.save(engine, errors)
                raise
            except BaseException:
                self._drop()
                raise
            await self.save(engine, errors)

    async def save(self, engine: MatchingEngine, errors: Errors) -> None:
        """Write the engine and tell the news. Raises OutcomeUnknown, and forgets what is in memory then."""
        if engine is not self._engine:
            return
        try:
            await self._keeper.save(engine, errors)
        except BaseException:
            self._drop()
            raise
        self.healthy = True
        news, self._news = self._news, []
        for event in news:
            self.feed.send(reports.order_report(event.order, engine))

    async def _loaded(self, errors: Errors) -> MatchingEngine:
        if self._engine is None:
            try:
                self._engine = await self._keeper.load(errors)
            except BaseException:
                self.healthy = False
                raise
            self._news = []
            self._engine.subscribe(lambda event: self._news.append(event))
        return self._engine

    def _drop(self) -> None:
        self._engine = None
        self._news = []
        self.healthy = False

    @asynccontextmanager
    async def marked(self, operation: str) -> AsyncIterator[MatchingEngine]:
        """Lend the engine with its positions at the latest prices, which are asked for outside the lock."""
        async with self.changing(operation) as engine:
            held = [p.instrument for p in engine.positions(self.key)]
        quotes = await self._quotes(held)
        async with self.changing(operation) as engine:
            for instrument in held:
                self.take(engine, instrument, quotes[instrument.symbol])
            yield engine

    def take(self, engine: MatchingEngine, instrument: Instrument, quote: Quote | None) -> None:
        """Give the engine a quote: a fresh one fills orders, an old one only values positions."""
        symbol = instrument.symbol
        if quote is not None and self._prices.is_fresh(quote):
            # The same quote told again has no new size to fill at.
            if quote != self._taken.get(symbol) or engine.quote(symbol) is None:
                engine.on_quote(symbol, quote.bid, quote.ask, quote.bid_size, quote.ask_size)
            self._taken[symbol] = quote
            return
        engine.forget_quote(symbol)
        if quote is not None:
            engine.mark(symbol, quote.mid)

    async def refresh(self) -> None:
        """Look at the prices of working orders once: fill what they reach, end what is over."""
        async with self.changing("refresh") as engine:
            working = {o.symbol: o.request.instrument for o in engine.live_orders(self.key)}
        if not working:
            return
        quotes = await self._quotes(list(working.values()))
        async with self.changing("refresh") as engine:
            engine.expire_due()
            engine.expire_day(keep=self._has_time)
            for instrument in working.values():
                self.take(engine, instrument, quotes[instrument.symbol])

    def _has_time(self, order: EngineOrder) -> bool:
        kind, extended = order.request.instrument.asset_class, order.request.extended_hours
        return self._clock.now() < day_ends(order.created_at, kind, extended=extended)

    async def _quotes(self, instruments: list[Instrument]) -> Mapping[str, Quote | None]:
        quotes = await asyncio.gather(*(self._prices.latest(i) for i in instruments))
        return {i.symbol: quote for i, quote in zip(instruments, quotes, strict=True)}

    async def run(self) -> None:
        """Follow prices until closed or cancelled."""
        while not self.feed.closed:
            await self._clock.sleep(POLL)
            try:
                await self.refresh()
            except BrokerError:
                self.healthy = False  # the next look tries again, and reads say what is wrong
            except Exception:  # noqa: BLE001 - a dead follower would leave stops unwatched
                self.healthy = False
                _log.exception("following prices for a paper account failed; trying again")
