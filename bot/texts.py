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
    "Your account **{name}** takes no new entries: {reason} Stops and targets that rest at the broker keep "
    "working, and the bot can place no others until this is put right. "
    "See `/broker list` for what to do."
)
ACCOUNT_READY = "Your account **{name}** works again and takes new entries."
ACCOUNT_EXPIRING = {
    "soon": "The sign-in of your account **{name}** ends {ends}, and the broker prolongs none. Link it again "
    "before that: it takes two minutes, and everything else stays as it is.",
    "last": "**The sign-in of your account {name} ends {ends}.** Link it again now, or entries stop an hour "
    "before it and nothing can be placed or closed from here once it is over.",
    "over": "**The sign-in of your account {name} is over.** Stops and targets that rest at the broker keep "
    "working; nothing can be placed or closed from here until you link it again.",
}
ACCOUNT_UNKNOWN_REASON = "something about it needs a person."

LOGIN_REFUSED = (
    "Discord refused the bot token. Open https://discord.com/developers/applications, choose the "
    "application, Bot, Reset Token, and put the new one in DISCORD_TOKEN."
)
INTENTS_MISSING = (
    "Discord refused the connection: an intent the bot needs is switched off. Open "
    "https://discord.com/developers/applications, choose the application, Bot, and switch on "
    "Message Content Intent (with DISCORD_MEMBERS_INTENT=true also Server Members Intent)."
)
GATEWAY_FATAL = (
    "Discord closed the connection for good with code {code}. "
    "See https://discord.com/developers/docs/topics/opcodes-and-status-codes for what it means."
)
NOT_WRITABLE = "Nothing can be written to {path} ({why}). Set DATA_DIR to a directory this user may write to."
KEY_FILE = "The vault's key file cannot be used: {why}"
KEY_FILE_LIVE = (
    "{path} can be read by this user only. Who copies it together with the database can open every "
    "credential: with real money, AWS KMS is the better place for the key (docs/vault.md)."
)
VAULT_CRASHED = (
    "It stopped because of an error nobody foresaw, which is in the log under the reference {reference}. "
    "What was done stays done, and every credential still opens."
)
VAULT_STOPPED = "{why} What was done stays done: run the same command again later."
VAULT_CURRENT = "New credentials are sealed under {key}."
VAULT_UNDER = "  {count} values under {key}"
VAULT_HELD = "Sealed values are in: {held}."
VAULT_OLDEST = "The oldest was sealed at {at}, {days} days ago."
VAULT_FIRST = "{count} are in the first form, which `vault rotate` seals anew."
VAULT_CHECKED = "Every data key opens and is the right one."
VAULT_LOST = "CANNOT BE OPENED {name}: {why}"
VAULT_MORE_LOST = "... and {count} more."
VAULT_LEFT = "Left to do: {count} values are under other keys. Run: discord-trade-exec vault rotate"
VAULT_NOTHING_LEFT = "Nothing is left under another key: older keys may be taken out of the settings."
VAULT_DONE = "{done} changed, {right} needed nothing."
RESEAL_RESUMED = "Going on with the reseal begun at {at}."
CRASHED = (
    "The bot stopped because of an error nobody foresaw. It is in the log under the reference {reference}. "
    "Start it again: what was in flight is reconciled first."
)
MEMBERS_MISSING = (
    "DISCORD_MEMBERS_INTENT=true needs Server Members Intent: switch it on at "
    "https://discord.com/developers/applications, or unset the variable."
)
PORT = "{host}:{port} cannot be opened ({why}). Stop the other program, or set PORT to a free port."
NO_MONGO = "MongoDB does not answer. Check MONGODB_URI and that this machine is allowed in."
NO_REDIS = "Redis does not answer. Check REDIS_URL, or unset it to do without."
NO_DISCORD = "{url} cannot be reached ({why}). Check this machine's network and firewall."
NO_GATEWAY = "{host}:{port} cannot be reached. Let this machine open outgoing connections to it."
ODD_ANSWER = "Discord answered {status} instead of 200. Try again in a few minutes."
FEW_LOGINS = (
    "only {left} logins are left today; wait a day before many restarts, or Discord resets the token."
)
NO_PRICES = (
    "none. The built-in paper broker fills nothing without prices: make a free paper key at Alpaca and set "
    "ALPACA_DATA_KEY_ID and ALPACA_DATA_SECRET_KEY."
)
PRICES_REFUSED = (
    "Alpaca gives no prices with ALPACA_DATA_KEY_ID ({why}) Check both halves of the key, or unset them."
)
