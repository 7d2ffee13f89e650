"""Read TradingView-style JSON: the keys of the common alert templates."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.errors import InvalidValue
from domain.instruments import AssetClass, OptionContract, OptionRight
from domain.signals import Reading, ReadingKind
from signals import instruments
from signals.build import Draft, nothing
from signals.checks import wrong_side
from signals.context import Context
from signals.instruments import Named
from signals.positions import same_symbol

_KEYS = {
    "symbol": ("ticker", "symbol", "pair", "instrument", "asset"),
    "action": ("action", "side", "order", "signal", "direction", "orderaction", "strategyorderaction", "cmd"),
    "price": ("limitprice", "price", "signalprice", "entry", "entryprice", "orderprice", "close"),
    "stop": ("sl", "stop", "stoploss", "stoplossprice", "slprice"),
    "targets": ("tp", "takeprofit", "takeprofitprice", "target", "targets", "tps", "takeprofits", "tpprice"),
    "quantity": ("quantity", "qty", "contracts", "ordercontracts", "size", "shares", "amount", "volume"),
    "order_type": ("ordertype", "type"),
    "sentiment": ("sentiment", "marketposition", "position"),
    "leverage": ("leverage", "lev"),
    "quantity_type": ("quantitytype", "qtytype"),
    "right": ("optiontype", "right", "putcall", "callput"),
    "strike": ("strikeprice", "strike"),
    "expiry": ("expiration", "expiry", "expirationdate", "exp"),
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
_KINDS = {
    "exit": ReadingKind.EXIT, "add": ReadingKind.ADD, "cancel": ReadingKind.CANCEL, "trim": ReadingKind.TRIM,
    "breakeven": ReadingKind.UPDATE,
}  # fmt: skip
_MAX_NUMBER = 40
_WHOLE = Decimal(100)
_LONGEST_TICKER = 15
_MOST_ORDERS = 10
_CONTAINERS = frozenset(("strategy", "order", "signal", "data", "payload", "alert", "trade", "position"))
_RIGHTS = {"call": OptionRight.CALL, "c": OptionRight.CALL, "put": OptionRight.PUT, "p": OptionRight.PUT}
_ABSENT = (None, "", "null", "NaN", "na", "none", "market")


def read_payload(text: str, context: Context) -> Reading | str | None:
    """Read the JSON in folded ``text``; None where what stands in braces is no JSON at all.

    A string is the text of a message that the object carries (a webhook's ``content``), to be read as such.
    """
    start = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=0)
    last = text.rfind("}]") + 2 if text.startswith("[", start) else text.rfind("}") + 1
    bare = text[start : last if last > start + 1 else len(text)]
    if '"' not in bare or ":" not in bare:
        return None
    try:
        found = json.loads(bare, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return nothing("bad_payload")
    if isinstance(found, list) and 0 < len(found) <= _MOST_ORDERS:
        return _several([_object(one, context) for one in found])
    return _object(found, context)


def _several(readings: list[Reading | str]) -> Reading:
    """Join the readings of a list of objects; one that is no order makes the whole list none."""
    orders = [r for r in readings if isinstance(r, Reading) and r.kind is not ReadingKind.NONE]
    if len(orders) < len(readings):
        return nothing("bad_payload")
    return orders[0] if len(orders) == 1 else Reading(kind=ReadingKind.MULTI, signals=tuple(orders))


def _object(found: object, context: Context) -> Reading | str:
    if not isinstance(found, dict):
        return nothing("bad_payload")
    payload = _Payload(_flat(found))
    carried = _carried(found)
    if carried and payload.get("symbol") is None and payload.get("action") is None:
        return carried
    return payload.reading(context)


def _carried(found: dict[str, Any]) -> str:
    """Give the text a webhook's object carries: its content, then the titles and texts of its embeds."""
    parts = [found.get(key) for key in ("content", "text", "message")]
    embeds = found.get("embeds")
    for embed in embeds[:_MOST_ORDERS] if isinstance(embeds, list) else ():
        if isinstance(embed, dict):
            parts += [embed.get("title"), embed.get("description")]
    return "\n".join(part for part in parts if isinstance(part, str) and part.strip())


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """Bring the keys of ``strategy``, ``order`` and their like up; what stands above them goes first."""
    flat: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for raw, value in found.items():
        key = _key(raw)
        if isinstance(value, dict) and key in _CONTAINERS:
            inner |= {_key(name): one for name, one in value.items()}
        else:
            flat[key] = value
    return inner | flat


def _key(raw: str) -> str:
    return "".join(c for c in raw.lower() if c.isalnum())


class _Payload:
    """Look fields up by any of their usual keys."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def get(self, name: str) -> Any:
        """Give the first value found under any key of ``name``."""
        for key in _KEYS[name]:
            value = self.raw.get(key)
            if value not in _ABSENT:
                return value
        return None

    def reading(self, context: Context) -> Reading:
        """Read the object as an order, or as nothing with its reason."""
        named, contract = _instrument(self)
        action = self._action()
        if named is None:
            return nothing("no_symbol")
        if action is None:
            return nothing("no_instruction")
        if isinstance(contract, str):
            return nothing(contract)
        kind = _KINDS.get(action, ReadingKind.ENTRY)
        draft = Draft(kind)
        draft.put("symbol", named.symbol)
        draft.put("asset_class", AssetClass.OPTION if contract else named.asset_class)
        if contract is not None:
            draft.put("strike", contract.strike)
            draft.put("right", contract.right)
            draft.put("expiry", contract.expiry)
        if kind in {ReadingKind.EXIT, ReadingKind.CANCEL, ReadingKind.UPDATE, ReadingKind.TRIM}:
            return self._open_only(draft, named, context)
        side = "long" if action in {"buy", "add"} else "short"
        if contract is not None:
            draft.put("action", "BTO" if side == "long" else "STO")
        return self._entry(draft, side)

    def _open_only(self, draft: Draft, named: Named, context: Context) -> Reading:
        """Read what changes a position or an order, with how much of it."""
        opens = context.open_positions
        if draft.kind is not ReadingKind.CANCEL and opens is not None:
            held = next((one for one in opens if same_symbol(named.symbol, one)), None)
            if held is None:
                return nothing("not_open" if opens else "nothing_open")
        amount = _number(self.get("quantity"))
        percent = "percent" in str(self.get("quantity_type") or "").lower()
        if draft.kind is ReadingKind.EXIT and percent and amount is not None and 0 < amount < _WHOLE:
            draft.kind = ReadingKind.TRIM
            draft.put("fraction", (amount / _WHOLE).normalize())
        elif draft.kind in {ReadingKind.EXIT, ReadingKind.TRIM}:
            draft.put("fraction", Decimal(1) if draft.kind is ReadingKind.EXIT else None)
            draft.put("quantity", None if percent else amount)
        if draft.kind is ReadingKind.UPDATE:
            draft.put("stop_to", "breakeven")
        return draft.reading()

    def _action(self) -> str | None:
        raw = self.get("action")
        action = _ACTIONS.get(str(raw).strip().lower().replace(" ", "_").replace("-", "_")) if raw else None
        sentiment = str(self.get("sentiment") or "").lower()
        if action in {"buy", "sell"} and sentiment == "flat":
            return "exit"
        reduces = {"buy": "short", "sell": "long"}.get(action or "")
        if reduces is not None and sentiment == reduces and self.raw.get("marketposition") is not None:
            return "trim"
        if action == "sell":
            bearish = sentiment in {"bearish", "short"}
            protected = self.get("stop") is not None or self.get("targets") is not None
            return "short" if bearish or protected else "exit"
        return action

    def _entry(self, draft: Draft, side: str) -> Reading:
        draft.put("side", side)
        if any(_unreadable(self.get(name)) for name in ("price", "stop", "targets", "quantity", "leverage")):
            return nothing("bad_price")
        price = _number(self.get("price"))
        draft.put("price", price)
        kind = str(self.get("order_type") or "").lower()
        draft.put("order_type", _TYPES.get(kind) or (None if price else "market"))
        quantity_type = str(self.get("quantity_type") or "").lower()
        if not quantity_type or "fixed" in quantity_type or quantity_type in {"shares", "contracts"}:
            draft.put("quantity", _number(self.get("quantity")))
        if not self._protection(draft, side, price):
            return nothing("unsupported")
        leverage = _number(self.get("leverage"))
        draft.put("leverage", (leverage, leverage) if leverage else None)
        return self._checked(draft, side, price)

    def _protection(self, draft: Draft, side: str, price: Decimal | None) -> bool:
        """Set stop and targets; tell whether every one that is given could be read."""
        up = 1 if side == "long" else -1
        given = self.get("stop")
        stop, percent = _level(given, price, -up)
        draft.put("stop", stop)
        draft.put("stop_pct", percent)
        if "trail" in json.dumps(given, default=str).lower():
            draft.put("tags", ("TRAILING_STOP",))
        raw = self.get("targets")
        listed = [one for one in (raw if isinstance(raw, list) else [raw]) if one is not None]
        listed += [self.raw[key] for n in range(1, 11) for key in _numbered(n) if key in self.raw]
        pairs = [_level(one, price, up) for one in listed[:_MOST_ORDERS]]
        draft.put("targets", tuple(value for value, _ in pairs if value is not None))
        draft.put("targets_pct", tuple(percent for _, percent in pairs if percent is not None))
        read = all(value is not None or percent is not None for value, percent in pairs)
        return read and (given is None or stop is not None or percent is not None)

    def _checked(self, draft: Draft, side: str, price: Decimal | None) -> Reading:
        fields = draft.fields
        numbers = [price, fields.get("stop"), fields.get("quantity"), *fields.get("targets", ())]
        if any(n is not None and n <= 0 for n in numbers):
            return nothing("bad_price")
        failed = wrong_side(
            side, [price] if price else [], fields.get("stop"), list(fields.get("targets", ()))
        )
        return nothing(failed) if failed else draft.reading()


def _numbered(number: int) -> tuple[str, ...]:
    return (f"tp{number}", f"target{number}", f"takeprofit{number}", f"tp{number}price")


@dataclass(frozen=True, slots=True)
class _Contract:
    strike: Decimal
    right: OptionRight
    expiry: date | None


def _instrument(payload: _Payload) -> tuple[Named | None, _Contract | str | None]:
    """Give what is traded; for an option its contract, or the reason why it is none."""
    raw = payload.get("symbol")
    if isinstance(raw, str) and len(raw) > _LONGEST_TICKER:
        try:
            found = OptionContract.from_occ(raw.removeprefix("O:"))
        except InvalidValue:
            pass
        else:
            contract = _Contract(found.strike, found.right, found.expiry)
            return Named(found.underlying, AssetClass.EQUITY), contract
    named = _symbol(raw)
    given = [payload.get(name) for name in ("right", "strike", "expiry")]
    if given[0] is None and given[1] is None:
        return named, None
    right, strike = _RIGHTS.get(str(given[0]).lower()), _number(given[1])
    if right is None or strike is None or strike <= 0:
        return named, "contract_incomplete"
    try:
        expiry = None if given[2] is None else date.fromisoformat(str(given[2])[:10])
    except ValueError:
        return named, "impossible_date"
    return named, _Contract(strike, right, expiry)


def _unreadable(value: object) -> bool:
    """Tell a number that is given and cannot be read (``0x12``) from one that is absent or an object."""
    if value is None or isinstance(value, dict | list):
        return False
    return _level(value, None, 1) == (None, None)


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


def _level(raw: object, price: Decimal | None, way: int) -> tuple[Decimal | None, Decimal | None]:
    """Give a price or a percentage: a plain number, or TradersPost's object with percent, price or amount.

    ``amount`` is a distance from ``price``, upwards where ``way`` is 1 and downwards where it is -1.
    """
    if isinstance(raw, dict):
        lower = {str(k).lower(): v for k, v in raw.items()}
        percent = _number(lower.get("percent") or lower.get("trailpercent"))
        level = next((_number(lower[k]) for k in ("price", "limitprice", "stopprice") if k in lower), None)
        amount = _number(lower.get("amount"))
        if level is None and amount is not None and price is not None:
            level = price + way * amount
        return level, percent
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
