"""Open sessions at Schwab. Importing this imports neither the SDK nor httpx."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.schwab.manifest import MANIFEST
from adapters.schwab.session import SchwabSession
from adapters.schwab.shared import SHARED
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class SchwabAdapter:
    """Be Schwab: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account. The SDK is imported, and its client built, on entering."""
        return _open(credentials, deps)


@asynccontextmanager
async def _open(credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
    session = SchwabSession(SHARED, credentials, deps)
    try:
        await session.connect()
        yield session
    finally:
        await session.disconnect()


ADAPTER = SchwabAdapter()
