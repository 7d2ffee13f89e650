"""What Schwab documents of orders.

Requests: developer.schwab.com, Trader API - Individual, "Place Order Samples". Fields of answers: the same
site's specification of the Trader API ("Accounts and Trading Production", "Market Data Production").
"""

from tests.integration.examples.model import Example

_SAMPLES = (
    "https://developer.schwab.com/products/trader-api--individual/details/documentation/"
    "Retail%20Trader%20API%20Production"
)
SPECIFICATION = (
    "https://developer.schwab.com/products/trader-api--individual/details/specifications/"
    "Retail%20Trader%20API%20Production"
)
_XYZ = {"symbol": "XYZ", "assetType": "EQUITY"}


def _leg(instruction, quantity, instrument=None):
    return {"instruction": instruction, "quantity": quantity, "instrument": instrument or _XYZ}


def _option(symbol):
    return {"symbol": symbol, "assetType": "OPTION"}


ORDERS = (
    Example(
        name="buy market: stock",
        source=_SAMPLES,
        body={
            "orderType": "MARKET",
            "session": "NORMAL",
            "duration": "DAY",
            "orderStrategyType": "SINGLE",
            "orderLegCollection": [_leg("BUY", 15)],
        },
    ),
    Example(
        name="buy limit: single option",
        source=_SAMPLES,
        body={
            "complexOrderStrategyType": "NONE",
            "orderType": "LIMIT",
            "session": "NORMAL",
            "price": "6.45",
            "duration": "DAY",
            "orderStrategyType": "SINGLE",
            "orderLegCollection": [_leg("BUY_TO_OPEN", 10, _option("XYZ   240315C00500000"))],
        },
    ),
    Example(
        name="buy limit: vertical spread",
        source=_SAMPLES,
        body={
            "orderType": "NET_DEBIT",
            "session": "NORMAL",
            "price": "0.10",
            "duration": "DAY",
            "orderStrategyType": "SINGLE",
            "orderLegCollection": [
                _leg("BUY_TO_OPEN", 2, _option("XYZ   240315P00045000")),
                _leg("SELL_TO_OPEN", 2, _option("XYZ   240315P00043000")),
            ],
        },
        beyond="the market of the simulators has no spreads",
    ),
    Example(
        name="one triggers another",
        source=_SAMPLES,
        body={
            "orderType": "LIMIT",
            "session": "NORMAL",
            "price": "34.97",
            "duration": "DAY",
            "orderStrategyType": "TRIGGER",
            "orderLegCollection": [_leg("BUY", 10)],
            "childOrderStrategies": [
                {
                    "orderType": "LIMIT",
                    "session": "NORMAL",
                    "price": "42.03",
                    "duration": "DAY",
                    "orderStrategyType": "SINGLE",
                    "orderLegCollection": [_leg("SELL", 10)],
                }
            ],
        },
    ),
    Example(
        name="one cancels another",
        source=_SAMPLES,
        body={
            "orderStrategyType": "OCO",
            "childOrderStrategies": [
                {
                    "orderType": "LIMIT",
                    "session": "NORMAL",
                    "price": "45.97",
                    "duration": "DAY",
                    "orderStrategyType": "SINGLE",
                    "orderLegCollection": [_leg("SELL", 2)],
                },
                {
                    "orderType": "STOP_LIMIT",
                    "session": "NORMAL",
                    "price": "37.00",
                    "stopPrice": "37.03",
                    "duration": "DAY",
                    "orderStrategyType": "SINGLE",
                    "orderLegCollection": [_leg("SELL", 2)],
                },
            ],
        },
    ),
    Example(
        # The one sample whose prices are numbers and not text.
        name="one triggers a one cancels another",
        source=_SAMPLES,
        body={
            "orderStrategyType": "TRIGGER",
            "session": "NORMAL",
            "duration": "DAY",
            "orderType": "LIMIT",
            "price": 14.97,
            "orderLegCollection": [_leg("BUY", 5)],
            "childOrderStrategies": [
                {
                    "orderStrategyType": "OCO",
                    "childOrderStrategies": [
                        {
                            "orderStrategyType": "SINGLE",
                            "session": "NORMAL",
                            "duration": "GOOD_TILL_CANCEL",
                            "orderType": "LIMIT",
                            "price": 15.27,
                            "orderLegCollection": [_leg("SELL", 5)],
                        },
                        {
                            "orderStrategyType": "SINGLE",
                            "session": "NORMAL",
                            "duration": "GOOD_TILL_CANCEL",
                            "orderType": "STOP",
                            "stopPrice": 11.27,
                            "orderLegCollection": [_leg("SELL", 5)],
                        },
                    ],
                }
            ],
        },
    ),
    Example(
        name="sell trailing stop: stock",
        source=_SAMPLES,
        body={
            "complexOrderStrategyType": "NONE",
            "orderType": "TRAILING_STOP",
            "session": "NORMAL",
            "stopPriceLinkBasis": "BID",
            "stopPriceLinkType": "VALUE",
            "stopPriceOffset": 10,
            "duration": "DAY",
            "orderStrategyType": "SINGLE",
            "orderLegCollection": [_leg("SELL", 10)],
        },
    ),
)

_STREAMER = "https://developer.schwab.com/products/trader-api--individual/details/documentation/Streamer"
LOGIN = Example(
    name="streamer login",
    source=_STREAMER,
    body={
        "requests": [
            {
                "requestid": "1",
                "service": "ADMIN",
                "command": "LOGIN",
                "SchwabClientCustomerId": "Someone",
                "SchwabClientCorrelId": "5be0b7e7-5b8b-4fd3-9bed-7f49106cfe96",
                "parameters": {
                    "Authorization": "Access Token",
                    "SchwabClientChannel": "N9",
                    "SchwabClientFunctionId": "APIAPP",
                },
            }
        ]
    },
)
SUBSCRIBE = Example(
    name="streamer subscription to account activity",
    source=_STREAMER,
    body={
        "requests": [
            {
                "service": "ACCT_ACTIVITY",
                "requestid": "2",
                "command": "SUBS",
                "SchwabClientCustomerId": "Someone",
                "SchwabClientCorrelId": "5be0b7e7-5b8b-4fd3-9bed-7f49106cfe96",
                "parameters": {"keys": "Account Activity", "fields": "0,1,2,3"},
            }
        ]
    },
)
"""The page has another correlation id here than in its login, of which it says that the two must be equal."""

INSTRUCTIONS = {
    "BUY": ("EQUITY",),
    "SELL": ("EQUITY",),
    "BUY_TO_COVER": ("EQUITY",),
    "SELL_SHORT": ("EQUITY",),
    "BUY_TO_OPEN": ("OPTION",),
    "BUY_TO_CLOSE": ("OPTION",),
    "SELL_TO_OPEN": ("OPTION",),
    "SELL_TO_CLOSE": ("OPTION",),
}
"""The table of instructions on the page of samples: what is accepted for which asset type."""

STATUSES = (
    *("AWAITING_PARENT_ORDER", "AWAITING_CONDITION", "AWAITING_STOP_CONDITION", "AWAITING_MANUAL_REVIEW"),
    *("ACCEPTED", "AWAITING_UR_OUT", "PENDING_ACTIVATION", "QUEUED", "WORKING", "REJECTED"),
    *("PENDING_CANCEL", "CANCELED", "PENDING_REPLACE", "REPLACED", "FILLED", "EXPIRED", "NEW"),
    *("AWAITING_RELEASE_TIME", "PENDING_ACKNOWLEDGEMENT", "PENDING_RECALL", "UNKNOWN"),
)
_NUMBERS = ("quantity", "filledQuantity", "remainingQuantity", "price", "stopPrice", "stopPriceOffset")
SHAPES = {
    "Order": {
        **dict.fromkeys(_NUMBERS, "number"),
        "orderId": "integer",
        "accountNumber": "integer",
        "cancelable": "flag",
        "editable": "flag",
        "enteredTime": "time",
        "closeTime": "time",
        "statusDescription": "text",
        "status": STATUSES,
        "session": ("NORMAL", "AM", "PM", "SEAMLESS"),
        "duration": ("DAY", "GOOD_TILL_CANCEL", "FILL_OR_KILL", "IMMEDIATE_OR_CANCEL"),
        "orderType": ("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"),
        "orderStrategyType": ("SINGLE", "OCO", "TRIGGER"),
        "complexOrderStrategyType": ("NONE",),
        "requestedDestination": ("AUTO",),
        "stopPriceLinkBasis": ("MANUAL", "BASE", "LAST", "BID", "ASK", "ASK_BID", "MARK", "AVERAGE"),
        "stopPriceLinkType": ("VALUE", "PERCENT", "TICK"),
        "orderLegCollection": ["OrderLegCollection"],
        "orderActivityCollection": ["OrderActivity"],
        "childOrderStrategies": ["Order"],
    },
    "OrderLegCollection": {
        "orderLegType": ("EQUITY", "OPTION"),
        "legId": "integer",
        "instrument": "AccountsInstrument",
        "instruction": tuple(INSTRUCTIONS),
        "positionEffect": ("OPENING", "CLOSING", "AUTOMATIC"),
        "quantity": "number",
    },
    "AccountsInstrument": {
        "assetType": ("EQUITY", "OPTION"),
        "cusip": "text",
        "symbol": "text",
        "instrumentId": "integer",
    },
    "OrderActivity": {
        "activityType": ("EXECUTION", "ORDER_ACTION"),
        "executionType": ("FILL",),
        "quantity": "number",
        "orderRemainingQuantity": "number",
        "executionLegs": ["ExecutionLeg"],
        "activityId": "integer",  # sent, and not in the specification
    },
    "ExecutionLeg": {
        "legId": "integer",
        "price": "number",
        "quantity": "number",
        "mismarkedQuantity": "number",
        "instrumentId": "integer",
        "time": "time",
    },
    "Account": {
        "securitiesAccount": "SecuritiesAccount",
        "aggregatedBalance": "AggregatedBalance",  # sent, and not in the specification
    },
    "AggregatedBalance": {"liquidationValue": "number"},
    "SecuritiesAccount": {
        "type": ("CASH", "MARGIN"),
        "accountNumber": "text",
        "roundTrips": "integer",
        "isDayTrader": "flag",
        "isClosingOnlyRestricted": "flag",
        "positions": ["Position"],
        "currentBalances": "Balance",
    },
    # The specification keeps the first three for the balances of the morning; they are sent in both.
    "Balance": dict.fromkeys(
        (
            *("cashBalance", "liquidationValue", "longMarketValue"),
            *("availableFunds", "buyingPower", "cashAvailableForTrading"),
        ),
        "number",
    ),
    "Position": {
        **dict.fromkeys(("shortQuantity", "longQuantity", "averagePrice", "marketValue"), "number"),
        "instrument": "AccountsInstrument",
    },
    "AccountNumberHash": {"accountNumber": "text", "hashValue": "text"},
    "UserPreference": {
        "accounts": ["UserPreferenceAccount"],
        "streamerInfo": ["StreamerInfo"],
        "offers": ["anything"],
    },
    "UserPreferenceAccount": {"accountNumber": "text", "primaryAccount": "flag"},
    "StreamerInfo": dict.fromkeys(
        (
            *("streamerSocketUrl", "schwabClientCustomerId", "schwabClientCorrelId"),
            *("schwabClientChannel", "schwabClientFunctionId"),
        ),
        "text",
    ),
    "ServiceError": {"message": "text", "errors": ["text"]},
    "EquityResponse": {
        "assetMainType": ("EQUITY",),
        "symbol": "text",
        "realtime": "flag",
        "ssid": "integer",
        "reference": "ReferenceEquity",
        "quote": "Quote",
    },
    "OptionResponse": {
        "assetMainType": ("OPTION",),
        "symbol": "text",
        "realtime": "flag",
        "ssid": "integer",
        "reference": "ReferenceOption",
        "quote": "Quote",
    },
    "ReferenceEquity": {
        **dict.fromkeys(("description", "exchange", "exchangeName"), "text"),
        **dict.fromkeys(("isHardToBorrow", "isShortable"), "flag"),
    },
    "ReferenceOption": {
        **dict.fromkeys(("description", "exchange", "exchangeName", "underlying"), "text"),
        "contractType": ("P", "C"),
        "multiplier": "number",
    },
    "Quote": {
        **dict.fromkeys(("bidPrice", "askPrice", "lastPrice"), "number"),
        **dict.fromkeys(("bidSize", "askSize", "quoteTime"), "integer"),
        "securityStatus": "text",
    },
    "Responses": {"response": ["Response"]},
    "Response": {
        **dict.fromkeys(("service", "command", "requestid", "SchwabClientCorrelId"), "text"),
        "timestamp": "integer",
        "content": "Content",
    },
    "Content": {"code": "integer", "msg": "text"},
    "Data": {"data": ["Datum"]},
    "Datum": {"service": "text", "timestamp": "integer", "command": "text", "content": ["Activity"]},
    "Activity": {"seq": "integer", **dict.fromkeys(("key", "1", "2", "3"), "text")},
    "QuoteError": {"invalidSymbols": ["text"]},
}
