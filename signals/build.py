"""Turn facts into the fields of a Reading, with where each was read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from signals import lexicon as lex
from signals import texts
from signals.facts import Facts
from signals.levels import Level

Fields = dict[str, Any]
Spans = dict[str, tuple[int, int]]


class Draft:
    """Collect the fields of a reading and their spans."""

    def __init__(self, kind: ReadingKind) -> None:
        self.kind = kind
        self.fields: Fields = {}
        self.spans: Spans = {}

    def put(self, name: str, value: object, span: tuple[int, int] | None = None) -> None:
        """Set one field, unless there is nothing to set."""
        if value is None or value == ():
            return
        self.fields[name] = value
        if span is not None:
            self.spans[name] = span

    def levels(self, name: str, found: Sequence[Level]) -> None:
        """Set a field of several numbers; each has its own span beside the one around them all."""
        if not found:
            return
        self.put(name, tuple(level.value for level in found), (found[0].start, found[-1].end))
        for place, level in enumerate(found):
            self.spans[f"{name}.{place}"] = (level.start, level.end)

    def reading(self) -> Reading:
        """Give the finished reading."""
        return Reading(kind=self.kind, spans=self.spans, **self.fields)


def nothing(reason: str) -> Reading:
    """Read nothing, for ``reason``."""
    return Reading(kind=ReadingKind.NONE, reason=reason, explanation=texts.explain(reason))


def asking(reason: str, candidates: Sequence[str]) -> Reading:
    """Ask a person which of ``candidates`` is meant."""
    return Reading(
        kind=ReadingKind.ASK,
        candidates=tuple(candidates),
        reason=reason,
        explanation=texts.explain(reason),
        confidence=Decimal("0.5"),
    )


def put_instrument(draft: Draft, facts: Facts) -> None:
    """Set symbol, asset class and, for an option, strike, right and expiry."""
    if facts.symbol is not None:
        draft.put("symbol", facts.symbol.symbol, facts.symbol_span())
    draft.put("asset_class", facts.asset_class)
    contract = facts.contract
    if not contract.is_option:
        return
    if len(contract.strikes) == 1:
        strike = contract.strikes[0]
        draft.put("strike", strike.price, (strike.start, strike.end))
    draft.put("right", contract.right, contract.right_span)
    draft.put("expiry", contract.expiry, contract.expiry_span)


def put_amounts(draft: Draft, facts: Facts) -> None:
    """Set quantity and leverage."""
    draft.put("quantity", facts.amounts.quantity, facts.amounts.quantity_span)
    draft.put("leverage", facts.amounts.leverage, facts.amounts.leverage_span)


def put_tags(draft: Draft, facts: Facts) -> None:
    """Set the notes that change no order."""
    tags = [t.details[lex.TAG] for t in facts.piece.tokens if t.roles & lex.TAG]
    if facts.contract.zero_dte:
        tags.append("0DTE")
    draft.put("tags", tuple(dict.fromkeys(tags)))


def is_option(facts: Facts) -> bool:
    """Tell whether the reading is about an option."""
    return facts.asset_class is AssetClass.OPTION
