"""Find option contracts among the tokens: strike, right, expiry in any order; OCC symbols; spreads."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.errors import InvalidValue
from domain.instruments import AssetClass, OptionContract, OptionRight
from signals import lexicon as lex
from signals.annotate import Piece
from signals.dates import expiry_at
from signals.instruments import Named
from signals.tokens import DATE, NUMBER, PUNCT, SLASH, WORD, Token

_OCC = re.compile(r"[A-Z]{1,6}\d{6}[CP]\d{8}", re.ASCII)
_THINKORSWIM = re.compile(r"([A-Z]{1,6})(\d{6})([CP])(\d{1,5})", re.ASCII)


_COMMON_PARTS = frozenset((("1", "2"), ("1", "3"), ("2", "3"), ("1", "4"), ("3", "4")))


@dataclass(slots=True)
class Strike:
    """Be one strike with its right, where the text gives one, and its place among the tokens."""

    at: int
    price: Decimal
    right: OptionRight | None
    start: int
    end: int


@dataclass(slots=True)
class Contract:
    """Hold the option side of a piece: its strikes, its right, its expiry."""

    strikes: list[Strike] = field(default_factory=list)
    right: OptionRight | None = None
    right_span: tuple[int, int] | None = None
    expiry: date | None = None
    expiry_span: tuple[int, int] | None = None
    zero_dte: bool = False
    symbol: Named | None = None

    @property
    def is_option(self) -> bool:
        """Tell whether the piece speaks of options at all."""
        return self.right is not None or any(s.right for s in self.strikes)


def find_contract(piece: Piece, today: date | None) -> Contract:
    """Mark strikes and expiries in ``piece`` and give them. Raises ImpossibleDateError."""
    contract = Contract()
    tokens = piece.tokens
    for at, token in enumerate(tokens):
        if token.kind == NUMBER:
            _strike(tokens, at, contract)
        elif token.kind == SLASH:
            _strike_pair(tokens, at, contract)
        elif token.kind == WORD:
            _occ(token, at, contract)
            if token.roles & lex.RIGHT and contract.right is None and _means_right(tokens, at):
                contract.right = OptionRight(token.details[lex.RIGHT])
                contract.right_span = (token.start, token.end)
    if contract.is_option or piece.mask & (lex.STRUCT | lex.EXPIRY):
        _settle_rights(contract)
        _expiry(tokens, contract, today)
    return contract


def _means_right(tokens: list[Token], at: int) -> bool:
    """Tell ``calls`` from the verbs ``put`` and ``call`` and from the single letters c and p."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    if token.text in {"calls", "puts"}:
        return True
    if token.text in {"c", "p"}:
        return before is not None and before.kind == NUMBER and before.suffix == ""
    return before is not None and (
        before.kind in {NUMBER, SLASH}
        or bool(before.roles & (lex.SYMBOL | lex.STRIKE | lex.UNIT | lex.EXPIRY))
    )


def _strike(tokens: list[Token], at: int, contract: Contract) -> None:
    token = tokens[at]
    if token.value is None or token.value <= 0 or token.sign == "+":
        return
    if token.suffix in {"c", "p"}:
        right = OptionRight.CALL if token.suffix == "c" else OptionRight.PUT
        _add(contract, token, at, right)
        return
    if token.suffix or at + 1 >= len(tokens):
        return
    next_at = at + 1
    if tokens[next_at].kind in {SLASH, DATE} and next_at + 1 < len(tokens):
        next_at += 1  # 250 3/20 calls
    named = bool(tokens[next_at].roles & lex.UNIT) and tokens[next_at].details[lex.UNIT] == "strike"
    if named and next_at + 1 < len(tokens):
        next_at += 1
    following = tokens[next_at]
    if following.roles & lex.RIGHT and (
        following.text not in {"c", "p"} or _letter_right(tokens, at, next_at)
    ):
        _add(contract, token, at, OptionRight(following.details[lex.RIGHT]))
    elif named:
        _add(contract, token, at, None)


def _letter_right(tokens: list[Token], at: int, letter: int) -> bool:
    return letter == at + 1 and tokens[letter].raw.isupper()


def _add(contract: Contract, token: Token, at: int, right: OptionRight | None) -> None:
    if token.value is None:
        return
    token.roles |= lex.STRIKE
    contract.strikes.append(Strike(at, token.value, right, token.start, token.end))


def _strike_pair(tokens: list[Token], at: int, contract: Contract) -> None:
    """Read 540/545 before call, put or spread as two strikes."""
    token = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is None or not following.roles & (lex.RIGHT | lex.STRUCT) or following.text in {"c", "p"}:
        return
    first, second = (Decimal(part) for part in token.parts)
    small = first <= 12 and second <= 31 and not following.roles & lex.STRUCT
    if small or first == 0 or not Decimal("0.5") < second / first < 2:
        return
    right = _right_of(following)
    token.roles |= lex.STRIKE
    middle = token.start + len(token.parts[0])
    contract.strikes.append(Strike(at, first, right, token.start, middle))
    contract.strikes.append(Strike(at, second, right, middle + 1, token.end))


def _right_of(token: Token) -> OptionRight | None:
    """Give the right that ``calls`` or ``put credit spread`` names."""
    if token.roles & lex.RIGHT:
        return OptionRight(token.details[lex.RIGHT])
    detail = token.details[lex.STRUCT]
    return OptionRight(detail[-1]) if detail.startswith("spread_") else None


def _occ(token: Token, at: int, contract: Contract) -> None:
    raw = token.raw
    if len(raw) < 9 or not raw[-1].isdigit() or not raw[0].isalpha():
        return
    if _OCC.fullmatch(raw):
        try:
            found = OptionContract.from_occ(raw)
        except InvalidValue:
            return
        strike = found.strike
    elif (match := _THINKORSWIM.fullmatch(raw)) is not None:
        root, day, right, number = match.groups()
        try:
            found = OptionContract.from_occ(f"{root}{day}{right}{int(number) * 1000:08d}")
        except InvalidValue:
            return
        strike = found.strike
    else:
        return
    token.roles |= lex.SYMBOL | lex.STRIKE
    token.item = Named(found.underlying, AssetClass.EQUITY)
    contract.strikes.append(Strike(at, strike, found.right, token.start, token.end))
    contract.expiry, contract.expiry_span = found.expiry, (token.start, token.end)


def _settle_rights(contract: Contract) -> None:
    """Let a strike without a right take the one right the piece names."""
    given = {s.right for s in contract.strikes if s.right}
    if contract.right is None and len(given) == 1:
        contract.right = given.pop()
        first = next(s for s in contract.strikes if s.right)
        contract.right_span = (first.start, first.end)
    for strike in contract.strikes:
        strike.right = strike.right or contract.right


def _expiry(tokens: list[Token], contract: Contract, today: date | None) -> None:
    at = 0
    while at < len(tokens):
        token = tokens[at]
        candidate = not token.roles & (lex.STRIKE | lex.QUANTITY) or token.kind == WORD
        found = expiry_at(tokens, at, today) if candidate and not _is_price(tokens, at) else None
        if found is None:
            at += 1
            continue
        used, day = found
        for part in tokens[at : at + used]:
            part.roles |= lex.QUANTITY
        if contract.expiry is None:
            contract.expiry, contract.expiry_span = day, (token.start, tokens[at + used - 1].end)
            contract.zero_dte = token.suffix == "dte" or token.details.get(lex.EXPIRY) == "zero"
        at += used


def _is_price(tokens: list[Token], at: int) -> bool:
    """Tell ``@ 2.35/2.40`` and ``3/4 of my`` from a date."""
    token = tokens[at]
    if token.kind != SLASH:
        return False
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    closing = before is not None and before.roles & (lex.SELL | lex.CLOSE | lex.TRIM)
    if closing and token.parts in _COMMON_PARTS:
        return True
    if before is not None and (before.text == "@" or before.roles & (lex.STOP | lex.TARGET)):
        return True
    if (
        before is not None
        and before.kind == PUNCT
        and at > 1
        and tokens[at - 2].roles & (lex.STOP | lex.TARGET)
    ):
        return True
    return after is not None and after.text in {"of", "off", "position"}
