"""Text in, reading out: pure."""

from signals.reader import read as read

__all__ = ["read"]
