"""Hold every sentence about Alpaca that a member reads."""

TITLE = "Alpaca"
SUMMARY = (
    "US stocks, options and crypto. No commission on stocks and options. Needs a free Alpaca account and an "
    "API key pair."
)

KEY_LABEL = "API key ID"
KEY_HELP = "Alpaca → Home → API Keys. Paper keys begin with PK, live keys with AK."
KEY_HINT = (
    "An Alpaca key ID is 16 to 40 capital letters and digits, such as PKX3... Copy it again, without spaces."
)
PRIVATE_LABEL = "Secret key"
PRIVATE_HELP = "Shown once, next to the key ID. Generate a new pair if you no longer have it."
PRIVATE_HINT = (
    "An Alpaca secret is 20 to 100 characters without spaces. Copy it again, or generate a new pair."
)

LIVE_KEY_FOR_PAPER = (
    "This key ID belongs to live trading (AK…), but you chose paper. Paste a paper key (PK…)."
)
PAPER_KEY_FOR_LIVE = "This key ID belongs to paper trading (PK…), but you chose live. Paste a live key (AK…)."
AUTH = (
    "Alpaca does not accept this key pair. Check that it is for the right environment (paper or live) and "
    "was not deleted, or generate a new pair at Alpaca and link again."
)
NOT_INSTALLED = (
    "Alpaca support is not installed here. The operator installs it with discord-trade-exec[alpaca]."
)
PAPER_STAYS_PAPER = "A paper account may not reach a live address; nothing was sent."

UNREACHABLE = "Alpaca could not be reached, so nothing was sent. {next}"
DISCONNECTED = "This connection to Alpaca is closed, so nothing was sent."
NO_REPLY = "Alpaca did not answer in time. {next}"
DROPPED = "The connection to Alpaca broke before it answered. {next}"
UNREADABLE = "Alpaca answered in a way that cannot be read. {next}"
BROKEN = "Alpaca has a problem of its own. {next}"
THROTTLED = "Alpaca asks for fewer requests just now; wait a moment."
STREAM_LOST = "The stream of order updates from Alpaca broke; orders are read again."
STREAM_GARBLED = "An order update from Alpaca could not be read; orders are read again."

DUPLICATE = "Alpaca already has this order."
FUNDS = (
    "Alpaca refused: there is not enough buying power, or not enough of the position is free to sell. Make "
    "the order smaller, or cancel orders that hold some of it."
)
HELD = "The position is held by other open orders; cancel its stop or target first."
WASH = "Alpaca refused: an opposite order is open on this symbol. Cancel that order first."
SHORTING = "Alpaca refused: this account or symbol does not allow selling short."
TOO_SMALL = "Alpaca refused: the order is below its smallest amount."
CLOSED = (
    "Alpaca does not take this order at this hour. Make it a plain order for the day, or try again when the "
    "market is open."
)
UNKNOWN_SYMBOL = "{symbol} is not traded at Alpaca. Check the symbol."
REFUSED_SYMBOL = "Alpaca does not trade this symbol. Check it, or choose another."
NO_QUOTE = "Alpaca has no price for {symbol} right now."
NOT_FOUND = "Alpaca does not know this order."
NO_POSITION = "There is no open position in {symbol} at Alpaca."
NOT_CHANGEABLE = "Alpaca refused: the order can no longer be changed or cancelled."
REFUSED = "Alpaca refused the order: its terms are not valid there."
REFUSED_ELSE = "Alpaca refused the request."

NO_CLASS = "Only stocks, options and crypto are traded at Alpaca here."
OPTION_INCOMPLETE = "An option needs its strike, its expiry, and call or put. Name all three."
OPTION_OVER = "{option} expired on {day}. Choose a later expiry."
OPTION_NOT_TRADED = "Alpaca lists {option} but does not let it be traded now."
NO_STRIKE = "{option} is not listed at Alpaca. The nearest strikes that day: {near}."
NO_EXPIRY = "{option} is not listed at Alpaca. The nearest expiries: {near}."
NO_SUCH_OPTION = "{option} is not listed at Alpaca, nor is anything near it. Check symbol, strike and expiry."
WHOLE_CONTRACTS = "Options are bought in whole contracts at Alpaca, not for an amount of money."
NO_OPTION_LEGS = "Alpaca has no brackets for options: the stop and the target are separate orders."
NO_WRITING = "Options are only bought here and sold again; selling them to open is not offered."
EXPIRES_TODAY = "{option} expires today: from 15:30 New York time Alpaca opens no positions in it."
EXPIRES_SOON = "Alpaca refused: the option expires too soon to open a position in it."
EXPIRY_LIMIT = "Alpaca refused: the account holds as many contracts that expire today as it may."
ASSIGNMENT_LOCK = "Alpaca refused: an assignment is being settled, so these contracts cannot be closed now."
UNCOVERED = "Alpaca refused: the account does not hold that many of these contracts."
OPTION_LEVEL = (
    "Alpaca refused: this account may not trade options like this. Ask Alpaca for options level 2, or raise "
    "the level in the account's configuration there."
)
OPTION_LEVEL_LOW = (
    "This Alpaca account has options level {level}; buying options needs level 2, so nothing was sent. Ask "
    "Alpaca for it, or raise the level in the account's configuration there."
)
NO_TYPE = "Alpaca takes no {kind} orders for {what}."
NO_TIF = "Alpaca takes no {tif} orders for {what}."
NO_CRYPTO_LEGS = "Alpaca has no brackets for crypto: the stop and the target are separate orders."
WHOLE_SHARES = "Alpaca takes whole shares only for an order with a stop or a target attached."
NOT_FRACTIONAL = "{symbol} is traded in whole shares only at Alpaca."
FRACTIONAL_DAY = "An order for part of a share works for the day only at Alpaca."
NOTIONAL_KIND = "An order for an amount of money must be a market order for the day at Alpaca."
EXTENDED = (
    "Outside regular hours Alpaca takes limit orders for the day only, without a stop or target attached."
)
LEG_TIF = "An order with a stop or a target attached works for the day or until cancelled at Alpaca."
LEG_TYPE = "A trailing stop cannot carry a stop or a target at Alpaca."
TOO_LITTLE = "The quantity is below the smallest step Alpaca takes for {symbol}."
PRICE_TOO_LOW = "A price is below the smallest step Alpaca takes for {symbol}."

PAPER_NOTE = "Paper account: no real money moves."
RESTRICTED = {
    "account_blocked": "Alpaca has blocked this account.",
    "trading_blocked": "Alpaca does not let this account trade.",
    "trade_suspended_by_user": "Trading is suspended in this account's settings at Alpaca.",
}
OPTIONS_NOTE = (
    "Options cannot be bought with this account yet: it has options level {level}, and Alpaca asks for 2."
)
ACTIVITIES = {
    "OPEXC": "Option exercised; no order of this bot.",
    "OPASN": "Option assigned; no order of this bot.",
    "OPEXP": "Option expired; no order of this bot.",
    "OPTRD": "Shares from an exercise or assignment; no order of this bot.",
}
INACTIVE = "The account is not active at Alpaca yet."
FEE_BUY = "No commission."
FEE_SELL = "No commission; estimated SEC and FINRA fees, at most."
FEE_OPTION = "No commission; estimated exchange, clearing and regulators' fees."
FEE_CRYPTO = "Estimated at Alpaca's highest crypto rate; it falls with volume."
NO_PRICES = "Alpaca's prices cannot be read right now."

SIGN_IN_REFUSED = (
    "Alpaca did not accept this sign-in: it works once, for a few minutes. Sign in again. "
    "If it happens twice, tell whoever runs this bot."
)
SIGN_IN_UNREACHABLE = "Alpaca's sign-in could not be reached. {next}"
