"""Word what a member reads about moomoo."""

TITLE = "moomoo"
SUMMARY = (
    "US stocks, paper and live. No commission for members in the US. "
    "Needs your own OpenD gateway, running and logged in."
)

HOST_LABEL = "OpenD address"
HOST_HELP = "Where your OpenD gateway runs, as this bot sees it: a name or an IP address."
HOST_HINT = "Give a host name or an IP address only, without http:// and without the port."
PORT_LABEL = "OpenD port"
PORT_HELP = "The API port in OpenD's settings; 11111 unless you changed it."
PORT_HINT = "A port is a number from 1 to 65535, such as 11111."
ACCOUNT_LABEL = "Account number (optional)"
ACCOUNT_HELP = "Only if you have several moomoo accounts: the number OpenD shows. Empty takes the first."
ACCOUNT_HINT = "An account number is digits only. Leave it empty to use your first account."
PASSWORD_LABEL = "Trade password (live only)"  # noqa: S105 - a label
PASSWORD_HELP = "The password that unlocks trading. Not needed for paper."  # noqa: S105 - a help text
PASSWORD_HINT = "Give moomoo's trade password without spaces, or leave it empty for paper."  # noqa: S105
RSA_LABEL = "RSA key file (optional)"
RSA_HELP = "Path on the bot's machine of the key OpenD encrypts with. Only if OpenD is set to encrypt."
RSA_HINT = (
    "Give the full path of a key file on the bot's machine, such as /keys/opend.pem, or leave it empty."
)

NOT_INSTALLED = (
    "Moomoo support is not installed here. The operator installs it with discord-trade-exec[moomoo]."
)
NO_HOME = "Moomoo's library needs a writable home directory. The operator sets HOME for the bot."
HOST_REFUSED = (
    "The bot may not connect to this host, so nothing was sent. Run OpenD on the bot's own machine, or ask "
    "the bot's operator to list the host in GATEWAY_HOSTS."
)
BAD_ADDRESS = "The address of OpenD is not a host and a port, so nothing was sent. Link moomoo again."
RSA_CLASH = "This bot already talks to an OpenD with another RSA key, and moomoo's library holds only one."
RSA_BROKEN = "The RSA key file cannot be read. Check the path and that it is the key OpenD uses."
PAPER_STAYS_PAPER = "A paper session may not touch a live account; nothing was sent."

UNREACHABLE = (
    "Moomoo's OpenD could not be reached, so nothing was sent. Check that it runs, is logged in, and has the "
    "address and port you gave."
)
NO_HANDSHAKE = (
    "Moomoo's OpenD took the connection and did not answer, so nothing was sent. Check that it is logged in, "
    "and restart it if it hangs."
)
DISCONNECTED = "This connection to moomoo is closed, so nothing was sent."
NO_REPLY = "Moomoo did not answer in time. {next}"
DROPPED = "The connection to moomoo's OpenD broke before it answered. {next}"
UNREADABLE = "Moomoo answered in a way that cannot be read. {next}"
BROKEN = "OpenD lost its own line to moomoo. {next}"
THROTTLED = "Moomoo asks for fewer requests just now; wait a moment."
STREAM_LOST = "The connection that brings order updates from moomoo broke; orders are read again."
STREAM_GARBLED = "An order update from moomoo could not be read; orders are read again."

AUTH = (
    "Moomoo does not accept the trade password, or trading is locked. Unlock trading in OpenD, or link again "
    "with the right trade password."
)
NO_PASSWORD = "Trading is locked and no trade password was given. Unlock trading in OpenD, or link again."  # noqa: S105
NO_ACCOUNT = "Moomoo's OpenD shows no active {kind} account for US stocks. Open one in the moomoo app first."
NO_SUCH_ACCOUNT = (
    "Moomoo's OpenD shows no active {kind} account for US stocks under that number. Check the number and "
    "the login."
)

FUNDS = "Moomoo refused: there is not enough buying power. Make the order smaller, or pay money in."
TOO_FEW = (
    "Moomoo refused: there are not enough shares free to sell. Cancel the stop or target that holds them "
    "first."
)
NO_SHORTS = "Selling short is not supported at moomoo here."
CLOSED = "Moomoo does not take this order at this hour. Try again when the market is open."
REFUSED_SYMBOL = "Moomoo does not trade this symbol. Check it, or choose another."
UNKNOWN_SYMBOL = "{symbol} is not traded at moomoo. Check the symbol."
PAPER_LIMITS = "Moomoo's paper trading takes limit and market orders for the day only."
NO_QUOTE = "Moomoo has no price for {symbol} right now. US quotes may need a quote card there."
NOT_FOUND = "Moomoo does not know this order."
NO_POSITION = "There is no open position in {symbol} at moomoo."
NOT_CHANGEABLE = "Moomoo refused: the order can no longer be changed or cancelled."
DUPLICATE = "This order was sent to moomoo already."
REFUSED = "Moomoo refused the order: its terms are not valid there."

NO_CLASS = "Only US stocks are supported at moomoo here."
NO_TYPE = "Moomoo takes no {kind} orders."
NO_TIF = "Moomoo takes no {tif} orders here: use DAY or GTC."
NO_NOTIONAL = "Moomoo takes whole shares, not an amount of money."
NO_LEGS = "Moomoo has no brackets: the stop and the target are separate orders."
TOO_LITTLE = "Moomoo takes whole shares of {symbol}: the quantity is below one share."
PRICE_TOO_LOW = "A price is below the smallest step moomoo takes for {symbol}."
EXTENDED = "Outside regular hours moomoo takes limit orders only."
LONG_ID = "The order's id is too long for moomoo."
WRONG_CHANGE = "This order has no such price to change."

PAPER_NOTE = "Paper account: no real money moves."
PAPER_LIMITS_NOTE = "Moomoo's paper trading may refuse stops and good-till-cancelled orders; live takes them."
MARKET_NOTE = "One OpenD serves one moomoo login; unlocking is for the whole OpenD."
FEE_BUY = "No commission in the US; other moomoo firms charge a commission and a platform fee."
FEE_SELL = "No commission in the US; estimated SEC and FINRA fees. Other moomoo firms charge more."
