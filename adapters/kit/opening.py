"""Open a session and close it again, whatever happens in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from domain.broker import BrokerManifest, BrokerSession, Credentials, SessionDeps


class Connecting(BrokerSession, Protocol):
    """Be a session that is made without any I/O, and then connected."""

    async def connect(self) -> None:
        """Import the SDK and make ready what the session needs of it."""


class Adapter:
    """Be one broker: its data, and how to open a session. ``make`` makes one that is not connected yet."""

    def __init__(
        self, manifest: BrokerManifest, make: Callable[[Credentials, SessionDeps], Connecting]
    ) -> None:
        self._manifest, self._make = manifest, make

    @property
    def manifest(self) -> BrokerManifest:
        """Give the static data."""
        return self._manifest

    @asynccontextmanager
    async def open(self, credentials: Credentials, deps: SessionDeps) -> AsyncIterator[BrokerSession]:
        """Open a session for one account. The SDK is imported, and anything reached, on entering."""
        session = self._make(credentials, deps)
        try:
            await session.connect()
            yield session
        finally:
            await session.disconnect()
