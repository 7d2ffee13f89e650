"""Keep credentials in memory from ending up on a disk."""

import contextlib
import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def protect_memory() -> None:
    """Switch off core dumps, and on Linux attaching by other processes of this user."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
