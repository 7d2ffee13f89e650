"""Name the shape of an entry and refuse what the words around and inside it take back."""

from decimal import Decimal

from signals import lexicon as lex
from signals.annotate import Piece
from signals.facts import Facts
from signals.levels import Level
from signals.mood import Judge, unknown_words
from signals.tokens import DATE, NUMBER, SLASH, WORD, Token
from signals.verbs import Verb

_AFTER_NAME = frozenset(("in at", "im in", "filled at", "filled on", "long from", "short from"))
_INSIDE_UNKNOWN = 1
_WHOLE = 3
_LONG = 3
_HIGH = Decimal("0.4")
_CARD_UNKNOWN = 4
_CARD_HEAD_UNKNOWN = 1
_BARE_TENSES = frozenset(("bto", "sto", "long_now", "short_now", "neutral_now", "now"))


def shape_of(facts: Facts, verb: Verb | None) -> str | None:
    """Name the shape of the order: jargon, card, contract, plain, bare; None where there is none."""
    levels, contract = facts.levels, facts.contract
    if verb is not None and verb.jargon:
        return "jargon"
    if (levels.stop or levels.target) and (
        verb is not None or levels.entry_label or (levels.structured == _WHOLE and levels.entry)
    ):
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


def refusal(facts: Facts, verb: Verb | None, shape: str) -> str | None:
    """Say why the words around the order take it back."""
    tokens = facts.piece.tokens
    core = _core(facts, verb)
    verb_at = verb.at if verb is not None else min(core)
    firm = shape in {"jargon", "card"} or (shape in {"plain", "contract"} and bool(facts.levels.entry))
    told = verb is not None and verb.told
    if _either(facts.piece):
        return "question"
    if facts.piece.heading and (shape != "jargon" or facts.piece.heading != "watch"):
        return facts.piece.heading
    judge = Judge(facts.piece, verb_at, max(core), firm=firm, told=told)
    wanted = {tokens[at].sentence for at in core}
    reason = judge.sentences(wanted) or judge.head(_CARD_HEAD_UNKNOWN if shape == "card" and not told else 0)
    if reason is None and _arrow(facts):
        return "recap"
    if reason is None and _over_strike(facts):
        return "conditional"
    return reason or _shape_refusal(facts, verb, shape, core)


def _either(piece: Piece) -> bool:
    """Tell ``BTO or STC AMD``, which leaves open what to do."""
    words = [t for t in piece.tokens if t.kind == WORD]
    return any(
        middle.text == "or" and first.roles & lex.VERB and last.roles & lex.VERB
        for first, middle, last in zip(words, words[1:], words[2:], strict=False)
    )


def _over_strike(facts: Facts) -> bool:
    """Tell ``AAPL 180c over 178.5``: the price to wait for is the stock's."""
    if facts.levels.condition is None or not facts.levels.entry:
        return False
    return any(facts.levels.entry[0].value > strike.price * _HIGH for strike in facts.contract.strikes)


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
    if shape != "jargon" and facts.piece.mask & lex.ALERTWORD:
        return "no_instruction"
    apart = verb is not None and shape == "plain" and unknown_words(tokens, verb.at, facts.symbol_at)
    if apart:
        return "commentary"
    reason = _inside(facts, first, last)
    if reason:
        return reason
    if shape == "contract":
        return _contract_refusal(facts, core)
    if shape == "bare" or (shape == "jargon" and not facts.levels.entry and not facts.contract.strikes):
        return _bare_refusal(facts, verb)
    if verb is not None and (verb.told or verb.detail == "taken"):
        return _told_refusal(facts, verb)
    return None


def _told_refusal(facts: Facts, verb: Verb) -> str | None:
    """What was bought needs its price, no number left over (a year, a price now) and no sale after it."""
    tokens = facts.piece.tokens
    others = (t for at, t in enumerate(tokens) if at != verb.at and not t.roles & lex.SYMBOL)
    if any(t.roles & (lex.CLOSE | lex.SELL | lex.TRIM) for t in others):
        return "recap"
    if verb.detail == "taken":
        return None
    named_first = 0 <= facts.symbol_at < verb.at and tokens[verb.at].text not in _AFTER_NAME
    if named_first and tokens[facts.symbol_at].sentence == tokens[verb.at].sentence:
        return "others"
    if not (facts.levels.entry or facts.levels.loose):
        return "no_price"
    return "unclear_number" if facts.levels.entry and facts.levels.loose else None


def _arrow(facts: Facts) -> bool:
    """Tell ``64000 -> 66000``, which says how far a price went, from a label and its number."""
    tokens = facts.piece.tokens
    for at in range(len(tokens) - 1):
        mark = (
            at + 2
            if tokens[at + 1].text == "-" and tokens[min(at + 2, len(tokens) - 1)].text == ">"
            else at + 1
        )
        numbers = tokens[at].kind == NUMBER and mark + 1 < len(tokens) and tokens[mark + 1].kind == NUMBER
        labelled = at and tokens[at - 1].roles & lex.LABEL and len(tokens[at].raw) < _LONG
        if numbers and tokens[mark].text in {"=", ">"} and not labelled:
            return True
    return False


def _inside(facts: Facts, first: int, last: int) -> str | None:
    """Refuse what stands unread within the order: words in capitals, stray numbers and dates, a result."""
    tokens, levels = facts.piece.tokens, facts.levels
    within = tokens[first:last]
    if unknown_words(within, 0, len(within)) > _INSIDE_UNKNOWN:
        return "commentary"
    if any(t.kind == WORD and not t.roles and t.raw.isupper() and len(t.raw) > 1 for t in within):
        return "commentary"
    if levels.entry and any(first < level.at < last for level in levels.loose):
        return "unclear_number"
    prices = {level.at for level in (*levels.entry, *levels.stop, *levels.target)}
    sentences = {tokens[first].sentence, tokens[last].sentence}
    for at, token in enumerate(tokens):
        if token.sentence not in sentences:
            continue
        if token.kind in {SLASH, DATE} and not token.roles and at not in prices:
            return "unclear_number"
        if token.kind == NUMBER and at not in prices and _in_pips_at(tokens, at):
            return "recap"
        gain = token.suffix == "%" or token.sign == "+" or _in_pips_at(tokens, at)
        if token.sign and at not in prices and gain:
            return "recap"
    return None


def _in_pips_at(tokens: list[Token], at: int) -> bool:
    if tokens[at].suffix in {"pips", "points"}:
        return True
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    return following is not None and following.details.get(lex.UNIT) in {"pips", "points", "ticks"}


def _contract_refusal(facts: Facts, core: list[int]) -> str | None:
    """A contract without a verb must open its sentence and carry a price the text marks as one."""
    tokens = facts.piece.tokens
    first = min(core)
    before = tokens[:first]
    if any(t.kind == WORD and not t.roles and t.sentence == tokens[first].sentence for t in before):
        return "commentary"
    if len(facts.levels.entry) > 1 and facts.levels.entry[1].separator not in {"-", "_", "/", "~", ","}:
        return "recap"
    sentence = [t for t in tokens[first:] if t.sentence == tokens[first].sentence]
    if any(t.details.get(lex.IGNORE) == "market" for t in sentence):
        return "commentary"
    if any(t.suffix == "%" and not t.roles for t in sentence) and not (
        facts.levels.stop or facts.levels.target
    ):
        return "recap"
    if unknown_words(tokens, first, max(core)):
        return "commentary"
    priced = facts.levels.entry or (facts.contract.expiry_span and facts.levels.loose)
    return None if priced else "no_price"


def _bare_refusal(facts: Facts, verb: Verb | None) -> str | None:
    """``BUY TSLA`` is an order when it is all there is; ``long TSLA for the week`` is not."""
    tokens = facts.piece.tokens
    assert verb is not None
    sentence = tokens[verb.at].sentence
    words = [t for t in tokens if t.sentence == sentence and t.kind in {WORD, NUMBER}]
    stated = verb.detail not in _BARE_TENSES
    first = min(verb.at, facts.symbol_at) == tokens.index(words[0])
    shouted = tokens[verb.at].raw.isupper() and len(words) <= 3 and first and verb.detail.endswith("state")
    at_market = facts.piece.mask & lex.TYPE
    if stated and not shouted and not (at_market and verb.detail.endswith("state")):
        return "status" if verb.detail.endswith("state") else "no_price"
    if any(t.roles & lex.IGNORE for t in words) or verb.detail == "taken":
        return "commentary"
    if any(t.roles & lex.AT for t in words) and not at_market:
        return "no_price"
    if unknown_words(tokens, 0, len(tokens)) or facts.symbol_at < verb.at - 3 or len(words) > 8:
        return "commentary"
    return "recap" if facts.piece.mask & lex.RECAP else None
