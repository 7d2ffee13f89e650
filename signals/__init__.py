"""Text in, reading out: pure."""
