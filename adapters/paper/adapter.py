"""Open paper accounts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from decimal import Decimal

from adapters.kit.errors import Errors
from adapters.paper import texts
from adapters.paper.costs import Slippage
from adapters.paper.keeper import Keeper
from adapters.paper.livebook import LiveBook
from adapters.paper.manifest import MANIFEST, START_CASH
from adapters.paper.prices import Prices
from adapters.paper.session import PaperSession
from domain.accounts import Environment
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps
from domain.errors import InvalidValue
from domain.money import positive

MAX_QUOTE_AGE = 900.0
"""Seconds after which a quote is history: free feeds may lag by fifteen minutes."""


class PaperAdapter:
    """Be the built-in broker.

    ``on_point`` is called with ``paper.before_persist`` and ``paper.after_persist`` inside a submit, so that
    a harness can kill the process there. ``slippage`` worsens what takes liquidity.
    """

    def __init__(
        self,
        *,
        start_cash: Decimal = START_CASH,
        slippage: Slippage | None = None,
        max_quote_age: float = MAX_QUOTE_AGE,
        on_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._start_cash = start_cash
        self._slippage = slippage or Slippage()
        self._max_quote_age = max_quote_age
        self._on_point = on_point

    @property
    def manifest(self) -> BrokerManifest:
        """Give the paper broker's static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a paper account, which follows prices as long as it is open.

        ``credentials`` may hold ``start_cash``, which counts until the first order. Raises Denied on
        entering for a live environment or cash that is no amount; ValueError without a place for books.
        """
        return self._session(credentials, deps)

    @asynccontextmanager
    async def _session(self, credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
        errors = Errors(broker=MANIFEST.slug, operation="open")
        if deps.environment is not Environment.PAPER:
            raise errors.denied(texts.NOT_LIVE, "live_refused")
        if deps.books is None:
            raise ValueError("the paper broker needs SessionDeps.books to keep its accounts in")
        cash = self._cash(credentials, errors)
        keeper = Keeper(deps.books, deps.ref.key, deps.clock, start_cash=cash, slippage=self._slippage)
        prices = Prices(deps.prices, deps.clock, self._max_quote_age)
        book = LiveBook(deps.ref.key, deps.clock, keeper, prices)
        session = PaperSession(deps, book, prices, self._on_point)
        follower = asyncio.create_task(book.run(), name=f"paper {deps.ref.account}")
        try:
            yield session
        finally:
            await session.disconnect()
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower

    def _cash(self, credentials: Credentials, errors: Errors) -> Decimal:
        asked = credentials.get("start_cash")
        if not asked:
            return self._start_cash
        try:
            return positive(asked)
        except InvalidValue:
            raise errors.denied(texts.BAD_CASH, "bad_start_cash") from None
