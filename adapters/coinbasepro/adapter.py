"""Open sessions at Coinbase. Importing this imports neither the SDK nor aiohttp."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.coinbasepro.manifest import MANIFEST
from adapters.coinbasepro.session import CoinbaseSession
from adapters.coinbasepro.shared import SHARED
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class CoinbaseAdapter:
    """Be Coinbase: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account. The SDK is imported, and clients built, on entering."""
        return _open(credentials, deps)


@asynccontextmanager
async def _open(credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
    session = CoinbaseSession(SHARED, credentials, deps)
    try:
        await session.connect()
        yield session
    finally:
        await session.disconnect()


ADAPTER = CoinbaseAdapter()
