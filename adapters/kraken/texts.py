"""Hold every sentence about Kraken that a member reads."""

TITLE = "Kraken"
SUMMARY = (
    "Crypto in US dollars, with real money only: Kraken has no paper trading. Fees fall with volume. "
    "Needs an API key that may trade, and not withdraw."
)

KEY_LABEL = "API key"
KEY_HELP = "Kraken Pro → Settings → API. Allow query funds, query, create and cancel orders. No withdrawals."
KEY_HINT = "A Kraken API key is 40 to 80 letters, digits, + and /. Copy it again, without spaces."
PRIVATE_LABEL = "Private key"
PRIVATE_HELP = "Shown once, below the API key. Make a new key if you no longer have it."
PRIVATE_HINT = "A Kraken private key is about 88 letters, digits, + and /, and ends in =. Copy it again."

LIVE_ONLY = "Kraken has no paper trading. Choose live here, or use the paper broker."
WRONG_HOST = "Kraken may only be reached at its own address; nothing was sent."
NOT_INSTALLED = (
    "Kraken support is not installed here. The operator installs it with discord-trade-exec[ccxt]."
)
AUTH = (
    "Kraken does not accept this API key. Check that it was copied whole, is not expired and allows this "
    "server's address, or make a new key at Kraken and link again."
)
PERMISSION = "This API key lacks a permission at Kraken. Allow querying funds and querying, creating and "
PERMISSION += "cancelling orders, then try again."
MISSING = "This API key lacks permissions at Kraken: {missing}. Edit the key there, then try again."
INCOMPLETE = "This private key is not complete. Copy it again from Kraken."
PERMISSIONS = {
    "query-funds": "query funds",
    "query-open-trades": "query open orders and trades",
    "query-closed-trades": "query closed orders and trades",
    "modify-trades": "create and modify orders",
    "close-trades": "cancel and close orders",
}
NO_STREAM = (
    "The key does not allow WebSocket connections, so order updates come every ten seconds, not at once."
)
LIVE_NOTE = "Live account: real money moves."

UNREACHABLE = "Kraken could not be reached, so nothing was sent. {next}"
DISCONNECTED = "This connection to Kraken is closed, so nothing was sent."
NO_REPLY = "Kraken did not answer in time. {next}"
DROPPED = "The connection to Kraken broke before it answered. {next}"
UNREADABLE = "Kraken answered in a way that cannot be read. {next}"
BROKEN = "Kraken has a problem of its own. {next}"
DEADLINE = (
    "Kraken says that the order came too late. Whether it acted is being checked, and nothing is sent twice. "
    "If it happens again, the clock of the bot's computer is wrong: ask whoever runs the bot to set it."
)
THROTTLED = "Kraken asks for fewer requests just now; wait a moment."
OWN_LIMIT = "Kraken takes only so many requests, and these are used up for now; wait a moment."
CLOCK = (
    "Kraken refused the order, because the clock of the bot's computer is wrong. Ask whoever runs the bot to "
    "set it."
)
NONCE = (
    "Kraken refused a request that came out of turn: another program uses this API key, or the clock of the "
    "bot's computer was set back. Give each program its own key, and check the clock."
)
UNSETTLED = "An order with this id was sent a moment ago; whether Kraken has it is being checked."
STREAM_LOST = "The stream of order updates from Kraken broke; orders are read again."
STREAM_GARBLED = "An order update from Kraken could not be read; orders are read again."
STREAM_REFUSED = "Kraken did not let the stream of order updates in; orders are read again."

DUPLICATE = "Kraken already has this order."
FUNDS = (
    "Kraken refused: there is not enough money, or not enough of the coin is free to sell. Make the order "
    "smaller, or cancel orders that hold some of it."
)
HELD = "The coins are held by other open orders; cancel the stop or target first."
TOO_SMALL = "Kraken refused: the order is below its smallest amount."
LIMITS = "Kraken refused: too many orders are open."
CLOSED = "Kraken takes no such orders on this market right now. Try again later; see status.kraken.com."
UNKNOWN_SYMBOL = "{symbol} is not traded against US dollars at Kraken. Check the symbol."
HALTED = "{symbol} is listed at Kraken, but takes no new orders right now."
REFUSED_SYMBOL = "Kraken does not trade this pair for this account. Check it, or choose another."
NO_QUOTE = "Kraken has no price for {symbol} right now."
NOT_FOUND = "Kraken does not know this order."
NO_POSITION = "There is no {symbol} to sell at Kraken."
NOT_CHANGEABLE = "Kraken refused: the order can no longer be changed or cancelled."
REFUSED = "Kraken refused the order: its terms are not valid there."
REFUSED_ELSE = "Kraken refused the request."

NO_CLASS = "Kraken trades crypto only here."
NO_TYPE = "Kraken takes no {kind} orders here."
NO_TIF = "Kraken takes no {tif} orders here; use GTC or IOC."
TIF_KIND = "At Kraken only a limit order can be immediate-or-cancel."
NO_LEGS = "Kraken has no brackets: the stop and the target are separate orders."
NO_SHORT = "Coins cannot be sold short at Kraken here."
NOTIONAL_KIND = "An order for an amount of money must be a market order at Kraken."
EXTENDED = "Crypto trades at all hours; there are no extended hours to ask for."
TOO_LITTLE = "The quantity is below the smallest amount Kraken takes for {symbol}: {least}."
WORTH_TOO_LITTLE = "An order in {symbol} must be worth at least {least} US dollars at Kraken."
PRICE_TOO_LOW = "A price is below the smallest step Kraken takes for {symbol}."
FEE = "Estimated at this account's taker rate at Kraken."
FEE_LISTED = "Estimated at Kraken's listed taker rate for the pair."
