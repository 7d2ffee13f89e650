"""Name the moments at which the kill harness ends the process. Without it, each is one comparison."""

import os
import signal
from pathlib import Path
from typing import Final

BEFORE_INTAKE: Final = "before_intake"
BEFORE_JOURNAL: Final = "before_journal"
AFTER_JOURNAL: Final = "after_journal"
AFTER_SENDING: Final = "after_sending"
AFTER_REPLY: Final = "after_reply"
AFTER_PERSIST: Final = "after_persist"


class FaultPoints:
    """Kill this process with SIGKILL at the point whose name stands in ``file``; the file is used up by it.

    A file, not a setting, so that a harness can arm a process that is running and the one started after it
    is not armed. Refused in production by the settings.
    """

    def __init__(self, file: str = "") -> None:
        self._file = Path(file) if file else None

    def hit(self, point: str) -> None:
        """Pass a point."""
        if self._file is None or not self._file.exists() or self._file.read_text().strip() != point:
            return
        self._file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
