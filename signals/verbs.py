"""Find the word that opens a position: its tense and the side it names."""

from dataclasses import dataclass

from signals import lexicon as lex
from signals.facts import Facts
from signals.tokens import NUMBER

_ORDER_VERBS = {"buylimit": "long", "selllimit": "short", "buystop": "long", "sellstop": "short"}
NO_SIDE = frozenset(("taken", "neutral_now", "neutral_past"))  # the side is for the prices to say


@dataclass(slots=True)
class Verb:
    """Be the word that opens: its place, its tense and the side it names (None for a bare SELL or an ADD)."""

    at: int
    detail: str
    side: str | None
    adds: bool = False

    @property
    def jargon(self) -> bool:
        """Tell BTO and STO, which nobody says in passing."""
        return self.detail in {"bto", "sto"}

    @property
    def told(self) -> bool:
        """Tell a verb in the past tense."""
        return self.detail.endswith("past")


def find_verb(facts: Facts) -> Verb | None:
    """Choose the opening verb: jargon before imperative before past before a bare LONG or SHORT."""
    best: tuple[int, Verb] | None = None
    for at, token in enumerate(facts.piece.tokens):
        verb = _verb_at(at, token.roles, token.details)
        if verb is not None and not (verb.adds and _said_after(facts, at)) and not _within(facts, at):
            rank = _rank(verb)
            if best is None or rank < best[0]:
                best = (rank, verb)
    return best[1] if best else None


def _within(facts: Facts, at: int) -> bool:
    """Tell the IN of ``180 to 190 in one day``, which follows a number, from ``in at 180``."""
    tokens = facts.piece.tokens
    return tokens[at].text == "in" and at > 0 and tokens[at - 1].kind == NUMBER and not tokens[at - 1].roles


def _said_after(facts: Facts, at: int) -> bool:
    """Tell an ADD that only comments on an order already given (``$.32 Entry, leave DCA room``)."""
    opened = facts.levels.entry_label or facts.piece.mask & lex.OPEN
    return 0 <= facts.symbol_at < at and bool(facts.contract.strikes or (facts.levels.entry and opened))


def _verb_at(at: int, roles: int, details: dict[int, str]) -> Verb | None:
    if roles & lex.ADD:
        return Verb(at, details[lex.ADD], None, adds=True)
    if roles & lex.OPEN:
        detail = details[lex.OPEN]
        side = "short" if detail.startswith("short") or detail == "sto" else "long"
        return Verb(at, detail, None if detail in NO_SIDE else side)
    if roles & lex.SELL:
        return Verb(at, details[lex.SELL], "short")
    if roles & lex.TYPE and details[lex.TYPE] in _ORDER_VERBS:
        return Verb(at, "now", _ORDER_VERBS[details[lex.TYPE]])
    return None


def _rank(verb: Verb) -> int:
    if verb.jargon:
        return 0
    if verb.detail == "taken":
        return 4
    if verb.adds:
        return 1
    return 3 if verb.detail.endswith("state") else 2


def verb_side(detail: str | None, roles: int) -> str | None:
    """Give the side a token names outright."""
    if roles & lex.SELL:
        return "short"
    if detail is None or detail in NO_SIDE:
        return None
    return "short" if detail.startswith("short") or detail == "sto" else "long"
