"""Judge whether a verb gives an instruction: who says it, when, and with how much doubt.

Every rule answers with a reason code (signals.texts) or None. Deny is the default: a word nobody knows before
the verb makes it commentary.
"""

from signals import lexicon as lex
from signals.annotate import Piece
from signals.lexicon import spelled
from signals.tokens import LINE, NUMBER, PUNCT, WORD, Token

_CLAUSE_MARKS = frozenset(",:;-|=")
_COPULAS = spelled("is are was were would will looks seems isnt")
_CLAUSE_WORDS = frozenset(("and", "then", "so"))
_AFTER_NO = lex.STOP | lex.TARGET | lex.ADD | lex.LEVERAGE
_HARMLESS_NO = spelled("rush chase fomo overnight dca adds brainer rushing chasing pressure more")
_REASONS = (
    (lex.ASKING, "question"), (lex.COND, "conditional"), (lex.NEG, "negated"), (lex.WATCH, "watch"),
    (lex.PLAN, "plan"), (lex.BEFORE, "past"), (lex.RECAP, "recap"), (lex.NEWS, "news"),
    (lex.OTHERS, "others"),
)  # fmt: skip
_FIRST = frozenset((lex.ASKING, lex.WATCH, lex.PLAN, lex.BEFORE, lex.NEWS, lex.OTHERS))
_NO_DENIAL = lex.VERB | lex.SYMBOL
DENYING = 0
for _role, _ in _REASONS:
    DENYING |= _role


def always_denies(token: Token, *, first: bool) -> str | None:
    """Name why ``token`` denies its sentence whatever the order, or None where its place in it matters.

    ``first`` tells that it stands before every fact of an order in its sentence.
    """
    for role, reason in _REASONS:
        if token.roles & role:
            detail = token.details[role]
            if detail == "time" or (role == lex.COND and detail == "hard"):
                return reason
            if first and role in _FIRST and detail != "year" and not token.roles & _NO_DENIAL:
                return reason
    return None


class Judge:
    """Judge one order of ``piece``: its verb at ``verb`` (or its first token), its last fact at ``last``.

    ``firm`` orders (BTO, a priced card) forgive more after them than loose words do; ``told`` orders are in
    the past tense and forgive less.
    """

    def __init__(
        self, piece: Piece, verb: int, last: int, *, firm: bool, told: bool, closing: bool = False
    ) -> None:
        self.piece = piece
        self.tokens = piece.tokens
        self.verb = verb
        self.last = max(last, verb)
        self.firm = firm
        self.told = told
        self.closing = closing

    def head(self, unknown_allowed: int = 0) -> str | None:
        """Judge what stands before the verb in its clause."""
        unknown = 0
        if self.verb and self.tokens[self.verb - 1].text == "to":
            return "plan"
        if self._owned():
            return "status"
        for at in range(self.verb - 1, -1, -1):
            token = self.tokens[at]
            if token.sentence != self.tokens[self.verb].sentence:
                break
            if self._clause_ends(at, token):
                break
            if token.kind == WORD and not token.roles:
                unknown += 1
        return "commentary" if unknown > unknown_allowed else None

    def _owned(self) -> bool:
        """Tell ``my TSLA short`` and ``our long``, which are things, from orders."""
        verb = self.tokens[self.verb]
        if not verb.roles & lex.OPEN or not verb.details[lex.OPEN].endswith(("state", "past")):
            return False
        before = self.tokens[max(0, self.verb - 2) : self.verb]
        if before and before[-1].text in {"a", "an", "every", "any", "another"}:
            return True
        return any(t.text in {"my", "our", "the", "this", "that", "your"} for t in before)

    def _clause_ends(self, at: int, token: Token) -> bool:
        if token.kind == LINE or token.text in _CLAUSE_WORDS:
            return True
        if token.kind != PUNCT or token.text not in _CLAUSE_MARKS:
            return False
        return token.text != "|" or token.glued == self.tokens[at + 1].glued  # a stray bar hangs on one word

    def sentences(self, wanted: set[int]) -> str | None:
        """Judge every word of the ``wanted`` sentences by its role and its place."""
        if wanted & self.piece.questions:
            return "question"
        for at, token in enumerate(self.tokens):
            if token.sentence not in wanted:
                continue
            if token.text in _COPULAS and self._says_of_it(at):
                return "commentary"
            if token.roles & DENYING:
                reason = self._word(at, token)
                if reason:
                    return reason
        return None

    def _says_of_it(self, at: int) -> bool:
        """Tell ``buying TSLA at 180 is insane``, which speaks of the order, from ``stop is 405``."""
        before = next((t for t in reversed(self.tokens[:at]) if t.kind != PUNCT), None)
        return before is not None and (before.kind == NUMBER or bool(before.roles & (lex.SYMBOL | lex.RIGHT)))

    def _word(self, at: int, token: Token) -> str | None:
        after = at > self.last
        for role, reason in _REASONS:
            if token.roles & role and self._denies(at, token, role, after):
                return reason
        return None

    def _denies(self, at: int, token: Token, role: int, after: bool) -> bool:
        detail = token.details[role]
        if detail == "time":
            return True
        if role == lex.NEG:
            return self._negates(at, after)
        if role == lex.RECAP:
            return self._recaps(detail, after)
        if role == lex.COND:
            month = token.text == "may" and token.roles & lex.QUANTITY
            return not month and not (after and detail == "soft" and self.firm)
        if role == lex.PLAN:
            return not after
        if role == lex.ASKING:
            return not after
        if detail == "year":
            return self.told
        if role in {lex.BEFORE, lex.NEWS, lex.OTHERS}:
            return not after or not self.firm
        return not (after and self.firm)

    def _recaps(self, detail: str, after: bool) -> bool:
        if self.closing:
            return False
        if detail == "soft":
            return self.told or not (after or self.firm)
        return not (after and self.firm) or self.told

    def _negates(self, at: int, after: bool) -> bool:
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        if following is not None and (following.roles & _AFTER_NO or following.text in _HARMLESS_NO):
            return False
        return not after or (following is not None and bool(following.roles & lex.VERB)) or not self.firm


def unknown_words(tokens: list[Token], start: int, end: int) -> int:
    """Count the words between two places that play no role."""
    return sum(1 for t in tokens[start:end] if t.kind == WORD and not t.roles)


def message_refusal(piece: Piece) -> str | None:
    """Name why the message as a whole is talk: a question, a recap, a watch-list."""
    if piece.questions:
        return "question"
    for role, reason in _REASONS:
        if piece.mask & role:
            return reason
    return None
