"""Read messages from standard input, one JSON object a line; write readings, one a line.

python -m signals [--explain] < messages.jsonl > readings.jsonl
"""

import json
import sys
from datetime import date, datetime
from typing import Any

from domain.signals import Reading
from signals.build import nothing
from signals.context import Context
from signals.dates import market_day
from signals.reader import read_on
from signals.wire import as_json


def main(arguments: list[str] | None = None) -> int:
    """Run the command; a line that cannot be read becomes a ``none`` with reason bad_input."""
    explain = "--explain" in (sys.argv[1:] if arguments is None else arguments)
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.write(answer(line, explain=explain) + "\n")
            sys.stdout.flush()
    return 0


def answer(line: bytes, *, explain: bool = False) -> str:
    """Give the output line for one input line."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return json.dumps({"id": None, "kind": "none", "reason": "bad_input"})
    reading = _read(row)
    return json.dumps({"id": row.get("id"), **as_json(reading, explain=explain)})


def _read(row: dict[str, Any]) -> Reading:
    text = row.get("text")
    embeds = row.get("embeds")
    listed = [e for e in embeds if isinstance(e, dict)] if isinstance(embeds, list) else []
    if not isinstance(text, str) and not listed:
        return nothing("bad_input")
    return read_on(
        text if isinstance(text, str) else "", _day(row.get("as_of")), _context(row.get("context")), listed
    )


def _day(raw: object) -> date | None:
    if not isinstance(raw, str):
        return None
    try:
        if len(raw) == len("2026-03-02"):
            return date.fromisoformat(raw)
        return market_day(datetime.fromisoformat(raw))
    except (ValueError, OverflowError):
        return None


def _context(raw: object) -> Context:
    if not isinstance(raw, dict):
        return Context()
    opens, reply, previous = (raw.get(key) for key in ("open_positions", "reply_to_symbol", "previous_text"))
    return Context(
        open_positions=tuple(o for o in opens if isinstance(o, str)) if isinstance(opens, list) else None,
        reply_to_symbol=reply if isinstance(reply, str) else None,
        previous_text=previous if isinstance(previous, str) else None,
    )


if __name__ == "__main__":
    sys.exit(main())
