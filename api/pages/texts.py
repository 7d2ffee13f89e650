"""Hold every word the pages say beside the wizard's own. Values in braces are filled in by ``say``."""

SITE = "discord-trade-exec"

TEXTS: dict[str, str] = {
    # Signing in.
    "sign_in.title": "First, show that it is you",
    "sign_in.body": (
        "This link was made for one Discord member, and only they can use it. "
        "Sign in with Discord to go on. We learn your Discord name and nothing else."
    ),
    "sign_in.button": "Sign in with Discord",
    "leaving_discord.title": "Taking you to Discord",
    "leaving.body": "If nothing happens, use this button.",
    "leaving.button": "Go on to {place}",
    "signed_in_as": "Signed in as @{name}",
    "sign_out": "Not you?",
    # The form.
    "form.where": "Sent over an encrypted connection to this bot only. Discord does not see it.",
    "form.optional": "optional",
    "form.choose": "Choose one",
    "form.show": "Show secrets while I type",
    "form.hide": "Hide secrets while I type",
    "form.show_note": "Empties the secret fields.",
    "form.send": "Seal and test",
    "form.send_plain": "Go on",
    "form.setup": "Where to set this up",
    "form.once": "This page can be sent once, within ten minutes of opening the link in Discord.",
    "form.problems": "Please look at this again",
    "form.retype": "Secrets are never shown again: please type or paste them once more.",
    # Consent at a broker.
    "consent.title": "Link {broker} to @{name}",
    "consent.body": (
        "You will sign in at **{broker}**, on its own site. The account you sign in to there will be "
        "linked to the Discord member **@{name}**, who can then trade with it through this bot."
    ),
    "consent.warning": (
        "Is **@{name}** not you, or did somebody send you this link? Then close this page: "
        "they would get to trade with your account."
    ),
    "consent.last": "Nothing is saved before you confirm it in Discord.",
    "consent.button": "Sign in at {broker}",
    "leaving_broker.title": "Taking you to {broker}",
    # How it went on.
    "done.working.title": "Testing it now",
    "done.working.body": (
        "What you sent has arrived and is sealed. The broker is being asked whether it works. "
        "This page looks again by itself."
    ),
    "done.onward.title": "Done here. It goes on in Discord",
    "done.onward.body": "Go back to your panel in Discord to finish. It goes on there with:\n**{title}**",
    "done.finished.title": "All done",
    "done.stopped.title": "This has ended",
    "done.again.title": "That did not work yet",
    "done.again.button": "Try it again here",
    "done.again.or": "Or go on in your panel in Discord, where it says the same.",
    "done.close": "You can close this page.",
    "discord.button": "Back to Discord",
    # When it cannot go on.
    "error.title": "This cannot go on",
    "unknown.title": "This link is not known",
    "unknown.body": (
        "It may have been cut off when it was copied, or it was made long ago. "
        "Open it again from your panel in Discord."
    ),
    "used.title": "This link was used already",
    "used.body": (
        "Each link works once. If it was you, your panel in Discord shows how it went on, and has a new link "
        "if one is needed. If it was not you, cancel there and tell the server's owner."
    ),
    "expired.title": "This link has expired",
    "expired.body": (
        "Links work for ten minutes. Nothing was lost but time: "
        "go back to your panel in Discord for a new one."
    ),
    "foreign.title": "This link is for somebody else",
    "foreign.body": (
        "You are signed in as **@{name}**, and this link was made for another Discord member. "
        "Nothing was changed. If you have two Discord accounts, sign in with the other one."
    ),
    "foreign.button": "Sign in as somebody else",
    "moved_on.title": "That step is behind you",
    "moved_on.body": (
        "It was answered or left in Discord meanwhile. Your panel there shows where it goes on, "
        "with a new link if one is needed."
    ),
    "origin.title": "This was not sent from our page",
    "origin.body": (
        "Another site, or a very old browser, sent this. Nothing was done with it. "
        "Open the link from your panel in Discord again, in an up-to-date browser."
    ),
    "csrf.title": "This page was too old",
    "csrf.body": (
        "You were signed out, or signed in anew, since the page was opened. "
        "Nothing was done with what you sent. Open the link from your panel in Discord again."
    ),
    "signed_out.title": "You were signed out",
    "signed_out.body": (
        "A sign-in lasts thirty minutes in one browser. Nothing was linked. "
        "Open a new link from your panel in Discord and start again, in one and the same browser."
    ),
    "left.title": "You are signed out",
    "left.body": "Open the link from your panel in Discord again to sign in as the member it was made for.",
    "other_browser.title": "This began in another browser",
    "other_browser.body": (
        "The way through a broker's sign-in must begin and end in the same browser, signed in as the same "
        "member. Nothing was linked. Open a new link from your panel in Discord."
    ),
    "wrong_broker.title": "These two do not belong together",
    "wrong_broker.body": (
        "The answer came from another broker than the one that was asked. Nothing was linked. "
        "Open a new link from your panel in Discord."
    ),
    "declined.title": "Nothing was linked",
    "declined.body": (
        "{broker} says that you did not agree, or did not finish signing in. "
        "Your panel in Discord has a new link if you want to try again."
    ),
    "sign_in_lost.title": "That sign-in did not come from here",
    "sign_in_lost.body": (
        "It was begun in another browser, more than ten minutes ago, or not by you. "
        "Open the link from your panel in Discord again."
    ),
    "sign_in_declined.title": "You are not signed in",
    "sign_in_declined.body": "Discord says that you did not agree. Without it we cannot know that it is you.",
    "discord_refused.title": "Discord did not let us ask",
    "discord_refused.body": (
        "Discord did not accept the sign-in. Open the link from your panel again. If it happens twice, tell "
        "the operator to check DISCORD_CLIENT_SECRET and the redirect address in the developer portal."
    ),
    "discord_away.title": "Discord does not answer",
    "discord_away.body": "Nothing was lost. Wait a moment and open the link from your panel again.",
    "not_ready.title": "The bot is not connected yet",
    "not_ready.body": "It is just starting. Wait a moment and open the link from your panel again.",
    "broker_gone.title": "This broker cannot be reached from here",
    "broker_gone.body": "It is switched off here. Your panel in Discord shows what else can be done.",
    "http.404.title": "There is nothing here",
    "http.404.body": "Open the link from your panel in Discord.",
    "http.405.title": "This page does not take that",
    "http.405.body": "Open the link from your panel in Discord again.",
    "http.413.title": "That was too much",
    "http.413.body": "A form may hold 64 KB at most. Check that you pasted only the key.",
    "http.422.title": "That cannot be",
    "http.422.body": "Open the link from your panel in Discord again.",
    "http.429.title": "One moment, please",
    "http.429.body": "Too many pages were opened from your network. Wait a minute and try again.",
    "http.500.title": "Something went wrong on our side",
    "http.500.body": (
        "Open the link from your panel in Discord again. Reference for the operator: **{reference}**."
    ),
    "http.503.title": "The bot cannot reach its data",
    "http.503.body": "Nothing was done. Try again in a moment.",
    "http.504.title": "That took too long",
    "http.504.body": "Your panel in Discord shows where it goes on. If it has not moved, try a new link.",
}


def say(key: str, **params: str) -> str:
    """Give the words of ``key`` with ``params`` filled in."""
    return TEXTS[key].format_map(params)
