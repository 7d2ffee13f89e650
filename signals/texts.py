"""Say to a trader why a message was not traded. One place for every sentence of this room."""

_REASONS = {
    "bad_input": "This line is not a message that can be read.",
    "empty": "There is no text in this message.",
    "too_long": "The message is longer than 4,000 characters and was not read.",
    "hidden_characters": "The message hides invisible characters. Post it again as plain text.",
    "lookalike_letters": "Some letters only look like A-Z (another alphabet). Post it again as plain text.",
    "lookalike_digits": "Some digits are of another script. Post it again with 0-9.",
    "no_instruction": "Nothing here says to open, change or close a trade.",
    "question": "This asks something; a question is never traded.",
    "conditional": "This depends on something that has not happened. Post again when it has.",
    "negated": "This says what not to do.",
    "plan": "This is a plan for later. Post again when it is an order.",
    "watch": "This is something to watch, not an order.",
    "past": "This tells of an earlier trade.",
    "recap": "This is a recap of how a trade went.",
    "news": "This reads as news.",
    "others": "This is talk about trading or about what others do.",
    "quoted": "The order stands inside a quotation.",
    "commentary": "This reads as commentary: the trade word has no clear order around it.",
    "no_symbol": "No tradable symbol is named. Write the ticker, for example $AAPL.",
    "unknown_symbol": "The symbol is not known. Write it with a $ if it is right.",
    "several_symbols": "Several symbols are named and it is not clear which is meant. Post one order a line.",
    "no_price": "No entry price is given. Add one, or write 'now'.",
    "contract_incomplete": "An option needs a symbol and a strike, for example AAPL 150c 3/21.",
    "impossible_date": "The date does not exist.",
    "expired": "The option expired before the message was posted.",
    "unclear_number": "A number or date in the order has no clear meaning. Write strike, expiry and @ price.",
    "bad_payload": "This looks like JSON and is not valid JSON.",
    "stop_side": "The stop is on the wrong side of the entry.",
    "target_side": "A target is on the wrong side of the entry.",
    "bad_price": "A price is zero or too far from the others to be real.",
    "side_unclear": "It is not clear whether to buy or to sell.",
    "status": "This says what is held, not what to do.",
    "nothing_open": "This closes or changes a position, and nothing is open.",
    "not_open": "This closes or changes a position that is not open.",
    "no_level": "A stop or target is to be moved, but the message does not say where to.",
    "unsupported": "This kind of order is not read yet.",
    "underlying_level": "The stop or target is a price of the stock, not of the option. Use the option's.",
    "which_position": "Several positions are open. Which one is meant?",
    "which_symbol": "Which of these is meant?",
}


def explain(reason: str) -> str:
    """Give the sentence for a reason code."""
    return _REASONS.get(reason, _REASONS["no_instruction"])


def codes() -> frozenset[str]:
    """Give every reason code there is."""
    return frozenset(_REASONS)


_FORMAT_ERRORS = {
    "format_not_data": "A format is an object with name and template.",
    "format_unknown_key": "This key means nothing in a format. Remove it.",
    "format_schema": "This format was written for another version. Write it for version {schema}.",
    "format_missing": "This is missing or is not text. Add it.",
    "format_revision": "The revision must be a whole number, 1 or more.",
    "format_name": "Give the format a name of 1 to {most} characters.",
    "format_action": "The action is not known. Use one of {choices}.",
    "format_words": "Words must map your words to actions, at most 40, as in loaded: BTO.",
    "format_word": "Each of your words must be letters or digits and stand for one of {choices}.",
    "format_empty": "The template is empty. Write a message with its fields in braces, such as {{symbol}}.",
    "format_too_long": "The template is longer than {most} characters or has too many parts. Shorten it.",
    "format_open_bracket": "This [ is never closed. Add a ] where the part that may be missing ends.",
    "format_stray_bracket": "This ] closes nothing. Remove it or add the [ it belongs to.",
    "format_nested": "A [ inside [ ] is not possible. Close the first before you open the next.",
    "format_empty_bracket": "Nothing stands between these brackets. Fill them or remove them.",
    "format_brace": "This brace has no partner. A field is written {{name}}.",
    "format_unknown_field": "There is no field {what}. Use one of {fields}.",
    "format_twice": "The field {what} stands twice. Keep one.",
    "format_note_last": "A note takes all that follows, so it must come last and outside brackets.",
    "format_skip_open": "A skip must be followed by a word or a sign of the message, so that it ends there.",
    "format_no_symbol": "No field says what is traded. Add {{symbol}} or {{occ}}.",
    "format_no_action": "Nothing says what to do. Add {{action}} or {{side}}, or give the format an action.",
    "format_half_contract": "A strike needs its right and a right its strike. Add the one that is missing.",
    "mark_missing": "The marked words do not stand in the example. Mark words that do.",
    "mark_twice": "The marked words stand more than once in the example. Mark them by their place.",
    "mark_overlap": "Two marks cover the same letters. Mark each word once.",
    "mark_field": "There is no field {what}. Use one of {fields}.",
    "examples_none": "No example is given. Mark the fields of up to three messages.",
    "examples_order": "The fields stand in another order than in the other examples. Make two formats.",
    "examples_words": "Between {before} and {after} the examples differ ({what}). Mark it as skip, or make "
    "two formats.",
    "examples_unread": "The format made of these examples reads this one otherwise. Mark whole words only.",
}


def format_error(code: str, where: str, **facts: object) -> str:
    """Give the sentence for an error of a format: where, what is wrong, what to do."""
    return f"{where}: {_FORMAT_ERRORS[code].format(**facts)}"


def format_codes() -> frozenset[str]:
    """Give every error code of formats there is."""
    return frozenset(_FORMAT_ERRORS)
