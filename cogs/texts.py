"""Hold every sentence and label that Discord shows: what is so, or what is wrong and what to do next."""

from collections.abc import Mapping

from domain.accounts import AccountStatus, SizeKind, SwitchMode
from domain.orders import LegRole, OrderType, Side, TimeInForce
from domain.trades import Mode, TradeState

# When something is wrong.
STORE_DOWN = "Nothing can be written down safely right now, so nothing was started. Try again in a minute."
VAULT_AWAY = (
    "The service that guards members' keys cannot be reached right now, so nothing was sent or changed. "
    "Try again in a minute."
)
VAULT_DOWN = (
    "The stored keys of this account could not be opened. Nothing was sent. Try again in a minute; "
    "if it stays so, tell the operator of this bot, or link the account again with /broker add."
)
UNSAID = "That did not work, and no reason was given. Nothing was sent."
RETRY_AFTER = "Try again in {seconds} s."
SERVER_ONLY = "This command works in a server only. Go to the server's channel and use it there."
OWNER_ONLY = "Only people who may manage this server can do that (permission: Manage Server)."
BUTTON_FAILED = (
    "Something went wrong on our side, and it was written down. The panel shows how things stand; "
    "nothing was sent twice."
)
COMMANDS_CHANGED = (
    "This command has changed since your Discord loaded it. Restart Discord (Ctrl+R) and try again."
)
UNREADABLE_OPTION = "One of the options could not be read. Choose it from the list that Discord offers."

# Numbers and symbols typed by hand. Shown through errors.sentence, so without markdown.
NOT_A_NUMBER = (
    'The {what} "{given}" is not a plain number. '
    "Write it like 12 or 12.50, without signs, commas or exponents."
)
NOT_ABOVE_ZERO = "The {what} must be above zero; you wrote {given}."
OVER_HUNDRED = "The {what} is a percentage, so at most 100; you wrote {given}."
NOT_A_SYMBOL = (
    '"{given}" is not a symbol. Write a ticker such as AAPL, a pair such as BTC/USD, '
    "or an option such as AAPL270115C00150000."
)
NOT_AN_ID = (
    '"{given}" is not a Discord id. Turn on Developer Mode, right-click the webhook or user, and copy its id.'
)

# Choosing an account, a channel, a trade.
NO_ACCOUNT = "You have no linked account yet. Use /broker add; the paper broker takes one click."
UNKNOWN_ACCOUNT = 'You have no account "{given}". Choose one from the list, or see them with /broker list.'
UNKNOWN_SOURCE = (
    '"{given}" is not a signal source here. Choose one from the list that Discord offers; '
    "when it is empty, ask the server's owner to add one."
)
UNKNOWN_FOLLOW = 'You do not follow "{given}". See what you follow with /following.'
UNKNOWN_TRADE = 'You have no open trade "{given}". Choose one from the list, or see them with /orders.'
SEVERAL_TRADES = "You have {count} open trades in {symbol}. Choose the one you mean from the list."
UNKNOWN_BROKER = 'There is no broker "{given}" here. Choose one from the list.'

# /channel
CHANNEL_NEEDS_AUTHOR = (
    "Say whose messages are signals: choose an author, or give a webhook id. "
    "Messages of everybody else in the channel are ignored."
)
CHANNEL_ADDED = (
    "{channel} is a signal source now. Read there: {authors}.\nMembers can follow it with `/follow`."
)
CHANNEL_BLIND = (
    "**I cannot see {channel} yet.** Open the channel's settings, then Permissions, and allow me "
    "*View Channel*; until then no signal of it arrives."
)
CHANNEL_REMOVED = "{channel} is no longer read. Open trades of its signals keep their stops and targets."
CHANNELS_TITLE = "Signal sources of this server"
CHANNELS_NONE = (
    "This server has no signal source yet. Someone who may manage it adds one with `/channel add`."
)
CHANNEL_LINE = "{channel}\nRead: {authors} · added {when}"
WEBHOOK = "webhook {id}"

# /follow
FOLLOWING = (
    "You follow {channel} with **{account}**.\n{mode}\nSize of each entry: **{size}**.\n"
    "-# Change it by following again; stop with `/unfollow`."
)
FOLLOW_NEW_PAPER = "A paper account was made for you: pretend money, real prices."
UNFOLLOWED = "You no longer follow {channel}. Trades that are open keep their stops and targets."
NOT_FOLLOWED = "You did not follow {channel}, so nothing changed."
FOLLOWS_TITLE = "What you follow"
FOLLOWS_NONE = (
    "You follow nothing yet. Use `/follow` in a server with signal sources; paper mode costs nothing."
)
FOLLOW_LINE = "{channel}\n{mode} · {size} an entry · account **{account}**"
MODE: Mapping[Mode, str] = {
    Mode.PAPER: "Paper: entries are traded with pretend money.",
    Mode.CONFIRM: "Confirm: each entry waits for your button before anything is sent.",
    Mode.LIVE: "Live: entries are sent at once, with real money.",
}
MODE_SHORT: Mapping[Mode, str] = {Mode.PAPER: "paper", Mode.CONFIRM: "confirm", Mode.LIVE: "live"}
KIND: Mapping[SizeKind, str] = {
    SizeKind.FIXED: "Amount of money",
    SizeKind.PERCENT: "Percent of equity",
}
SIZE: Mapping[SizeKind, str] = {SizeKind.FIXED: "{size}", SizeKind.PERCENT: "{size} % of equity"}
ACCOUNT_GONE = "an account that is no longer linked"

# /buy, /sell, /close, /cancel, /orders
QUANTITY_OR_AMOUNT = "Give either a quantity (shares, contracts, coins) or an amount of money, and not both."
NEEDS_SIZE = "Say how much: a quantity (shares, contracts, coins), or an amount of money."
NEEDS_LIMIT = "A {type} order needs a limit price: the worst price you would take. Fill in the option limit."
NEEDS_STOP = "A {type} order needs a stop price: where it is triggered. Fill in the option stop."
NO_LIMIT = "A {type} order takes no limit price. Leave the option limit out, or choose another type."
NO_STOP = (
    "A {type} order takes no stop price. To protect the position use the option stop-loss; "
    "otherwise leave stop out, or choose another type."
)
TYPE: Mapping[OrderType, str] = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop limit",
    OrderType.TRAILING_STOP: "trailing stop",
}
DURATION: Mapping[TimeInForce, str] = {
    TimeInForce.DAY: "Until the close of the day",
    TimeInForce.GTC: "Until it fills or is cancelled",
}
NOTHING_TO_CLOSE = "You hold no {symbol} in a trade of this bot, so there is nothing to close."
CLOSING_TITLE = "Closing {part} % of {symbol}"
SHOW_OPEN = "open"
SHOWN: Mapping[str, str] = {SHOW_OPEN: "Open trades", "all": "The latest trades, ended ones too"}
ENTRY_OPTIONS: Mapping[str, str] = {
    "symbol": "A ticker (AAPL), a pair (BTC/USD) or an option symbol",
    "quantity": "How many shares, contracts or coins; leave out to give an amount",
    "amount": "For how much money; leave out to give a quantity",
    "type": "Left out: market, or what the prices you give mean",
    "limit": "The worst price you would take",
    "stop": "The price at which the order is triggered",
    "take_profit": "Close at this price with a profit",
    "stop_loss": "Close at this price to limit a loss",
    "duration": "How long the order may wait; until the close if left out",
    "account": "Which of your accounts; your default one if left out",
}
CLOSE_OPTIONS: Mapping[str, str] = {
    "symbol": "What you hold",
    "percent": "How much of it, from 1 to 100; all of it if left out",
    "account": "Only in this account; in all of yours if left out",
}
ORDERS_TITLE = "Your open trades"
ORDERS_ALL_TITLE = "Your latest trades"
ORDERS_NONE = "You have no open trade. Follow a source with `/follow`, or place an order with `/buy`."
ORDERS_ALL_NONE = "You have not traded yet. Follow a source with `/follow`, or place an order with `/buy`."
ORDERS_FOOT = "Close with /close, cancel what has not filled with /cancel."
MORE = "…and {count} more."

# A trade's panel.
STATE: Mapping[TradeState, str] = {
    TradeState.DENIED: "Not traded",
    TradeState.AWAITING: "Waiting for you",
    TradeState.OPENING: "Opening",
    TradeState.OPEN: "Open",
    TradeState.CLOSING: "Closing",
    TradeState.CLOSED: "Closed",
    TradeState.UNFILLED: "Ended without a fill",
    TradeState.NEEDS_HUMAN: "Needs you",
}
SIDE: Mapping[Side, str] = {Side.BUY: "BUY", Side.SELL: "SELL"}
DID: Mapping[Side, str] = {Side.BUY: "Bought", Side.SELL: "Sold"}
PAPER = "`PAPER`"
LIVE = "`LIVE`"
STATE_DENIED = "Nothing was sent to the broker."
STATE_AWAITING = "Nothing is sent until you confirm."
STATE_QUEUED = "The entry is about to be sent."
STATE_SENDING = "The entry is on its way; the broker has not answered yet."
STATE_UNKNOWN = "The broker has not answered yet. Nothing is sent a second time; it is being found out."
STATE_WORKING = "The entry is at the broker and has not filled yet."
STATE_PARTLY = "The entry has filled in part; you hold {held}."
STATE_OPEN = "You hold {held} at an average of {average}."
STATE_HELD = "You hold {held}."
STATE_CLOSING = "The exit is under way; you still hold {held}."
STATE_CLOSED = "Nothing is held any more."
STATE_UNFILLED = "Nothing was bought or sold."
STATE_NEEDS_HUMAN = (
    "Open your broker's own app and look at this position and its orders. "
    "Until it is settled, nothing new is opened in {symbol}."
)
DOUBT_BUTTONS: Mapping[str, str] = {
    "absent": "{symbol} is not at my broker",
    "mine": "I look after {symbol} myself",
    "sure-absent": "Yes, it is not there",
    "sure-mine": "Yes, I look after it",
}
DOUBT_ASK: Mapping[str, str] = {
    "absent": (
        "Did you look at the open, filled and cancelled orders of {symbol} in your broker's own app, and the "
        "order in doubt is in none of these lists? Then nothing came of it, and {symbol} opens again."
    ),
    "mine": (
        "Then this trade is yours alone to look after: the bot sets no stop for it and closes nothing of it. "
        "Stops that rest at the broker stay. {symbol} opens again for new entries."
    ),
}
DOUBT_SETTLED = "Noted. {symbol} is open again."
SENDING = "You confirmed. The order is on its way."
DROPPING = "You declined. Nothing will be sent."
CHECKED_WHILE_WAITING = "Limits, price and roles are checked once more when you confirm."
FIELD_ENTRY = "**Entry** {entry}"
FIELD_SIZE = "**Size** {size}"
FIELD_STOP = "**Stop** {stop}"
FIELD_TARGETS = "**Targets** {targets}"
FIELD_RESULT = "**Result so far** {gain}"
FIELD_FINAL = "**Result** {gain}"
ENTRY_MARKET = "at the market"
ENTRY_LIMIT = "limit {limit}"
ENTRY_STOP = "stop {stop}"
ENTRY_STOP_LIMIT = "stop {stop}, limit {limit}"
ENTRY_NEVER = "alerted at {price}"
ENTRY_ALERTED = "{entry} (alerted at {price})"
STOP_RESTING = "{stop} (resting at the broker)"
NO_STOP_SET = "none"
FILL = "{did} {quantity} at {price}"
FILL_LEG = "{leg}: {did} {quantity} at {price}"
LEG: Mapping[LegRole, str] = {LegRole.TAKE_PROFIT: "Target", LegRole.STOP_LOSS: "Stop"}
FROM = "From {author} in {channel}"
BY_YOU = "Placed by you"
FOOT = "{source} · {when} · trade {trade}"
LINE_HELD = "holding {held}"
CONFIRM = "Confirm {side} {symbol}"
DECLINE = "Decline"
NOT_YOURS = "That is not a trade of yours, so its buttons are not yours either."
NOT_WAITING = "This trade no longer waits for you: it was answered before, or its time ran out."

# /positions and /balance
POSITIONS_TITLE = "Your positions"
POSITIONS_EMPTY = "No open position."
POSITION_LINE = "**{name}** {quantity} at {average}"
POSITION_MARK = " · now {mark} · {gain}"
BALANCE_TITLE = "Your balance"
BALANCE_LINE = "Equity **{equity}** · cash {cash} · buying power {power}"
RESTRICTED = "The broker does not let this account trade: {why}"
CANNOT_READ = "Cannot be read right now: {problem}"

# /broker
BROKERS_TITLE = "Your broker accounts"
BROKERS_NONE = "You have no linked account yet. Start with `/broker add`; the paper broker takes one click."
BROKERS_FOOT = "You may link: {brokers}."
ACCOUNT_LINE = "**{name}** {badge}{default}\n{broker}{number} · {status}{tested}{expires}"
ACCOUNT_DEFAULT = " · default"
ACCOUNT_TESTED = " · tested {when}"
ACCOUNT_EXPIRES = " · sign-in ends {when}"
ACCOUNT_TODAY = "Entries today: {today} · open: {open}"
ACCOUNT_LINKED = {True: "connected", False: "not connected right now"}
ACCOUNT_BUTTONS: Mapping[str, str] = {
    "manage": "Manage {name}",
    "test": "Test",
    "default": "Make default",
    "rename": "Rename",
    "pause": "Pause",
    "resume": "Resume",
    "settings": "Settings",
    "relink": "Link again",
    "remove": "Remove",
    "close": "Close all, then remove",
    "leave": "Leave them at the broker",
    "shred": "Remove {name}",
    "keep": "Keep it",
}
RENAME_TITLE = "Rename {name}"
RENAME_LABEL = "New name"
RENAME_HELP = "Only you see it. Up to 32 letters, digits and spaces."
RENAMED = "It is called **{name}** now."
DEFAULT_SET = "Commands that name no account mean **{name}** from now on."
ACCOUNT_PAUSED = (
    "**{name}** takes no entries until you resume it. What is open in it is looked after as before: "
    "stops, targets and exits work."
)
ACCOUNT_RESUMED = "**{name}** takes entries again."
REMOVE_OPEN = (
    "**{name}** has {count} open trades ({symbols}). Close them at the market first, or leave them at the "
    "broker: stops that rest there stay, and from then on they are yours alone to look after."
)
STATUS: Mapping[AccountStatus, str] = {
    AccountStatus.ACTIVE: "ready",
    AccountStatus.PAUSED: "paused",
    AccountStatus.NEEDS_REAUTH: "the broker no longer accepts its keys: link it again with /broker relink",
}
PAPER_NAME = "Paper"
PAPER_LINKED = (
    "**{name}** is linked: pretend money ({equity}), real prices. Nothing you do with it costs anything.\n"
    "Follow a source with `/follow`, or try `/buy`."
)
BROKER_WORKS = "**{name}** works. Equity {equity}, buying power {power}."
BROKER_MAY_WITHDRAW = (
    "**This key may withdraw money.** Make one at the broker that may only trade, and link that instead."
)
REMOVE_ASK = (
    "Remove **{name}** ({broker})? Its keys are destroyed and cannot be brought back. "
    "Your account at the broker itself is not touched."
)
REMOVED = (
    "**{name}** was removed and its keys were destroyed here. Delete the key at the broker too{where}: then "
    "it opens nothing anywhere."
)
REMOVED_WHERE = " ({url})"
KEPT = "Nothing was removed."

# /premium
PREMIUM_ROLES = (
    "These roles give the {tier} membership here: {roles}.\nSee what it allows with `/premium tiers`."
)
PREMIUM_NONE = (
    "No role gives the {tier} membership here. Add one with `/premium roles add:`. Until a role gives "
    "one that allows it, nobody can trade live where a membership is needed."
)
PREMIUM_EVERYONE = "@everyone cannot give a membership: it would give it to everybody."
PREMIUM_NOT_ONE = "{role} did not give the {tier} membership, so nothing changed."
TIERS_TITLE = "Memberships"
TIERS_FOOT = (
    "Paper trading at the built-in broker is free and never counted. Exits, stops and cancels always work."
)
TIER_HEAD = "**{tier}** · {roles}"
TIER_EVERYONE = "everybody"
TIER_NO_ROLE = "no role gives it here"
TIER_LINE = (
    "{live} · broker accounts: {accounts} · channels to follow: {sources} · entries a day: {signals} · "
    "followers of one's own channel: {followers}"
)
TIER_LIVE = "live and paper"
TIER_PAPER = "paper only"
UNLIMITED = "any number"
CHECK_TITLE = "What you may do here"
CHECK_HEAD = "You have the **{tier}** membership. Entries today: {today}."
CHECK_UNKNOWN = (
    "Discord did not say which roles you have just now. Try again in a minute; exits and stops work."
)
CHECK_NOT_SET_UP = "This server has no memberships, so nothing is counted."
CHECK_YES = "✅ {name}"
CHECK_NO = "🔒 {name}: {why}"
CHECK_COUNTS = (
    "For the owner, today: {denied} members were turned away, {converted} of them came back with a "
    "membership."
)

# /halt and /resume
HALTED = "**Entries of this server are halted.** {mode}\nReason: {reason}\nLift it with `/resume`."
HALT_MODE: Mapping[SwitchMode, str] = {
    SwitchMode.HALT: "No new position is opened for anybody. Exits, stops and cancels still work.",
    SwitchMode.REDUCE: "Only orders that reduce risk are sent. Exits, stops and cancels still work.",
}
HALT_CHOICE: Mapping[SwitchMode, str] = {
    SwitchMode.HALT: "All entries",
    SwitchMode.REDUCE: "All orders but those that reduce risk",
}
HALT_REASON = "halted by the server's owner"
RESUMED = "Entries of this server are allowed again. Signals posted while it was halted are not made up for."
NOT_HALTED = "This server was not halted, so nothing changed."
STILL_HALTED = (
    "The operator of this bot has halted everything ({reason}); entries stay off until they lift it."
)

# /api
SHOWN_ONCE = (
    "Your personal token, valid until <t:{until}:D>:\n||`{token}`||\n"
    "**It is shown this once.** Keep it like a password: whoever has it can read your trades. "
    "It cannot place orders. Withdraw it with `/api revoke`."
)
REVOKED = "All your tokens were withdrawn ({count}). Programs that used them are shut out now."
REVOKED_NONE = "You had no token, so nothing changed."
