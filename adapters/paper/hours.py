"""Tell when a day order's day is over. New York's clock by rule, so that no time zone database is needed."""

from datetime import UTC, date, datetime, time, timedelta

from domain.instruments import AssetClass

_CLOSE = time(16, 0)
_LATE_CLOSE = time(20, 0)
_FRIDAY = 4


def day_ends(placed_at: datetime, asset_class: AssetClass, *, extended: bool) -> datetime:
    """Give the moment a DAY order placed then expires, aware, in UTC.

    Shares and options: the next close in New York, 16:00 or with extended hours 20:00, Monday to Friday.
    Holidays are not known, so an order placed on one works until that day's close. Crypto: the next
    midnight UTC.
    """
    if asset_class is AssetClass.CRYPTO:
        return datetime.combine(placed_at.date() + timedelta(days=1), time(0), UTC)
    local = placed_at.astimezone(UTC) + _offset(placed_at)
    close = _LATE_CLOSE if extended else _CLOSE
    day = local.date() if local.time() < close else local.date() + timedelta(days=1)
    while day.weekday() > _FRIDAY:
        day += timedelta(days=1)
    ends = datetime.combine(day, close, UTC)
    return ends - _offset(ends)


def _offset(at: datetime) -> timedelta:
    """Give New York's offset: summer time from March's second Sunday to November's first."""
    begins = datetime.combine(_sunday(at.year, 3, 8), time(7), UTC)
    ends = datetime.combine(_sunday(at.year, 11, 1), time(6), UTC)
    return timedelta(hours=-4 if begins <= at < ends else -5)


def _sunday(year: int, month: int, day: int) -> date:
    first = date(year, month, day)
    return first + timedelta(days=6 - first.weekday())
