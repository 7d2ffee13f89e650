"""Read trims and exits: what is closed, how much of it, at what price."""

from decimal import Decimal
from itertools import pairwise

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, put_instrument, put_tags
from signals.context import Context
from signals.facts import Facts
from signals.lexicon import spelled
from signals.mood import Judge, unknown_words
from signals.positions import settle
from signals.tokens import NUMBER, PUNCT, WORD, Token
from signals.updates import put_stop

_CLAUSE_UNKNOWN = 3
_TOLD_UNKNOWN = 1
_CLOSE_AFTER = spelled("here all position positions trade this now and today")
_SHORT_VERBS = spelled("close exit cut out")
_PARTS = frozenset(("half", "third", "quarter", "most", "twothirds", "some"))
_KEEPING = frozenset(
    ("leaving", "leave", "left", "keeping", "keep", "holding", "hold", "riding", "letting", "let")
)
_OWN = frozenset(("position", "positions", "trade", "mine", "my", "it", "this"))


def read_close(facts: Facts, context: Context) -> Reading | str | None:
    """Read an exit or a trim."""
    verb = _closing_verb(facts)
    if verb is None:
        return None
    at, trims, bare_ok = verb
    tokens = facts.piece.tokens
    refusal = _refusal(facts, at)
    if refusal:
        return refusal
    everything = tokens[at].details.get(lex.CLOSE) == "everything"
    target = settle(facts, context, all_of_them=everything)
    if target.refused is not None:
        return target.refused
    if target.symbol is None and not everything and not (bare_ok and _sizes(facts)):
        return "no_symbol"
    return _closing(facts, target.symbol, tokens[at], trims=trims, everything=everything)


def _closing_verb(facts: Facts) -> tuple[int, bool, bool] | None:
    """Choose the verb that closes: its place, whether it trims, whether it may stand without a symbol."""
    part = facts.amounts.fraction is not None or facts.amounts.share in _PARTS
    found: tuple[int, bool, bool] | None = None
    for at, token in enumerate(facts.piece.tokens):
        if token.roles & lex.TRIM and not (token.roles & lex.TARGET and facts.levels.target):
            return at, True, token.details[lex.TRIM] == "now"
        if found is None and token.roles & (lex.CLOSE | lex.SELL):
            found = (at, part, _imperative(token))
        elif found is None and _takes_off(facts, at, token):
            found = (at, True, False)
    if found is not None and not found[1] and _keeps_rest(facts.piece.tokens):
        return found[0], True, found[2]
    return found


def _keeps_rest(tokens: list[Token]) -> bool:
    """Tell ``closed most, leaving runners``: what is kept makes the rest a trim."""
    return any(
        t.text in _KEEPING and any(s.details.get(lex.SHARE) == "rest" for s in tokens[at + 1 : at + 4])
        for at, t in enumerate(tokens)
    )


def _sizes(facts: Facts) -> bool:
    """Tell whether a close without any symbol at least says how much or that it is about a position."""
    tokens = facts.piece.tokens
    said = facts.amounts.fraction is not None or facts.amounts.share is not None
    return said or any(t.text in _OWN or t.text.endswith(("profits", "profit", "partials")) for t in tokens)


def _imperative(token: Token) -> bool:
    return token.text in {
        "close",
        "exit",
        "close position",
        "close the position",
        "sell",
        "flatten",
        "close out",
    }


def _takes_off(facts: Facts, at: int, token: Token) -> bool:
    """Tell ``took 2 of my 8 off`` and ``taking half here`` from ``took AAPL calls``."""
    if token.details.get(lex.OPEN) != "taken" or token.text == "in" or facts.piece.mask & lex.IDIOM:
        return False
    if any(t.text == "off" for t in facts.piece.tokens):
        return True
    return facts.amounts.fraction is not None or (
        facts.amounts.share in _PARTS and facts.piece.tokens[-1] is not token
    )


def _refusal(facts: Facts, at: int) -> str | None:
    tokens = facts.piece.tokens
    verb = tokens[at]
    last = max([at, facts.symbol_at, *(level.at for level in facts.levels.entry)])
    told = verb.details.get(lex.CLOSE, verb.details.get(lex.SELL, "")).endswith("past")
    judge = Judge(facts.piece, at, last, firm=True, told=told, closing=True)
    wanted = {verb.sentence}
    if facts.symbol_at >= 0 and facts.symbol_at > at:
        wanted.add(tokens[facts.symbol_at].sentence)
    reason = judge.sentences(wanted) or judge.head(0)
    if reason:
        return reason
    if facts.piece.heading:
        return facts.piece.heading
    if at and tokens[at - 1].details.get(lex.TYPE) == "market":
        return "news"
    clause = [t for t in tokens if t.sentence == verb.sentence]
    allowed = _TOLD_UNKNOWN if told else _CLAUSE_UNKNOWN
    buys = any(t.roles & lex.OPEN and tokens[at + n].text == "to" for n, t in enumerate(tokens[at + 1 :]))
    if unknown_words(clause, 0, len(clause)) > allowed or _of_risk(tokens, at) or buys:
        return "commentary"
    aside = _beside_the_point(facts, at)
    if aside:
        return aside
    if facts.symbol is None and verb.details.get(lex.CLOSE) != "everything" and _names_unknown(facts, at):
        return "unknown_symbol"
    return _market_talk(facts, at)


def _beside_the_point(facts: Facts, at: int) -> str | None:
    """Name why the verb closes nothing now: other things stand after it, or its time is past or to come."""
    tokens = facts.piece.tokens
    if _told_both(tokens, at) or any(
        t.roles & lex.STOP and any(n.roles & lex.RECAP for n in tokens[k + 1 : k + 4])
        for k, t in enumerate(tokens[:at])
    ):
        return "recap"
    words = [t for t in tokens[at:] if t.kind != PUNCT or t.roles]
    if any(t.roles & lex.AT and n.roles & lex.TARGET for t, n in pairwise(words)):
        return "conditional"
    symbol = facts.symbol_at
    if symbol > at and tokens[at].details.get(lex.CLOSE) != "out":
        between = [t for t in tokens[at + 1 : symbol] if t.kind == WORD]
        return "commentary" if any(not t.roles or t.roles & lex.ASKING for t in between) else None
    after = next(
        (t for t in tokens[at + 1 :] if t.kind == WORD and not t.roles & (lex.LEAD | lex.FILLER)), None
    )
    return "commentary" if after is not None and after.roles & lex.ASKING else None


def _told_both(tokens: list[Token], at: int) -> bool:
    """Tell ``in at 180, out 190`` and ``Entry 180, exit 190``: both ends of a trade are told."""
    opened = any(
        (t.roles & (lex.ENTRY | lex.OPEN))
        and any(n.kind == NUMBER and not n.suffix for n in tokens[k + 1 : k + 4])
        for k, t in enumerate(tokens[:at])
    )
    return opened and any(t.kind == NUMBER and not t.suffix for t in tokens[at + 1 : at + 4])


def _names_unknown(facts: Facts, at: int) -> bool:
    """Tell ``closed wxyz`` and ``Closed AAPLL``: what follows the verb may be a symbol that is not known."""
    tokens = facts.piece.tokens
    passed = lex.LEAD | lex.FILLER | lex.SHARE
    after = next((t for t in tokens[at + 1 :] if t.kind != PUNCT and not t.roles & passed), None)
    if after is not None and after.kind == WORD and not after.roles:
        return True
    return not facts.piece.shouted and any(
        t.kind == WORD and not t.roles and len(t.raw) > 1 and t.raw.isupper() for t in tokens
    )


def _of_risk(tokens: list[Token], at: int) -> bool:
    """Tell ``trim your risk``, which is advice."""
    words = [t for t in tokens[at + 1 : at + 7] if t.kind != PUNCT]
    return any(t.roles & lex.IGNORE for t in words[:2])


def _market_talk(facts: Facts, at: int) -> str | None:
    """Tell ``SPY closing near highs`` and ``AAPL closed green`` from closing a position."""
    tokens, verb = facts.piece.tokens, facts.piece.tokens[at]
    if _its_own_doing(facts, at):
        return "commentary"
    if not verb.roles & lex.CLOSE or facts.symbol_at < 0 or facts.symbol_at > at:
        return None
    if facts.contract.is_option or verb.details[lex.CLOSE] in {"stc", "btc", "everything"}:
        return None
    if tokens[facts.symbol_at].sentence != verb.sentence:
        return None
    if verb.text in {"close position", "close the position", "all out", "out here"}:
        return None
    if verb.text in _SHORT_VERBS:
        following = next((t for t in tokens[at + 1 :] if t.kind != PUNCT), None)
        ends = (
            following is None
            or following.kind != WORD
            or following.text in _CLOSE_AFTER
            or following.roles & (lex.AT | lex.TYPE)
        )
        return None if ends else "commentary"
    after = {t.text for t in tokens[at + 1 : at + 3]}
    own = after & _OWN or (verb.text in {"closing", "exiting"} and after & {"here", "now"})
    return None if own else "commentary"


def _its_own_doing(facts: Facts, at: int) -> bool:
    """Tell ``AAPL took off`` and ``TSLA reduced prices``, where the company is the one who acts."""
    tokens, verb = facts.piece.tokens, facts.piece.tokens[at]
    if facts.amounts.fraction is not None or facts.levels.entry:
        return False
    past = "past" in verb.details.values() or verb.details.get(lex.OPEN) == "taken"
    before = next((t for t in reversed(tokens[:at]) if t.kind != PUNCT or t.text in ",:;-"), None)
    named = before is not None and bool(before.roles & lex.SYMBOL)
    return past and named and not facts.contract.is_option


def _closing(facts: Facts, symbol: str | None, verb: Token, *, trims: bool, everything: bool) -> Reading:
    draft = Draft(ReadingKind.TRIM if trims else ReadingKind.EXIT)
    put_instrument(draft, facts)
    draft.put("symbol", symbol)
    action = verb.details.get(lex.CLOSE, "")
    if action == "btc" or action.startswith("cover"):
        draft.put("action", "BTC")
    elif action == "stc" or verb.roles & lex.SELL or facts.contract.is_option:
        draft.put("action", "STC")
    draft.put("quantity", facts.amounts.quantity, facts.amounts.quantity_span)
    if trims:
        draft.put("fraction", facts.amounts.fraction, facts.amounts.fraction_span)
    else:
        draft.put("fraction", Decimal(1))
    price = facts.levels.entry[:1] or (facts.levels.loose[:1] if len(facts.levels.loose) == 1 else [])
    if price:
        draft.put("price", price[0].value, (price[0].start, price[0].end))
    draft.put("scope", "all" if everything else "symbol" if facts.symbol else None)
    put_tags(draft, facts)
    _stop_along(draft, facts)
    return draft.reading()


def _stop_along(draft: Draft, facts: Facts) -> None:
    """A trim may move the stop in the same breath (``half off, stop to breakeven``)."""
    if draft.kind is ReadingKind.TRIM and facts.piece.mask & lex.STOP:
        put_stop(draft, facts)
