"""Read entries and adds; what is no clear order gives the reason why."""

from decimal import Decimal

from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from signals import instruments
from signals import lexicon as lex
from signals.build import Draft, asking, put_amounts, put_instrument, put_tags
from signals.facts import Facts
from signals.prices import entry_levels, put_levels, side_of
from signals.shapes import refusal, shape_of
from signals.spreads import put_legs
from signals.verbs import Verb, find_verb

_RIGHTS = frozenset(("call", "calls", "put", "puts"))
_EXPIRING = frozenset(("label", "zero", "nextday", "weeklyday", "leaps"))


def read_entry(facts: Facts) -> Reading | str | None:
    """Read an entry. A string says why what looks like one is none; None: no entry at all."""
    verb = find_verb(facts)
    shape = shape_of(facts, verb)
    if shape is None:
        return None
    if facts.symbol is None:
        return "no_symbol"
    if _contract_unread(facts):
        return "contract_incomplete"
    return refusal(facts, verb, shape) or _which(facts) or _build(facts, verb)


def _which(facts: Facts) -> Reading | None:
    """Ask which is meant where a plain word is a stock and a future (CL): $CL and /CL say it."""
    symbol, token = facts.symbol, facts.piece.tokens[facts.symbol_at]
    if symbol is None or facts.contract.is_option or symbol.asset_class is not AssetClass.EQUITY:
        return None
    lists = instruments.markets()
    both = symbol.symbol in lists.future_roots and symbol.symbol in lists.tickers
    if not both or token.tagged or symbol.symbol in lists.liquid or token.text != symbol.symbol.lower():
        return None
    return asking("which_symbol", (symbol.symbol, f"/{symbol.symbol}"))


def _contract_unread(facts: Facts) -> bool:
    """Tell words of an option (a call, a strike, an expiry) around what would be read as the stock itself."""
    if facts.contract.is_option or facts.symbol is None or facts.symbol.asset_class is not AssetClass.EQUITY:
        return False
    return any(
        (t.roles & lex.RIGHT and t.text in _RIGHTS)
        or t.details.get(lex.UNIT) == "strike"
        or t.details.get(lex.EXPIRY) in _EXPIRING
        for t in facts.piece.tokens
    )


def _build(facts: Facts, verb: Verb | None) -> Reading | str:
    """Make the reading, or give the reason why its numbers cannot be."""
    adds = any(t.details.get(lex.ADD) == "past" for t in facts.piece.tokens) or (
        verb is not None and verb.adds
    )
    kind = ReadingKind.ADD if adds else ReadingKind.ENTRY
    draft = Draft(kind)
    put_instrument(draft, facts)
    entry = entry_levels(facts)
    if isinstance(entry, str):
        return entry
    side = side_of(facts, verb, entry)
    if side is None:
        return "side_unclear"
    failed = put_levels(draft, facts, entry, side) or put_legs(draft, facts, side)
    if failed:
        return failed
    _action(draft, facts, verb, side)
    _order_type(draft, facts, verb, side)
    put_amounts(draft, facts)
    put_tags(draft, facts)
    draft.put("confidence", _confidence(facts, verb))
    return draft.reading()


def _action(draft: Draft, facts: Facts, verb: Verb | None, side: str) -> None:
    option = facts.contract.is_option
    if option or (verb is not None and verb.jargon):
        draft.put("action", "STO" if side == "short" else "BTO")
    draft.put("side", side)


def _order_type(draft: Draft, facts: Facts, verb: Verb | None, side: str) -> None:
    """Set the type only where the text says it."""
    kinds = {t.details[lex.TYPE] for t in facts.piece.tokens if t.roles & lex.TYPE}
    condition = facts.levels.condition
    priced = any(name in draft.fields for name in ("price", "entry_range", "entries"))
    if "stop_limit" in kinds:
        draft.put("order_type", "stop_limit")
    elif kinds & {"limit", "buylimit", "selllimit"}:
        draft.put("order_type", "limit")
    elif (
        kinds & {"stop", "buystop", "sellstop"}
        or (condition == "above" and side == "long")
        or (condition == "below" and side == "short")
    ):
        draft.put("order_type", "stop" if priced else None)
    elif not priced and not facts.contract.is_option:
        draft.put("order_type", "market")


def _confidence(facts: Facts, verb: Verb | None) -> Decimal:
    if facts.symbol is not None and not facts.symbol.sure:
        return Decimal("0.8")
    if verb is None:
        return Decimal("0.85")
    return Decimal(1) if verb.jargon or facts.levels.structured == 3 else Decimal("0.9")
