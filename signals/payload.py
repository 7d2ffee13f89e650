"""Read TradingView-style JSON: the keys of the common alert templates."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from signals import instruments
from signals.build import Draft, nothing
from signals.checks import wrong_side
from signals.context import Context
from signals.instruments import Named

_KEYS = {
    "symbol": ("ticker", "symbol", "pair", "instrument", "asset"),
    "action": ("action", "side", "order", "signal", "direction", "orderaction"),
    "price": ("limitprice", "price", "signalprice", "entry", "entryprice", "close"),
    "stop": ("sl", "stop", "stoploss", "stoplossprice", "slprice"),
    "targets": ("tp", "takeprofit", "takeprofitprice", "target", "targets", "tps", "takeprofits", "tpprice"),
    "quantity": ("quantity", "qty", "contracts", "size", "shares", "amount"),
    "order_type": ("ordertype", "type"),
    "sentiment": ("sentiment", "marketposition", "position"),
    "leverage": ("leverage", "lev"),
    "quantity_type": ("quantitytype", "qtytype"),
}  # fmt: skip
_ACTIONS = {
    "buy": "buy", "long": "buy", "bto": "buy", "enter_long": "buy", "open_long": "buy", "buy_to_open": "buy",
    "sell": "sell", "short": "short", "enter_short": "short", "open_short": "short", "sell_short": "short",
    "exit": "exit", "close": "exit", "flat": "exit", "close_long": "exit", "close_short": "exit",
    "stc": "exit",
    "exit_long": "exit", "exit_short": "exit", "closeposition": "exit", "add": "add", "cancel": "cancel",
    "breakeven": "breakeven",
}  # fmt: skip
_TYPES = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_limit": "stop_limit",
    "stoplimit": "stop_limit",
}
_MAX_NUMBER = 40


def read_payload(text: str, context: Context) -> Reading | None:
    """Read the JSON object in folded ``text``; None where what stands in braces is no JSON at all."""
    bare = text[max(0, text.find("{")) : text.rfind("}") + 1 or len(text)]
    if '"' not in bare or ":" not in bare:
        return None
    try:
        found = json.loads(bare, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return nothing("bad_payload")
    if not isinstance(found, dict):
        return nothing("bad_payload")
    return _Payload({_key(k): v for k, v in found.items()}).reading(context)


def _key(raw: str) -> str:
    return "".join(c for c in raw.lower() if c.isalnum())


class _Payload:
    """Look fields up by any of their usual keys."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def get(self, name: str) -> Any:
        """Give the first value found under any key of ``name``."""
        for key in _KEYS[name]:
            if key in self.raw and self.raw[key] not in (None, "", "null", "NaN"):
                return self.raw[key]
        return None

    def reading(self, context: Context) -> Reading:
        """Read the object as an order, or as nothing with its reason."""
        named = _symbol(self.get("symbol"))
        action = self._action()
        if named is None:
            return nothing("no_symbol")
        if action is None:
            return nothing("no_instruction")
        kind = {"exit": ReadingKind.EXIT, "add": ReadingKind.ADD, "cancel": ReadingKind.CANCEL,
                "breakeven": ReadingKind.UPDATE}.get(action, ReadingKind.ENTRY)  # fmt: skip
        draft = Draft(kind)
        draft.put("symbol", named.symbol)
        draft.put("asset_class", named.asset_class)
        if kind is ReadingKind.EXIT:
            draft.put("fraction", Decimal(1))
            draft.put("quantity", _number(self.get("quantity")))
        if action == "breakeven":
            draft.put("stop_to", "breakeven")
        if kind in {ReadingKind.EXIT, ReadingKind.CANCEL, ReadingKind.UPDATE}:
            return _open_only(draft, named, context)
        return self._entry(draft, "long" if action in {"buy", "add"} else "short")

    def _action(self) -> str | None:
        raw = self.get("action")
        action = _ACTIONS.get(str(raw).strip().lower().replace(" ", "_").replace("-", "_")) if raw else None
        sentiment = str(self.get("sentiment") or "").lower()
        if action in {"buy", "sell"} and sentiment == "flat":
            return "exit"
        if action == "sell":
            bearish = sentiment in {"bearish", "short"}
            protected = self.get("stop") is not None or self.get("targets") is not None
            return "short" if bearish or protected else "exit"
        return action

    def _entry(self, draft: Draft, side: str) -> Reading:
        draft.put("side", side)
        price = _number(self.get("price"))
        draft.put("price", price)
        kind = str(self.get("order_type") or "").lower()
        draft.put("order_type", _TYPES.get(kind) or (None if price else "market"))
        quantity_type = str(self.get("quantity_type") or "").lower()
        if not quantity_type or "fixed" in quantity_type or quantity_type in {"shares", "contracts"}:
            draft.put("quantity", _number(self.get("quantity")))
        self._protection(draft)
        leverage = _number(self.get("leverage"))
        draft.put("leverage", (leverage, leverage) if leverage else None)
        return self._checked(draft, side, price)

    def _protection(self, draft: Draft) -> None:
        stop, percent = _level(self.get("stop"))
        draft.put("stop", stop)
        draft.put("stop_pct", percent)
        if "trail" in json.dumps(self.get("stop"), default=str).lower():
            draft.put("tags", ("TRAILING_STOP",))
        raw = self.get("targets")
        pairs = [_level(one) for one in (raw if isinstance(raw, list) else [raw])]
        numbered = [
            _level(self.raw[key]) for n in range(1, 11) for key in (f"tp{n}", f"target{n}") if key in self.raw
        ]
        pairs += numbered
        draft.put("targets", tuple(price for price, _ in pairs if price is not None))
        draft.put("targets_pct", tuple(part for _, part in pairs if part is not None))

    def _checked(self, draft: Draft, side: str, price: Decimal | None) -> Reading:
        fields = draft.fields
        numbers = [price, fields.get("stop"), fields.get("quantity"), *fields.get("targets", ())]
        if any(n is not None and n <= 0 for n in numbers):
            return nothing("bad_price")
        failed = wrong_side(
            side, [price] if price else [], fields.get("stop"), list(fields.get("targets", ()))
        )
        return nothing(failed) if failed else draft.reading()


def _open_only(draft: Draft, named: Named, context: Context) -> Reading:
    opens = context.open_positions
    if draft.kind is not ReadingKind.CANCEL and opens is not None and named.symbol not in opens:
        return nothing("not_open" if opens else "nothing_open")
    return draft.reading()


def _symbol(raw: object) -> Named | None:
    if not isinstance(raw, str) or not raw.isascii():
        return None
    word = raw.strip().upper().rpartition(":")[2].removesuffix(".P")
    for sign in "/-_":
        base, found, quote = word.partition(sign)
        if found:
            return instruments.split_pair(base, quote, slash=True)
    if word.endswith("1!"):
        return Named(word.removesuffix("1!"), AssetClass.FUTURE)
    in_place = instruments.tagged(word) or instruments.markets().names.get(word.lower())
    if in_place is None and word.isalpha() and 1 <= len(word) <= 5:
        in_place = Named(word, AssetClass.EQUITY, sure=False)
    return in_place


def _level(raw: object) -> tuple[Decimal | None, Decimal | None]:
    """Give a price or a percentage: a plain number, or TradersPost's object with percent or a price."""
    if isinstance(raw, dict):
        lower = {str(k).lower(): v for k, v in raw.items()}
        percent = _number(lower.get("percent") or lower.get("trailpercent"))
        price = next((_number(lower[k]) for k in ("price", "limitprice", "stopprice") if k in lower), None)
        return price, percent
    if isinstance(raw, str) and raw.strip().endswith("%"):
        return None, _number(raw.strip()[:-1])
    return _number(raw), None


def _number(raw: object) -> Decimal | None:
    """Read a plain number; NaN, infinities, exponents, underscores and booleans are none."""
    if not isinstance(raw, str) or len(raw) > _MAX_NUMBER:
        return None
    bare = raw.strip().replace(",", "")
    if not bare.isascii() or bare.strip("0123456789.-"):
        return None
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None
