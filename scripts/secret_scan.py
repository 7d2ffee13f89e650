"""Refuse files that hold a real secret: ``python scripts/secret_scan.py file…``, as a commit hook does.

Only shapes that real services give out are looked for, so that a finding is worth reading. Pretend secrets in
tests repeat themselves, as in ``AK0000`` or ``LIVELIVELIVE``, or their line says ``pretend-secret``.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ALLOWED = "pretend-secret"
MOST = 2_000_000
"""Bytes; larger files are data, not settings."""
SHAPES = {
    "a Discord bot token": r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}\b",
    "a Discord webhook address": r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a live Alpaca key": r"\bAK(?!IA)[A-Z0-9]{18,24}\b",
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
    "a database address with a password": r"\b(?:mongodb(?:\+srv)?|rediss?)://[^\s:/@'\"]*:[^\s@'\"{}<>$]{9,}@",
    "a personal token of this bot": r"\bdte_[0-9a-f]{48}\b",
}
_COMPILED = {what: re.compile(shape) for what, shape in SHAPES.items()}
_PRETEND = re.compile(r"(\w)\1{3}|(\w{2,})\2{2}")
_FORBIDDEN = re.compile(r"(^|/)(\.env|vault\.key|.*\.sqlite3(-wal|-shm)?)$")


def findings(name: str, text: str) -> Iterator[str]:
    """Say where a secret seems to be, without repeating it."""
    if _FORBIDDEN.search(name):
        yield f"{name}: this file holds secrets or data and is never committed"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if ALLOWED not in line:
            yield from (f"{name}:{number}: {what}" for what in _shown(line))


def _shown(line: str) -> Iterator[str]:
    for what, shape in _COMPILED.items():
        if any(not _PRETEND.search(found.group()) for found in shape.finditer(line)):
            yield what


def main(names: Sequence[str]) -> int:
    """Look through the files; give 1 when one holds a secret."""
    found = []
    for name in names:
        path = Path(name)
        if path.is_file() and path.stat().st_size <= MOST:
            found += findings(name, path.read_text(errors="replace"))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
