"""Keep a second process away from the data directory."""

import fcntl
import os
from pathlib import Path

from domain.errors import StoreUnavailable
from store import texts

_NAME = "state.lock"


class DirectoryLock:
    """Hold an exclusive lock on a directory; the kernel lets go of it however the process dies."""

    def __init__(self, directory: Path) -> None:
        self._fd = -1
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(directory / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(texts.not_writable(directory, error.strerror or "no access")) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            self.release()
            raise StoreUnavailable(texts.in_use(directory, holder)) from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two different files."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
