"""Open sessions at Interactive Brokers. Importing this does not import the SDK."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.ibkr.manifest import MANIFEST
from adapters.ibkr.session import IbkrSession
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class IbkrAdapter:
    """Be Interactive Brokers: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account; the SDK is imported, and TWS reached, on entering."""
        return _open(credentials, deps)


@asynccontextmanager
async def _open(credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
    session = IbkrSession(credentials, deps)
    try:
        await session.connect()
        yield session
    finally:
        await session.disconnect()


ADAPTER = IbkrAdapter()
