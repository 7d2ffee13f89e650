"""Know when the pretend stock market is open: 9:30 to 16:00 in New York, Monday to Friday, no holidays."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPEN, CLOSE = time(9, 30), time(16, 0)
LAST_OPTION_ENTRY = time(15, 30)
"""From here on their last day options take no new positions."""


def is_open(now: datetime) -> bool:
    """Tell whether the regular session is on."""
    local = now.astimezone(NEW_YORK)
    return local.weekday() < 5 and OPEN <= local.time() < CLOSE


def takes_auction(now: datetime, *, opening: bool) -> bool:
    """Tell whether an order for the opening, or else for the close, may be handed in."""
    local = now.astimezone(NEW_YORK).time()
    return local >= time(19, 0) or local < (time(9, 28) if opening else time(15, 50))


def next_at(now: datetime, moment: time) -> datetime:
    """Give the next weekday's ``moment`` after now."""
    local = now.astimezone(NEW_YORK)
    day = local.date()
    while True:
        found = datetime.combine(day, moment, NEW_YORK)
        if found > local and found.weekday() < 5:
            return found
        day += timedelta(days=1)


def trading_days(start: date, end: date) -> list[date]:
    """Give the weekdays from start to end."""
    days = (start + timedelta(days=i) for i in range((end - start).days + 1))
    return [day for day in days if day.weekday() < 5]
