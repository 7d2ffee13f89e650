"""Refuse early what the judge would refuse in the end: cheaper, and never another reading."""

from signals import lexicon as lex
from signals.annotate import Piece
from signals.mood import DENYING, always_denies
from signals.tokens import DATE, NUMBER, SLASH, WORD

_ORDER_TYPES = frozenset(("buystop", "sellstop", "buylimit", "selllimit"))
_CORE = lex.VERB | lex.STOP | lex.TARGET | lex.ENTRY | lex.EVEN | lex.ALERTWORD | lex.STRIKE | lex.RIGHT
_FACTS = _CORE | lex.SYMBOL | lex.TYPE | lex.STRUCT
_FIGURES = frozenset((NUMBER, SLASH, DATE))


def is_talk(piece: Piece) -> bool:
    """Tell a piece without any word an order could be made of: NOW and MARKET alone are none."""
    if piece.mask & _CORE & ~lex.RIGHT:
        return False
    if piece.mask & lex.RIGHT and any(t.kind != WORD and t.kind in _FIGURES for t in piece.tokens):
        return False
    return not (piece.mask & lex.TYPE and any(t.details.get(lex.TYPE) in _ORDER_TYPES for t in piece.tokens))


def refused_early(piece: Piece) -> str | None:
    """Name the refusal that every sentence with a fact of an order in it meets anyway; None to read on.

    Every order is judged in the sentences of its verb and its facts, and a question, a condition and a word
    such as tomorrow or yesterday deny their whole sentence, wherever they stand in it; others do where they
    stand before every fact.
    """
    if piece.mask & lex.ALERTWORD or not (piece.mask & DENYING or piece.questions):
        return None
    denied: dict[int, str] = dict.fromkeys(piece.questions, "question")
    live: set[int] = set()
    for token in piece.tokens:
        if token.roles & DENYING and token.sentence not in denied:
            reason = always_denies(token, first=token.sentence not in live)
            if reason is not None:
                denied[token.sentence] = reason
        if token.roles & _FACTS or token.kind in _FIGURES:
            live.add(token.sentence)
    if not live or not live <= denied.keys():
        return None
    return denied[min(live)]
