"""Read several instructions out of one message: cut it where a new instrument begins, read each part."""

from collections.abc import Callable

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.annotate import Piece
from signals.instruments import Named
from signals.tokens import LINE, Token

_ORDER_LIKE = frozenset(
    (
        ReadingKind.ENTRY, ReadingKind.ADD, ReadingKind.TRIM, ReadingKind.EXIT, ReadingKind.UPDATE,
        ReadingKind.CANCEL,
    )
)  # fmt: skip
_MOST_PARTS = 24
"""More cuts than any message of orders has: such a text is read whole, once."""
Reader = Callable[[Piece], Reading]


def read_parts(piece: Piece, reader: Reader) -> Reading:
    """Read ``piece`` whole when it names one instrument, in parts when it names more."""
    if _instruments(piece.tokens) < 2:
        return reader(piece)
    for cutter in (_by_blank_line, _by_line, _by_sentence, _by_joint):
        parts = _carry([p for p in cutter(piece.tokens) if p])
        if 1 < len(parts) <= _MOST_PARTS and (found := _together([reader(piece.narrowed(p)) for p in parts])):
            return found
    return reader(piece)


def _instruments(tokens: list[Token]) -> int:
    return len({t.item.symbol for t in tokens if isinstance(t.item, Named) and t.item.sure})


def _carry(parts: list[list[Token]]) -> list[list[Token]]:
    """Let a part without a verb take the verb of the part before (``BTO 2 QQQ … and 1 IWM …``)."""
    verb: Token | None = None
    carried = []
    for part in parts:
        own = next((t for t in part if t.roles & lex.VERB and not t.roles & lex.SYMBOL), None)
        carried.append([verb, *part] if own is None and verb is not None else part)
        verb = own or verb
    return carried


def _together(readings: list[Reading]) -> Reading | None:
    """Join the readings of the parts: two orders on two symbols make a multi; anything less is read whole."""
    orders = [r for r in readings if r.kind in _ORDER_LIKE and r.symbol]
    if len(orders) < 2 or len({(r.symbol, r.strike, r.right) for r in orders}) < len(orders):
        return None
    return Reading(kind=ReadingKind.MULTI, signals=tuple(orders))


def _by_blank_line(tokens: list[Token]) -> list[list[Token]]:
    return _cut(tokens, lambda token: token.kind == LINE and token.end - token.start > 1)


def _by_line(tokens: list[Token]) -> list[list[Token]]:
    return _cut(tokens, lambda token: token.kind == LINE)


def _by_sentence(tokens: list[Token]) -> list[list[Token]]:
    return _cut(tokens, lambda token: token.kind == LINE or token.text in {".", ";", "!"})


def _by_joint(tokens: list[Token]) -> list[list[Token]]:
    return _cut(tokens, lambda token: token.text in {"and", "&", ",", ";", "then"} or token.kind == LINE)


def _cut(tokens: list[Token], at: Callable[[Token], bool]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if at(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
