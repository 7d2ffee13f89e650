"""Read how much: a count of shares or contracts, a fraction of a position, leverage. Marks what it reads."""

from dataclasses import dataclass
from decimal import Decimal

from signals import lexicon as lex
from signals.annotate import Piece
from signals.tokens import LINE, NUMBER, PUNCT, SLASH, WORD, Token

_SHARES = {
    "half": Decimal("0.5"), "third": Decimal("0.333333"), "quarter": Decimal("0.25"), "most": Decimal("0.75"),
    "twothirds": Decimal("0.666667"),
}  # fmt: skip
_TAKERS = lex.OPEN | lex.SELL | lex.CLOSE | lex.TRIM | lex.ADD
_REDUCERS = lex.SELL | lex.CLOSE | lex.TRIM | lex.OPEN
_MAX_PART = 20
Span = tuple[int, int]


@dataclass(slots=True)
class Amounts:
    """Hold quantity, fraction and leverage with the places they were read at."""

    quantity: Decimal | None = None
    quantity_span: Span | None = None
    of_total: bool = False
    fraction: Decimal | None = None
    fraction_span: Span | None = None
    share: str | None = None
    leverage: tuple[Decimal, Decimal] | None = None
    leverage_span: Span | None = None


def find_amounts(piece: Piece, *, option: bool, pair: bool) -> Amounts:
    """Read the amounts of ``piece``; ``option`` and ``pair`` say what kind of instrument it names."""
    amounts = Amounts()
    tokens = piece.tokens
    for at, token in enumerate(tokens):
        if token.kind == NUMBER and not token.roles & (lex.STRIKE | lex.QUANTITY | lex.LIST_NUMBER):
            _number(tokens, at, amounts, option, pair)
        elif token.kind == SLASH and not token.roles & (lex.STRIKE | lex.QUANTITY):
            _slash(tokens, at, amounts)
        elif token.roles & lex.SHARE and amounts.share is None:
            _share(token, amounts)
        elif token.text == "filled on":
            _filled(tokens, at, amounts)
        elif token.details.get(lex.IGNORE) == "count":
            _labelled_count(tokens, at, amounts)
        elif token.roles & lex.LEVERAGE:
            _leverage(tokens, at, amounts)
    return amounts


def _share(token: Token, amounts: Amounts) -> None:
    detail = token.details[lex.SHARE]
    amounts.share = detail
    if detail in _SHARES and amounts.fraction is None:
        amounts.fraction, amounts.fraction_span = _SHARES[detail], (token.start, token.end)


def _number(tokens: list[Token], at: int, amounts: Amounts, option: bool, pair: bool) -> None:
    token = tokens[at]
    if token.sign and at and tokens[at - 1].roles & _TAKERS and token.raw.isdigit() and not token.suffix:
        token.sign = ""  # BTO +1, SOLD -2: a platform's way to write how many
        _quantity(token, amounts)
        return
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.suffix == "x" or (before is not None and before.text == "x" and token.suffix == ""):
        _times(tokens, at, amounts, option, pair)
    elif token.suffix == "%":
        _percent(tokens, at, amounts)
    elif token.suffix == "units" or _counted(token, after):
        _quantity(token, amounts)
    elif after is not None and _is_count(token) and _placed(tokens, at, option):
        _quantity(token, amounts)
        _of_total(tokens, at, amounts)


def _filled(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read TradingView's own sentence ``buy @ 10 filled on BTCUSDT``: 10 is how many, not the price."""
    if at > 1 and tokens[at - 1].kind == NUMBER and tokens[at - 2].text == "@":
        tokens[at - 1].roles &= ~lex.QUANTITY
        _quantity(tokens[at - 1], amounts)


def _labelled_count(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read ``Qty: 10``."""
    following = [t for t in tokens[at + 1 : at + 3] if t.text not in {":", "="}]
    if following and following[0].kind == NUMBER and _is_count(following[0]):
        _quantity(following[0], amounts)


def _placed(tokens: list[Token], at: int, option: bool) -> bool:
    """Tell a count by where it stands: before the option at a line's start, or after a verb."""
    if option and (at == 0 or tokens[at - 1].kind == LINE):
        return bool(tokens[at + 1].roles & lex.SYMBOL)
    return at > 0 and _between(tokens, at, tokens[at - 1], tokens[at + 1])


def _counted(token: Token, after: Token | None) -> bool:
    """Tell ``3 cons`` and ``100 shares``; a lot is a broker's unit and stays out."""
    if after is None or token.suffix or not after.roles & lex.UNIT or after.text in {"lot", "lots"}:
        return False
    return after.details[lex.UNIT] == "unit"


def _quantity(token: Token, amounts: Amounts) -> None:
    token.roles |= lex.QUANTITY
    if amounts.quantity is None and token.value and not token.sign:
        amounts.quantity, amounts.quantity_span = token.value, (token.start, token.end)


def _is_count(token: Token) -> bool:
    return token.suffix == "" and not token.money and not token.sign and token.value is not None


def _between(tokens: list[Token], at: int, before: Token, after: Token) -> bool:
    """Tell a count by its place: after the verb, before the instrument (``BTO 5 AAPL``, ``sold 2 of``)."""
    if not before.roles & _TAKERS and before.text not in {"another", "out", "my", "off"}:
        return False
    if not (before.roles & _TAKERS) and not any(t.roles & _TAKERS for t in tokens[max(0, at - 3) : at]):
        return False
    if after.roles & lex.SYMBOL or after.text in {"of", "more", "my"}:
        return True
    if (
        after.kind == WORD
        and after.raw.isupper()
        and not after.roles & (lex.STOP | lex.TARGET | lex.ENTRY | lex.TYPE)
    ):
        return after.text not in {"at", "to", "x"} and not after.roles & lex.AT
    return (
        after.roles & lex.RIGHT > 0
        and after.text in {"calls", "puts", "call", "put"}
        and len(tokens[at].raw) < 3
    )


def _of_total(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read ``2 of my 8`` as a fraction."""
    if at + 1 >= len(tokens) or tokens[at + 1].text != "of":
        return
    for token in tokens[at + 2 : at + 5]:
        if token.kind == NUMBER and _is_count(token):
            part = tokens[at].value
            if part and token.value and 0 < part < token.value:
                amounts.fraction = _ratio(part, token.value)
                amounts.fraction_span = (tokens[at].start, token.end)
                amounts.of_total = True
                token.roles |= lex.QUANTITY
            return
        if token.text not in {"my", "the", "our", "original"}:
            return


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return round(part / whole, 6).normalize()


def _times(tokens: list[Token], at: int, amounts: Amounts, option: bool, pair: bool) -> None:
    """Read 5x, x20 and 5-10x: leverage on a pair, a count of contracts on an option."""
    token = tokens[at]
    token.roles |= lex.QUANTITY
    if token.value is None:
        return
    if option and not pair:
        if amounts.quantity is None:
            amounts.quantity, amounts.quantity_span = token.value, (token.start, token.end)
        return
    low, start = token.value, token.start
    if at > 1 and tokens[at - 1].text in {"-", "to"} and tokens[at - 2].kind == NUMBER:
        first = tokens[at - 2]
        if first.value is not None and first.value < token.value and first.suffix in {"", "x"}:
            first.roles |= lex.QUANTITY
            low, start = first.value, first.start
    if amounts.leverage is None or start < (amounts.leverage_span or (0, 0))[1]:
        amounts.leverage, amounts.leverage_span = (low, token.value), (start, token.end)


def _leverage(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read the bare number of ``Leverage: 20``."""
    for token in tokens[at + 1 : at + 4]:
        if token.kind == NUMBER:
            if (
                token.suffix == ""
                and token.value is not None
                and amounts.leverage is None
                and token.value <= 200
            ):
                token.roles |= lex.QUANTITY
                amounts.leverage, amounts.leverage_span = (token.value, token.value), (token.start, token.end)
            return
        if not (token.kind == PUNCT or token.roles & lex.LEVERAGE or token.text == "x"):
            return


def _percent(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read ``close 25% of position``: it stands next to its verb or before ``of``."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    next_to_verb = before is not None and before.roles & (_REDUCERS & ~lex.OPEN)
    of_it = after is not None and (after.text in {"of", "off", "position", "out"} or after.roles & lex.SHARE)
    taken = before is not None and before.roles & lex.OPEN and before.details.get(lex.OPEN) == "taken"
    symbol = before is not None and before.roles & lex.SYMBOL and at > 1 and tokens[at - 2].roles & lex.TRIM
    if (
        token.sign
        or token.value is None
        or not (next_to_verb or symbol or ((of_it or taken) and not token.sign))
    ):
        return
    if 0 < token.value < 100 and amounts.fraction is None and any(t.roles & _REDUCERS for t in tokens[:at]):
        token.roles |= lex.QUANTITY
        amounts.fraction, amounts.fraction_span = (token.value / 100).normalize(), (token.start, token.end)


def _slash(tokens: list[Token], at: int, amounts: Amounts) -> None:
    """Read 1/3 as a part of the position where the words around it say so."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if before is not None and before.text == "(" and at > 1:
        before = tokens[at - 2]
    first, second = token.parts
    if not (first.isdigit() and second.isdigit()) or len(second) > 2:
        return
    part, whole = int(first), int(second)
    by_verb = before is not None and before.roles & _REDUCERS
    by_word = after is not None and after.text in {"of", "off", "position", "out", "size", "here"}
    symbol = before is not None and before.roles & lex.SYMBOL and any(t.roles & lex.TRIM for t in tokens[:at])
    if not (by_verb or by_word or symbol) or not 0 < part < whole <= _MAX_PART + 11:
        return
    token.roles |= lex.QUANTITY
    if amounts.fraction is None:
        amounts.fraction = _ratio(Decimal(part), Decimal(whole))
        amounts.fraction_span = (token.start, token.end)
