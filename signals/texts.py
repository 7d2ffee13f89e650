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
    "which_position": "Several positions are open. Which one is meant?",
    "which_symbol": "Which of these is meant?",
}


def explain(reason: str) -> str:
    """Give the sentence for a reason code."""
    return _REASONS.get(reason, _REASONS["no_instruction"])


def codes() -> frozenset[str]:
    """Give every reason code there is."""
    return frozenset(_REASONS)
