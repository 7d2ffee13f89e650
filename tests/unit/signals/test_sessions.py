"""Expiries fall on days the market trades."""

from datetime import date, time

import pytest

from signals.dates import relative, trading_days_on
from signals.sessions import close_of, is_session, listed, session_on_or_before


def test_holidays_and_weekends_are_no_sessions():
    assert not is_session(date(2026, 4, 3))  # Good Friday
    assert not is_session(date(2026, 7, 3))  # the Fourth falls on a Saturday
    assert not is_session(date(2025, 1, 9))  # a day of mourning
    assert not is_session(date(2026, 3, 7))
    assert is_session(date(2026, 3, 2))


def test_some_sessions_close_early():
    assert close_of(date(2026, 11, 27)) == time(13)
    assert close_of(date(2026, 3, 2)) == time(16)
    assert close_of(date(2026, 12, 25)) is None


@pytest.mark.parametrize(
    ("detail", "today", "day"),
    [
        ("weekly", date(2026, 3, 30), date(2026, 4, 2)),
        ("weekly", date(2026, 4, 3), date(2026, 4, 10)),
        ("nextweek", date(2026, 3, 26), date(2026, 4, 2)),
        ("monthly", date(2025, 4, 1), date(2025, 4, 17)),
        ("monthly", date(2025, 4, 18), date(2025, 5, 16)),
        ("zero", date(2026, 4, 3), date(2026, 4, 6)),
        ("zero", date(2026, 3, 2), date(2026, 3, 2)),
        ("nextday", date(2026, 4, 2), date(2026, 4, 6)),
    ],
)
def test_a_relative_expiry_is_a_session(detail, today, day):
    assert relative(detail, today) == day


def test_days_to_expiry_count_sessions():
    assert trading_days_on(date(2026, 4, 1), 2) == date(2026, 4, 6)
    assert trading_days_on(date(2026, 4, 3), 0) == date(2026, 4, 6)


def test_a_written_friday_that_is_a_holiday_is_the_session_before_and_a_weekend_stays_as_written():
    assert listed(date(2026, 4, 3)) == date(2026, 4, 2)
    assert listed(date(2026, 3, 21)) == date(2026, 3, 21)
    assert session_on_or_before(date(2026, 4, 5)) == date(2026, 4, 2)
