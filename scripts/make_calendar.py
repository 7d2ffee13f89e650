"""Write signals/data/calendar.json: when the New York Stock Exchange is closed or closes early.

python scripts/make_calendar.py [FIRST_YEAR LAST_YEAR]

Run by hand, once a year. It needs the library exchange_calendars, which nothing else here needs: install it
in an environment of its own. Days of extraordinary closing are known up to that library's release.
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "signals" / "data" / "calendar.json"
FIRST, LAST = 2015, 2035


def main(arguments: list[str]) -> int:
    """Write the table for the years given, or for FIRST to LAST."""
    first, last = (int(arguments[0]), int(arguments[1])) if len(arguments) > 1 else (FIRST, LAST)
    import exchange_calendars

    table = as_table(exchange_calendars.get_calendar("XNYS", start=f"{first}-01-01", end=f"{last}-12-31"))
    TARGET.write_text(json.dumps(table, indent=0, separators=(",", ":")) + "\n", "utf-8")
    print(f"{len(table['holidays'])} holidays, {len(table['early_closes'])} early closes -> {TARGET}")
    return 0


def as_table(calendar: Any) -> dict[str, Any]:
    """Give the weekdays without a session and the sessions that end at 13:00, as plain data."""
    sessions = {day.date() for day in calendar.sessions}
    first, last = min(sessions), max(sessions)
    every = (first.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
    return {
        "exchange": "XNYS",
        "zone": "America/New_York",
        "years": [first.year, last.year],
        "close": "16:00",
        "early_close": "13:00",
        "holidays": [day.isoformat() for day in every if day.weekday() < 5 and day not in sessions],
        "early_closes": sorted(day.date().isoformat() for day in calendar.early_closes),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
