"""Wrap data keys: what a key provider does, and the one that keeps its key in a file."""

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from domain.errors import VaultError
from vault import texts

KEY_BYTES = 32
LOCAL = "local/"
"""What the ids of key files begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """Hold a fresh data key and its wrapped form. ``key_id`` names provider and wrapping key."""

    key_id: str
    plain: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """Hold a wrapped data key. ``key_id`` names provider and wrapping key."""

    key_id: str
    wrapped: bytes = field(repr=False)


class KeyProvider(Protocol):
    """Make and unwrap data keys. ``context`` holds internal ids only and may be logged by the provider."""

    async def generate(self, context: Mapping[str, str]) -> DataKey:
        """Make a data key. Raises VaultError when the provider is out of reach."""

    async def unwrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give the data key back. Raises VaultError for a key id that is not this provider's."""


class WrappingKey(KeyProvider, Protocol):
    """Be a key provider that can take over data keys of others."""

    def owns(self, key_id: str) -> bool:
        """Tell whether a key id is of this provider's kind."""

    async def current(self) -> str:
        """Give the key id new data keys are wrapped under. Raises VaultError."""

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Wrap a data key that exists. Raises VaultError."""

    async def rewrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> Wrapped:
        """Wrap one of its own data keys under its current key. Raises VaultError."""

    async def close(self) -> None:
        """Let go of connections and threads."""


class KeyFile:
    """Wrap data keys with a 32-byte key kept in a file that only its owner can read.

    Meant for one machine: who can read the file can open every credential, so back it up apart from the data.
    Wrapping is AES-KW (RFC 3394), which takes no context; the envelope binds the context itself.
    """

    def __init__(self, path: Path) -> None:
        self._key = _read(path)
        mark = hmac.new(self._key, b"key id", hashlib.sha256).hexdigest()[:16]
        self._id = f"{LOCAL}{mark}"

    @classmethod
    def create(cls, path: Path) -> "KeyFile":
        """Make a new key at ``path`` if nothing is there, and use what is there. Raises VaultError."""
        if not path.exists():
            _write(path, os.urandom(KEY_BYTES))
        return cls(path)

    @property
    def key_id(self) -> str:
        """Name this key; says nothing about its bytes."""
        return self._id

    async def generate(self, context: Mapping[str, str]) -> DataKey:
        """Make a data key."""
        plain = os.urandom(KEY_BYTES)
        return DataKey(key_id=self._id, plain=plain, wrapped=aes_key_wrap(self._key, plain))

    async def unwrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Give the data key back. Raises VaultError when another key wrapped it, or it was altered."""
        if key_id != self._id:
            raise VaultError(texts.OTHER_KEY_FILE.format(key=key_id))
        try:
            return aes_key_unwrap(self._key, wrapped)
        except (InvalidUnwrap, ValueError):
            raise VaultError(texts.WRAP_ALTERED) from None

    def owns(self, key_id: str) -> bool:
        """Tell whether this very file wrapped it."""
        return key_id == self._id

    async def current(self) -> str:
        """Give the key id."""
        return self._id

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Wrap a data key that exists."""
        return Wrapped(key_id=self._id, wrapped=aes_key_wrap(self._key, plain))

    async def rewrap(self, key_id: str, wrapped: bytes, context: Mapping[str, str]) -> Wrapped:
        """Wrap one of its own data keys anew. Raises VaultError for another's."""
        return await self.wrap(await self.unwrap(key_id, wrapped, context), context)

    async def close(self) -> None:
        """Let go of nothing."""

    def __repr__(self) -> str:
        return f"KeyFile({self._id})"


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise VaultError(f"There is no key file at {path}. Create one first, or correct the path.") from None
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be read: {error.strerror}.") from None
    try:
        _check(path, os.fstat(handle))
        return os.read(handle, KEY_BYTES)
    finally:
        os.close(handle)


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise VaultError(f"The key file {path} is not a regular file. Point to the key file itself.")
    if status.st_mode & 0o077:
        raise VaultError(f"Others may read the key file {path}. Run: chmod 600 {path}")
    if status.st_size != KEY_BYTES:
        raise VaultError(
            f"The key file {path} holds {status.st_size} bytes instead of {KEY_BYTES}. "
            "Restore it from your backup."
        )


def _write(path: Path, key: bytes) -> None:
    """Write beside the path and link into place, so that a crash never leaves half a key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, key)
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            draft.unlink()
        _sync(path.parent)
    except OSError as error:
        raise VaultError(f"A key file cannot be made at {path}: {error.strerror}.") from None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
