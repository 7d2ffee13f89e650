"""Settle the prices of an entry: its side, its stop and targets, and whether they can stand together."""

from decimal import Decimal

from domain.instruments import AssetClass
from signals import instruments
from signals import lexicon as lex
from signals.build import Draft
from signals.checks import bad_price, infer_side, wrong_side
from signals.facts import Facts
from signals.instruments import Named
from signals.levels import Level
from signals.verbs import NO_SIDE, Verb, verb_side

_NEARBY = 3
_PAIR = 2
_WRITTEN = frozenset(("sto", "short_past"))
_NEAR_LOW, _NEAR_HIGH = Decimal("0.6"), Decimal("1.6")
_FAR = Decimal(5)
_RANGE = frozenset(("-", "_", "/", "~", "to"))


def entry_levels(facts: Facts) -> list[Level] | str:
    """Give the entry prices; three bare numbers after a verb are entry, stop and target if they can be."""
    levels = facts.levels
    if levels.entry:
        if len(levels.entry) == 3 and not levels.stop and not levels.target and not levels.entry[0].listed:
            levels.stop, levels.target = levels.entry[1:2], levels.entry[2:]
            levels.entry = levels.entry[:1]
        return "unclear_number" if _listed_pair(facts) else levels.entry
    if levels.loose and (levels.stop or levels.target or facts.contract.strikes or len(levels.loose) == 1):
        return levels.loose[:1]
    return []


def _listed_pair(facts: Facts) -> bool:
    """Tell ``BUY,AAPL,100,180.5``, where nothing says that both numbers are prices."""
    levels = facts.levels
    if len(levels.entry) != _PAIR or levels.stop or levels.target or levels.entry_label or levels.zone:
        return False
    return levels.entry[1].separator == "," and facts.asset_class is not AssetClass.CRYPTO


def side_of(facts: Facts, verb: Verb | None, entry: list[Level]) -> str | None:
    """Tell long from short: by what the text names, then by where stop and targets lie."""
    if facts.contract.is_option:
        sold = verb is not None and (verb.detail in {"sto", "short_past"} or verb.side == "short")
        return (
            "short"
            if sold and (facts.piece.mask & lex.STRUCT or verb is None or verb.detail in _WRITTEN)
            else "long"
        )
    inferred = infer_side([e.value for e in entry], *_plain_levels(facts))
    sides = {verb_side(t.details.get(lex.OPEN), t.roles) for t in facts.piece.tokens} - {None}
    if len(sides) == 1:
        return sides.pop()
    if len(sides) == 2:
        return None if _either(facts) else inferred
    if inferred or (verb is not None and verb.side):
        return inferred or (verb.side if verb is not None else None)
    if facts.levels.condition == "below":
        return None
    return "long" if verb is not None and (verb.adds or verb.detail in NO_SIDE) else None


def _either(facts: Facts) -> bool:
    """Tell ``BUY/SELL`` and ``long or short``, which leave the side open."""
    last: tuple[int, str] | None = None
    for at, token in enumerate(facts.piece.tokens):
        side = verb_side(token.details.get(lex.OPEN), token.roles)
        if side is None:
            continue
        if last is not None and last[1] != side and at - last[0] <= _NEARBY:
            return True
        last = (at, side)
    return False


def _plain_levels(facts: Facts) -> tuple[Decimal | None, list[Decimal]]:
    stop = next((s.value for s in facts.levels.stop if not s.unit), None)
    return stop, [t.value for t in facts.levels.target if not t.unit]


def put_levels(draft: Draft, facts: Facts, entry: list[Level], side: str) -> str | None:
    """Set prices, stop and targets; give the reason they cannot stand together."""
    levels = facts.levels
    _in_pips(facts, entry, side)
    if any(level.unit not in {"", "%"} for level in (*levels.stop, *levels.target)):
        return "unsupported"
    if facts.contract.is_option and _of_underlying(facts, entry):
        return "underlying_level"
    stop, targets = _plain_levels(facts)
    every = [*entry, *(x for x in (*levels.stop, *levels.target) if not x.unit)]
    prices = [e.value for e in entry]
    if any(level.value <= 0 for level in every):
        return "bad_price"
    failed = wrong_side(side, prices, stop, targets)
    if failed or bad_price(every, str(facts.asset_class)):
        return failed or "bad_price"
    _prices(draft, facts, entry)
    for name, unit in (("stop", ""), ("stop_pct", "%")):
        found = next((s for s in levels.stop if s.unit == unit), None)
        if found is not None:
            draft.put(name, found.value, (found.start, found.end))
    draft.levels("targets", [t for t in levels.target if not t.unit])
    draft.levels("targets_pct", [t for t in levels.target if t.unit == "%"])
    draft.levels("target_trail_pct", [t for t in levels.trail if t.unit == "%"])
    return None


def _in_pips(facts: Facts, entry: list[Level], side: str) -> None:
    """Turn ``SL 30 pips`` and ``4 pt stop`` into prices, where one entry and the size of a step are known."""
    if len(entry) != 1 or facts.symbol is None:
        return
    for found, sign in ((facts.levels.stop, -1), (facts.levels.target, 1)):
        for level in found:
            step = _step(facts.symbol, level.unit)
            if step is not None:
                away = level.value * step * (sign if side == "long" else -sign)
                level.value, level.unit = entry[0].value + away, ""


def _step(symbol: Named, unit: str) -> Decimal | None:
    """Give the size of one pip of a pair or one point of an index; None where it is not agreed."""
    if unit == "points":
        return Decimal(1) if symbol.asset_class in {AssetClass.INDEX, AssetClass.FUTURE} else None
    if unit != "pips" or symbol.asset_class not in {AssetClass.FOREX, AssetClass.COMMODITY}:
        return None
    sizes = instruments.markets().pips
    usual = sizes.get("*") if symbol.asset_class is AssetClass.FOREX else None
    return sizes.get(symbol.symbol) or sizes.get(symbol.symbol[3:]) or usual


def _of_underlying(facts: Facts, entry: list[Level]) -> bool:
    """Tell a stop or target that is a price of the stock: near the strike, far from the option's price."""
    strikes = [strike.price for strike in facts.contract.strikes]
    if not strikes:
        return False
    low, high = min(strikes) * _NEAR_LOW, max(strikes) * _NEAR_HIGH
    if entry and max(e.value for e in entry) * _FAR > low:
        return False
    return any(not x.unit and low < x.value < high for x in (*facts.levels.stop, *facts.levels.target))


def _prices(draft: Draft, facts: Facts, entry: list[Level]) -> None:
    """Set one of price, entry_range and entries."""
    if len(entry) == 1:
        draft.put("price", entry[0].value, (entry[0].start, entry[0].end))
    elif len(entry) == 2 and not entry[0].listed and (facts.levels.zone or entry[1].separator in _RANGE):
        low, high = sorted(level.value for level in entry)
        draft.levels("entry_range", entry)
        draft.fields["entry_range"] = (low, high)
    elif len(entry) == 2 and entry[0].at != entry[1].at and _restated(entry):
        draft.put("price", entry[0].value, (entry[0].start, entry[0].end))
    else:
        draft.levels("entries", entry)


def _restated(entry: list[Level]) -> bool:
    return entry[0].value == entry[1].value
