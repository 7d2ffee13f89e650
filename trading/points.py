"""Name the moments at which the kill harness ends the process. Without one armed, each is a comparison."""

import os
import signal
from typing import Final

BEFORE_JOURNAL: Final = "before_journal"
AFTER_JOURNAL: Final = "after_journal"
AFTER_SENDING: Final = "after_sending"
AFTER_REPLY: Final = "after_reply"
AFTER_PERSIST: Final = "after_persist"

ALL: Final = (BEFORE_JOURNAL, AFTER_JOURNAL, AFTER_SENDING, AFTER_REPLY, AFTER_PERSIST)


class FaultPoints:
    """Kill this process with SIGKILL when the armed point is passed for the ``after + 1``-th time."""

    def __init__(self, point: str = "", *, after: int = 0, broker: str = "") -> None:
        self._point = point
        self._left = after
        self._broker = broker

    def hit(self, point: str, broker: str = "") -> None:
        """Pass a point."""
        if point != self._point or (self._broker and broker != self._broker):
            return
        if self._left > 0:
            self._left -= 1
            return
        os.kill(os.getpid(), signal.SIGKILL)
