"""An expiry without a year is its next occurrence; impossible days are refused."""

from datetime import UTC, date, datetime

import pytest

from signals.annotate import annotate
from signals.contracts import find_contract
from signals.dates import ImpossibleDateError, market_day, month_day, third_friday
from signals.tokens import tokenise

TODAY = date(2026, 3, 4)  # a Wednesday


def expiry(text):
    return find_contract(annotate(tokenise(text)), TODAY).expiry


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("AAPL 150c 3/21", date(2026, 3, 21)), ("AAPL 150c 1/15", date(2027, 1, 15)),
        ("AAPL 150c 3/4", TODAY),
        ("AAPL March 21st 150 calls", date(2026, 3, 21)), ("AAPL 21 Mar 150 call", date(2026, 3, 21)),
        ("AAPL Mar 21 2027 150c", date(2027, 3, 21)), ("AAPL Jan 2027 150c", date(2027, 1, 15)),
        ("SPY 0DTE 512p", TODAY), ("SPY 1DTE 512p", date(2026, 3, 5)), ("TSLA 180p weekly", date(2026, 3, 6)),
        ("TSLA 180p next week", date(2026, 3, 13)), ("TSLA 180p monthly", date(2026, 3, 20)),
        ("AAPL260321C00150000", date(2026, 3, 21)), (".SPY260306C512", date(2026, 3, 6)), ("MSFT 400c", None),
    ],
)  # fmt: skip
def test_an_expiry_is_read_in_every_spelling(text, day):
    assert expiry(text) == day


@pytest.mark.parametrize(
    "text", ["AAPL 150c 2/30", "AAPL 150c 13/10", "AAPL 150c 2/29/2027", "AAPL 150c 0/5"]
)
def test_an_impossible_day_is_refused(text):
    with pytest.raises(ImpossibleDateError):
        expiry(text)


def test_the_leap_day_waits_for_a_leap_year():
    assert month_day(2, 29, TODAY) == date(2028, 2, 29)


def test_the_day_is_the_markets_day_and_not_the_utc_one():
    assert market_day(datetime(2026, 3, 7, 1, tzinfo=UTC)) == date(2026, 3, 6)


def test_the_monthly_expiry_is_the_third_friday():
    assert third_friday(2026, 5) == date(2026, 5, 15)
