"""Read the cancel of an order that has not filled."""

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, put_instrument
from signals.context import Context
from signals.facts import Facts
from signals.mood import Judge, unknown_words


def read_cancel(facts: Facts, context: Context, previous: str | None) -> Reading | str | None:
    """Read the cancel of an order that has not filled; it need not be an open position."""
    tokens = facts.piece.tokens
    at = next((i for i, t in enumerate(tokens) if t.roles & lex.CANCEL), None)
    if at is None or not _cancels_something(facts, at):
        return None
    judge = Judge(facts.piece, at, max(at, facts.symbol_at), firm=True, told=False, closing=True)
    reason = judge.sentences({tokens[at].sentence}) or judge.head(1 if "invalid" in tokens[at].text else 0)
    if reason:
        return reason
    draft = Draft(ReadingKind.CANCEL)
    put_instrument(draft, facts)
    if facts.symbol is None:
        draft.put("symbol", context.reply_to_symbol or previous)
    all_orders = any(t.roles & lex.ORDERWORD and t.text != "signal" for t in tokens)
    draft.put("scope", "unfilled_entries" if all_orders else "signal")
    if "symbol" not in draft.fields and not any(
        t.details.get(lex.SHARE) == "all" for t in tokens[at + 1 : at + 3]
    ):
        return "no_symbol"
    return draft.reading()


def _cancels_something(facts: Facts, at: int) -> bool:
    tokens = facts.piece.tokens
    sentence = [t for t in tokens if t.sentence == tokens[at].sentence]
    if any(t.roles & (lex.ORDERWORD | lex.ENTRY | lex.TYPE) for t in sentence):
        return True
    weak = tokens[at].text in {
        "kill",
        "killing",
        "delete",
        "remove",
        "pull",
        "pulling",
        "pulled",
        "killed",
        "ignore",
    }
    pointed = any(t.text in {"that", "it", "this"} for t in tokens[at + 1 : at + 3])
    said = "ignore" in tokens[at].text or "valid" in tokens[at].text
    clean = unknown_words(sentence, 0, len(sentence)) == 0 or said
    return not weak and (pointed or (facts.symbol is not None and clean))
