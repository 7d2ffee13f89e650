"""Say what TWS's numbers mean. A code proves a refusal only if it is listed here as one.

interactivebrokers.github.io/tws-api/message_codes.html and shared/reference/brokers.md section 3. Both SDKs
call an order cancelled on any code they do not know, although it may be working (ib_async issue 191); here an
unknown code proves nothing.
"""

from adapters.ibkr import texts
from adapters.kit.errors import Errors
from domain.errors import BrokerError

CANCELLED, CLIENT_TAKEN, DUPLICATE_ID, MISMATCH, TOO_FAST = 202, 326, 103, 105, 100
NOT_FOUND, NOT_CANCELLABLE = frozenset({135, 10147}), frozenset({161, 10148, 136})
BROKEN = 2110
LINK_DOWN = frozenset({1100, BROKEN})
FARM_BACK = frozenset({2104, 2106, 2158})
"""[?] Told once a farm is connected again; after 2110, which names none, that is the end of it too."""
LINK_BACK = frozenset({1101, 1102})
"""1101: subscriptions were lost; 1102: they were kept. Orders are read again either way."""
QUOTE_REFUSED = frozenset({200, 300, 354, 10089, 10090, 10091, 10167, 10168, 10186, 10197, 321, 322})
# Told about an order that goes on working: nothing is proven and nothing is wrong.
WARNINGS = frozenset({105, 165, 202, 399, 404, 481, 10167, 10311, 10349, 10358} | set(range(2100, 2200)))

_TERMS = (
    {106, 107, 111, 113, 115, 116, 117, 118, 119, 120, 121, 122, 124, 126, 127, 129, 130, 131, 132, 133, 134}
    | {
        137,
        140,
        141,
        144,
        146,
        147,
        151,
        152,
        153,
        154,
        155,
        157,
        158,
        159,
        160,
        320,
        323,
        324,
        325,
        328,
        329,
    }
    | {
        330,
        331,
        332,
        333,
        334,
        335,
        336,
        337,
        338,
        339,
        343,
        344,
        346,
        347,
        352,
        355,
        356,
        358,
        361,
        362,
        363,
    }
    | {
        364,
        367,
        369,
        370,
        375,
        377,
        378,
        379,
        380,
        381,
        382,
        383,
        384,
        387,
        388,
        389,
        391,
        392,
        394,
        395,
        396,
    }
    | {
        397,
        398,
        401,
        402,
        403,
        405,
        406,
        409,
        411,
        413,
        414,
        415,
        416,
        417,
        418,
        419,
        423,
        428,
        429,
        430,
        433,
    }
    | {434, 435, 436, 437, 440, 441, 442, 443, 445, 446, 447, 448, 449, 10005, 10006, 10052, 10243, 10247}
)
_PRICES = frozenset({109, 110, 125, 163, 357, 366})
_SYMBOLS = frozenset({200, 203, 312, 313, 314, 315, 342, 345, 412, 460, 10329})
_TERMINAL = frozenset({104, 123, 201, 321}) | _TERMS | _PRICES | _SYMBOLS
# Parts of the text of code 201, which is one code for every reason, in lower case.
_FUNDS = ("margin", "available funds", "buying power", "insufficient", "cash available", "settled cash")
_HOURS = ("closed", "trading hours", "market is not open", "outside")
_SHORT = ("short sale", "short stock", "cannot be shorted", "not available for short")
_SYMBOL = (
    "no security definition",
    "not available for trading",
    "no trading permission",
    "not allowed to trade",
)


def refuses(code: int) -> bool:
    """Tell whether a code about an order proves that it was refused."""
    return code in _TERMINAL


def refusal(code: int, text: str, errors: Errors, symbol: str) -> BrokerError:
    """Name a proven refusal."""
    said = text.lower()
    if code == 321 and "read-only" in said:
        return errors.rejected(texts.READ_ONLY, "read_only")
    if code in _SYMBOLS or any(part in said for part in _SYMBOL):
        return errors.not_tradable(texts.REFUSED_SYMBOL)
    if any(part in said for part in _SHORT):
        return errors.rejected(texts.SHORTING.format(symbol=symbol), "no_shorting")
    if code == 201 and any(part in said for part in _FUNDS):
        return errors.funds(texts.FUNDS)
    if code == 201 and any(part in said for part in _HOURS):
        return errors.closed(texts.CLOSED)
    if code in _PRICES:
        return errors.rejected(texts.REFUSED_PRICE, f"ibkr_{code}")
    if code == 104:
        return errors.rejected(texts.NOT_CHANGEABLE, "not_changeable")
    return errors.rejected(texts.REFUSED, f"ibkr_{code}")
