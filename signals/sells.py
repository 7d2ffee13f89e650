"""Tell what SELL means: the close of something held, or a short."""

from domain.instruments import AssetClass
from signals import lexicon as lex
from signals.checks import infer_side
from signals.context import Context
from signals.facts import Facts

_SOLD_SHORT = frozenset((AssetClass.FOREX, AssetClass.COMMODITY, AssetClass.INDEX))


def means_exit(facts: Facts, context: Context) -> bool | None:
    """Say whether the piece closes (True), cannot be told without trying both (None), or opens (False).

    A close word or a SELL with no opening word beside it closes; SELL with a stop above or a target below it,
    or of a currency or a metal, opens a short. Opening jargon always opens.
    """
    details = [
        t.details
        for t in facts.piece.tokens
        if t.roles & (lex.OPEN | lex.ADD | lex.CLOSE | lex.TRIM | lex.SELL)
    ]
    if any(d.get(lex.OPEN) in {"bto", "sto"} for d in details):
        return False
    if any(d.get(lex.CLOSE) in {"stc", "btc"} for d in details):
        return True
    first = details[0] if details else {}
    if lex.SELL in first or (lex.OPEN not in first and any(lex.SELL in d for d in details)):
        return _sell(facts, context, told=first.get(lex.SELL) == "past")
    if _card(facts):
        return False
    if lex.CLOSE in first or lex.TRIM in first:
        return True
    if first.get(lex.OPEN) == "taken" and any(t.text == "off" for t in facts.piece.tokens):
        return True
    if lex.OPEN in first and first[lex.OPEN] != "taken":
        return None if any(lex.CLOSE in d or lex.TRIM in d for d in details) else False
    return None


def _card(facts: Facts) -> bool:
    return (
        facts.levels.structured >= 2
        and bool(facts.levels.entry)
        and bool(facts.levels.stop or facts.levels.target)
    )


def _sell(facts: Facts, context: Context, *, told: bool) -> bool:
    if facts.contract.is_option:
        return not (_credit(facts) and not _is_held(facts, context))
    levels = facts.levels
    if levels.stop or levels.target or len(levels.entry) == 3:
        entry = [level.value for level in levels.entry or levels.loose[:1]]
        stop = next((s.value for s in levels.stop if not s.unit), None)
        side = infer_side(entry, stop, [t.value for t in levels.target if not t.unit])
        return side == "long" and facts.asset_class not in _SOLD_SHORT and not _opens(facts)
    if facts.amounts.fraction is not None or facts.amounts.share is not None or told:
        return True
    return _is_held(facts, context) or facts.asset_class not in _SOLD_SHORT


def _credit(facts: Facts) -> bool:
    """Tell a structure that is sold to open: a credit spread, a condor."""
    structures = [t for t in facts.piece.tokens if t.roles & lex.STRUCT]
    return any("credit" in t.text or t.details[lex.STRUCT] == "condor" for t in structures)


def _is_held(facts: Facts, context: Context) -> bool:
    return (
        context.open_positions is not None
        and facts.symbol is not None
        and facts.symbol.symbol in context.open_positions
    )


def _opens(facts: Facts) -> bool:
    return any(t.roles & lex.OPEN for t in facts.piece.tokens)
