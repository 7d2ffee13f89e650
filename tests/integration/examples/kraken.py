"""What Kraken documents of its Spot API: example requests of docs.kraken.com and the fields of answers."""

from tests.integration.examples.model import Example

_REST = "https://docs.kraken.com/api/docs/rest-api/"
_SOCKET = "https://docs.kraken.com/api/docs/websocket-v2/"
MINE = "6d1b345e-2821-40e2-ad83-4ecb18a06876"

SIGNED = Example(
    name="the example of the guide to signing",
    source="https://docs.kraken.com/api/docs/guides/spot-rest-auth",
    call="AddOrder",
    body={"ordertype": "limit", "pair": "XBTUSD", "price": 37500, "type": "buy", "volume": 1.25},
)
ADD = Example(
    name="add order",
    source=f"{_REST}add-order",
    call="AddOrder",
    body={
        "ordertype": "limit",
        "type": "buy",
        "volume": "1.25",
        "pair": "XBTUSD",
        "price": "27500",
        "cl_ord_id": MINE,
    },
)
AMEND = Example(
    name="amend order",
    source=f"{_REST}amend-order",
    call="AmendOrder",
    body={"cl_ord_id": MINE, "order_qty": "1.25"},
)
CANCEL = Example(
    name="cancel order",
    source=f"{_REST}cancel-order",
    call="CancelOrder",
    body={"pair": "XBTUSD", "txid": "OHYO67-6LP66-HMQ437"},
)
READS = (
    (
        Example(
            name="open orders",
            source=f"{_REST}get-open-orders",
            call="OpenOrders",
            body={"trades": True, "cl_ord_id": "9cc788d8-9c00-4b25-94d3-26d93603948d"},
        ),
        "Open",
    ),
    (
        Example(
            name="closed orders",
            source=f"{_REST}get-closed-orders",
            call="ClosedOrders",
            body={
                "trades": True,
                "cl_ord_id": "9cc788d8-9c00-4b25-94d3-26d93603948d",
                "start": 1695728276,
                "end": 1695828276,
                "closetime": "open",
            },
        ),
        "Closed",
    ),
    (
        Example(
            name="trades history",
            source=f"{_REST}get-trade-history",
            call="TradesHistory",
            body={"type": "all", "trades": False, "consolidate_taker": True},
        ),
        "Trades",
    ),
    (
        Example(
            name="extended balance",
            source=f"{_REST}get-extended-balance",
            call="BalanceEx",
            body={"rebase_multiplier": "rebased"},
        ),
        "Balances",
    ),
    (
        Example(name="key", source=f"{_REST}get-api-key-info", call="GetApiKeyInfo", body={"otp": "string"}),
        "Key",
    ),
    (
        Example(name="token", source=f"{_REST}get-websockets-token", call="GetWebSocketsToken", body={}),
        "Token",
    ),
    (
        Example(
            name="volume", source=f"{_REST}get-trade-volume", call="TradeVolume", body={"pair": "XBTUSD"}
        ),
        "Volume",
    ),
)
BEYOND = {
    "take profit": {"ordertype": "take-profit"},
    "iceberg": {"ordertype": "iceberg", "displayvol": "0.1"},
    "leverage": {"leverage": "2:1"},
    "a conditional close": {"close[ordertype]": "stop-loss", "close[price]": "22000"},
    "volume in the quote currency": {"oflags": "viqc"},
    "a number of the caller's": {"userref": 7},
    "an end by date": {"expiretm": "+60"},
}
"""What Add Order knows and the simulator does not: it must be refused aloud, and never left out silently."""

SUBSCRIBE = Example(
    name="subscribe to executions",
    source=f"{_SOCKET}executions",
    body={
        "method": "subscribe",
        "params": {
            "channel": "executions",
            "token": "G38a1tGFzqGiUCmnegBcm8d4nfP3tytiNQz6tkCBYXY",
            "snap_orders": True,
            "snap_trades": True,
        },
        "req_id": 1234567890,
    },
)
PING = Example(name="ping", source=f"{_SOCKET}ping", body={"method": "ping", "req_id": 101})

_DIGITS = ("vol", "vol_exec", "cost", "fee", "price", "stopprice", "limitprice")
SHAPES = {
    "Added": {"descr": "AddedDescr", "txid": ["text"]},
    "AddedDescr": {"order": "text", "close": "text"},
    "Amended": {"amend_id": "text"},
    "Cancelled": {"count": "integer", "pending": "flag"},
    "Order": {
        **dict.fromkeys(_DIGITS, "digits"),
        **dict.fromkeys(("opentm", "closetm", "starttm", "expiretm"), "number"),
        **dict.fromkeys(("misc", "oflags", "cl_ord_id"), "text"),
        **dict.fromkeys(("refid", "userref", "reason"), "anything"),  # null, or what it is
        "status": ("pending", "open", "closed", "canceled", "expired"),
        "descr": "Descr",
        "trades": ["text"],
    },
    "Descr": {
        **dict.fromkeys(("pair", "leverage", "order", "close"), "text"),
        **dict.fromkeys(("price", "price2"), "digits"),
        "type": ("buy", "sell"),
        "ordertype": ("market", "limit", "stop-loss", "stop-loss-limit", "trailing-stop"),
    },
    "Trade": {
        **dict.fromkeys(("price", "cost", "fee", "vol", "margin"), "digits"),
        **dict.fromkeys(("ordertxid", "pair", "ordertype", "misc"), "text"),
        "time": "number",
        "type": ("buy", "sell"),
    },
    "Balance": dict.fromkeys(("balance", "hold_trade", "credit", "credit_used"), "digits"),
    "Key": {
        **dict.fromkeys(("apiKeyName", "nonce", "validUntil"), "text"),
        "nonceWindow": "anything",
        "permissions": ["text"],
        "ipAllowlist": ["text"],
    },
    "Token": {"token": "text", "expires": "integer"},
    "Volume": {"currency": "text", "volume": "digits", "fees": "anything"},
    "Fee": dict.fromkeys(("fee", "minfee", "maxfee", "nextfee"), "digits"),
    "Asset": {
        **dict.fromkeys(("aclass", "altname", "status"), "text"),
        **dict.fromkeys(("decimals", "display_decimals"), "integer"),
    },
    "Pair": {
        **dict.fromkeys(("altname", "wsname", "aclass_base", "base", "aclass_quote", "quote", "lot"), "text"),
        **dict.fromkeys(("cost_decimals", "pair_decimals", "lot_decimals", "lot_multiplier"), "integer"),
        **dict.fromkeys(("margin_call", "margin_stop"), "integer"),
        **dict.fromkeys(("ordermin", "costmin", "tick_size"), "digits"),
        "leverage_buy": ["integer"],
        "leverage_sell": ["integer"],
        "fees": [["number"]],
        "fees_maker": [["number"]],
        "fee_volume_currency": "text",
        "status": ("online", "cancel_only", "post_only", "limit_only", "reduce_only"),
    },
    "Ticker": {
        **{name: ["digits"] for name in "abcvplh"},
        "t": ["integer"],
        "o": "digits",
    },
    "Time": {"unixtime": "integer", "rfc1123": "text"},
    "Frame": {
        "channel": ("executions",),
        "type": ("snapshot", "update"),
        "data": ["Execution"],
        "sequence": "integer",
    },
    "Execution": {
        **dict.fromkeys(
            ("order_qty", "cum_qty", "last_qty", "last_price", "avg_price", "limit_price"), "number"
        ),
        **dict.fromkeys(("order_id", "cl_ord_id", "exec_id", "symbol"), "text"),
        "exec_type": ("pending_new", "new", "trade", "filled", "canceled", "expired", "amended", "status"),
        "order_status": ("pending_new", "new", "partially_filled", "filled", "canceled", "expired"),
        "side": ("buy", "sell"),
        "order_type": ("market", "limit", "stop-loss", "stop-loss-limit", "trailing-stop"),
        "timestamp": "time",
        "liquidity_ind": ("t", "m"),
        "reason": "anything",
        "triggers": "Triggers",
    },
    "Triggers": {"price": "number", "reference": ("last", "index"), "status": ("untriggered", "triggered")},
}
"""Fields as the pages of docs.kraken.com list them; those the simulator never sends are left out."""
