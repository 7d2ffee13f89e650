"""What Interactive Brokers documents: the contracts and orders of the TWS API's own sample programs.

Each as the documentation shows it; the pretend TWS lists other names and later months: see ``FITTED``.
"""

from tests.integration.examples.model import Example

_CONTRACTS = "https://interactivebrokers.github.io/tws-api/basic_contracts.html"
_ORDERS = "https://interactivebrokers.github.io/tws-api/basic_orders.html"
_BRACKET = "https://interactivebrokers.github.io/tws-api/bracket_order.html"
FITTED = {
    "GBP": "USD",
    "IBM": "AAPL",
    "GOOG": "AAPL",
    "20190315": "20260619",
    1180: 100,
    # GLOBEX has been CME since 2022.
    "GLOBEX": "CME",
    "201612": "202606",
}

CONTRACTS = (
    Example(
        name="FX pair",
        source=_CONTRACTS,
        body={"symbol": "EUR", "secType": "CASH", "currency": "GBP", "exchange": "IDEALPRO"},
        answer={"localSymbol": "EUR.USD"},
    ),
    Example(
        name="stock",
        source=_CONTRACTS,
        body={"symbol": "IBM", "secType": "STK", "currency": "USD", "exchange": "SMART"},
        answer={"localSymbol": "AAPL"},
    ),
    Example(
        name="stock with its primary exchange",
        source=_CONTRACTS,
        body={
            "symbol": "MSFT",
            "secType": "STK",
            "currency": "USD",
            "exchange": "SMART",
            "primaryExchange": "ISLAND",
        },
        answer={"localSymbol": "MSFT"},
    ),
    Example(
        name="option",
        source=_CONTRACTS,
        body={
            "symbol": "GOOG",
            "secType": "OPT",
            "exchange": "SMART",
            "currency": "USD",
            "lastTradeDateOrContractMonth": "20190315",
            "strike": 1180,
            "right": "C",
            "multiplier": "100",
        },
        answer={"localSymbol": "AAPL  260619C00100000", "tradingClass": "AAPL"},
    ),
    Example(
        name="future by its month",
        source=_CONTRACTS,
        body={
            "symbol": "ES",
            "secType": "FUT",
            "exchange": "GLOBEX",
            "currency": "USD",
            "lastTradeDateOrContractMonth": "201612",
        },
        answer={"localSymbol": "ESM6", "multiplier": "50"},
    ),
    Example(
        name="future by its local symbol",
        source=_CONTRACTS,
        body={"secType": "FUT", "exchange": "GLOBEX", "currency": "USD", "localSymbol": "ESU6"},
        answer={"localSymbol": "ESU6", "symbol": "ES"},
    ),
    Example(
        name="option of a class at another exchange",
        source=_CONTRACTS,
        body={
            "symbol": "SANT",
            "secType": "OPT",
            "exchange": "MEFFRV",
            "currency": "EUR",
            "lastTradeDateOrContractMonth": "20190621",
            "strike": 7.5,
            "right": "C",
            "multiplier": "100",
            "tradingClass": "SANEU",
        },
        beyond="no European options",
    ),
    Example(
        name="coin",
        source=_CONTRACTS,
        body={"symbol": "ETH", "secType": "CRYPTO", "exchange": "PAXOS", "currency": "USD"},
        beyond="no coins at this broker here",
    ),
    Example(
        name="index",
        source=_CONTRACTS,
        body={"symbol": "DAX", "secType": "IND", "currency": "EUR", "exchange": "DTB"},
        beyond="an index is not traded",
    ),
)

ORDERS = (
    Example(
        name="market order",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "MKT", "totalQuantity": 10},
        answer={"status": "Filled"},
    ),
    Example(
        name="limit order",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "LMT", "totalQuantity": 10, "lmtPrice": 90},
        answer={"status": "Submitted"},
    ),
    Example(
        name="stop order",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "STP", "auxPrice": 110, "totalQuantity": 10},
        answer={"status": "PreSubmitted"},
    ),
    Example(
        name="stop-limit order",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "STP LMT", "lmtPrice": 111, "auxPrice": 110, "totalQuantity": 10},
        answer={"status": "PreSubmitted"},
    ),
    Example(
        name="trailing stop order",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "TRAIL", "totalQuantity": 10, "trailingPercent": 5},
        answer={"status": "PreSubmitted"},
    ),
    Example(
        name="at the close",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "MOC", "totalQuantity": 10},
        answer={"code": 387},
        beyond="no closing auction",
    ),
    Example(
        name="pegged to the market",
        source=_ORDERS,
        body={"action": "BUY", "orderType": "PEG MKT", "totalQuantity": 10, "auxPrice": 1},
        answer={"code": 387},
        beyond="nothing pegged",
    ),
)

# Entry, target and stop: only the last is transmitted.
BRACKET = Example(
    name="bracket",
    source=_BRACKET,
    body={
        "orders": (
            {"action": "BUY", "orderType": "LMT", "totalQuantity": 10, "lmtPrice": 90, "transmit": False},
            {"action": "SELL", "orderType": "LMT", "totalQuantity": 10, "lmtPrice": 110, "transmit": False},
            {"action": "SELL", "orderType": "STP", "auxPrice": 80, "totalQuantity": 10, "transmit": True},
        )
    },
    answer={"statuses": ("Submitted", "PreSubmitted", "PreSubmitted")},
)
