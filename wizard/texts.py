"""Hold every word the wizard says. Values in braces are filled in by ``say``."""

TEXTS: dict[str, str] = {
    # Linking an account, step by step.
    "link_account.broker.title": "Link a broker account",
    "link_account.broker.body": "Where is the account? The paper broker needs no keys and no money.",
    "link_account.broker.pick": "Choose a broker",
    "link_account.broker.beta": "{broker} (beta)",
    "link_account.environment.title": "{broker}: paper or live?",
    "link_account.environment.body": (
        "Start with paper: the same steps, no real money. You can link a live account later."
    ),
    "link_account.environment.pick": "Choose paper or live",
    "link_account.environment.paper": "Paper",
    "link_account.environment.paper_help": "Pretend money. Nothing you do here can cost you anything.",
    "link_account.environment.live": "Live",
    "link_account.environment.live_help": "Real money. Orders are real and can lose it.",
    "link_account.confirm_live.title": "{broker}: real money",
    "link_account.confirm_live.body": (
        "A live account trades with your real money, and losses are yours. "
        "Nothing is ordered until you follow a channel in live mode. To go on, type the word LIVE."
    ),
    "link_account.confirm_live.open": "I understand",
    "link_account.confirm_live.word": "Type LIVE to go on",
    "link_account.confirm_live.word_help": "In capital letters. For pretend money, close this and go back.",
    "link_account.confirm_live.word_hint": "type the word LIVE in capitals, or go back and choose paper.",
    "link_account.credentials.title": "{broker} ({environment}): your keys",
    "link_account.credentials.body": (
        "Make a key at the broker that may trade but not withdraw, then enter it here. "
        "The keys are tested before anything is saved."
    ),
    "link_account.credentials.open": "Enter keys",
    "link_account.credentials_more.title": "{broker} ({environment}): a few more",
    "link_account.credentials_more.body": "This broker needs a little more than fits into one form.",
    "link_account.credentials_more.open": "Enter the rest",
    "link_account.test.title": "Testing the connection",
    "link_account.test.body": "Asking {broker} whether this works. It only reads; nothing is ordered.",
    "link_account.review.title": "It works. Save it?",
    "link_account.review.body": (
        "**Account:** {broker}, {environment}, {number}\n"
        "**Name here:** {name}\n"
        "**Buying power:** {buying_power}\n"
        "**Cash:** {cash} · **Equity:** {equity}"
    ),
    "link_account.review.save": "Save",
    "link_account.review.rename": "Change the name",
    "link_account.review.pick": "Save it, or change the name",
    "link_account.save.title": "Saving",
    "link_account.save.body": "Sealing the keys of {name} and saving the account.",
    "link_account.name.title": "Name this account",
    "link_account.name.body": "The name is how you will tell your accounts apart, for example in /follow.",
    "link_account.name.open": "Type a name",
    "link_account.name.name": "Name",
    "link_account.name.name_help": "Only you see it. Up to 32 letters, digits and spaces.",
    "link_account.name.name_hint": "use letters, digits, spaces and . # ( ) + - only.",
    # What is wrong, or worth knowing.
    "problem.field_missing": "**{label}** is empty. Please fill it in.",
    "problem.field_long": "**{label}** is longer than {most} characters. Check that you copied only the key.",
    "problem.field_choice": "**{label}** is not one of the choices. Please choose one of them.",
    "problem.field_hint": "**{label}** does not look right: {hint}",
    "problem.field_odd": "**{label}** does not look right. Check that you copied all of it.",
    "problem.broker_gone": "That broker cannot be linked here at the moment. Please choose another one.",
    "problem.environment_gone": "That broker does not offer this. Please choose one of those shown.",
    "problem.keys_refused": "{text} Nothing was saved. Check the keys and enter them again.",
    "problem.test_failed": "{text} Your keys are kept, sealed.",
    "problem.not_allowed": "{text}",
    "problem.may_withdraw": (
        "This key may withdraw money, and nobody should hand such a key to a bot. It was dropped. "
        "Make one at the broker that may trade but not withdraw."
    ),
    "problem.keys_are_live": (
        "These keys belong to a live account, and you chose paper. They were dropped. "
        "Enter paper keys, or go back and choose live."
    ),
    "problem.keys_are_paper": (
        "These keys belong to a paper account, and you chose live. They were dropped. "
        "Enter live keys, or go back and choose paper."
    ),
    "problem.name_taken": "You already have an account named {name}. Please choose another name.",
    "problem.not_saved": "{text} It was not saved.",
    "problem.restricted": "The broker restricts this account: {text}",
    "problem.note": "{text}",
    # How a flow ends.
    "done.link_account": (
        "**{name}** ({number}) is linked and its keys are sealed. "
        "Next: follow a channel with /follow, or see your accounts with /broker list."
    ),
    "abort.cancelled": "Stopped. Nothing was saved, and what you typed was deleted.",
    "abort.no_brokers": "No broker can be linked here now. Ask the server's owner which are switched on.",
    "abort.broker_gone": "This broker can no longer be linked here. Nothing was saved. Please start again.",
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
        "What you type in Discord's form passes through Discord in clear and is not hidden on screen. "
        "We keep it sealed only. Use a key you can revoke at the broker at any time."
    ),
    "view.setup": "Where to make a key: {setup}",
    "view.back": "Back",
    "view.cancel": "Cancel",
    "view.retry": "Try again",
    "view.open_page": "Open the page",
    "view.continue": "I am back",
}


def say(key: str, **params: str) -> str:
    """Give the words of ``key`` with ``params`` filled in."""
    return TEXTS[key].format_map(params)
