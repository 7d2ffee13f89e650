"""Hold every wrapping key in use: one that wraps, and those of before, which only open."""

from collections.abc import Mapping, Sequence

from domain.errors import VaultError
from vault import texts
from vault.keys import LOCAL, DataKey, Wrapped, WrappingKey

NOBODY = {"tenant": "default", "user": "nobody", "broker": "none", "account": "none"}
"""Whose data keys are that only prove that the key works. The same names as every binding has."""


class KeyRing:
    """Make data keys under the first key, and unwrap those of any key here, by key id."""

    def __init__(self, first: WrappingKey, *older: WrappingKey) -> None:
        self._first = first
        self._all: Sequence[WrappingKey] = (first, *older)

    async def generate(self, context: Mapping[str, str]) -> DataKey:
        """Make a data key under the first key. Raises VaultError."""
        return await self._first.generate(context)

    async def unwrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give a data key back. Raises VaultError for a key id nobody here has."""
        return await self._owner(key_id).unwrap(key_id, wrapped, context)

    async def current(self) -> str:
        """Give the key id new data keys are wrapped under. Raises VaultError."""
        return await self._first.current()

    async def rewrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> Wrapped:
        """Wrap a data key under the first key. Raises VaultError.

        Within one key service the data key never leaves it; between two it is in memory for a moment.
        """
        owner = self._owner(key_id)
        if owner is self._first:
            return await owner.rewrap(key_id, wrapped, context)
        return await self._first.wrap(await owner.unwrap(key_id, wrapped, context), context)

    async def prove(self) -> None:
        """Make a data key and open it again, for nobody. Raises VaultError."""
        made = await self.generate(NOBODY)
        await self.unwrap(made.key_id, made.wrapped, NOBODY)

    async def close(self) -> None:
        """Let go of connections and threads."""
        for key in self._all:
            await key.close()

    def _owner(self, key_id: str) -> WrappingKey:
        for key in self._all:
            if key.owns(key_id):
                return key
        told = texts.OTHER_KEY_FILE if key_id.startswith(LOCAL) else texts.OTHER_KMS_KEY
        raise VaultError(told.format(key=key_id.removeprefix("kms/")))
