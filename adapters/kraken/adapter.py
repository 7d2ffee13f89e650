"""Open sessions at Kraken. Importing this imports neither ccxt nor aiohttp."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.kraken.manifest import MANIFEST
from adapters.kraken.session import KrakenSession
from adapters.kraken.shared import SHARED
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class KrakenAdapter:
    """Be Kraken: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account. ccxt is imported, and clients built, on entering."""
        return _open(credentials, deps)


@asynccontextmanager
async def _open(credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
    session = KrakenSession(SHARED, credentials, deps)
    try:
        await session.connect()
        yield session
    finally:
        await session.disconnect()


ADAPTER = KrakenAdapter()
