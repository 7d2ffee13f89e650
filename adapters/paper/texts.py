"""Hold every sentence of the paper broker that a person may read."""

TITLE = "Paper trading"
SUMMARY = "Built in and free: pretend money at real prices. Stocks, options and crypto. Needs no account."
CASH_LABEL = "Starting cash in dollars"
CASH_HELP = "Pretend money to start with, between 1 and 99,999,999. The usual amount is 100000."
CASH_HINT = "Write dollars as a plain number, for example 100000 or 2500.50."
VERIFIED = "Pretend money: nothing is ever sent to a real broker."

BAD_CASH = "The starting cash is not an amount. " + CASH_HINT
NOT_LIVE = "Paper trading has no real money. Link a real broker to trade live."
NO_CLASS = "Paper trading takes shares, options and crypto, and not {kind}."
NO_TYPE = "Paper trading takes no {kind} orders in {what}."
NO_TIF = "Paper trading takes no orders with a time in force of {tif}."
NO_NOTIONAL = "Options are ordered by number of contracts, not by an amount of money."
LONE_LEG = "A closing order carries a target and a stop, or neither."
ORDER_EXPIRED = "The order's time was over before it could be sent."
TOO_SMALL = "The quantity is below the smallest step of {symbol}, which is {step}."
PRICE_TOO_SMALL = "A price is below the smallest step of {symbol}, which is {step}."

NO_SYMBOL = (
    "Paper trading finds no price for {symbol}. Check the symbol, or try again when its market is open."
)
OPTION_OVER = "The option {symbol} expired on {day}."
NO_QUOTE = "There is no price for {symbol} right now."
NO_FREE_FEE = "No price is known yet, so the fee is not either."
FEE_NOTE = "{points} basis points and {unit} a unit, as a usual broker would charge."
WAITS = "Waiting for a price of {symbol}."
NO_POSITION = "There is no open position in {symbol}."
WRONG_SIDE = "The position in {symbol} is {side}: the quantity has the wrong sign."
NO_ORDER = "There is no such order."
NOT_SAVED = (
    "The paper account could not be saved, so nobody knows whether the order is in it. That is being "
    "checked, and nothing is sent twice."
)
OTHER_WRITER = "The paper account was changed from elsewhere, so nobody knows whether the order is in it."
UNREADABLE = "The paper account cannot be read. Ask whoever runs this bot to look at its stored book."
STORE_AWAY = "The paper account cannot be reached right now. Try again in a minute."
CLOSED = "The paper session is closed."
NO_PRICES = "Paper trading cannot read prices right now. Try again in a minute."
REFUSED = "Paper trading refused: {why}."
SMALLER = "Make the order smaller, or cancel orders that hold some of it."
