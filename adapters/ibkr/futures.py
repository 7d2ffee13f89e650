"""Know the futures that signals name: what Interactive Brokers calls them, and which month is meant.

Symbols and exchanges are those of IBKR's own product listings, as the open source pysystemtrade is configured
with them. A signal says ``ES``, ``ESH6``, ``ESH26`` or ``ESH2026``; ours has two digits of the year: ESH26.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

CODES = "FGHJKMNQUVXZ"
"""The letters of the months, January first, as every US exchange uses them."""
_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_OWN = {
    "CME": "ES MES NQ MNQ RTY M2K M6E MBT MET HE LE GF",
    "CBOT": "YM MYM ZB ZN ZF ZT UB ZC ZS ZW ZL ZM",
    "NYMEX": "CL MCL QM NG QG RB HO PL PA",
    "COMEX": "GC MGC SI HG MHG",
    "NYBOT": "KC SB CC CT",
}
_OTHER = {
    "6E": ("EUR", "CME"),
    "6B": ("GBP", "CME"),
    "6J": ("JPY", "CME"),
    "6A": ("AUD", "CME"),
    "6C": ("CAD", "CME"),
    "6S": ("CHF", "CME"),
    "6N": ("NZD", "CME"),
    "BTC": ("BRR", "CME"),
    "ETH": ("ETHUSDRR", "CME"),
    "SIL": ("SI", "COMEX"),
    "VX": ("VIX", "CFE"),
}
ROOTS: Mapping[str, tuple[str, str]] = {
    **{root: (root, exchange) for exchange, roots in _OWN.items() for root in roots.split()},
    **_OTHER,
}
"""The exchange's root, which is IBKR's trading class, with IBKR's own symbol and the exchange."""
_DELIVERED = frozenset(
    [
        "GC",
        "MGC",
        "SI",
        "SIL",
        "HG",
        "MHG",
        "PL",
        "PA",
        "ZB",
        "ZN",
        "ZF",
        "ZT",
        "UB",
        "ZC",
        "ZS",
        "ZW",
        "ZL",
        "ZM",
        "LE",
        "KC",
        "SB",
        "CC",
        "CT",
    ]
)
"""Who is long before the month begins may be handed the goods; IBKR sells such positions by itself."""
# The months with volume, where others are listed too.
_MAIN = {
    **dict.fromkeys(("GC", "MGC"), "GJMQZ"),
    **dict.fromkeys(("SI", "SIL", "HG", "MHG"), "HKNUZ"),
    "PL": "FJNV",
    "PA": "HMUZ",
}
_ROLL = timedelta(days=8)
"""Trade moves to the next month about then, before the last day."""
_NOTICE = timedelta(days=14)
"""Before the month of delivery; every first day of notice is later."""
_DATED = re.compile(rf"([A-Z0-9]{{1,4}}?)([{CODES}])(\d{{1,2}}|\d{{4}})", re.ASCII)
_LOCAL = re.compile(rf"([{CODES}])(\d{{1,2}})$", re.ASCII)
_LONG = re.compile(r"\s([A-Z]{3})\s+(\d{2})$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """Be a future as a signal names it; ``month`` is the first day of its month, if one is named."""

    root: str
    month: date | None = None

    @property
    def symbol(self) -> str:
        """Write it as ours."""
        if self.month is None:
            return self.root
        return f"{self.root}{CODES[self.month.month - 1]}{self.month:%y}"


def read(text: str, today: date) -> Future | None:
    """Read a name; None where it names no future that is known here."""
    if text in ROOTS:
        return Future(root=text)
    found = _DATED.fullmatch(text)
    if not found or found[1] not in ROOTS:
        return None
    year = _year(found[3], today.year)
    return Future(root=found[1], month=date(year, CODES.index(found[2]) + 1, 1))


def _year(digits: str, near: int, back: int = 0) -> int:
    """Give the year that a last digit, or two, or four, means: the first from ``near`` less ``back`` on."""
    if len(digits) == 4:
        return int(digits)
    if len(digits) == 2:
        return 2000 + int(digits)
    return next(year for year in range(near - back, near - back + 10) if year % 10 == int(digits))


def front(details: Iterable[Any], root: str, today: date) -> Any | None:
    """Choose the month where none was named: the next with volume, clear of its end and of delivery."""
    months = [d for d in details if _listed(d, root) and _clear(d, root, today)]
    return min(months, key=lambda d: str(d.contractMonth), default=None)


def _listed(details: Any, root: str) -> bool:
    month = str(details.contractMonth)
    if details.contract.tradingClass != root or not re.fullmatch(r"\d{6}", month):
        return False
    return CODES[int(month[4:]) - 1] in _MAIN.get(root, CODES)


def _clear(details: Any, root: str, today: date) -> bool:
    last = day(str(details.realExpirationDate or details.contract.lastTradeDateOrContractMonth))
    if last is None:
        return False
    ends = last - _ROLL
    if root in _DELIVERED:
        first = datetime.strptime(str(details.contractMonth), "%Y%m").date()  # noqa: DTZ007 - a day, in no zone
        ends = min(ends, first - _NOTICE)
    return today <= ends


def day(text: str) -> date | None:
    """Read a day as TWS writes it, ``20260320``."""
    if not re.fullmatch(r"\d{8}", text[:8]):
        return None
    return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day, in no zone


def symbol_of(contract: Any) -> str:
    """Give our symbol of a contract: its month is in its local symbol (``ESH6``, ``ZB   MAR 26``).

    The last day of trading does not tell it: oil of January trades until December.
    """
    local = str(contract.localSymbol)
    last = day(str(contract.lastTradeDateOrContractMonth))
    short, long = _LOCAL.search(local), _LONG.search(local)
    if last is None or not (short or long):
        return local.replace(" ", "")
    if long and long[1] in _NAMES:
        code, digits = CODES[_NAMES.index(long[1])], long[2]
    elif short:
        code, digits = short[1], short[2]
    else:
        return local.replace(" ", "")
    root = str(contract.tradingClass) or local[: short.start() if short else None].strip()
    year = _year(digits, last.year, back=1)
    return Future(root=root, month=date(year, CODES.index(code) + 1, 1)).symbol


def exchange_of(contract: Any) -> str:
    """Give the exchange a contract trades at; a position does not tell it."""
    return str(contract.exchange or ROOTS.get(str(contract.tradingClass), ("", ""))[1])
