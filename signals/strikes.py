"""Find strikes that are a card's field (``Strike: 165``) or the chain of a spread (495/500/530/535)."""

from decimal import Decimal
from typing import Protocol

from domain.instruments import OptionRight
from signals import lexicon as lex
from signals.tokens import LINE, NUMBER, PUNCT, SLASH, Token

_LINKS = frozenset("/-")
_FIELD_MARKS = frozenset(":=-(|")
_MOST = 4


class Strikes(Protocol):
    """Take strikes as they are found."""

    def add(
        self, token: Token, at: int, price: Decimal, right: OptionRight | None, place: tuple[int, int]
    ) -> None:
        """Take one strike."""


def mark_chain(tokens: list[Token], contract: Strikes) -> None:
    """Give the strikes of a chain of three or four prices written with / or - between them."""
    at = 0
    while at < len(tokens):
        end = _chain_end(tokens, at)
        prices = [price for place in range(at, end) for price in _prices(tokens[place], place)]
        if 2 < len(prices) <= _MOST:
            for place, price, span in prices:
                contract.add(tokens[place], place, price, None, span)
            return
        at = max(end, at + 1)


def _chain_end(tokens: list[Token], at: int) -> int:
    """Find the end of numbers linked by signs that begins at ``at``; ``at`` itself where there is none."""
    end = at
    while end < len(tokens) and tokens[end].kind in {NUMBER, SLASH} and not tokens[end].suffix:
        end += 1
        linked = (
            end + 1 < len(tokens) and tokens[end].text in _LINKS and tokens[end + 1].kind in {NUMBER, SLASH}
        )
        if not linked:
            break
        end += 1
    return end


def _prices(token: Token, at: int) -> list[tuple[int, Decimal, tuple[int, int]]]:
    if token.kind == NUMBER and token.value is not None:
        return [(at, token.value, (token.start, token.end))]
    if token.kind != SLASH or not all(part.replace(".", "", 1).isdigit() for part in token.parts):
        return []
    middle = token.start + len(token.parts[0])
    first, second = (Decimal(part) for part in token.parts)
    return [(at, first, (token.start, middle)), (at, second, (middle + 1, token.end))]


def labelled_strike(tokens: list[Token], contract: Strikes) -> None:
    """Read ``Strike: 165`` with the right that another field gives (``Type: CALL``)."""
    for at, token in enumerate(tokens):
        if token.details.get(lex.UNIT) != "strike":
            continue
        following = [(at + n, t) for n, t in enumerate(tokens[at + 1 : at + 4], 1) if t.kind != PUNCT]
        if following and following[0][1].kind == NUMBER:
            place, number = following[0]
            if number.value is not None and number.value > 0 and not number.suffix:
                contract.add(number, place, number.value, _field_right(tokens), (number.start, number.end))
        return


def _field_right(tokens: list[Token]) -> OptionRight | None:
    """Find the one word that says call or put where a field's value stands; two say neither."""
    rights = set()
    for at, token in enumerate(tokens):
        if token.roles & lex.RIGHT and (token.text not in {"c", "p"} or token.raw.isupper()):
            before = tokens[at - 1] if at else None
            lead = (
                before is None
                or before.kind == LINE
                or before.text in _FIELD_MARKS
                or before.roles & lex.OPEN
            )
            if lead:
                rights.add(token.details[lex.RIGHT])
    return OptionRight(rights.pop()) if len(rights) == 1 else None
