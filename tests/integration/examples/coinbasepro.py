"""What Coinbase documents of Advanced Trade.

Requests: docs.cdp.coinbase.com, and the bodies that the vendor's own Python SDK is tested to send
(github.com/coinbase/coinbase-advanced-py). Fields of answers: the response types of that SDK.
"""

from tests.integration.examples.model import Example

_DOCS = "https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/"
_SDK = "https://github.com/coinbase/coinbase-advanced-py/blob/master/tests/rest/test_orders.py"
ANSWERS = "https://github.com/coinbase/coinbase-advanced-py/tree/master/coinbase/rest/types"


def _order(configuration, side="BUY", product="BTC-USD", mine="0000-00000-000000"):
    return {
        "client_order_id": mine,
        "product_id": product,
        "side": side,
        "order_configuration": configuration,
    }


def _documented(name, terms, beyond=""):
    """Give the page's one example with one of its configurations, of which a request holds one."""
    return Example(name=name, source=f"{_DOCS}create-order", body=_order({name: terms}), beyond=beyond)


def _sent(name, side, terms, beyond=""):
    """Give a body of the vendor's SDK; it says product_id_1 where a product is meant."""
    body = _order({name: terms}, side, "product_id_1", "client_order_id_1")
    return Example(name=f"sdk: {name} {side}", source=_SDK, body=body, beyond=beyond)


_NO_DATES = "the market of the simulators has no orders until a date"
_NO_BRACKETS = "our adapter ties legs itself, and the simulator has no trigger brackets"
_NO_TWAP = "the market of the simulators slices no orders"
_GTC = {"base_size": "1", "limit_price": "100", "post_only": True}
_STOP = {"base_size": "1", "limit_price": "100", "stop_price": "90"}
_UP = "STOP_DIRECTION_STOP_UP"
_END = "2021-05-31T09:59:59.000Z"
_BUCKETS = {"number_buckets": "5", "bucket_size": "2.00", "bucket_duration": "300s"}
ORDERS = (
    _documented("market_market_ioc", {"quote_size": "10.00"}),
    _documented("market_market_ioc", {"base_size": "0.001"}),
    _documented("sor_limit_ioc", {"base_size": "0.001", "limit_price": "10000.00"}),
    _documented("limit_limit_gtc", {"base_size": "0.001", "limit_price": "10000.00", "post_only": False}),
    _documented("limit_limit_fok", {"base_size": "0.001", "limit_price": "10000.00"}),
    _documented(
        "limit_limit_gtd",
        {"base_size": "0.001", "limit_price": "10000.00", "end_time": _END, "post_only": False},
        _NO_DATES,
    ),
    _documented(
        "twap_limit_gtd",
        {"base_size": "0.001", "start_time": _END, "end_time": _END, "limit_price": "10000.00", **_BUCKETS},
        _NO_TWAP,
    ),
    _documented(
        "trigger_bracket_gtc",
        {"base_size": "0.001", "limit_price": "10000.00", "stop_trigger_price": "20000.00"},
        _NO_BRACKETS,
    ),
    _sent("market_market_ioc", "BUY", {"quote_size": "1"}),
    _sent("market_market_ioc", "SELL", {"base_size": "1"}),
    _sent("sor_limit_ioc", "BUY", {"base_size": "1", "limit_price": "100"}),
    _sent("sor_limit_ioc", "SELL", {"base_size": "1", "limit_price": "100"}),
    _sent("limit_limit_gtc", "BUY", _GTC),
    _sent("limit_limit_gtc", "SELL", _GTC),
    _sent("limit_limit_fok", "BUY", {"base_size": "1", "limit_price": "100"}),
    _sent("limit_limit_fok", "SELL", {"base_size": "1", "limit_price": "100"}),
    _sent("stop_limit_stop_limit_gtc", "BUY", {**_STOP, "stop_direction": _UP}),
    _sent("limit_limit_gtd", "BUY", {**_GTC, "end_time": "2022-01-01T00:00:00Z"}, _NO_DATES),
    _sent(
        "trigger_bracket_gtc",
        "BUY",
        {"base_size": "1", "limit_price": "100", "stop_trigger_price": "90"},
        _NO_BRACKETS,
    ),
)
CANCEL = Example(
    name="cancel orders",
    source=f"{_DOCS}cancel-order",
    call="/orders/batch_cancel",
    body={"order_ids": ["0000-00000", "1111-11111"]},
)
EDIT = Example(
    name="edit order",
    source=f"{_DOCS}edit-order",
    call="/orders/edit",
    body={"order_id": "0000-00000", "price": "19000.00", "size": "0.001"},
)

_AMOUNTS = ("filled_size", "filled_value", "total_fees", "number_of_fills")
_WORDS = ("order_id", "product_id", "user_id", "client_order_id", "reject_message", "cancel_message")
_SIZES = ("quote_size", "base_size", "limit_price", "stop_price")
SHAPES = {
    "Created": {
        "success": "flag",
        "failure_reason": "text",
        "order_id": "text",
        "success_response": "CreateOrderSuccess",
        "error_response": "CreateOrderError",
        "order_configuration": "OrderConfiguration",
    },
    "CreateOrderSuccess": {
        **dict.fromkeys(("order_id", "product_id", "client_order_id"), "text"),
        "side": ("BUY", "SELL"),
    },
    "CreateOrderError": dict.fromkeys(
        ("error", "message", "error_details", "preview_failure_reason", "new_order_failure_reason"), "text"
    ),
    "OrderConfiguration": dict.fromkeys(
        (
            *("market_market_ioc", "sor_limit_ioc", "limit_limit_gtc", "limit_limit_fok"),
            *("stop_limit_stop_limit_gtc", "limit_limit_gtd", "trigger_bracket_gtc", "twap_limit_gtd"),
        ),
        "Terms",
    ),
    "Terms": {
        **dict.fromkeys(_SIZES, "digits"),
        "post_only": "flag",
        "stop_direction": ("STOP_DIRECTION_STOP_UP", "STOP_DIRECTION_STOP_DOWN"),
    },
    "Order": {
        **dict.fromkeys(_AMOUNTS, "digits"),
        **dict.fromkeys(_WORDS, "text"),
        **dict.fromkeys(("pending_cancel", "size_in_quote", "settled"), "flag"),
        **dict.fromkeys(("created_time", "last_update_time"), "time"),
        "order_configuration": "OrderConfiguration",
        "average_filled_price": "digits",
        "completion_percentage": "digits",
        "side": ("BUY", "SELL"),
        "status": ("PENDING", "OPEN", "FILLED", "CANCELLED", "EXPIRED", "FAILED", "UNKNOWN_ORDER_STATUS"),
        "time_in_force": ("GOOD_UNTIL_CANCELLED", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"),
        "last_fill_time": "anything",  # a time, or null
        "trigger_status": ("INVALID_ORDER_TYPE", "STOP_PENDING", "STOP_TRIGGERED"),
        "order_type": ("MARKET", "LIMIT", "STOP_LIMIT"),
        "reject_reason": "text",
        "product_type": ("SPOT",),
    },
    "Cancelled": {"results": ["CancelOrderObject"]},
    "CancelOrderObject": {"success": "flag", "failure_reason": "text", "order_id": "text"},
    "Edited": {"success": "flag", "errors": ["EditOrderErrors"]},
    "EditOrderErrors": {"edit_failure_reason": "text", "preview_failure_reason": "text"},
    "One": {"order": "Order"},
    "Many": {"orders": ["Order"], "sequence": "anything", "has_next": "flag", "cursor": "text"},
    "Accounts": {"accounts": ["Account"], "has_next": "flag", "cursor": "text", "size": "integer"},
    "Account": {
        **dict.fromkeys(("uuid", "name", "currency"), "text"),
        **dict.fromkeys(("active", "ready", "default"), "flag"),
        "type": ("ACCOUNT_TYPE_FIAT", "ACCOUNT_TYPE_CRYPTO", "ACCOUNT_TYPE_VAULT"),
        "available_balance": "Amount",
        "hold": "Amount",
    },
    "Amount": {"value": "digits", "currency": "text"},
    "Products": {"products": ["Product"], "num_products": "integer"},
    "Product": {
        **dict.fromkeys(("price", "base_increment", "quote_increment", "price_increment"), "digits"),
        **dict.fromkeys(("quote_min_size", "base_min_size"), "digits"),
        **dict.fromkeys(("is_disabled", "cancel_only", "view_only", "trading_disabled"), "flag"),
        **dict.fromkeys(("product_id", "base_name", "status"), "text"),
        **dict.fromkeys(("quote_currency_id", "base_currency_id"), "text"),
        "product_type": ("SPOT",),
    },
    "Books": {"pricebooks": ["PriceBook"]},
    "PriceBook": {"product_id": "text", "bids": ["Level"], "asks": ["Level"], "time": "time"},
    "Level": {"price": "digits", "size": "digits"},
    "Permissions": {
        **dict.fromkeys(("can_view", "can_trade", "can_transfer"), "flag"),
        **dict.fromkeys(("portfolio_uuid", "portfolio_type"), "text"),
    },
    "Error": {
        **dict.fromkeys(("error", "message", "error_details"), "text"),
        "code": "integer",
    },
}
