"""Give every token its roles: instruments first, then the longest known phrase, then tickers on the list."""

from copy import copy
from dataclasses import dataclass, field

from domain.instruments import AssetClass
from signals import instruments
from signals import lexicon as lex
from signals.instruments import Named
from signals.lexicon import Sense, spelled
from signals.tokens import LINE, NUMBER, PUNCT, WORD, Token

_STRAYS = frozenset("()[]{}<>~_\"'|/")
_MOST_STRAYS = 4
_QUOTES = frozenset("\"'")
_JOINERS = frozenset("-/.")
_ENDERS = frozenset(".!?;")
_MAX_TICKER = 5
_ABBREVIATED = frozenset(("e g", "i e", "vs", "approx", "no"))
_GREETINGS = spelled("hey hi all guys team everyone ok okay so and gm but or folks") | {
    "hey all",
    "hi all",
    "hey everyone",
}
_ASKS = spelled("is are was were do does did should would could")


@dataclass(slots=True)
class Piece:
    """Be one stretch of tokens that may hold one instruction. ``mask`` has every role present in it."""

    tokens: list[Token]
    mask: int = 0
    questions: set[int] = field(default_factory=set)
    shouted: bool = False
    heading: str | None = None
    """Why the message as a whole is talk, whatever its lines say: a watch-list, a recap."""

    def narrowed(self, tokens: list[Token]) -> "Piece":
        """Give the piece of copies of ``tokens``: reading marks them, and a part may be read twice."""
        tokens = [copy(token) for token in tokens]
        mask = 0
        for token in tokens:
            mask |= token.roles
        return Piece(tokens, mask, self.questions, self.shouted, self.heading)


def annotate(tokens: list[Token]) -> Piece:
    """Merge phrases and pairs into single tokens, give roles, and number the sentences."""
    piece = Piece([], shouted=_shouted(tokens))
    out, shouted, quotes = piece.tokens, piece.shouted, False
    at, size, sentence, mask = 0, len(tokens), 0, 0
    while at < size:
        token = tokens[at]
        if token.kind == WORD:
            at, token = _word(tokens, at, shouted)
        else:
            at, token = _other(tokens, at)
        if token.roles & lex.IGNORE and token.details[lex.IGNORE] == "section":
            at = _section_end(tokens, at)
            continue
        token.sentence = sentence
        out.append(token)
        mask |= token.roles
        if token.kind == WORD:
            if token.text in _ASKS and _opens_sentence(out):
                piece.questions.add(sentence)
        elif token.kind == LINE or token.kind == PUNCT:
            quotes = quotes or token.text in _QUOTES
            if _ends_sentence(out, tokens, at):
                if token.text == "?":
                    piece.questions.add(sentence)
                sentence += 1
    piece.mask = mask
    piece.heading = _heading(piece) or (_quoted(out) if quotes else None)
    return piece


def _quoted(tokens: list[Token]) -> str | None:
    """Tell an order inside quotation marks with other words around them: somebody's words are told."""
    marks: dict[str, int] = {}
    inside = [False] * len(tokens)
    order = False
    for at, token in enumerate(tokens):
        if token.kind == PUNCT and token.text in _QUOTES:
            start = marks.pop(token.text, None)
            if start is None:
                marks[token.text] = at
                continue
            for place in range(start, at):
                inside[place] = True
            order = order or any(t.roles & (lex.VERB | lex.STRIKE) for t in tokens[start:at])
    if not order:
        return None
    outside = (t for t, quoted in zip(tokens, inside, strict=True) if not quoted and t.kind == WORD)
    return "quoted" if any(not t.roles & lex.SYMBOL for t in outside) else None


def _heading(piece: Piece) -> str | None:
    if piece.mask & lex.WATCH:
        return "watch"
    recaps = piece.mask & lex.RECAP and any(t.details.get(lex.RECAP) == "heading" for t in piece.tokens)
    return "recap" if recaps else None


def _section_end(tokens: list[Token], at: int) -> int:
    """Find the blank line that ends a section which holds nothing to read."""
    while at < len(tokens) and not (tokens[at].kind == LINE and tokens[at].end - tokens[at].start > 1):
        at += 1
    return at


def _shouted(tokens: list[Token]) -> bool:
    """Tell whether the message is written in capitals, where capitals say nothing about tickers."""
    words = [t.raw for t in tokens if t.kind == WORD and len(t.raw) > 1]
    return len(words) > 4 and sum(w.isupper() for w in words) > 0.8 * len(words)


def _opens_sentence(out: list[Token]) -> bool:
    """Tell whether the last word opens its sentence, greetings aside: then ``is TSLA a buy`` asks."""
    for token in reversed(out[:-1]):
        if token.sentence != out[-1].sentence:
            return True
        if token.kind == WORD and token.text not in _GREETINGS:
            return False
        if token.kind == NUMBER:
            return False
    return True


def _ends_sentence(out: list[Token], tokens: list[Token], following: int) -> bool:
    token = out[-1]
    if token.kind == LINE:
        return True
    if token.text not in _ENDERS:
        return False
    if token.text == ".":
        label = len(out) > 1 and (out[-2].roles & lex.LABEL or out[-2].text in _ABBREVIATED)
        next_glued = following < len(tokens) and tokens[following].glued
        return not label and not next_glued
    return True


def _other(tokens: list[Token], at: int) -> tuple[int, Token]:
    """Read what is no word: an @, a futures slash, a list number."""
    token = tokens[at]
    if token.text == "@":
        token.roles, token.details = lex.AT, {lex.AT: "at"}
    elif token.text == "/" and at + 1 < len(tokens) and not token.glued:
        following = tokens[at + 1]
        if following.kind == WORD and following.glued and (named := instruments.future(following.raw)):
            return at + 2, _merge(tokens, at, at + 2, named=named)
    elif token.kind == NUMBER and _numbers_a_line(tokens, at):
        token.roles = lex.LIST_NUMBER
    elif token.suffix in {"c", "p"}:
        token.roles = lex.STRIKE
    elif token.kind == NUMBER and at and tokens[at - 1].text == "in" and _is_year(token):
        token.roles, token.details = lex.BEFORE, {lex.BEFORE: "year"}
    return at + 1, token


def _is_year(token: Token) -> bool:
    return len(token.raw) == 4 and token.raw.isdigit() and "1990" <= token.raw <= "2035"


def _numbers_a_line(tokens: list[Token], at: int) -> bool:
    """Tell ``1)`` ``2]`` and, at the start of a line, ``1.`` and ``2:`` from quantities and prices."""
    token = tokens[at]
    if token.suffix or token.money or "." in token.raw or at + 1 >= len(tokens) or len(token.raw) > 2:
        return False
    closer = tokens[at + 1]
    if not closer.glued or closer.kind != PUNCT:
        return False
    before = tokens[at - 1] if at else None
    if closer.text in ")]":
        return before is None or before.text not in {"(", "["}
    starts = before is None or before.kind == LINE
    loose = at + 2 >= len(tokens) or not tokens[at + 2].glued or tokens[at + 2].kind == PUNCT
    return starts and loose and closer.text in ".:"


def _word(tokens: list[Token], at: int, shouted: bool) -> tuple[int, Token]:
    """Read the word at ``at`` with as many following tokens as belong to it."""
    token = tokens[at]
    if not token.raw.isascii():
        return at + 1, token
    explicit = _explicit(tokens, at)
    if explicit is not None:
        return explicit[0], _merge(tokens, at, explicit[0], named=explicit[1])
    if token.text == "id" and _would(tokens, at):
        token.roles, token.details = lex.COND, {lex.COND: "hard"}
        return at + 1, token
    if token.raw == "BOT" and at + 1 < len(tokens) and tokens[at + 1].sign == "+":
        token.roles, token.details = lex.OPEN, {lex.OPEN: "bto"}  # thinkorswim: BOT +1 SPY
        return at + 1, token
    phrase = _phrase(tokens, at)
    if phrase is not None:
        end, sense = phrase
        if (
            end == at + 1
            and not sense.roles & ~(lex.FILLER | lex.LEAD)
            and (found := _implicit(token, shouted))
        ):
            return end, _merge(tokens, at, end, named=found)
        return end, _merge(tokens, at, end, sense=sense)
    named = _implicit(token, shouted)
    return at + 1, _merge(tokens, at, at + 1, named=named) if named else token


def _would(tokens: list[Token], at: int) -> bool:
    """Tell ``I'd buy`` and ``id buy`` from the ID of a signal."""
    if "'" in tokens[at].raw:
        return True
    following = next((t for t in tokens[at + 1 : at + 3] if t.kind == WORD), None)
    sense = lex.words().get(following.text) if following is not None else None
    return sense is not None and bool(sense.roles & (lex.VERB | lex.PLAN))


def _merge(
    tokens: list[Token], at: int, end: int, *, named: Named | None = None, sense: Sense | None = None
) -> Token:
    first = tokens[at]
    if end > at + 1:
        last = tokens[end - 1]
        merged = Token(WORD, first.text, first.raw, first.start, last.end, first.glued)
        merged.text = " ".join(t.text for t in tokens[at:end] if t.kind == WORD)
        merged.tagged = first.tagged
        first = merged
    if named is not None:
        first.roles, first.item = lex.SYMBOL, named
    elif sense is not None:
        first.roles, first.details = sense.roles, sense.details
    return first


def _phrase(tokens: list[Token], at: int) -> tuple[int, Sense] | None:
    """Find the longest phrase that begins here; ``stop-loss``, ``T.P`` and ``B/E`` count as two words."""
    sense = lex.words().get(tokens[at].text)
    best: tuple[int, Sense] | None = None
    end, size = at + 1, len(tokens)
    while sense is not None:
        if sense.roles:
            best = (end, sense)
        if not sense.longer or end >= size:
            break
        end = _next_word(tokens, end, size)
        following = tokens[end]
        if following.kind != WORD:
            break
        sense = sense.longer.get(following.text)
        end += 1
    return best


def _next_word(tokens: list[Token], at: int, size: int) -> int:
    """Step over what may stand inside a phrase: the joint of ``stop-loss``, a stray bracket or quote."""
    token = tokens[at]
    joint = token.text in _JOINERS and token.glued and at + 1 < size and tokens[at + 1].glued
    if joint:
        return at + 1
    for _ in range(_MOST_STRAYS):
        if tokens[at].text in _STRAYS and at + 1 < size:
            at += 1
    return at


def _explicit(tokens: list[Token], at: int) -> tuple[int, Named] | None:
    """Read what is an instrument by its own marks: a pair, a tag, an exchange prefix, a share class."""
    token, size = tokens[at], len(tokens)
    if at + 2 < size and tokens[at + 1].kind == PUNCT and tokens[at + 2].kind == WORD:
        found = _joined(tokens, at)
        if found is not None:
            return found
    if token.tagged:
        return _tagged(token, at)
    if at + 1 < size and tokens[at + 1].text == "!" and tokens[at + 1].glued and token.raw[-1:] in {"1", "2"}:
        named = instruments.future(token.raw[:-1])
        return (at + 2, named) if named else None
    if at + 1 < size and tokens[at + 1].kind == WORD and len(token.raw) == 3 == len(tokens[at + 1].raw):
        pair = instruments.split_pair(token.raw.upper(), tokens[at + 1].raw.upper(), slash=False)
        if pair is not None:
            return at + 2, pair
    return None


def _joined(tokens: list[Token], at: int) -> tuple[int, Named] | None:
    token, sign, other = tokens[at], tokens[at + 1], tokens[at + 2]
    upper, other_upper = token.raw.upper(), other.raw.upper()
    if not other.raw.isascii():
        return None
    if sign.text in {"/", "-", "_"} and (sign.glued or sign.text == "/"):
        crypto_like = token.raw == upper or bool(token.tagged) or other.raw == other_upper
        pair = instruments.split_pair(upper, other_upper, slash=crypto_like)
        if pair is not None:
            return at + 3, pair
    if not (sign.glued and other.glued):
        return None
    if sign.text == ":" and token.raw in instruments.markets().exchanges:
        named = instruments.tagged(other_upper)
        return (at + 3, named) if named else None
    if sign.text == "." and token.raw == upper and len(other.raw) == 1 and other.raw == other_upper:
        return _class_share(tokens, at, f"{upper}.{other_upper}")
    return None


def _class_share(tokens: list[Token], at: int, symbol: str) -> tuple[int, Named] | None:
    if symbol in instruments.markets().tickers:
        return at + 3, Named(symbol, AssetClass.EQUITY)
    perpetual = instruments.joined_pair(symbol[:-2]) if symbol.endswith(".P") else None
    return (at + 3, perpetual) if perpetual else None


def _tagged(token: Token, at: int) -> tuple[int, Named] | None:
    upper = token.raw.upper()
    named = instruments.tagged(upper) or instruments.markets().names.get(token.text)
    if token.tagged == "#" and token.text in lex.words() and (named is None or token.raw != upper):
        return None
    if named is None and token.tagged == "$" and upper.isalpha() and len(upper) <= _MAX_TICKER:
        named = Named(upper, AssetClass.EQUITY)
    return (at + 1, named) if named else None


def _implicit(token: Token, shouted: bool) -> Named | None:
    """Read a word without a mark as an instrument, by the lists."""
    raw = token.raw
    if raw.isupper():
        return instruments.plain(raw, shouted=shouted) or instruments.lower(raw)
    return instruments.lower(raw)
