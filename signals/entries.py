"""Read entries and adds: which verb, which shape, which price; refuse by default."""

from dataclasses import dataclass
from decimal import Decimal

from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, put_amounts, put_instrument, put_tags
from signals.checks import bad_price, infer_side, wrong_side
from signals.facts import Facts
from signals.levels import Level
from signals.mood import Judge, unknown_words
from signals.spreads import put_legs
from signals.tokens import NUMBER, WORD

_ORDER_VERBS = {"buylimit": "long", "selllimit": "short", "buystop": "long", "sellstop": "short"}
_NO_SIDE = frozenset(("taken", "neutral_now", "neutral_past"))  # the side is for the prices to say
_RANGE = frozenset(("-", "_", "/", "~", "to"))
_INSIDE_UNKNOWN = 2
_CARD_UNKNOWN = 4
_BARE_TENSES = frozenset(("bto", "sto", "long_now", "short_now", "neutral_now", "now"))


@dataclass(slots=True)
class Verb:
    """Be the word that opens: its place, its tense and the side it names (None for a bare SELL or an ADD)."""

    at: int
    detail: str
    side: str | None
    adds: bool = False

    @property
    def jargon(self) -> bool:
        """Tell BTO and STO, which nobody says in passing."""
        return self.detail in {"bto", "sto"}

    @property
    def told(self) -> bool:
        """Tell a verb in the past tense."""
        return self.detail.endswith("past")


def find_verb(facts: Facts) -> Verb | None:
    """Choose the opening verb: jargon before imperative before past before a bare LONG or SHORT."""
    best: tuple[int, Verb] | None = None
    for at, token in enumerate(facts.piece.tokens):
        verb = _verb_at(at, token.roles, token.details)
        if verb is not None and not (verb.adds and _said_after(facts, at)):
            rank = _rank(verb)
            if best is None or rank < best[0]:
                best = (rank, verb)
    return best[1] if best else None


def _said_after(facts: Facts, at: int) -> bool:
    """Tell an ADD that only comments on an order already given (``$.32 Entry, leave DCA room``)."""
    return 0 <= facts.symbol_at < at and bool(facts.contract.strikes or facts.levels.entry)


def _verb_at(at: int, roles: int, details: dict[int, str]) -> Verb | None:
    if roles & lex.ADD:
        return Verb(at, details[lex.ADD], None, adds=True)
    if roles & lex.OPEN:
        detail = details[lex.OPEN]
        side = "short" if detail.startswith("short") or detail == "sto" else "long"
        return Verb(at, detail, None if detail in _NO_SIDE else side)
    if roles & lex.SELL:
        return Verb(at, details[lex.SELL], "short")
    if roles & lex.TYPE and details[lex.TYPE] in _ORDER_VERBS:
        return Verb(at, "now", _ORDER_VERBS[details[lex.TYPE]])
    return None


def _rank(verb: Verb) -> int:
    if verb.jargon:
        return 0
    if verb.detail == "taken":
        return 4
    if verb.adds:
        return 1
    return 3 if verb.detail.endswith("state") else 2


def read_entry(facts: Facts) -> Reading | str | None:
    """Read an entry. A string says why what looks like one is none; None: no entry at all."""
    verb = find_verb(facts)
    shape = _shape(facts, verb)
    if shape is None:
        return None
    if facts.symbol is None:
        return "no_symbol"
    refusal = _refusal(facts, verb, shape)
    return refusal or _build(facts, verb)


def _shape(facts: Facts, verb: Verb | None) -> str | None:
    """Name the shape of the order: jargon, card, contract, plain, bare; None where there is none."""
    levels, contract = facts.levels, facts.contract
    if verb is not None and verb.jargon:
        return "jargon"
    if (levels.stop or levels.target) and (verb is not None or levels.entry_label):
        priced = levels.entry or levels.loose
        if priced and (levels.structured >= 2 or contract.strikes):
            return "card"
    if contract.strikes and contract.is_option and _contract_price(facts) is not None:
        return (
            "contract" if verb is None or verb.detail == "taken" or verb.detail.endswith("state") else "plain"
        )
    if verb is None:
        return None
    return "plain" if levels.entry or levels.loose or contract.strikes else "bare"


def _contract_price(facts: Facts) -> Level | None:
    levels = facts.levels
    if levels.entry:
        return levels.entry[0]
    return levels.loose[0] if levels.loose else None


def _refusal(facts: Facts, verb: Verb | None, shape: str) -> str | None:
    """Say why the words around the order take it back."""
    tokens = facts.piece.tokens
    core = _core(facts, verb)
    verb_at = verb.at if verb is not None else min(core)
    firm = shape in {"jargon", "card"} or (shape in {"plain", "contract"} and bool(facts.levels.entry))
    told = verb is not None and verb.told
    if facts.piece.heading and (shape != "jargon" or facts.piece.heading == "recap"):
        return facts.piece.heading
    judge = Judge(facts.piece, verb_at, max(core), firm=firm, told=told)
    wanted = {tokens[at].sentence for at in core}
    reason = judge.sentences(wanted) or judge.head(_CARD_UNKNOWN if shape == "card" else 0)
    return reason or _shape_refusal(facts, verb, shape, core)


def _core(facts: Facts, verb: Verb | None) -> list[int]:
    core = [facts.symbol_at] if facts.symbol_at >= 0 else []
    core += [level.at for level in facts.levels.entry]
    core += [strike.at for strike in facts.contract.strikes]
    if verb is not None:
        core.append(verb.at)
    if not facts.levels.entry:
        core += [level.at for level in facts.levels.loose[:1]]
    return core


def _shape_refusal(facts: Facts, verb: Verb | None, shape: str, core: list[int]) -> str | None:
    tokens = facts.piece.tokens
    first, last = min(core), max(core)
    if shape == "card":
        sentences = {tokens[at].sentence for at in core}
        spoken = [t for t in tokens[first:last] if t.sentence in sentences]
        return "commentary" if unknown_words(spoken, 0, len(spoken)) > _CARD_UNKNOWN else None
    if facts.contract.is_option and not facts.contract.strikes:
        return "contract_incomplete"
    if unknown_words(tokens, first, last) > (_INSIDE_UNKNOWN + 1 if shape == "jargon" else _INSIDE_UNKNOWN):
        return "commentary"
    if shape == "contract":
        return _contract_refusal(facts, core)
    if shape == "bare":
        return _bare_refusal(facts, verb)
    if verb is not None and verb.told and not (facts.levels.entry or facts.levels.loose):
        return "no_price"
    return None


def _contract_refusal(facts: Facts, core: list[int]) -> str | None:
    """A contract without a verb must open its sentence and carry a price the text marks as one."""
    tokens = facts.piece.tokens
    first = min(core)
    before = tokens[:first]
    if any(t.kind == WORD and not t.roles and t.sentence == tokens[first].sentence for t in before):
        return "commentary"
    if len(facts.levels.entry) > 1 and facts.levels.entry[1].separator not in {"-", "_", "/", "~", ","}:
        return "recap"
    priced = facts.levels.entry or (facts.contract.expiry_span and facts.levels.loose)
    return None if priced else "no_price"


def _bare_refusal(facts: Facts, verb: Verb | None) -> str | None:
    """``BUY TSLA`` is an order when it is all there is; ``long TSLA for the week`` is not."""
    tokens = facts.piece.tokens
    assert verb is not None
    sentence = tokens[verb.at].sentence
    words = [t for t in tokens if t.sentence == sentence and t.kind in {WORD, NUMBER}]
    stated = verb.detail not in _BARE_TENSES
    shouted = tokens[verb.at].raw.isupper() and len(words) <= 3 and verb.detail.endswith("state")
    at_market = facts.piece.mask & lex.TYPE
    if stated and not shouted and not (at_market and verb.detail.endswith("state")):
        return "status" if verb.detail.endswith("state") else "no_price"
    if unknown_words(tokens, 0, len(tokens)) or facts.symbol_at < verb.at - 3 or len(words) > 8:
        return "commentary"
    return "recap" if facts.piece.mask & lex.RECAP else None


def _build(facts: Facts, verb: Verb | None) -> Reading | str:
    """Make the reading, or give the reason why its numbers cannot be."""
    adds = any(t.details.get(lex.ADD) == "past" for t in facts.piece.tokens) or (
        verb is not None and verb.adds
    )
    kind = ReadingKind.ADD if adds else ReadingKind.ENTRY
    draft = Draft(kind)
    put_instrument(draft, facts)
    entry = _entry_levels(facts)
    if isinstance(entry, str):
        return entry
    side = _side(facts, verb, entry)
    if side is None:
        return "side_unclear"
    failed = _levels(draft, facts, entry, side) or put_legs(draft, facts, side)
    if failed:
        return failed
    _action(draft, facts, verb, side)
    _order_type(draft, facts, verb, side)
    put_amounts(draft, facts)
    put_tags(draft, facts)
    draft.put("confidence", _confidence(facts, verb))
    return draft.reading()


def _entry_levels(facts: Facts) -> list[Level] | str:
    """Give the entry prices; three bare numbers after a verb are entry, stop and target if they can be."""
    levels = facts.levels
    if levels.entry:
        if len(levels.entry) == 3 and not levels.stop and not levels.target and not levels.entry[0].listed:
            levels.stop, levels.target = levels.entry[1:2], levels.entry[2:]
            levels.entry = levels.entry[:1]
        return levels.entry
    if levels.loose and (levels.stop or levels.target or facts.contract.strikes or len(levels.loose) == 1):
        return levels.loose[:1]
    return []


def _side(facts: Facts, verb: Verb | None, entry: list[Level]) -> str | None:
    if facts.contract.is_option:
        return "short" if verb is not None and verb.detail in {"sto", "short_past"} else "long"
    inferred = infer_side([e.value for e in entry], *_plain_levels(facts))
    sides = {_verb_side(t.details.get(lex.OPEN), t.roles) for t in facts.piece.tokens} - {None}
    if len(sides) == 1:
        return sides.pop()
    if len(sides) == 2:
        return inferred
    if inferred or (verb is not None and verb.side):
        return inferred or (verb.side if verb is not None else None)
    if facts.levels.condition == "below":
        return None
    return "long" if verb is not None and (verb.adds or verb.detail in _NO_SIDE) else None


def _verb_side(detail: str | None, roles: int) -> str | None:
    """Give the side a token names outright."""
    if roles & lex.SELL:
        return "short"
    if detail is None or detail in _NO_SIDE:
        return None
    return "short" if detail.startswith("short") or detail == "sto" else "long"


def _plain_levels(facts: Facts) -> tuple[Decimal | None, list[Decimal]]:
    stop = next((s.value for s in facts.levels.stop if not s.unit), None)
    return stop, [t.value for t in facts.levels.target if not t.unit]


def _levels(draft: Draft, facts: Facts, entry: list[Level], side: str) -> str | None:
    """Set prices, stop and targets; give the reason they cannot stand together."""
    levels = facts.levels
    _in_pips(facts, entry, side)
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
    """Turn ``SL 30 pips`` into a price: a pip is 0.0001, or 0.01 where the quote is yen."""
    symbol = facts.symbol.symbol if facts.symbol else ""
    if len(entry) != 1 or facts.asset_class is not AssetClass.FOREX:
        return
    pip = Decimal("0.01") if symbol.endswith("JPY") else Decimal("0.0001")
    for found, sign in ((facts.levels.stop, -1), (facts.levels.target, 1)):
        for level in found:
            if level.unit == "pips":
                away = level.value * pip * (sign if side == "long" else -sign)
                level.value, level.unit = entry[0].value + away, ""


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
