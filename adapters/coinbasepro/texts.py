"""Hold every sentence about Coinbase that a member reads."""

TITLE = "Coinbase"
SUMMARY = (
    "Crypto with real money only: Coinbase has no paper accounts. Fees fall with volume. "
    "Needs an API key that may view and trade, and not transfer."
)

KEY_LABEL = "API key name"
KEY_HELP = "CDP portal → API keys: organizations/…/apiKeys/…, or the key's ID. Old Pro keys do not work."
KEY_HINT = (
    "A Coinbase key name looks like organizations/…/apiKeys/…, or is a key ID of letters, digits and dashes. "
    "Copy it again from the key's file."
)
PRIVATE_LABEL = "Private key"
PRIVATE_HELP = "The whole privateKey of the key's file, \\n included. Pro's passphrase is no longer used."
PRIVATE_HINT = (
    "A Coinbase private key begins with -----BEGIN EC PRIVATE KEY----- or is one long base64 text. "
    "Copy all of it, or make a new key: Coinbase shows it once."
)

BAD_KEY = (
    "This private key of Coinbase cannot be read. Copy all of it from the key's file, from -----BEGIN to "
    "END-----, or the whole base64 text, and link again."
)
AUTH = (
    "Coinbase does not accept this key. Check that it was not deleted, expired or limited to other IP "
    "addresses, or make a new key at Coinbase and link again."
)
CLOCK = (
    "Coinbase refuses every request, because the clock of the bot's computer is wrong. Nothing was done. Ask "
    "whoever runs the bot to set it."
)
NO_TRADE = "This key may not trade. Make a key at Coinbase that may view and trade, and link again."
NOT_INSTALLED = (
    "Coinbase support is not installed here. The operator installs it with discord-trade-exec[ccxt]."
)
LIVE_ONLY = "Coinbase has no paper accounts. Use the built-in paper broker, or link with real money."
WRONG_HOST = "The address does not belong to Coinbase; nothing was sent."

UNREACHABLE = "Coinbase could not be reached, so nothing was sent. {next}"
DISCONNECTED = "This connection to Coinbase is closed, so nothing was sent."
NO_REPLY = "Coinbase did not answer in time. {next}"
DROPPED = "The connection to Coinbase broke before it answered. {next}"
UNREADABLE = "Coinbase answered in a way that cannot be read. {next}"
BROKEN = "Coinbase has a problem of its own. {next}"
UNEXPLAINED = "Coinbase did not say why it refused. {next}"
TOO_MANY = "There are too many orders at Coinbase to look through. {next}"
THROTTLED = "Coinbase asks for fewer requests just now; wait a moment."
STREAM_LOST = "The stream of order updates from Coinbase broke; orders are read again."
STREAM_GARBLED = "An order update from Coinbase could not be read; orders are read again."
STREAM_DOWN = "The stream of order updates from Coinbase is not up; orders were read instead."

FUNDS = (
    "Coinbase refused: there is not enough money, or not enough of the coin is free to sell. Make the order "
    "smaller, or cancel orders that hold some of it."
)
CLOSED = "Coinbase does not take orders for this coin right now. Try again later; see status.coinbase.com."
SYMBOL = "Coinbase does not trade this pair. Check it, or choose another."
UNKNOWN_SYMBOL = (
    "{symbol} is not traded at Coinbase. Check the symbol; stocks and options are not traded there."
)
NO_QUOTE = "Coinbase has no price for {symbol} right now."
NOT_FOUND = "Coinbase does not know this order."
NO_POSITION = "There is no {symbol} in the account at Coinbase."
NOT_CHANGEABLE = "Coinbase refused: the order can no longer be changed or cancelled."
TOO_SMALL = "Coinbase refused: the amount is outside what it takes for this pair."
STOP_SIDE_REFUSED = "Coinbase refused: the stop is on the wrong side of the market."
REFUSED = "Coinbase refused the order: its terms are not valid there."
REFUSED_ELSE = "Coinbase refused the request."

NO_CLASS = "Coinbase trades crypto only here."
NO_TYPE = "Coinbase takes no {kind} orders: use a market, limit or stop-limit order."
NO_TIF = "Coinbase takes no {tif} orders of this kind."
NO_LEGS = "A stop and a target are separate orders at Coinbase."
NOTIONAL_KIND = "Only a market buy can be for an amount of money at Coinbase."
TOO_LITTLE = "The quantity is below the smallest amount Coinbase takes for {symbol}."
TOO_CHEAP = "The amount of money is below the smallest Coinbase takes for {symbol}."
PRICE_TOO_LOW = "A price is below the smallest step Coinbase takes for {symbol}."
NO_SHORT = "Coinbase does not sell short: there is no position below zero to protect."
HELD = "The coins are held by other open orders; cancel its stop or target first."

NO_PRICE_PAID = "Coinbase does not tell what was paid for {symbols}; today's price stands in for it."
FEE_TIER = "Estimated at this account's taker rate of {percent} %."
FEE_HIGHEST = "Estimated at Coinbase's highest taker rate; it falls with volume."
