"""Hold every sentence the running process says to people: in a terminal, or in Discord."""

UNFORESEEN = (
    "Something went wrong on our side, and it was written down. Nothing was sent twice. "
    "If it happens again, give the server owner this reference: `{reference}`"
)
STALE_COMPONENT = (
    "This panel is from an earlier version and no longer works. Run the command again. "
    "Reference: `{reference}`"
)
ACCOUNT_BLOCKED = (
    "Your account **{name}** takes no new entries: {reason} Stops and targets keep working. "
    "See `/broker list` for what to do."
)
ACCOUNT_READY = "Your account **{name}** works again and takes new entries."
ACCOUNT_UNKNOWN_REASON = "something about it needs a person."

LOGIN_REFUSED = (
    "Discord refused the bot token. Open https://discord.com/developers/applications, choose the "
    "application, Bot, Reset Token, and put the new one in DISCORD_TOKEN."
)
INTENTS_MISSING = (
    "Discord refused the connection because the Message Content intent is switched off. Open "
    "https://discord.com/developers/applications, choose the application, Bot, and switch on "
    "Message Content Intent."
)
MEMBERS_INTENT = " DISCORD_MEMBERS_INTENT=true also needs Server Members Intent there."
GATEWAY_FATAL = (
    "Discord closed the connection for good with code {code}. "
    "See https://discord.com/developers/docs/topics/opcodes-and-status-codes for what it means."
)
NOT_WRITABLE = "Nothing can be written to {path} ({why}). Set DATA_DIR to a directory this user may write to."
IN_USE = (
    "Another discord-trade-exec already uses {path}. Stop it, or set DATA_DIR to a different directory for "
    "this one."
)
STORE_DOWN = "The database cannot be opened: {why}"
KEY_FILE_INSIDE = "The key file cannot be used: {why}"
CRASHED = (
    "The bot stopped because of an error nobody foresaw. It is in the log under the reference {reference}. "
    "Start it again: what was in flight is reconciled first."
)
