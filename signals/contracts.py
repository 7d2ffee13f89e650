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
from signals.strikes import labelled_strike, mark_chain
from signals.tokens import DATE, NUMBER, PUNCT, SLASH, WORD, Token

_OCC = re.compile(r"[A-Z]{1,6}\d{6}[CP]\d{8}", re.ASCII)
_THINKORSWIM = re.compile(r"([A-Z]{1,6})(\d{6})([CP])(\d{1,5})", re.ASCII)


_TWO_SIDED = frozenset(("condor", "fly", "straddle", "strangle"))
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
    two_sided: bool = False
    """Whether a structure of calls and puts is named, with strikes and no right."""
    symbol: Named | None = None

    @property
    def is_option(self) -> bool:
        """Tell whether the piece speaks of options at all."""
        return self.right is not None or self.two_sided or any(s.right for s in self.strikes)

    def add(
        self, token: Token, at: int, price: Decimal, right: OptionRight | None, place: tuple[int, int]
    ) -> None:
        """Take a strike: its token, its price and right, and where in the text it stands."""
        token.roles |= lex.STRIKE
        self.strikes.append(Strike(at, price, right, *place))


def find_contract(piece: Piece, today: date | None) -> Contract:
    """Mark strikes and expiries in ``piece`` and give them. Raises ImpossibleDateError."""
    contract = Contract()
    tokens = piece.tokens
    if piece.mask & lex.STRUCT:
        mark_chain(tokens, contract)
    _multiplier(tokens)
    for at, token in enumerate(tokens):
        if (
            token.roles & lex.STRIKE
            and token.kind in {NUMBER, SLASH}
            and piece.mask & lex.STRUCT
            and _marked(contract, at)
        ):
            continue
        if token.kind == NUMBER:
            _strike(tokens, at, contract)
        elif token.kind == SLASH:
            _strike_pair(tokens, at, contract)
        elif token.kind == WORD:
            _occ(token, at, contract)
            if token.roles & lex.RIGHT and contract.right is None and _means_right(tokens, at):
                contract.right = OptionRight(token.details[lex.RIGHT])
                contract.right_span = (token.start, token.end)
    if piece.mask & lex.UNIT and not contract.strikes:
        labelled_strike(tokens, contract)
    contract.two_sided = bool(contract.strikes) and any(
        t.details.get(lex.STRUCT) in _TWO_SIDED for t in tokens
    )
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
    elif named or following.details.get(lex.STRUCT) in {"straddle", "strangle"}:
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
    if following is None or not following.roles & (lex.RIGHT | lex.STRUCT):
        return
    if following.text in {"c", "p"} and not (following.glued and len(token.raw) > len("12/31")):
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


def _marked(contract: Contract, at: int) -> bool:
    return any(strike.at == at for strike in contract.strikes)


def _multiplier(tokens: list[Token]) -> None:
    """Pass the 100 of a thinkorswim line (``SPY 100 (Weeklys) 20 MAR 26 510 CALL``): shares a contract."""
    for at, token in enumerate(tokens[1:-2], 1):
        if token.raw != "100" or token.kind != NUMBER or not tokens[at - 1].roles & lex.SYMBOL:
            continue
        following = tokens[at + 1 : at + 3]
        weekly = following[0].text == "(" and following[1].roles & lex.EXPIRY
        dated = following[0].kind == NUMBER and following[1].roles & lex.MONTH
        if weekly or dated:
            token.roles |= lex.QUANTITY
            token.suffix = "x100"
            if weekly:
                following[1].roles, following[1].details = lex.FILLER, {}


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
    at, loose = 0, False
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
        exact = not token.roles & lex.EXPIRY
        if contract.expiry is None or (exact and loose):
            loose = not exact
            contract.expiry, contract.expiry_span = day, (token.start, tokens[at + used - 1].end)
            contract.zero_dte = token.suffix == "dte" or token.details.get(lex.EXPIRY) == "zero"
        at += used


def _is_price(tokens: list[Token], at: int) -> bool:
    """Tell ``@ 2.35/2.40`` and ``3/4 of my`` from a date."""
    token = tokens[at]
    if token.kind != SLASH:
        return False
    before = tokens[at - 1] if at else None
    if before is not None and before.text == "(" and at > 1:
        before = tokens[at - 2]
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
