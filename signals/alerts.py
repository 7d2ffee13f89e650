"""Read indicator alerts: worth showing, never an order."""

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, put_instrument
from signals.facts import Facts


def read_alert(facts: Facts) -> Reading | str | None:
    """Read ``RSI oversold on CVX, price 159.68``."""
    piece = facts.piece
    if not piece.mask & lex.ALERTWORD or facts.symbol is None or piece.questions:
        return None
    if piece.mask & (lex.NEWS | lex.ASKING | lex.OTHERS):
        return None
    draft = Draft(ReadingKind.ALERT)
    put_instrument(draft, facts)
    if facts.levels.entry:
        level = facts.levels.entry[0]
        draft.put("price", level.value, (level.start, level.end))
    return draft.reading()
