"""Keep one paper account's book durable: what is answered has been written."""

from decimal import Decimal

import orjson

from adapters.kit.errors import Errors
from adapters.paper import texts
from adapters.paper.engine import MatchingEngine, Slippage
from adapters.paper.manifest import FEES
from domain.accounts import PaperBook
from domain.errors import StoreUnavailable
from domain.ports import Clock, PaperBooks

KEPT = 60
"""Closed orders kept in a book. Older ones are in our own journal; their client ids stay refused."""
_ROOM = 20


class Keeper:
    """Load a book into an engine and write it back under compare-and-set.

    A book that was never written does not exist in the store: looking at an account leaves nothing behind.
    """

    def __init__(
        self, books: PaperBooks, key: str, clock: Clock, *, start_cash: Decimal, slippage: Slippage
    ) -> None:
        self._books = books
        self._key = key
        self._clock = clock
        self._start_cash = start_cash
        self._slippage = slippage
        self._book: PaperBook | None = None
        self._revision = -1

    async def load(self, errors: Errors) -> MatchingEngine:
        """Give an engine with the account as last written. Raises Unreachable or OutcomeUnknown."""
        try:
            self._book = await self._books.get(self._key)
        except StoreUnavailable as away:
            raise errors.unreachable(texts.STORE_AWAY, "store_unavailable") from away
        engine = self._fresh() if self._book is None else self._read(self._book, errors)
        self._revision = engine.revision
        return engine

    def _fresh(self) -> MatchingEngine:
        engine = MatchingEngine(self._clock, fees=FEES, slippage=self._slippage, seed=self._key)
        engine.open_account(self._key, self._start_cash)
        return engine

    def _read(self, book: PaperBook, errors: Errors) -> MatchingEngine:
        try:
            return MatchingEngine.restore(
                orjson.loads(book.state), self._clock, fees=FEES, slippage=self._slippage, seed=self._key
            )
        except (ValueError, KeyError, TypeError, ArithmeticError) as broken:
            raise errors.unreachable(texts.UNREADABLE, "unreadable_book") from broken

    async def save(self, engine: MatchingEngine, errors: Errors) -> None:
        """Write the book if it changed. Raises OutcomeUnknown when nobody knows whether it is written."""
        if engine.revision == self._revision:
            return
        engine.prune(self._key, KEPT, slack=_ROOM)
        revision, state = engine.revision, orjson.dumps(engine.snapshot()).decode()
        try:
            written = await self._write(state)
        except StoreUnavailable as away:
            raise errors.unknown(texts.NOT_SAVED, "store_unavailable") from away
        if written is None:
            raise errors.unknown(texts.OTHER_WRITER, "other_writer")
        self._book, self._revision = written, revision

    async def _write(self, state: str) -> PaperBook | None:
        if self._book is not None:
            return await self._books.compare_and_set(
                PaperBook(id=self._book.id, version=self._book.version, state=state)
            )
        first = PaperBook(id=self._key, state=state)
        return first if await self._books.insert(first) else None
