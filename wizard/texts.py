"""Hold every word the wizard says. Values in braces are filled in by ``say``."""

TEXTS: dict[str, str] = {
    # Linking an account, step by step.
    "link_account.kind.title": "Link a broker account",
    "link_account.kind.body": (
        "What would you like to trade? If you only want to look around, take paper trading: "
        "pretend money at real prices, without a broker and without keys."
    ),
    "link_account.kind.pick": "Choose what to trade",
    "link_account.kind.shares": "Stocks and options",
    "link_account.kind.crypto": "Crypto",
    "link_account.kind.all": "Show me every broker",
    "link_account.kind.paper": "Paper trading (pretend money)",
    "link_account.broker.title": "Which broker?",
    "link_account.broker.body": "Choose the broker your account is at.",
    "link_account.broker.pick": "Choose a broker",
    "link_account.broker.beta": "{broker} (beta)",
    "link_account.broker.premium": "⭐ Live trading needs a membership here.",
    "link_account.environment.title": "{broker}: paper or live?",
    "link_account.environment.body": (
        "We suggest paper first: the same steps, but no real money. "
        "You can link your live account at any time later."
    ),
    "link_account.environment.pick": "Choose paper or live",
    "link_account.environment.paper": "Paper",
    "link_account.environment.paper_help": "Pretend money. Nothing you do can cost you anything.",
    "link_account.environment.live": "Live",
    "link_account.environment.live_help": "Real money. Orders are real and can lose it.",
    "link_account.way.title": "{broker} ({environment}): how to connect",
    "link_account.way.body": "You can sign in at {broker}, or enter keys that you made there.",
    "link_account.way.pick": "Choose how to connect",
    "link_account.way.signin": "Sign in at {broker}",
    "link_account.way.keys": "Enter keys",
    "link_account.confirm_live.title": "{broker}: real money",
    "link_account.confirm_live.body": (
        "A live account trades with your real money, and losses are yours. "
        "Nothing is ordered until you follow a channel or place an order yourself. "
        "To go on, type the word LIVE."
    ),
    "link_account.confirm_live.open": "I understand",
    "link_account.confirm_live.word": "Real money: type LIVE to go on",
    "link_account.confirm_live.word_help": "In capital letters. For pretend money, close this form instead.",
    "link_account.confirm_live.word_hint": "Type the word LIVE in capitals, or go back and choose paper.",
    "link_account.credentials.title": "{broker} ({environment}): your {what}",
    "link_account.credentials.body": "{how} We test it first and save nothing before you say so. {caution}",
    "link_account.credentials.open": "Enter {enter}",
    "link_account.credentials.what_keys": "keys",
    "link_account.credentials.how_keys": (
        "Make a key at {broker} that may trade but not withdraw, and enter it here."
    ),
    "link_account.credentials.what_gateway": "gateway",
    "link_account.credentials.enter_gateway": "gateway details",
    "link_account.credentials.how_gateway": (
        "{broker} is reached through a gateway program of your own, which must be running and logged in. "
        "Enter where it is."
    ),
    "link_account.credentials.what_app": "app keys",
    "link_account.credentials.how_app": "Enter the key and the secret of your own developer app at {broker}.",
    "link_account.credentials.caution": (
        "This is a live account: real money, and losses are yours. "
        "Nothing is ordered until you follow a channel or place an order yourself."
    ),
    "link_account.credentials_more.title": "{broker} ({environment}): a few more",
    "link_account.credentials_more.body": "{broker} needs a little more than fits into one form.",
    "link_account.credentials_more.open": "Enter the rest",
    "link_account.authorize.title": "Sign in at {broker}",
    "link_account.authorize.body": (
        "The button takes you to {broker}'s own sign-in page; we never see your password. "
        "When you come back, this panel goes on by itself. The button works once, within ten minutes."
    ),
    "link_account.test.title": "Testing the connection",
    "link_account.test.body": "Asking {broker} whether this works. We only read; nothing is ordered.",
    "link_account.account.title": "Which account?",
    "link_account.account.body": (
        "There are several accounts behind this sign-in. Choose the one to trade in. "
        "To use another one as well, link it afterwards in the same way."
    ),
    "link_account.account.pick": "Choose an account",
    "link_account.review.title": "It works. Link it?",
    "link_account.review.body": (
        "**Account:** {broker}, {environment}, {number}\n"
        "**Name here:** {name}\n"
        "**Buying power:** {buying_power}\n"
        "**Cash:** {cash} · **Equity:** {equity}\n"
        "Is this account yours? Then save it."
    ),
    "link_account.review.save": "Save",
    "link_account.review.default": "Save as my default",
    "link_account.review.rename": "Change the name",
    "link_account.review.pick": "Save it, or change the name",
    "link_account.save.title": "Saving",
    "link_account.save.body": "Sealing the keys of {name} and saving the account.",
    "link_account.name.title": "Name this account",
    "link_account.name.body": "The name is how you tell your accounts apart, for example in /follow.",
    "link_account.name.open": "Type a name",
    "link_account.name.name": "Name",
    "link_account.name.name_help": "Only you see it. Up to 32 letters, digits and spaces.",
    "link_account.name.name_hint": "Use letters, digits, spaces and . # ( ) + - only.",
    # Fresh keys for an account.
    "reauth.way.title": "Connect {name} again",
    "reauth.way.body": "You can sign in at {broker} again, or enter keys that you made there.",
    "reauth.credentials.title": "{name}: fresh keys",
    "reauth.credentials.body": (
        "{how} The account's name, the channels it follows and its open trades stay as they are. "
        "What it was opened with before is destroyed once this is saved."
    ),
    "reauth.authorize.title": "Sign in at {broker} again",
    "reauth.authorize.body": (
        "The button takes you to {broker}'s own sign-in page. Everything about **{name}** stays as it is. "
        "When you come back, this panel goes on by itself. The button works once, within ten minutes."
    ),
    "reauth.review.title": "It works. Use it for {name}?",
    "reauth.review.body": (
        "**Account:** {broker}, {environment}, {number}\n"
        "**Buying power:** {buying_power}\n"
        "**Cash:** {cash} · **Equity:** {equity}\n"
        "What {name} was opened with before is destroyed."
    ),
    "reauth.review.save": "Use it",
    "reauth.review.pick": "Use it, or go back",
    # Changing an account's settings.
    "reconfigure.settings.title": "Settings of {name}",
    "reconfigure.settings.body": (
        "The account at {broker} ({environment}). Anything but the name is tested before it is saved. "
        "To change keys, use /broker relink."
    ),
    "reconfigure.settings.open": "Change settings",
    "reconfigure.review.title": "Save these settings?",
    "reconfigure.review.body": "**Name:** {name}\n**{broker}:** {settings}",
    "reconfigure.review.save": "Save",
    "reconfigure.review.default": "Save as my default",
    "reconfigure.review.pick": "Save, or go back",
    "reconfigure.save.title": "Saving",
    "reconfigure.save.body": "Saving the settings of {name}.",
    # A member's own limits.
    "risk_profile.limits.title": "Your limits",
    "risk_profile.limits.body": (
        "They hold for every account of yours, from the next signal on. They limit new entries only: "
        "exits and stops always go through.\n"
        "**Most money in one entry:** {max_order_notional}\n"
        "**Most open trades at once:** {max_open_positions}\n"
        "**Oldest signal still taken:** {entry_max_age} seconds\n"
        "**The same symbol and side again only after:** {duplicate_window} seconds"
    ),
    "risk_profile.limits.open": "Change",
    "risk_profile.limits.notional": "Most money in one entry",
    "risk_profile.limits.positions": "Most open trades at once",
    "risk_profile.limits.age": "Oldest signal still taken, in seconds",
    "risk_profile.limits.duplicate": "Seconds until the same symbol again",
    "risk_profile.limits.bounds": "A number from {low} to {high}. {default} if you set nothing.",
    "risk_profile.limits.hint": "Write a number from {low} to {high}.",
    # A server's sources.
    "source.who.title": "A channel with signals",
    "source.who.body": (
        "Choose the channel in which signals are posted, and whose messages there are signals. "
        "Everybody else's messages are left alone. If a webhook posts them, give its id instead."
    ),
    "source.who.open": "Choose",
    "source.who.channel": "Channel",
    "source.who.channel_help": "Where signals are posted. The bot must be able to see it.",
    "source.who.authors": "Authors",
    "source.who.authors_help": "Members or bots whose messages are signals; up to ten.",
    "source.who.webhooks": "Webhook ids",
    "source.who.webhooks_help": "Only if a webhook posts the signals. Several ids with spaces between them.",
    "source.who.webhooks_hint": "A webhook's id is the long number in its address. Write only such numbers.",
    "source.review.title": "Read this channel?",
    "source.review.body": "**Channel:** {channel}\n**Signals come from:** {authors}",
    "source.review.save": "Save",
    "source.review.pick": "Save, or go back",
    "source.review.webhook": "webhook {id}",
    # A server's memberships.
    "premium.roles.title": "Roles and memberships",
    "premium.roles.body": (
        "Whoever has one of these roles has the membership. Changes hold at once. "
        "/premium tiers shows what each allows.\n"
        "**Premium:** {premium}\n**Pro:** {pro}\n**Basic:** {basic}"
    ),
    "premium.roles.open": "Choose roles",
    "premium.roles.premium": "Premium",
    "premium.roles.pro": "Pro",
    "premium.roles.basic": "Basic",
    "premium.roles.help": "Up to ten roles. Leave it empty for none.",
    "premium.roles.none": "no role",
    # What is wrong, or worth knowing.
    "problem.field_missing": "**{label}** is empty. Please fill it in.",
    "problem.field_long": "**{label}** is longer than {most} characters. Check that you copied only the key.",
    "problem.field_choice": "**{label}** is not one of the choices. Please choose one of them.",
    "problem.field_hint": "**{label}** does not look right. {hint}",
    "problem.field_odd": "**{label}** does not look right. Check that you copied all of it.",
    "problem.broker_gone": "That broker cannot be linked here at the moment. Please choose another one.",
    "problem.environment_gone": "That broker does not offer this. Please choose one of those shown.",
    "problem.keys_refused": "{text} Nothing was saved. Check the keys and enter them again.",
    "problem.test_failed": (
        "{text} What you entered is kept, sealed: press Try again, or go back to change it."
    ),
    "problem.not_allowed": "{text}",
    "problem.may_withdraw": (
        "This key may withdraw money, and nobody should hand such a key to a bot, so we did not keep it. "
        "Make one at the broker that may trade but not withdraw."
    ),
    "problem.not_signed_in": (
        "{broker} has not sent you back yet. Sign in with the button; the link is fresh now. "
        "If you closed the page half-way, simply start it again."
    ),
    "problem.source_known": "This channel is read already. The authors you chose are added to those it has.",
    "problem.nobody_chosen": "Nobody was chosen. Pick at least one author, or give the id of a webhook.",
    "problem.everyone_chosen": "The role @everyone cannot give a membership: then everybody would have it.",
    "problem.keys_are_live": (
        "These keys belong to a live account, and you chose paper, so we did not keep them. "
        "Enter paper keys, or go back and choose live."
    ),
    "problem.keys_are_paper": (
        "These keys belong to a paper account, and you chose live, so we did not keep them. "
        "Enter live keys, or go back and choose paper."
    ),
    "problem.name_taken": "You already have an account named {name}. Please choose another name.",
    "problem.not_saved": "{text} Nothing was saved.",
    "problem.restricted": "The broker restricts this account: {text}",
    "problem.note": "{text}",
    # How a flow ends.
    "done.link_account": (
        "**{name}** ({number}) is linked and its keys are sealed. "
        "Next: follow a channel with /follow, or see your accounts with /broker list."
    ),
    "done.reauth": "**{name}** ({number}) is connected again. What it was opened with before is destroyed.",
    "done.reconfigure": "The settings of **{name}** are saved.",
    "done.risk_profile": (
        "Saved. From the next signal on: at most {max_order_notional} in one entry, {max_open_positions} "
        "open trades, signals up to {entry_max_age} seconds old, and the same symbol and side again only "
        "after {duplicate_window} seconds."
    ),
    "done.source": (
        "Messages of {authors} in {channel} are read as signals from now on. "
        "Members follow the channel with /follow."
    ),
    "done.premium": (
        "Saved, and it holds at once. **Premium:** {premium} · **Pro:** {pro} · **Basic:** {basic}"
    ),
    "abort.cancelled": "Stopped. Nothing was saved, and what you typed was deleted.",
    "abort.no_brokers": "No broker can be linked here now. Ask the server's owner which are switched on.",
    "abort.broker_gone": "This broker can no longer be linked here. Nothing was saved. Please start again.",
    "abort.account_gone": "That account is not linked any more. See yours with /broker list.",
    "abort.no_keys": "This account needs no keys, so there is nothing to renew.",
    "abort.secrets_lost": (
        "What you typed could not be kept safely, so it was deleted and nothing was saved. "
        "Please start again."
    ),
    # Why a click did nothing.
    "refused.gone": "This set-up has expired and what you typed was deleted. Please start again.",
    "refused.expired": "This set-up has expired and what you typed was deleted. Please start again.",
    "refused.ended": "This set-up is finished already. Start again with the command if you need another.",
    "refused.not_yours": "This set-up belongs to someone else. Start your own with the command.",
    "refused.moved_on": "That step is answered already. Your panel shows where it goes on.",
    "refused.busy": "Still working on your last click. One moment, please.",
    "refused.keys_away": "The service that seals keys cannot be reached right now, so nothing was saved. "
    "Answer this step again in a minute.",
    "refused.not_allowed": "You need the permission Manage Server here for that. Nothing was changed.",
    "refused.page_only": "Keys are taken on our own page only here. Use the button with the link.",
    "refused.outdated": "The bot was updated and this set-up no longer fits. Start again with the command.",
    # Around the steps.
    "view.started": "I sent you a direct message. It goes on there: {link}",
    "view.dm_closed": (
        "I cannot send you direct messages, so this goes on right here. Only you can see it, "
        "and it goes when you restart Discord. To use direct messages, allow them in this server's "
        "privacy settings."
    ),
    "view.expired": "This set-up has expired and what you typed was deleted. Please start again.",
    "view.failed": "Something went wrong on our side. Please click again. Reference: {ref}",
    "view.seen": (
        "What you type in Discord's form passes through Discord, which can read it, and shows on screen. "
        "We keep it sealed only. Use a key that you can revoke at the broker at any time."
    ),
    "view.setup": "Where to set this up: {setup}",
    "view.page": "Type them on our page",
    "view.fresh": "New link",
    "view.page_or_form": (
        "On our page, Discord never sees what you type. The link is yours alone: it works once, within ten "
        "minutes, after you sign in with Discord."
    ),
    "view.page_only": (
        "Keys are taken on our own page only here, so that Discord never sees them. The link is yours alone: "
        "it works once, within ten minutes, after you sign in with Discord."
    ),
    "view.back": "Back",
    "view.cancel": "Cancel",
    "view.retry": "Try again",
    "view.open_page": "Open the page",
    "view.continue": "I am back",
}


SAME: dict[str, str] = {
    "reauth.way.pick": "link_account.way.pick",
    "reauth.credentials.open": "link_account.credentials.open",
    "reauth.credentials_more.title": "link_account.credentials_more.title",
    "reauth.credentials_more.body": "link_account.credentials_more.body",
    "reauth.credentials_more.open": "link_account.credentials_more.open",
    "reauth.test.title": "link_account.test.title",
    "reauth.test.body": "link_account.test.body",
    "reauth.account.title": "link_account.account.title",
    "reauth.account.body": "link_account.account.body",
    "reauth.account.pick": "link_account.account.pick",
    "reauth.save.title": "link_account.save.title",
    "reauth.save.body": "link_account.save.body",
    "reconfigure.test.title": "link_account.test.title",
    "reconfigure.test.body": "link_account.test.body",
}
"""Words that another step says already."""


def say(key: str, **params: str) -> str:
    """Give the words of ``key`` with ``params`` filled in."""
    return TEXTS[SAME.get(key, key)].format_map(params).strip()
