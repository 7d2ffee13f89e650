"""Hold every sentence the verbs say. Each says what is wrong, and what to do."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # the gate
    "integrations_disabled": "Broker accounts are switched off on this bot. The paper broker still works.",
    "broker_not_allowed": "{broker} is not switched on here. Ask the operator, or use another broker.",
    "beta_only": "{broker} is being rolled out step by step and is not open to you yet. "
    "Ask the operator to put you on the beta list.",
    "premium_not_set_up": "Live trading needs a membership, and this server has given no role one yet. "
    "Ask the owner to run /premium roles. Paper trading is free.",
    "roles_unknown": "Discord did not say which roles you have just now, so no live position is opened. "
    "Try again in a minute.",
    "premium_needed": "Live trading needs the {tiers} membership of this server. Paper trading is free. "
    "/premium check shows which roles give it.",
    "tier_accounts": "The {tier} membership holds {most} broker accounts besides paper ones, and you have as "
    "many. Remove one with /broker remove, or get the {tiers} membership.",
    "tier_sources": "The {tier} membership follows {most} channels in this server, and you follow as many. "
    "Leave one with /unfollow, or get the {tiers} membership.",
    "tier_followers": "This channel takes {most} followers while its author has the {tier} membership, and "
    "it has as many. A place opens when someone leaves, or when its author gets the {tiers} membership.",
    "tier_signals_per_day": "The {tier} membership takes {most} entries a day from this server, and today's "
    "are used up. Exits still work. More come with the {tiers} membership, or tomorrow (UTC).",
    "no_tier": "next",
    # risk
    "limit_bounds": "{value} is not between {low} and {high}. Please choose a number in between.",
    "signal_too_old": "The signal was {age} s old and entries are sent within {limit} s of posting only.",
    "halted": "Entries are halted ({scope}): {why}. Exits and stops still work.",
    "over_max_order_notional": "The order would be {notional} {currency}; your limit is {limit}.",
    "too_many_positions": "{count} positions are open in this account; your limit is {limit}.",
    "duplicate": "{symbol} was already entered on this side {seconds} s ago; within {limit} s a second one "
    "is taken for a repeat.",
    "too_small": "Your size of {size} {currency} does not buy {minimum} {symbol} at {price}. "
    "Raise the size with /follow.",
    "no_price": "Nobody has a price for {symbol} right now, so the order could not be sized.",
    "account_missing": "The account you follow with is no longer linked. Use /follow to choose another.",
    "account_active": "Nothing looks after {name} just now, so nothing was sent. Try again in a minute.",
    "account_paused": "The account {name} is paused. Resume it with /broker.",
    "account_needs_reauth": "The broker no longer takes the keys of {name}. Link it again with /broker add.",
    "sign_in_ending": "The sign-in of {name} ends within the hour, so no entry was sent: it could not be "
    "looked after for long. Link it again with /broker relink.",
    "mode_needs_paper": "Paper mode needs a paper account, and {name} is a live one.",
    "mode_needs_live": "Live mode needs a live account, and {name} is a paper one. Choose mode paper.",
    "broker_cannot_class": "{broker} does not trade this kind of instrument here ({kind}).",
    "other_currency": "{symbol} is quoted in {currency}; sizes here are in dollars, so it is not traded.",
    "broker_cannot_short": "{broker} does not take short sales of {symbol}.",
    "short_not_supported": "Short entries are not taken for this kind of instrument.",
    "vault_away": "The service that guards your account's keys cannot be reached right now, so no entry was "
    "sent. What is open is looked after as long as the broker stays connected. Nothing has to be done.",
    "broker_unreachable": "{broker} cannot be reached right now, so no entry was sent. Use /broker test to "
    "see why.",
    "reading_incomplete": "The signal lacks what an order needs: {what}.",
    "spread_not_supported": "Spreads are read but not traded yet.",
    "wrong_side": "The stop {stop} or a target is on the wrong side of the price {price}.",
    "unknown_blocks": "An earlier {symbol} order's fate is not known yet, so nothing new is opened in it.",
    # sending
    "expired": "It could not be sent within {limit} s of posting, and a late entry is worse than none.",
    "not_taken": "{broker} could not be reached, or took no orders, for {limit} s after posting; a late "
    "entry is worse than none.",
    "confirm_expired": "You did not confirm in time, so nothing was sent.",
    "declined": "You declined it.",
    "cancelled_before_send": "It was cancelled before it was sent.",
    "message_deleted": "The message was deleted before the order was sent.",
    "outcome_unknown": "{broker} did not answer. It may have the order; this is being found out, and nothing "
    "is sent twice.",
    "not_sent": "{broker} does not have the order. It was not sent again: the signal is too old by now.",
    "needs_human": "It could not be found out whether {broker} has this order. Look at your account there; "
    "entries in {symbol} wait until it is settled.",
    "exit_failing": "{broker} keeps refusing to close {held} {symbol}: {why} Close it at the broker; it is "
    "tried again every ten minutes, and the stop is put back meanwhile.",
    "guard_failing": "{broker} keeps refusing the stop for {held} {symbol}: {why} Place a stop at the broker "
    "now; it is tried again every ten minutes.",
    "move_refused": "{broker} refused to move it to {price}: {why} It stays where it was.",
    "internal": "Something went wrong on our side. Nothing was sent. Reference {reference}.",
    # amendments
    "trim_without_size": "The analyst trimmed {symbol} by a count that says nothing about your size; "
    "your position was left as it is.",
    "edited_after_send": "The message was edited after the order was sent: {what}. Nothing was changed.",
    "deleted_after_send": "The message was deleted after the order was sent. Your order was left as it is.",
    # asked of a person
    "no_account": "You have no linked account yet. Use /broker add; the paper broker takes one click.",
    "not_your_account": "There is no such account of yours. Use /broker list to see them.",
    "not_your_trade": "There is no such open trade of yours. Use /orders to see them.",
    "nothing_to_cancel": "Nothing of {symbol} is waiting to fill, so there is nothing to cancel.",
    "more_than_held": "You hold {held} {symbol}; more than that cannot be sold.",
    "cannot_read": "{broker} cannot be read for {name} right now. Use /broker test to see why.",
    "nothing_held": "You hold no {symbol} in {where}.",
    "leg_gone": "{broker} no longer has this order in any of its lists, so it is not waited for any more.",
    "nothing_in_doubt": "Nothing of {symbol} is in doubt any more.",
    "settled_absent": "You looked, and the broker does not have it.",
    "settled_mine": "You looked, and take care of it at the broker yourself.",
    "not_waiting": "This trade no longer waits for you.",
    "not_a_source": "That channel is not a signal source here. Use /channel list to see which are.",
    "other_account": "These keys belong to another account at the broker than {name} ({number}). Enter keys "
    "of that account, or link the other one with /broker add.",
    "changed_meanwhile": "{name} was changed in the same moment, so nothing was saved. Try again.",
    "entries_pending": "An entry of {name} is still at the broker and could not be cancelled yet: {symbols}. "
    "Try again in a moment.",
    "still_closing": "{name} still holds something that is being closed: {symbols}. Nothing was removed. "
    "Try again once it is closed; /orders shows how it goes.",
    "released": "Its account was unlinked. What was left of it is at the broker, in your own care.",
    "everyone_premium": "@everyone cannot give a membership: it would give it to everybody.",
    "size_positive": "The size must be above zero.",
    "percent_range": "A percentage of equity must be above 0 and at most 100.",
    "size_over_limit": "{size} is above your limit of {limit} for one order.",
    "authors_needed": "Name at least one author (a member, or a webhook id) whose messages are signals.",
    "name_taken": "You already have an account called {name}. Choose another name.",
    "trades_open": "{count} trades are open in {name} ({symbols}). Close them first: no stop may be lost.",
    "broker_unknown": "There is no broker called {broker} here.",
    "may_withdraw": "This key may withdraw money. Make one that may only trade, and use that.",
    "must_be_paper": "{broker} says this is not a {environment} account. Check which keys you copied.",
    "order_needs": "{what}",
    "store_down": "Nothing can be written down safely right now, so no order is sent. Exits resume.",
}


_NAMES = {"ibkr": "Interactive Brokers", "coinbasepro": "Coinbase", "paper": "The paper broker"}


def broker_name(slug: str) -> str:
    """Name a broker at the beginning of a sentence, where its manifest is not at hand."""
    return _NAMES.get(slug, slug.capitalize())


def say(code: str, **values: object) -> str:
    """Give the sentence of a code, filled in. Raises KeyError for a code that has none."""
    return SENTENCES[code].format(**values)
