"""Hold what each broker does in each kind of trouble, as data, and the page that is made of it.

A row says what is wrong and which error the bot makes of it; where nothing can go wrong at a broker the row
says why. ``tests/integration/error_scenes.py`` brings each row about through the broker's own SDK.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import (
    AuthFailed,
    BrokerError,
    Denied,
    InsufficientFunds,
    MarketClosed,
    NotTradable,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)

TITLES = {
    "paper": "Paper trading",
    "alpaca": "Alpaca",
    "ibkr": "Interactive Brokers",
    "schwab": "Charles Schwab",
    "moomoo": "moomoo",
    "kraken": "Kraken",
    "coinbasepro": "Coinbase",
}


class Trouble(StrEnum):
    """Name what can be wrong; the value is the heading on the page."""

    KEYS = "Wrong credentials"
    REVOKED = "Credentials that stop working"
    FUNDS = "Not enough money"
    SYMBOL = "A symbol that is not traded"
    CLOSED = "A closed market"
    NOBODY = "Nobody answers at the address"
    NO_NAME = "The address does not exist"
    SILENT = "Connected, and never an answer"
    FROZEN = "The answers stop in the middle"
    CLOCK = "The clock of the bot's computer is wrong"


class Reason(StrEnum):
    """Say why a trouble cannot come up at a broker."""

    NO_KEYS = "Paper trading needs no credentials."
    NO_ADDRESS = "Paper trading runs inside the bot, so there is no address to be wrong."
    SAME_CLOCK = "Paper trading runs inside the bot and goes by the same clock."
    WAITS_FOR_PRICE = "The order is taken at any hour and waits for a fresh price."
    WAITS_FOR_OPENING = "A plain order is taken at any hour and waits for the opening."
    NO_TIME_ASKED = "No order depends on what the clock of the bot's computer shows."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold one broker in one trouble; ``raises`` is None where ``reason`` says that nothing goes wrong."""

    broker: str
    trouble: Trouble
    what: str
    raises: type[BrokerError] | None = None
    code: str = ""
    reason: Reason | None = None
    scene: str = ""

    @property
    def id(self) -> str:
        """Name the row for a test."""
        return "-".join(part for part in (self.broker, self.trouble.name.lower(), self.scene) if part)


def _rows(trouble: Trouble, *told: tuple[object, ...]) -> Iterator[Row]:
    for broker, what, raises, code, *scene in told:
        reason = raises if isinstance(raises, Reason) else None
        yield Row(
            broker=str(broker),
            trouble=trouble,
            what=str(what),
            raises=None if reason else raises,  # type: ignore[arg-type]
            code=str(code),
            reason=reason,
            scene=str(scene[0]) if scene else "",
        )


_NOBODY = "nothing listens there"
_NO_NAME = "no computer has this name"
_FUNDS = "an order for far more than there is"
_LOOKED_UP = "a symbol that does not exist is looked up"
_ORDERED = "an order for a symbol that is not there"
_MUTE = "the connection is taken, and nothing ever comes back"
_STUCK = "an order arrives, and its answer does not"
_OFF = "the clock is five minutes off"

ROWS: tuple[Row, ...] = (
    *_rows(
        Trouble.KEYS,
        ("paper", "there are none", Reason.NO_KEYS, ""),
        ("alpaca", "the secret key is wrong", AuthFailed, "auth_failed"),
        ("ibkr", "TWS is logged in to another account", AuthFailed, "wrong_account"),
        ("ibkr", "another program has the same client ID", Unreachable, "client_id_in_use", "taken"),
        ("schwab", "the app secret is wrong", AuthFailed, "app_refused"),
        ("schwab", "the pasted address is too old", AuthFailed, "code_refused", "late"),
        ("moomoo", "the account number is wrong", AuthFailed, "unknown_account"),
        ("moomoo", "the trade password is wrong", AuthFailed, "auth_failed", "password"),
        ("kraken", "the private key is wrong", AuthFailed, "auth_failed"),
        ("kraken", "the API key may not trade", AuthFailed, "no_permission", "permission"),
        ("coinbasepro", "the private key is wrong", AuthFailed, "auth_failed"),
        ("coinbasepro", "the private key was not copied whole", AuthFailed, "unreadable_key", "torn"),
    ),
    *_rows(
        Trouble.REVOKED,
        ("paper", "there are none", Reason.NO_KEYS, ""),
        ("alpaca", "the key pair is deleted while it is in use", AuthFailed, "auth_failed"),
        ("ibkr", "TWS loses its own login", Unreachable, "link_lost"),
        ("ibkr", "TWS comes back logged in to another account", AuthFailed, "wrong_account", "other"),
        ("schwab", "the sign-in is withdrawn while it is in use", AuthFailed, "login_refused"),
        ("schwab", "the sign-in is a week old", AuthFailed, "login_expired", "week"),
        ("moomoo", "trading is locked again in OpenD", AuthFailed, "auth_failed"),
        ("kraken", "the API key is deleted while it is in use", AuthFailed, "auth_failed"),
        ("coinbasepro", "the API key is deleted while it is in use", AuthFailed, "auth_failed"),
    ),
    *_rows(
        Trouble.FUNDS,
        *((broker, _FUNDS, InsufficientFunds, "insufficient_funds") for broker in TITLES),
    ),
    *_rows(
        Trouble.SYMBOL,
        *((broker, _LOOKED_UP, NotTradable, "unknown_symbol") for broker in TITLES),
        *(
            (broker, _ORDERED, NotTradable, "not_tradable", "ordered")
            for broker in TITLES
            if broker != "paper"
        ),
    ),
    *_rows(
        Trouble.CLOSED,
        ("paper", "there is no price at this hour", Reason.WAITS_FOR_PRICE, ""),
        ("alpaca", "an order for the opening, once it is past", MarketClosed, "market_closed"),
        ("alpaca", "a plain order at night", Reason.WAITS_FOR_OPENING, "", "plain"),
        ("ibkr", "the exchange takes no such order now", MarketClosed, "market_closed"),
        ("schwab", "Schwab takes no such order now", MarketClosed, "market_closed"),
        ("moomoo", "moomoo takes no such order now", MarketClosed, "market_closed"),
        ("kraken", "the pair is halted", MarketClosed, "market_closed"),
        ("coinbasepro", "the pair is halted", MarketClosed, "market_closed"),
    ),
    *_rows(
        Trouble.NOBODY,
        ("paper", "the bot's own database is away", Unreachable, "store_unavailable"),
        *((broker, _NOBODY, Unreachable, "unreachable") for broker in TITLES if broker != "paper"),
    ),
    *_rows(
        Trouble.NO_NAME,
        ("paper", "there is none", Reason.NO_ADDRESS, ""),
        *((broker, _NO_NAME, Unreachable, "unreachable") for broker in TITLES if broker != "paper"),
    ),
    *_rows(
        Trouble.SILENT,
        ("paper", "the price feed never answers", Unreachable, "prices_unreachable"),
        ("alpaca", _MUTE, OutcomeUnknown, "timeout"),
        ("ibkr", _MUTE, Unreachable, "no_handshake"),
        ("schwab", _MUTE, OutcomeUnknown, "timeout"),
        ("schwab", "the sign-in cannot be renewed", Unreachable, "login_unreachable", "login"),
        ("moomoo", _MUTE, Unreachable, "no_handshake"),
        ("kraken", _MUTE, OutcomeUnknown, "timeout"),
        ("coinbasepro", _MUTE, OutcomeUnknown, "timeout"),
    ),
    *_rows(
        Trouble.FROZEN,
        ("paper", "the database goes away while an order is written", OutcomeUnknown, "store_unavailable"),
        *((broker, _STUCK, OutcomeUnknown, "timeout") for broker in TITLES if broker != "paper"),
        *(
            (broker, "the account is asked for", OutcomeUnknown, "timeout", "read")
            for broker in TITLES
            if broker != "paper"
        ),
    ),
    *_rows(
        Trouble.CLOCK,
        ("paper", _OFF, Reason.SAME_CLOCK, ""),
        ("alpaca", _OFF, Reason.NO_TIME_ASKED, ""),
        ("ibkr", _OFF, Reason.NO_TIME_ASKED, ""),
        ("schwab", _OFF, Reason.NO_TIME_ASKED, ""),
        ("moomoo", _OFF, Reason.NO_TIME_ASKED, ""),
        ("kraken", "the clock is five minutes slow", OutcomeUnknown, "deadline", "slow"),
        ("kraken", "the clock is five minutes fast", Rejected, "wrong_clock", "fast"),
        ("kraken", "the clock was set back", Throttled, "rate_limited", "back"),
        ("coinbasepro", "the clock is five minutes slow", Denied, "wrong_clock", "slow"),
        ("coinbasepro", "the clock is five minutes fast", Denied, "wrong_clock", "fast"),
    ),
)

# The page

HEAD = """# When something goes wrong

What the bot makes of trouble at each broker, and the very words a member reads. Every row is brought about by
`tests/integration/test_error_matrix.py`: the broker's own library talks over a real socket to a simulator of
the broker, and something is spoiled on purpose. This page is made by `python scripts/errors_table.py` from
the same rows; a test fails when it is not current.

An order that may have reached a broker is never called refused. Where an answer is lost the error is
*OutcomeUnknown*: the bot looks the order up, sends nothing twice, and asks a person where it cannot find out.

| error | what it means for an order | what the member sees in Discord |
|---|---|---|
"""
SEEN: Mapping[type[BrokerError], tuple[str, str]] = {
    Denied: ("not sent", "the sentence, on the trade's message"),
    Rejected: ("refused by the broker", "the sentence, on the trade's message"),
    InsufficientFunds: ("refused by the broker", "the sentence, on the trade's message"),
    MarketClosed: ("refused by the broker", "the sentence, on the trade's message"),
    NotTradable: ("not sent, or refused by the broker", "the sentence, on the trade's message"),
    AuthFailed: ("refused by the broker; the account takes no entries until it is linked again", "{blocked}"),
    Throttled: ("not sent; sent again within its time", "nothing, or {expired}"),
    Unreachable: ("not sent; sent again within its time", "{unreachable}, or {expired}"),
    OutcomeUnknown: ("in doubt; looked up, never sent blindly", "{unknown}, then what was found out"),
}
COLUMNS = "| broker | what is wrong | the words | the error |\n|---|---|---|---|\n"


def page(said: Mapping[str, str], words: Mapping[str, str]) -> str:
    """Write the page; ``said`` holds the sentence of each row, ``words`` the bot's own sentences."""
    parts = [HEAD]
    for kind, (meaning, shown) in SEEN.items():
        parts.append(f"| {kind.__name__} | {meaning} | {shown.format_map(words)} |\n")
    for trouble in Trouble:
        parts.append(
            f"\n## {trouble.value}\n\n| broker | what is wrong | the words | the error |\n|---|---|---|---|\n"
        )
        parts += [line(row, said.get(row.id, "")) for row in ROWS if row.trouble is trouble]
    return "".join(parts)


def line(row: Row, said: str) -> str:
    """Write one row."""
    if row.raises is None:
        return f"| {TITLES[row.broker]} | {row.what} | *{row.reason.value if row.reason else ''}* | none |\n"
    return f"| {TITLES[row.broker]} | {row.what} | {said} | {row.raises.__name__} `{row.code}` |\n"


def sentences(text: str) -> Mapping[str, str]:
    """Read the sentence of each row back from the page."""
    found: dict[str, str] = {}
    for trouble in Trouble:
        _, _, after = text.partition(f"\n## {trouble.value}\n")
        table = [part for part in after.partition("\n## ")[0].splitlines() if part.startswith("| ")][1:]
        rows = [row for row in ROWS if row.trouble is trouble]
        for row, told in zip(rows, table, strict=False):
            found[row.id] = told.split(" | ")[2]
    return found
