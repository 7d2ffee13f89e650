"""Name this process as an owner of accounts: the same after a restart, and never the same twice at once.

With the same name a restarted process takes its accounts up at once instead of waiting for its own lease to
run out; with the same name two living processes would both believe that they own an account.
"""

import contextlib
import fcntl
import os
import secrets
from pathlib import Path


class Instance:
    """Hold a name kept in the data directory, or a passing one while another process holds that."""

    def __init__(self, directory: Path) -> None:
        """Take the directory's name. Raises OSError when the directory cannot be written."""
        self._fd = os.open(directory / "instance", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            self._fd = -1
            self.name = secrets.token_hex(8)
            return
        self.name = os.pread(self._fd, 64, 0).decode("ascii", "replace").strip()
        if not self.name:
            self.name = secrets.token_hex(8)
            os.pwrite(self._fd, self.name.encode(), 0)
            os.fsync(self._fd)

    def release(self) -> None:
        """Let the name go; the kernel does so too when the process dies."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1
