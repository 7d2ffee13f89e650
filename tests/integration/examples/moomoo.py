"""What moomoo documents: the Python examples of openapi.moomoo.com, and messages of its protocol.

The vendor's examples trade Tencent in Hong Kong; the pretend OpenD lists US stocks. What is put in the place
of a code, a market and a currency is in ``FITTED``; nothing else is changed.
"""

from tests.integration.examples.model import Example

_DOCS = "https://openapi.moomoo.com/moomoo-api-doc/en/"
FITTED = {
    "HK.00700": "US.AAPL",
    "TrdMarket.HK": "TrdMarket.US",
    "HKD": "USD",
    "8851102695472794941": "{order}",
}

_ORDER = (
    *("code", "stock_name", "trd_side", "order_type", "order_status", "order_id", "qty", "price"),
    *("create_time", "updated_time", "dealt_qty", "dealt_avg_price", "last_err_msg", "remark"),
    *("time_in_force", "fill_outside_rth", "session", "aux_price", "trail_type", "trail_value"),
    *("trail_spread", "currency"),
)
CALLS = (
    Example(
        name="accounts",
        source=f"{_DOCS}trade/get-acc-list.html",
        call="get_acc_list",
        body={},
        answer={
            "columns": ("acc_id", "trd_env", "acc_type", "security_firm", "sim_acc_type", "trdmarket_auth")
        },
    ),
    Example(
        name="place an order on paper",
        source=f"{_DOCS}trade/place-order.html",
        call="place_order",
        body={
            "price": 510.0,
            "qty": 100,
            "code": "HK.00700",
            "trd_side": "TrdSide.BUY",
            "trd_env": "TrdEnv.SIMULATE",
            "session": "Session.NONE",
        },
        answer={
            "columns": _ORDER,
            "row": {
                "trd_side": "BUY",
                "order_type": "NORMAL",
                "qty": 100.0,
                "price": 510.0,
                "time_in_force": "DAY",
            },
        },
    ),
    Example(
        name="unlock",
        source=f"{_DOCS}trade/unlock.html",
        call="unlock_trade",
        body={"password": "123456"},
    ),
    Example(
        name="place an order",
        source=f"{_DOCS}trade/place-order.html",
        call="place_order",
        body={"price": 51.0, "qty": 100, "code": "HK.00700", "trd_side": "TrdSide.BUY"},
        answer={"columns": _ORDER, "row": {"order_type": "NORMAL", "qty": 100.0, "dealt_qty": 0.0}},
    ),
    Example(
        name="cancel an order",
        source=f"{_DOCS}trade/modify-order.html",
        call="modify_order",
        body={
            "modify_order_op": "ModifyOrderOp.CANCEL",
            "order_id": "8851102695472794941",
            "qty": 0,
            "price": 0,
        },
        answer={"columns": ("trd_env", "order_id"), "row": {"trd_env": "REAL"}},
    ),
    Example(
        name="today's orders",
        source=f"{_DOCS}trade/get-order-list.html",
        call="order_list_query",
        body={},
        answer={"columns": (*_ORDER, "order_market"), "row": {"order_status": "CANCELLED_ALL"}},
    ),
    Example(
        name="past orders",
        source=f"{_DOCS}trade/get-history-order-list.html",
        call="history_order_list_query",
        body={},
        answer={"columns": _ORDER},
    ),
    Example(
        name="money",
        source=f"{_DOCS}trade/get-funds.html",
        call="accinfo_query",
        body={"currency": "HKD"},
        answer={
            "columns": ("power", "total_assets", "cash", "market_val", "frozen_cash", "avl_withdrawal_cash")
        },
    ),
    Example(
        name="positions on paper",
        source=f"{_DOCS}trade/get-position-list.html",
        call="position_list_query",
        body={"trd_env": "TrdEnv.SIMULATE"},
        answer={
            "columns": (
                "position_side",
                "code",
                "stock_name",
                "qty",
                "can_sell_qty",
                "cost_price",
                "market_val",
            ),
            "row": {"position_side": "LONG", "qty": 100.0},
        },
    ),
)

ORDER_LIST = Example(
    name="the example in C++ of the list of orders, and what the one in Java printed",
    source=f"{_DOCS}trade/get-order-list.html",
    call="2201",
    body={"header": {"trdEnv": 0, "accID": 3637840, "trdMarket": 1}, "filterStatusList": [11]},
    answer={
        "fields": (
            *("trdSide", "orderType", "orderStatus", "orderID", "orderIDEx", "code", "name", "qty", "price"),
            *("createTime", "updateTime", "fillQty", "fillAvgPrice", "secMarket"),
            *("createTimestamp", "updateTimestamp", "remark", "timeInForce"),
        )
    },
)
