"""Read one message: normalise, cut into tokens, give roles, gather facts, decide."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals.alerts import read_alert
from signals.annotate import Piece, annotate
from signals.build import nothing
from signals.cancels import read_cancel
from signals.closes import read_close
from signals.context import NOTHING_KNOWN, Context
from signals.dates import ImpossibleDateError, market_day
from signals.embeds import with_embeds
from signals.entries import read_entry
from signals.facts import Facts, gather
from signals.formats import Format
from signals.formatted import read_formatted
from signals.gate import is_talk, refused_early
from signals.mood import message_refusal
from signals.multi import read_parts
from signals.normalise import Normal, normalise
from signals.payload import read_payload
from signals.positions import same_symbol
from signals.sells import means_exit
from signals.tails import without_plans
from signals.tokens import tokenise
from signals.updates import read_update


def read(
    text: str,
    *,
    as_of: datetime,
    context: Context | None = None,
    embeds: Sequence[Mapping[str, Any]] = (),
    formats: Sequence[Format] = (),
) -> Reading:
    """Read ``text`` as posted at ``as_of`` by an author of whom ``context`` is known. Never raises.

    ``embeds`` are Discord embed objects; their text is read after the message's own. Offsets in ``spans``
    count characters of the text, then of the embeds' text. ``formats`` are those the channel binds, tried in
    their order before the common grammar.
    """
    return read_on(text, market_day(as_of), context or NOTHING_KNOWN, embeds, formats)


def read_on(
    text: str,
    today: date | None,
    context: Context,
    embeds: Sequence[Mapping[str, Any]] = (),
    formats: Sequence[Format] = (),
) -> Reading:
    """Read ``text`` as posted on ``today`` (None where the day is not known: dates then need their year)."""
    whole = with_embeds(text, embeds) if embeds else text
    normal = normalise(whole)
    if normal.denied == "too_long":
        return nothing("too_long")
    if not whole.strip():
        return nothing("empty")
    if formats and normal.denied is None:
        bound = read_formatted(normal.text, formats, today, context)
        if bound is not None:
            return bound
    payload = _payload(normal, today, context)
    if payload is not None:
        return payload
    piece = annotate(tokenise(normal.text))
    if normal.denied is not None:
        return nothing(normal.denied)
    if is_talk(piece):
        return _talk(piece)
    return read_parts(piece, lambda part: _read_piece(part, today, context))


def _payload(normal: Normal, today: date | None, context: Context) -> Reading | None:
    """Read the JSON in the text, or the message it carries (whose places in this one are not known)."""
    text = normal.text
    if not ('"' in text and ("{" in text or '":' in text)):
        return None
    payload = read_payload(text, context)
    if payload is None:
        return None
    if normal.denied is not None:
        return nothing(normal.denied)
    if not isinstance(payload, str):
        return payload
    if "{" in payload:
        return nothing("bad_payload")
    return replace(read_on(payload, today, context), spans={})


def _talk(piece: Piece) -> Reading:
    return nothing(message_refusal(piece) or "no_instruction")


def _read_piece(piece: Piece, today: date | None, context: Context) -> Reading:
    """Read one instruction out of ``piece``."""
    if is_talk(piece):
        return _talk(piece)
    piece = without_plans(piece)
    early = refused_early(piece)
    if early is not None:
        return nothing(early)
    try:
        facts = gather(piece, today)
    except ImpossibleDateError:
        return nothing("impossible_date")
    if facts.contract.expiry is not None and today is not None and facts.contract.expiry < today:
        return nothing("expired")
    return _decide(facts, today, context)


def _decide(facts: Facts, today: date | None, context: Context) -> Reading:
    """Try each kind of instruction in the order in which one hides another; keep the first reason given."""
    reasons: list[str] = []
    previous = _previous_symbol(context, today) if facts.piece.mask & lex.CANCEL else None
    closes = means_exit(facts, context)
    steps: tuple[Callable[[], Reading | str | None], ...] = (
        lambda: read_cancel(facts, context, previous),
        lambda: None if closes else read_entry(facts),
        lambda: None if closes is False else read_close(facts, context),
        lambda: read_update(facts, context),
        lambda: read_alert(facts),
    )
    for step in steps:
        found = step()
        if isinstance(found, Reading):
            return _held(found, context) if found.kind is ReadingKind.ADD else found
        if found is not None:
            reasons.append(found)
    if reasons:
        return nothing(reasons[0])
    return _talk(facts.piece)


def _held(reading: Reading, context: Context) -> Reading:
    """Let an add to BTC name the pair that is held; an add to what is not held opens it."""
    opens = context.open_positions
    if opens is None or reading.symbol is None:
        return reading
    match = next((held for held in opens if same_symbol(reading.symbol, held)), None)
    return replace(reading, symbol=match) if match else replace(reading, kind=ReadingKind.ENTRY)


def _previous_symbol(context: Context, today: date | None) -> str | None:
    """Give the symbol of the author's message before this one, if that was an order."""
    if not context.previous_text:
        return None
    before = read_on(context.previous_text, today, NOTHING_KNOWN)
    return before.symbol if before.kind is not ReadingKind.NONE else None
