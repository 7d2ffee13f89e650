"""Read stops and targets that move."""

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.build import Draft, put_instrument, put_tags
from signals.context import Context
from signals.facts import Facts
from signals.mood import Judge, unknown_words
from signals.positions import settle
from signals.tokens import NUMBER, PUNCT, WORD, Token

_CLAUSE_UNKNOWN = 3


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
    refusal = _update_refusal(facts, start, forgiving=moved and verb is not None)
    if refusal:
        return refusal
    target = settle(facts, context)
    if target.refused is not None:
        return target.refused
    draft.put("symbol", target.symbol)
    put_tags(draft, facts)
    return draft.reading()


def put_stop(draft: Draft, facts: Facts) -> bool:
    """Set where the stop goes; tell whether the text says it."""
    tokens = facts.piece.tokens
    stop = next((s for s in facts.levels.stop if not s.unit), None)
    if stop is not None:
        draft.put("stop_to", stop.value, (stop.start, stop.end))
        return True
    for at, token in enumerate(tokens):
        after_stop = any(t.roles & lex.STOP for t in tokens[max(0, at - 5) : at])
        if after_stop and (token.roles & lex.EVEN or (token.roles & lex.ENTRY and _to_entry(tokens, at))):
            draft.put("stop_to", "breakeven", (token.start, token.end))
            return True
    return False


def _to_entry(tokens: list[Token], at: int) -> bool:
    """Tell ``SL to entry`` and ``SL entry`` from the label of an entry price."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    priced = following is not None and (following.kind in {NUMBER, PUNCT} or following.roles & lex.AT)
    return tokens[at - 1].text in {"to", "at", "@"} or (bool(tokens[at - 1].roles & lex.STOP) and not priced)


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
    if unknown_words(tokens, 0, len(tokens)) or any(t.sign for t in tokens):
        return False
    says_to = any(
        t.text == "to" and i and tokens[i - 1].roles & (lex.STOP | lex.TARGET) for i, t in enumerate(tokens)
    )
    return says_to or bool(context.open_positions) or context.reply_to_symbol is not None


def _owned(facts: Facts, start: int) -> bool:
    """Tell ``my stop is at 175``, which says how things are."""
    tokens = facts.piece.tokens
    before = {t.text for t in [t for t in tokens[:start] if t.kind == WORD][-1:]}
    after = {t.text for t in [t for t in tokens[start + 1 :] if t.kind == WORD][:2]}
    owned = bool(before & {"my", "our"}) or tokens[start].text.startswith(("my ", "our "))
    return owned and bool(after & {"is", "was", "sits", "are"})


def _update_refusal(facts: Facts, start: int, *, forgiving: bool) -> str | None:
    tokens = facts.piece.tokens
    levels = [*facts.levels.stop, *facts.levels.target]
    last = max([start, *(level.at for level in levels)])
    judge = Judge(facts.piece, start, last, firm=False, told=not forgiving, closing=forgiving)
    wanted = {tokens[start].sentence, *(tokens[level.at].sentence for level in levels)}
    reason = judge.sentences(wanted) or judge.head(0)
    if reason:
        return reason
    if _owned(facts, start):
        return "status"
    if any(t.text.startswith("price target") for t in tokens):
        return "news"
    words = [t for t in tokens if t.sentence == tokens[start].sentence and t.kind == WORD]
    return "commentary" if unknown_words(words, 0, len(words)) > _CLAUSE_UNKNOWN else None
