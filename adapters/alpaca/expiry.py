"""Know the last hours of an option at Alpaca.

From 15:30 New York time of its last day Alpaca takes no order that opens or adds, and closes what the account
could not carry (docs.alpaca.markets/us/docs/options-trading-overview, Expiration). Trading ends at 16:00, for
options on some broad funds at 16:15; half days are left to Alpaca's own refusal.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from domain.instruments import OptionContract

_NEW_YORK = ZoneInfo("America/New_York")
LAST_ENTRY = time(15, 30)
_LAST_TRADE = time(16, 15)


def new_york(now: datetime) -> datetime:
    """Give the time in New York."""
    return now.astimezone(_NEW_YORK)


def is_over(contract: OptionContract, now: datetime) -> bool:
    """Tell whether the contract has stopped trading for good."""
    local = new_york(now)
    return (local.date(), local.time()) >= (contract.expiry, _LAST_TRADE)


def too_late_to_open(contract: OptionContract, now: datetime) -> bool:
    """Tell whether Alpaca takes no more positions in it."""
    local = new_york(now)
    return (local.date(), local.time()) >= (contract.expiry, LAST_ENTRY)
