"""Leave out what an author says of later (``Buying MSFT at 412, will add at 405``): a plan by an order."""

from signals import lexicon as lex
from signals.annotate import Piece
from signals.lexicon import spelled
from signals.tokens import LINE, NUMBER, PUNCT, Token

_LATER = spelled("will ill would id may might could can")
_LATER_PHRASES = frozenset(
    (
        "we ll", "i ll", "well be", "looking to", "plan to", "planning to", "going to", "gonna", "want to",
        "about to", "happy to", "ready to", "i might", "prepared to",
    )
)  # fmt: skip
_WHO = spelled("i we and but also then so")
_DOES = lex.ADD | lex.TRIM | lex.SELL | lex.CLOSE | lex.MOVE
_DOES_WORDS = spelled("post let update hold look scale average avg dca share send keep take try trail double")
_ENDS = frozenset(",;.!")
_REACH = 3


def without_plans(piece: Piece) -> Piece:
    """Give ``piece`` without the clauses that say what the author will do after the order before them.

    Only a clause that begins with will, would or their like, in the first person, after a priced order goes:
    its numbers are no part of the order. Whatever else doubts or denies is left for the judge.
    """
    if not piece.mask & (lex.PLAN | lex.COND) or not piece.mask & lex.OPEN:
        return piece
    tokens = piece.tokens
    kept: list[Token] = []
    at, ordered = 0, _Order()
    while at < len(tokens):
        end = _plan_end(tokens, at) if ordered.complete and _clause_starts(tokens, at) else at
        if end > at:
            at = end
            continue
        kept.append(tokens[at])
        ordered.take(tokens, at)
        at += 1
    return piece if len(kept) == len(tokens) else piece.narrowed(kept)


class _Order:
    """Watch for an opening verb, a symbol and a price, in any order, before anything doubts them."""

    def __init__(self) -> None:
        self.seen = 0
        self.priced = self.doubted = False

    def take(self, tokens: list[Token], at: int) -> None:
        """Take one more token."""
        token = tokens[at]
        self.seen |= token.roles
        self.doubted = self.doubted or bool(
            token.roles & (lex.PLAN | lex.COND | lex.NEG | lex.ASKING | lex.WATCH)
        )
        self.priced = self.priced or (token.kind == NUMBER and not token.suffix and token.value is not None)

    @property
    def complete(self) -> bool:
        """Tell whether an order stands before this place."""
        return self.priced and not self.doubted and bool(self.seen & lex.OPEN and self.seen & lex.SYMBOL)


def _clause_starts(tokens: list[Token], at: int) -> bool:
    before = tokens[at - 1]
    return before.kind == LINE or before.text in _ENDS or before.text in {"-", "(", "and", "but"}


def _plan_end(tokens: list[Token], at: int) -> int:
    """Find the end of the plan that begins at ``at``; ``at`` itself where none does."""
    start = at
    while start < len(tokens) and tokens[start].text in _WHO:
        start += 1
    if start >= len(tokens) or not (tokens[start].text in _LATER or tokens[start].text in _LATER_PHRASES):
        return at
    following = tokens[start + 1 : start + 1 + _REACH]
    if not any(t.roles & _DOES or t.text in _DOES_WORDS for t in following):
        return at
    end = start
    while (
        end < len(tokens)
        and tokens[end].kind != LINE
        and not (tokens[end].kind == PUNCT and tokens[end].text in _ENDS)
    ):
        if tokens[end].text == "?" or (
            tokens[end].roles & (lex.STOP | lex.TARGET) and tokens[end - 1].text in {"and", ","}
        ):
            return at
        end += 1
    return end
