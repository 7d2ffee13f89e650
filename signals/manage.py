"""Read what changes an open trade: trims and exits, stop and target moves, cancels. Context settles which."""

from dataclasses import dataclass
from decimal import Decimal

from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, asking, nothing, put_instrument, put_tags
from signals.context import Context
from signals.facts import Facts
from signals.mood import Judge, unknown_words
from signals.tokens import WORD, Token

_CLAUSE_UNKNOWN = 3
_SHORT_MARKETS = frozenset((AssetClass.FOREX, AssetClass.COMMODITY, AssetClass.INDEX))
_PARTS = frozenset(("half", "third", "quarter", "most", "twothirds", "some"))
_OWN = frozenset(("position", "positions", "trade", "mine", "my", "it", "this"))


@dataclass(slots=True)
class Target:
    """Say which position is meant: a symbol, or the reading that says why none or which may be."""

    symbol: str | None = None
    refused: Reading | None = None


def settle(facts: Facts, context: Context, *, all_of_them: bool = False) -> Target:
    """Find the position a message speaks of: what it names, what it replies to, the only one open."""
    opens = context.open_positions
    if facts.symbol is not None:
        if opens is None:
            return Target(facts.symbol.symbol)
        match = next((o for o in opens if same_symbol(facts.symbol.symbol, o)), None)
        return Target(match) if match else Target(refused=nothing("not_open" if opens else "nothing_open"))
    if context.reply_to_symbol:
        symbol = context.reply_to_symbol
        known = opens is None or any(same_symbol(symbol, o) for o in opens)
        return Target(symbol) if known else Target(refused=nothing("not_open"))
    if opens is None:
        return Target()
    if len(opens) > 1 and not all_of_them:
        return Target(refused=asking("which_position", opens))
    if not opens:
        return Target(refused=nothing("nothing_open"))
    return Target(opens[0] if len(opens) == 1 else None)


def same_symbol(named: str, held: str) -> bool:
    """Compare symbols; a coin named without its quote (BTC, read as BTCUSD) is any pair of that coin."""
    plain, other = (s.upper().replace("/", "").replace("-", "") for s in (named, held))
    if plain == other:
        return True
    bases = [s.removesuffix("USDT").removesuffix("USDC").removesuffix("USD") for s in (plain, other)]
    return bases[0] == bases[1] and (plain.endswith("USD") or other == bases[1])


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
    return found


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
    if token.details.get(lex.OPEN) != "taken" or token.text == "in":
        return False
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
    clause = [t for t in tokens if t.sentence == verb.sentence]
    if unknown_words(clause, 0, len(clause)) > _CLAUSE_UNKNOWN or _of_risk(tokens, at):
        return "commentary"
    return _market_talk(facts, at)


def _of_risk(tokens: list[Token], at: int) -> bool:
    """Tell ``trim your risk``, which is advice."""
    return any(t.roles & lex.IGNORE for t in tokens[at + 1 : at + 3])


def _market_talk(facts: Facts, at: int) -> str | None:
    """Tell ``SPY closing near highs`` and ``AAPL closed green`` from closing a position."""
    tokens, verb = facts.piece.tokens, facts.piece.tokens[at]
    if not verb.roles & lex.CLOSE or facts.symbol_at < 0 or facts.symbol_at > at:
        return None
    if facts.contract.is_option or verb.details[lex.CLOSE] in {"stc", "btc", "everything"}:
        return None
    if tokens[facts.symbol_at].sentence != verb.sentence:
        return None
    if verb.text in {
        "close",
        "exit",
        "close position",
        "close the position",
        "cut",
        "out",
        "all out",
        "out here",
    }:
        return None
    after = {t.text for t in tokens[at + 1 : at + 3]}
    own = after & _OWN or (verb.text in {"closing", "exiting"} and after & {"here", "now"})
    return None if own else "commentary"


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


def put_stop(draft: Draft, facts: Facts) -> bool:
    """Set where the stop goes; tell whether the text says it."""
    tokens = facts.piece.tokens
    stop = next((s for s in facts.levels.stop if not s.unit), None)
    if stop is not None:
        draft.put("stop_to", stop.value, (stop.start, stop.end))
        return True
    for at, token in enumerate(tokens):
        after_stop = any(t.roles & lex.STOP for t in tokens[max(0, at - 5) : at])
        if after_stop and (
            token.roles & lex.EVEN or (token.roles & lex.ENTRY and tokens[at - 1].text in {"to", "at", "@"})
        ):
            draft.put("stop_to", "breakeven", (token.start, token.end))
            return True
    return False


def read_update(facts: Facts, context: Context) -> Reading | str | None:
    """Read a stop or target that moves."""
    tokens, mask = facts.piece.tokens, facts.piece.mask
    if not mask & (lex.STOP | lex.TARGET | lex.EVEN):
        return None
    label = next((at for at, t in enumerate(tokens) if t.roles & (lex.STOP | lex.TARGET)), None)
    verb = next((at for at, t in enumerate(tokens) if t.roles & lex.MOVE), None)
    even = next((at for at, t in enumerate(tokens) if t.roles & lex.EVEN), None)
    if label is None and (verb is None or even is None):
        return None
    start = verb if verb is not None and (label is None or verb < label) else label
    assert start is not None
    draft = Draft(ReadingKind.UPDATE)
    put_instrument(draft, facts)
    moved = put_stop(draft, facts) or _even_alone(draft, facts, label, even)
    draft.levels("targets", [t for t in facts.levels.target if not t.unit])
    if not moved and "targets" not in draft.fields:
        return "no_level" if verb is not None else None
    if not _is_told_to_move(facts, verb, context):
        return None
    refusal = _update_refusal(facts, start, moved=moved)
    if refusal:
        return refusal
    target = settle(facts, context)
    if target.refused is not None:
        return target.refused
    draft.put("symbol", target.symbol)
    put_tags(draft, facts)
    return draft.reading()


def _even_alone(draft: Draft, facts: Facts, label: int | None, even: int | None) -> bool:
    if even is None or label is not None:
        return False
    token = facts.piece.tokens[even]
    draft.put("stop_to", "breakeven", (token.start, token.end))
    return True


def _is_told_to_move(facts: Facts, verb: int | None, context: Context) -> bool:
    """A bare level (``SL 405``) updates only what is open; with ``to`` or a verb it says so."""
    if verb is not None or facts.piece.mask & lex.EVEN:
        return True
    tokens = facts.piece.tokens
    says_to = any(
        t.text == "to" and i and tokens[i - 1].roles & (lex.STOP | lex.TARGET) for i, t in enumerate(tokens)
    )
    return says_to or bool(context.open_positions) or context.reply_to_symbol is not None


def _update_refusal(facts: Facts, start: int, *, moved: bool) -> str | None:
    tokens = facts.piece.tokens
    levels = [*facts.levels.stop, *facts.levels.target]
    last = max([start, *(level.at for level in levels)])
    judge = Judge(facts.piece, start, last, firm=True, told=not moved, closing=moved)
    wanted = {tokens[start].sentence, *(tokens[level.at].sentence for level in levels)}
    reason = judge.sentences(wanted) or judge.head(0)
    if reason:
        return reason
    words = [t for t in tokens if t.sentence == tokens[start].sentence and t.kind == WORD]
    return "commentary" if unknown_words(words, 0, len(words)) > _CLAUSE_UNKNOWN else None


def read_cancel(facts: Facts, context: Context, previous: str | None) -> Reading | str | None:
    """Read the cancel of an order that has not filled; it need not be an open position."""
    tokens = facts.piece.tokens
    at = next((i for i, t in enumerate(tokens) if t.roles & lex.CANCEL), None)
    if at is None or not _cancels_something(facts, at):
        return None
    judge = Judge(facts.piece, at, max(at, facts.symbol_at), firm=True, told=False, closing=True)
    reason = judge.sentences({tokens[at].sentence}) or judge.head(1 if "invalid" in tokens[at].text else 0)
    if reason:
        return reason
    draft = Draft(ReadingKind.CANCEL)
    put_instrument(draft, facts)
    if facts.symbol is None:
        draft.put("symbol", context.reply_to_symbol or previous)
    all_orders = any(t.roles & lex.ORDERWORD and t.text != "signal" for t in tokens)
    draft.put("scope", "unfilled_entries" if all_orders else "signal")
    if "symbol" not in draft.fields and not any(t.details.get(lex.SHARE) == "all" for t in tokens):
        return "no_symbol"
    return draft.reading()


def _cancels_something(facts: Facts, at: int) -> bool:
    tokens = facts.piece.tokens
    sentence = [t for t in tokens if t.sentence == tokens[at].sentence]
    if any(t.roles & (lex.ORDERWORD | lex.ENTRY) for t in sentence):
        return True
    weak = tokens[at].text in {
        "kill",
        "killing",
        "delete",
        "remove",
        "pull",
        "pulling",
        "pulled",
        "killed",
        "ignore",
    }
    pointed = any(t.text in {"that", "it", "this"} for t in tokens[at + 1 : at + 3])
    said = "ignore" in tokens[at].text or "valid" in tokens[at].text
    clean = unknown_words(sentence, 0, len(sentence)) == 0 or said
    return not weak and (pointed or (facts.symbol is not None and clean))
