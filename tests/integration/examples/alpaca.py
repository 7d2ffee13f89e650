"""Alpaca's own documented requests, answers and refusals, as data with the page each comes from."""

ORDERS_PAGE = "https://docs.alpaca.markets/docs/orders-at-alpaca"
CRYPTO_PAGE = "https://docs.alpaca.markets/us/docs/crypto-orders"
OPTION_ORDERS_PAGE = "https://docs.alpaca.markets/docs/options-orders"
OPTIONS_PAGE = "https://docs.alpaca.markets/us/docs/options-trading-overview"
EVENTS_PAGE = "https://docs.alpaca.markets/docs/non-trade-activities-for-option-events"
CHANGES_PAGE = "https://docs.alpaca.markets/us/changelog/2026-08-27-options-stop-orders-08e9371"
GTC_PAGE = "https://docs.alpaca.markets/us/changelog/2026-08-28-options-gtc-15a3de4"

# Source, body, and how many legs the answer shows. An exit needs what it sells: see HOLDS.
ORDERS = [
    (
        ORDERS_PAGE,
        {
            "side": "buy",
            "symbol": "SPY",
            "type": "market",
            "qty": "100",
            "time_in_force": "gtc",
            "order_class": "bracket",
            "take_profit": {"limit_price": "301"},
            "stop_loss": {"stop_price": "299", "limit_price": "298.5"},
        },
        2,
    ),
    (
        ORDERS_PAGE,
        {
            "side": "buy",
            "symbol": "SPY",
            "type": "market",
            "qty": "100",
            "time_in_force": "gtc",
            "order_class": "oto",
            "stop_loss": {"stop_price": "299", "limit_price": "298.5"},
        },
        1,
    ),
    (
        ORDERS_PAGE,
        {
            "side": "sell",
            "symbol": "SPY",
            "type": "trailing_stop",
            "qty": "100",
            "time_in_force": "day",
            "trail_price": "6.15",
        },
        0,
    ),
    (
        CRYPTO_PAGE,
        {"symbol": "BTC/USD", "qty": "0.0001", "side": "buy", "type": "market", "time_in_force": "gtc"},
        0,
    ),
    (
        OPTION_ORDERS_PAGE,
        {
            "symbol": "AAPL240119C00190000",
            "qty": "1",
            "side": "buy",
            "type": "market",
            "time_in_force": "day",
        },
        0,
    ),
    (
        OPTION_ORDERS_PAGE,
        {
            "symbol": "AAPL240119P00170000",
            "qty": "1",
            "side": "buy",
            "type": "market",
            "time_in_force": "day",
        },
        0,
    ),
    (
        OPTIONS_PAGE,
        {
            "symbol": "TSLA240126P00210000",
            "qty": "1",
            "side": "buy",
            "type": "market",
            "time_in_force": "day",
        },
        0,
    ),
]
HOLDS = [{"symbol": "SPY", "qty": "100", "side": "buy", "type": "market", "time_in_force": "day"}]

# The pages name the parts in words only: types and times in force of single options.
OPTION_KINDS = [
    (source, kind, tif)
    for source, tif in ((CHANGES_PAGE, "day"), (GTC_PAGE, "gtc"))
    for kind in ("market", "limit", "stop", "stop_limit")
]

# Refused for want of cover: status, code and words of OPTIONS_PAGE under "Buying Power Checks".
UNCOVERED = [
    (
        {
            "symbol": "AAPL240126C00050000",
            "qty": "1",
            "side": "sell",
            "type": "market",
            "time_in_force": "day",
        },
        "insufficient underlying qty available for covered call (required: 100, available: 0)",
    ),
    (
        {
            "symbol": "TSLA240126P00210000",
            "qty": "10",
            "side": "sell",
            "type": "market",
            "time_in_force": "day",
        },
        "insufficient options buying power for cash-secured put (required: 210000, available:",
    ),
]

CONTRACT = {
    "id": "1fb904df-961a-4a07-a924-53a437626db2",
    "symbol": "AAPL240223C00095000",
    "name": "AAPL Feb 23 2024 95 Call",
    "status": "active",
    "tradable": True,
    "expiration_date": "2024-02-23",
    "root_symbol": "AAPL",
    "underlying_symbol": "AAPL",
    "underlying_asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
    "type": "call",
    "style": "american",
    "strike_price": "95",
    "size": "100",
    "open_interest": "12",
    "open_interest_date": "2024-02-22",
    "close_price": "89.35",
    "close_price_date": "2024-02-22",
}
"""OPTIONS_PAGE, Asset Master."""

POSITION = {
    "asset_id": "fe4f43e5-60a4-4269-ba4c-3d304444d58b",
    "symbol": "PTON240126C00000500",
    "exchange": "",
    "asset_class": "us_option",
    "asset_marginable": True,
    "qty": "2",
    "avg_entry_price": "6.05",
    "side": "long",
    "market_value": "1068",
    "cost_basis": "1210",
    "unrealized_pl": "-142",
    "unrealized_plpc": "-0.1173553719008264",
    "unrealized_intraday_pl": "-142",
    "unrealized_intraday_plpc": "-0.1173553719008264",
    "current_price": "5.34",
    "lastday_price": "5.34",
    "change_today": "0",
    "qty_available": "2",
}
"""OPTIONS_PAGE, Positions."""

ACTIVITIES = [
    {
        "id": "20240301000000000::31ff5d4c-a608-43bb-8e59-678a96a4a42c",
        "activity_type": "OPEXP",
        "date": "2024-03-01",
        "net_amount": "0",
        "description": "Option Expiry",
        "symbol": "QS240301C00010500",
        "qty": "-1",
        "status": "executed",
    },
    {
        "id": "20240301000000000::001140db-3947-456b-aefc-253861fb65df",
        "activity_type": "OPASN",
        "date": "2024-03-01",
        "net_amount": "0",
        "description": "",
        "symbol": "QS240301C00004500",
        "qty": "1",
        "status": "executed",
    },
    {
        "id": "20240301000000000::a88c089f-a8c3-4672-9b68-2f6f2d05e914",
        "activity_type": "OPTRD",
        "date": "2024-03-01",
        "net_amount": "450",
        "description": "Option Trade",
        "symbol": "QS",
        "qty": "-100",
        "price": "4.5",
        "status": "executed",
    },
    {
        "id": "20240227000000000::197118f0-afd8-4adb-b154-167f4a87b1f5",
        "activity_type": "OPEXC",
        "date": "2024-02-27",
        "net_amount": "0",
        "description": "Option Exercise",
        "symbol": "QS240301C00006500",
        "qty": "-1",
        "status": "executed",
    },
]
"""OPTIONS_PAGE, Post Trade; the same shape at EVENTS_PAGE."""

LEVEL_REFUSAL = {"code": 40310000, "message": "account not eligible for level2 options trading"}
"""OPTIONS_PAGE, Trading Level Validation."""

OPTION = {
    "symbol": "AAPL240119C00190000",
    "qty": "1",
    "side": "buy",
    "type": "limit",
    "limit_price": "5.10",
    "time_in_force": "day",
}
_LEGS = {"take_profit": {"limit_price": "9"}, "stop_loss": {"stop_price": "3"}}
# What changes in OPTION, then status, code and words of OPTIONS_PAGE under "Error Responses".
REFUSED = [
    ({"qty": "1.5"}, 422, 42210000, "qty must be integer for options trading"),
    ({"qty": None, "notional": "500"}, 422, 42210000, "notional orders are not supported for options"),
    ({"extended_hours": True}, 422, 42210000, "extended hours is not supported for options trading"),
    ({"order_class": "bracket", **_LEGS}, 422, 42210000, "complex orders not supported for options"),
    ({"order_class": "oco", "side": "sell", **_LEGS}, 422, 42210000, "complex orders not supported"),
    ({"order_class": "mleg"}, 403, 40310000, "submit mleg order is disabled"),
    (
        {"type": "trailing_stop", "limit_price": None, "trail_price": "1"},
        422,
        42210000,
        "invalid order type for options trading",
    ),
    ({"time_in_force": "ioc"}, 422, 42210000, "order_time_in_force provided not supported for options"),
    ({"time_in_force": "fok"}, 422, 42210000, "order_time_in_force provided not supported for options"),
    ({"symbol": "AAPL240118C00190000"}, 422, 42210000, 'contract "AAPL240118C00190000" not found'),
    ({"symbol": "AAPL240119C00191000"}, 422, 42210000, 'contract "AAPL240119C00191000" not found'),
    ({"symbol": "AAPL231027C00190000"}, 422, 42210000, 'contract "AAPL231027C00190000" is expired'),
    ({"symbol": "ZZZZ240119C00190000"}, 422, 42210000, "not found"),
    (
        {"position_intent": "buy_to_close"},
        422,
        42210000,
        "position intent mismatch, inferred: buy_to_open, specified: buy_to_close",
    ),
    (
        {"side": "sell", "position_intent": "sell_to_close"},
        422,
        42210000,
        "position intent mismatch, inferred: sell_to_open, specified: sell_to_close",
    ),
    ({"position_intent": "open_sesame"}, 422, 40010001, "invalid position_intent"),
    ({"limit_price": "5.101"}, 422, 42210000, "sub-penny"),
    ({"limit_price": None}, 422, 42210000, "limit orders require limit price"),
    ({"qty": "100000"}, 403, 40310000, "insufficient buying power"),
]
