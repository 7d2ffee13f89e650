"""Know the days the US market trades: data/calendar.json, which scripts/make_calendar.py writes."""

import json
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "calendar.json"
_WEEKEND = 5
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hold the weekdays without a session, the sessions cut short, and the hours (New York time)."""

    holidays: frozenset[date]
    early: frozenset[date]
    close: time
    early_close: time


@cache
def calendar() -> Calendar:
    """Read the table once. Outside its years every weekday counts as a session."""
    raw = json.loads(_TABLE.read_text("utf-8"))
    return Calendar(
        holidays=frozenset(map(date.fromisoformat, raw["holidays"])),
        early=frozenset(map(date.fromisoformat, raw["early_closes"])),
        close=time.fromisoformat(raw["close"]),
        early_close=time.fromisoformat(raw["early_close"]),
    )


def is_session(day: date) -> bool:
    """Tell whether the market trades on ``day``."""
    return day.weekday() < _WEEKEND and day not in calendar().holidays


def close_of(day: date) -> time | None:
    """Give the hour the market closes on ``day`` (New York time), or None where it does not trade."""
    if not is_session(day):
        return None
    return calendar().early_close if day in calendar().early else calendar().close


def session_on_or_before(day: date) -> date:
    """Give ``day``, or the last session before it."""
    while not is_session(day):
        day -= timedelta(days=1)
    return day


def session_on_or_after(day: date) -> date:
    """Give ``day``, or the first session after it."""
    while not is_session(day):
        day += timedelta(days=1)
    return day


def sessions_after(day: date, count: int) -> date:
    """Give the session ``count`` sessions after ``day``."""
    while count > 0:
        day = session_on_or_after(day + timedelta(days=1))
        count -= 1
    return day


def listed(day: date) -> date:
    """Give the expiry a written day stands for: a Friday that is a holiday is listed as the session before.

    Any other day stays as it was written, a weekend too: a contract that does not exist finds no instrument.
    """
    if day.weekday() == _FRIDAY and not is_session(day):
        return session_on_or_before(day)
    return day
