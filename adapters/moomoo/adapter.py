"""Open sessions at moomoo. Importing this does not import the SDK."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.moomoo.manifest import MANIFEST
from adapters.moomoo.session import MoomooSession
from adapters.moomoo.shared import SHARED
from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class MoomooAdapter:
    """Be moomoo: its data, and how to open a session."""

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return MANIFEST

    def open(self, credentials: Credentials, deps: SessionDeps) -> AbstractAsyncContextManager[BrokerSession]:
        """Open a session for one account. The SDK is imported on entering, in a thread of its own."""
        return _open(credentials, deps)


@asynccontextmanager
async def _open(credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
    session = MoomooSession(SHARED, credentials, deps)
    try:
        await session.connect()
        yield session
    finally:
        await session.disconnect()


ADAPTER = MoomooAdapter()
