"""Hold every sentence about Interactive Brokers that a member reads."""

from domain.instruments import AssetClass

TITLE = "Interactive Brokers"
SUMMARY = (
    "US stocks, options, futures and forex, at IBKR's own commissions. "
    "Needs your own TWS or IB Gateway, running and logged in, with its API switched on."
)

HOST_LABEL = "TWS or Gateway host"
HOST_HELP = "Where TWS or IB Gateway runs, as the bot sees it. 127.0.0.1 for the same machine."
HOST_HINT = "A host is a name or an address such as 127.0.0.1, without http:// and without a port."
PORT_LABEL = "API port"
PORT_HELP = "TWS: 7497 paper, 7496 live. IB Gateway: 4002 paper, 4001 live."
PORT_HINT = "A port is a number: 7497 or 4002 for paper, 7496 or 4001 for live."
CLIENT_LABEL = "Client ID"
CLIENT_HELP = "A number no other program uses with this TWS. Keep it: orders belong to the id that sent them."
CLIENT_HINT = "A client id is a whole number from 1 to 99999."
ACCOUNT_LABEL = "Account number"
ACCOUNT_HELP = "Such as U1234567 or DU1234567. Leave empty if the login has only one account."
ACCOUNT_HINT = "An account number is U, DU, F or DF and digits, such as DU1234567."

NOT_INSTALLED = "Interactive Brokers support is not installed. The operator adds discord-trade-exec[ibkr]."
PAPER_STAYS_PAPER = (
    "A paper account may only use the paper ports, 7497 (TWS) or 4002 (IB Gateway); nothing was sent."
)
NOT_A_PAPER_LOGIN = (
    "This TWS is logged in to a live account, but you chose paper. Log in to paper trading; nothing was sent."
)
NOT_A_LIVE_LOGIN = "This TWS is logged in to a paper account, but you chose live. Log in to live trading."
WRONG_ADDRESS = "The host or port of TWS is not one that can be reached. Check both and link again."
HOST_REFUSED = (
    "The bot may not connect to this host, so nothing was sent. Run TWS on the bot's own machine, or ask the "
    "bot's operator to list the host in GATEWAY_HOSTS."
)
WRONG_ACCOUNT = (
    "This TWS is not logged in to the account number you gave. Check the number, or leave it empty."
)
WHICH_ACCOUNT = "This login has several accounts. Link again and name the account number to trade in."
CLIENT_TAKEN = (
    "Another program is connected to this TWS with the same client ID. Close it, or link with another ID."
)
UNREACHABLE = (
    "TWS or IB Gateway could not be reached, so nothing was sent. Check that it runs, is logged in, and has "
    "its API switched on."
)
NO_HANDSHAKE = (
    "TWS took the connection and did not answer, so nothing was sent. Check that its API is on and allows "
    "this machine, and restart TWS if it hangs."
)
LINK_LOST = (
    "TWS has lost its own connection to Interactive Brokers, so nothing was sent. Check in TWS that it is "
    "logged in."
)
DISCONNECTED = "This connection to TWS is closed, so nothing was sent."
NO_REPLY = "TWS did not answer in time. {next}"
DROPPED = "The connection to TWS broke before it answered. {next}"
UNREADABLE = "TWS answered in a way that cannot be read. {next}"
STREAM_LOST = "The connection to TWS broke or skipped updates; orders are read again."
THROTTLED = "TWS asks for fewer requests just now; wait a moment."
UNKNOWN_CODE = (
    "TWS reported a problem whose meaning is not known; whether it took the order is being checked."
)

DUPLICATE = "Interactive Brokers already has this order."
ID_USED = "TWS has already used this order number. Nothing was placed; try again."
FUNDS = (
    "Interactive Brokers refused: there is not enough buying power. Make the order smaller, or pay money in."
)
TOO_MUCH = "There is not that much of {symbol} free to close: the rest is not held, or other orders hold it."
CLOSED = "Interactive Brokers does not take this order at this hour. Try again when the market is open."
UNKNOWN_SYMBOL = "{symbol} is not traded at Interactive Brokers. Check the symbol."
REFUSED_SYMBOL = (
    "Interactive Brokers does not let this account trade this symbol. Check the symbol, and the account's "
    "trading permissions."
)
NO_QUOTE = (
    "Interactive Brokers gives no live price for {symbol}. Check the market data subscriptions of this login."
)
READ_ONLY = "TWS is set to Read-Only API. Untick it under Global Configuration, API, Settings."
SHORTING = "Interactive Brokers refused: {symbol} cannot be sold short right now."
REFUSED = "Interactive Brokers refused the order: its terms are not valid there."
REFUSED_PRICE = (
    "Interactive Brokers refused: a price is not on a step that it takes, or too far from the market."
)
NOT_FOUND = "Interactive Brokers does not know this order."
NO_POSITION = "There is no open position in {symbol} at Interactive Brokers."
NOT_CHANGEABLE = "The order is over, or can no longer be changed or cancelled."
NOT_OURS = "This order was placed in TWS or by another program. Change or cancel it there."

CLASSES = {
    AssetClass.EQUITY: "stocks",
    AssetClass.OPTION: "options",
    AssetClass.FUTURE: "futures",
    AssetClass.FOREX: "currency pairs",
}
NO_CLASS = "Interactive Brokers is linked for US stocks, options, futures and currency pairs only here."
IN_CENTS = "{symbol} is quoted in cents at Interactive Brokers, which is not supported here."
NO_TYPE = "Interactive Brokers takes no {kind} orders for {what} here."
NO_TIF = "Interactive Brokers takes no {tif} orders for {what} here."
NO_NOTIONAL = "Interactive Brokers takes a number of shares or contracts here, not an amount of money."
NO_OPTION_LEGS = "A stop or a target on an option is a separate order at Interactive Brokers here."
LEG_TIF = "An order with a stop or a target attached works for the day or until cancelled."
LEG_TYPE = "A trailing stop cannot carry a stop or a target."
TOO_LITTLE = "The quantity is below one whole share or contract of {symbol}."
PRICE_TOO_LOW = "A price is below the smallest step of {symbol}."
TOO_MANY = "There are 20 open orders on this side of {symbol}, the most Interactive Brokers allows."
EXTENDED = "Outside regular hours only limit orders without a stop or target attached are taken."
OPENING = "An order for the opening must be a market or limit order without a stop or target attached."
FIXED_SIZE = (
    "The size of an order with a stop or a target attached cannot be changed. Cancel it and send a new one."
)
BAD_INSTRUMENT = "The symbol must be looked up at Interactive Brokers again before it can be traded."

PAPER_NOTE = "Paper account: no real money moves."
HISTORY_NOTE = "TWS tells of today's finished orders only; older ones are in the bot's own journal."
FEE_NOTE = "Commission as TWS previews it."
FEE_GUESS = "Estimated by the published fixed rates; TWS gave no preview."
REASON_INACTIVE = "Interactive Brokers holds the order inactive."
REASON_REJECTED = "Interactive Brokers rejected the order."
