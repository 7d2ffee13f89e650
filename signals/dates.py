"""Read expiries: 3/21, March 21st, 2026-03-21, weekly, 0DTE; without a year, the next one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from signals import lexicon as lex
from signals.sessions import listed, session_on_or_after, sessions_after
from signals.tokens import DATE, NUMBER, PUNCT, SLASH, Token

_MARKET = "America/New_York"
_FRIDAY = 4
_YEARS_AHEAD = 5
_MOST_DAYS = 1000


class ImpossibleDateError(ValueError):
    """Say that a date was written which no calendar has."""


def market_day(as_of: datetime) -> date:
    """Give the day it was at the US market when the message was posted."""
    if as_of.tzinfo is None:
        as_of = as_of.replace(tzinfo=UTC)
    return as_of.astimezone(ZoneInfo(_MARKET)).date()


def month_day(month: int, day: int, today: date | None) -> date | None:
    """Give the next ``month``/``day`` on or after ``today``. Raises ImpossibleDateError."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ImpossibleDateError
    if today is None:
        return None
    for year in range(today.year, today.year + _YEARS_AHEAD):
        try:
            found = date(year, month, day)
        except ValueError:
            if (month, day) != (2, 29):
                raise ImpossibleDateError from None
            continue
        if found >= today:
            return found
    raise ImpossibleDateError


def third_friday(year: int, month: int) -> date:
    """Give the monthly expiry."""
    first = date(year, month, 1)
    return first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14)


def relative(detail: str, today: date | None) -> date | None:
    """Give the day that weekly, next week, monthly or 0DTE mean: a session, before a holiday if need be."""
    if today is None:
        return None
    if detail == "zero":
        return session_on_or_after(today)
    if detail == "nextday":
        return sessions_after(today, 1)
    if detail == "monthly":
        monthly = listed(third_friday(today.year, today.month))
        return monthly if monthly >= today else listed(third_friday(*_next_month(today)))
    friday = today + timedelta(days=(_FRIDAY - today.weekday()) % 7)
    if listed(friday) < today:
        friday += timedelta(days=7)
    if detail in {"weekly", "weeklyday"}:
        return listed(friday)
    return listed(friday + timedelta(days=7)) if detail == "nextweek" else None


def _next_month(today: date) -> tuple[int, int]:
    return (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)


def trading_days_on(today: date | None, days: int) -> date | None:
    """Give the session ``days`` sessions after ``today`` (1DTE posted on a Friday is Monday)."""
    if today is None or days > _MOST_DAYS:
        return None
    return sessions_after(session_on_or_after(today) if days == 0 else today, days)


def expiry_at(tokens: list[Token], at: int, today: date | None) -> tuple[int, date | None] | None:
    """Read the expiry that begins at ``at``: its length and day. Raises ImpossibleDateError."""
    found = _expiry_at(tokens, at, today)
    return found if found is None or found[1] is None else (found[0], listed(found[1]))


def _expiry_at(tokens: list[Token], at: int, today: date | None) -> tuple[int, date | None] | None:
    token = tokens[at]
    if token.kind == DATE:
        if token.day is None:
            raise ImpossibleDateError
        return 1, token.day
    if token.kind == SLASH:
        first, second = token.parts
        if first.isdigit() and second.isdigit() and len(first) <= 2 and len(second) <= 2:
            return 1, month_day(int(first), int(second), today)
        return None
    if token.kind == NUMBER and token.suffix == "dte" and token.value is not None:
        return 1, trading_days_on(today, int(token.value))
    if token.roles & lex.EXPIRY and token.details[lex.EXPIRY] not in {"label", "leaps"}:
        return 1, relative(token.details[lex.EXPIRY], today)
    return _named_month(tokens, at, today)


def _named_month(tokens: list[Token], at: int, today: date | None) -> tuple[int, date | None] | None:
    """Read ``March 21st 2026``, ``21 Mar``, ``Jan 2027`` (its third Friday)."""
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.roles & lex.MONTH:
        month = int(token.details[lex.MONTH])
        if following is not None and following.roles & lex.STRIKE and token.raw[0].isupper():
            return 1, _monthly(month, today)  # AAPL April 180C
        if following is None or not _whole(following):
            return None
        number = int(following.value or 0)
        if number > 31:
            return (2, third_friday(number, month)) if 2000 < number < 2100 else None
        used, year = _year_after(tokens, at + 2)
        return 2 + used, _day(year, month, number, today)
    if _whole(token) and following is not None and following.roles & lex.MONTH and (token.value or 0) <= 31:
        used, year = _year_after(tokens, at + 2)
        return 2 + used, _day(year, int(following.details[lex.MONTH]), int(token.value or 0), today)
    return None


def _monthly(month: int, today: date | None) -> date | None:
    """Give the monthly expiry of the next ``month`` that is not over."""
    if today is None:
        return None
    this_year = listed(third_friday(today.year, month))
    return this_year if this_year >= today else listed(third_friday(today.year + 1, month))


def _whole(token: Token) -> bool:
    return token.kind == NUMBER and token.suffix in {"", "st"} and "." not in token.raw and not token.money


def _year_after(tokens: list[Token], at: int) -> tuple[int, int | None]:
    used = 0
    if at < len(tokens) and tokens[at].kind == PUNCT and tokens[at].text in {",", "'"}:
        used = 1
    if at + used < len(tokens) and _whole(tokens[at + used]):
        raw = tokens[at + used].raw
        if len(raw) == 4 and raw.startswith("20"):
            return used + 1, int(raw)
        glued = not used and (tokens[at].glued or _strike_follows(tokens, at))  # 20MAR26, 20 MAR 26 510 CALL
        if len(raw) == 2 and (glued or (used and tokens[at].text == "'")):
            return used + 1, 2000 + int(raw)
    return 0, None


def _strike_follows(tokens: list[Token], at: int) -> bool:
    following = tokens[at + 1 : at + 3]
    return (
        len(following) > 1 and following[0].kind in {NUMBER, SLASH} and bool(following[1].roles & lex.RIGHT)
    )


def _day(year: int | None, month: int, day: int, today: date | None) -> date | None:
    if year is None:
        return month_day(month, day, today)
    try:
        return date(year, month, day)
    except ValueError:
        raise ImpossibleDateError from None
