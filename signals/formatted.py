"""Read a message by the formats its channel binds: the first that fits decides, before the common grammar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from domain.instruments import AssetClass, OptionContract, OptionRight
from domain.signals import Reading, ReadingKind
from signals.annotate import annotate
from signals.build import Draft, nothing
from signals.checks import bad_prices, wrong_side
from signals.context import Context
from signals.dates import ImpossibleDateError
from signals.fields import Found, Scan
from signals.formats import Format
from signals.instruments import Named
from signals.mood import message_refusal
from signals.positions import same_symbol
from signals.template import Fault, match, parse
from signals.tokens import tokenise

_KINDS = {
    "BTO": ReadingKind.ENTRY, "STO": ReadingKind.ENTRY, "BUY": ReadingKind.ENTRY, "SHORT": ReadingKind.ENTRY,
    "ADD": ReadingKind.ADD, "TRIM": ReadingKind.TRIM, "STC": ReadingKind.EXIT, "BTC": ReadingKind.EXIT,
    "EXIT": ReadingKind.EXIT,
}  # fmt: skip
_JARGON = frozenset(("BTO", "STO", "STC", "BTC"))
_TWO_WAY = frozenset((AssetClass.FOREX, AssetClass.COMMODITY, AssetClass.INDEX, AssetClass.CRYPTO))


def read_formatted(
    text: str, formats: Sequence[Format], today: date | None, context: Context
) -> Reading | None:
    """Read folded ``text`` by the first of ``formats`` that fits the whole of it; None where none does.

    A message that fits and cannot be an order (stop on the wrong side, impossible date) is ``none`` with its
    reason: the owner said what the words mean, so no other meaning is tried.
    """
    for bound in formats:
        template = parse(bound.template)
        if isinstance(template, Fault):
            continue
        scan = Scan(today, {word.lower(): action for word, action in bound.words.items()})
        try:
            found = match(template, text, scan)
        except ImpossibleDateError:
            return nothing("impossible_date")
        if found is not None and not _taken_back(found):
            return _Fields(found, bound).reading(today, context)
    return None


def _taken_back(found: list[Found]) -> bool:
    """Tell a message whose free part asks, doubts or denies: the common grammar judges it instead."""
    notes = [f.value for f in found if f.name == "note" and isinstance(f.value, str)]
    return any(message_refusal(annotate(tokenise(note))) is not None for note in notes)


@dataclass(slots=True)
class _Contract:
    strike: Decimal | None = None
    right: OptionRight | None = None
    expiry: date | None = None


class _Fields:
    """Turn the fields of one message into a reading."""

    def __init__(self, found: list[Found], bound: Format) -> None:
        self.found = found
        self.by_name = {f.name: f for f in found}
        self.bound = bound

    def value(self, name: str) -> Any:
        """Give the value of a field, or None."""
        one = self.by_name.get(name)
        return one.value if one is not None else None

    def reading(self, today: date | None, context: Context) -> Reading:
        """Give the reading, or none with the reason why it cannot be."""
        named, contract = self._instrument()
        if contract.expiry is not None and today is not None and contract.expiry < today:
            return nothing("expired")
        action = self._action(named, option=contract.right is not None)
        if action is None:
            return nothing("no_instruction")
        kind = _KINDS[action]
        if kind is ReadingKind.ADD and not _held(named, context):
            kind = ReadingKind.ENTRY
        if kind in {ReadingKind.EXIT, ReadingKind.TRIM} and not _held(named, context):
            return nothing("not_open" if context.open_positions else "nothing_open")
        draft = Draft(ReadingKind.TRIM if kind is ReadingKind.EXIT and self._part() else kind)
        self._put_instrument(draft, named, contract)
        failed = self._put_order(draft, action, option=contract.right is not None)
        return nothing(failed) if failed else draft.reading()

    def _part(self) -> bool:
        share = self.value("fraction")
        return isinstance(share, Decimal) and share < 1

    def _instrument(self) -> tuple[Named, _Contract]:
        occ = self.value("occ")
        if isinstance(occ, OptionContract):
            return Named(occ.underlying, AssetClass.EQUITY), _Contract(occ.strike, occ.right, occ.expiry)
        named = self.value("symbol")
        assert isinstance(named, Named)
        return named, _Contract(self.value("strike"), self.value("right"), self.value("expiry"))

    def _action(self, named: Named, *, option: bool) -> str | None:
        """Settle what the action word means: SELL closes, unless it can only open a short."""
        action = self.value("action") or self.value("side") or self.bound.action
        if action != "SELL":
            return str(action) if action else None
        guarded = any(self.value(n) for n in ("stop", "stop_pct", "target", "targets", "target_pct"))
        if option:
            return "STC"
        return "SHORT" if guarded or named.asset_class in _TWO_WAY else "EXIT"

    def _put_instrument(self, draft: Draft, named: Named, contract: _Contract) -> None:
        place = self.by_name.get("symbol") or self.by_name["occ"]
        draft.put("symbol", named.symbol, (place.start, place.end))
        draft.put("asset_class", AssetClass.OPTION if contract.right else named.asset_class)
        for name, value in (
            ("strike", contract.strike),
            ("right", contract.right),
            ("expiry", contract.expiry),
        ):
            at = self.by_name.get(name) or place
            draft.put(name, value, (at.start, at.end))

    def _put_order(self, draft: Draft, action: str, *, option: bool) -> str | None:
        if action in _JARGON or option:
            usual = {"BUY": "BTO", "ADD": "BTO", "SHORT": "STO", "EXIT": "STC", "TRIM": "STC"}
            draft.put("action", usual.get(action, action))
        side = None
        if draft.kind in {ReadingKind.ENTRY, ReadingKind.ADD}:
            side = "short" if action in {"SHORT", "STO"} else "long"
            draft.put("side", side)
        elif draft.kind is ReadingKind.EXIT:
            draft.put("fraction", Decimal(1))
        self._put_plain(draft)
        self._put_targets(draft)
        if side is not None and not option and not {"price", "entry_range"} & draft.fields.keys():
            draft.put("order_type", "market")
        return _failed(draft, side)

    def _put_plain(self, draft: Draft) -> None:
        names = {"price": "price", "range": "entry_range", "stop": "stop", "stop_pct": "stop_pct",
                 "quantity": "quantity", "leverage": "leverage", "fraction": "fraction"}  # fmt: skip
        for name, target in names.items():
            one = self.by_name.get(name)
            if one is not None and target not in draft.fields:
                draft.put(target, one.value, (one.start, one.end))

    def _put_targets(self, draft: Draft) -> None:
        listed: list[tuple[Decimal, int, int]] = []
        for one in self.found:
            if one.name == "targets" and isinstance(one.value, tuple):
                listed += one.value
            elif one.name == "target" and isinstance(one.value, Decimal):
                listed.append((one.value, one.start, one.end))
        draft.put("targets", tuple(value for value, _, _ in listed))
        for place, (_, start, end) in enumerate(listed):
            draft.spans[f"targets.{place}"] = (start, end)
        percent = self.value("target_pct")
        draft.put("targets_pct", (percent,) if percent is not None else ())


def _held(named: Named, context: Context) -> bool:
    """Tell whether the author holds it, or may hold it where nothing is known."""
    if context.open_positions is None:
        return True
    return any(same_symbol(named.symbol, held) for held in context.open_positions)


def _failed(draft: Draft, side: str | None) -> str | None:
    """Name why the numbers cannot stand together, or None."""
    fields = draft.fields
    entry = [fields["price"]] if "price" in fields else list(fields.get("entry_range", ()))
    stop, targets = fields.get("stop"), list(fields.get("targets", ()))
    every = [*entry, *([] if stop is None else [stop]), *targets]
    counted = [fields[name] for name in ("quantity", "strike", "fraction") if name in fields]
    if any(value <= 0 for value in counted) or bad_prices(every, str(fields["asset_class"])):
        return "bad_price"
    return wrong_side(side, entry, stop, targets) if side is not None else None
