"""Read Schwab's JSON into the project's values. The odd raises ValueError or KeyError; see ``Foreign``."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapters.kit.errors import Errors
from adapters.schwab import symbols, texts
from adapters.schwab.errors import refusal
from adapters.schwab.manifest import MANIFEST
from domain.instruments import AssetClass, Instrument, OptionContract
from domain.money import ZERO
from domain.orders import Fill, LegRole, OrderReport, OrderState, OrderType, Side
from domain.portfolio import AccountState, Position, Quote

Json = Mapping[str, Any]
ClientOf = Callable[[str], str | None]

HELD = "AWAITING_PARENT_ORDER"
REPLACED = "REPLACED"
# Every status of the SDK's Client.Order.Status but UNKNOWN, which is what it says.
STATES = {
    HELD: OrderState.WORKING,
    "AWAITING_CONDITION": OrderState.WORKING,
    "AWAITING_STOP_CONDITION": OrderState.WORKING,
    "AWAITING_MANUAL_REVIEW": OrderState.WORKING,
    "AWAITING_UR_OUT": OrderState.WORKING,
    "AWAITING_RELEASE_TIME": OrderState.WORKING,
    "ACCEPTED": OrderState.WORKING,
    "NEW": OrderState.WORKING,
    "PENDING_ACTIVATION": OrderState.WORKING,
    "PENDING_ACKNOWLEDGEMENT": OrderState.WORKING,
    "PENDING_CANCEL": OrderState.WORKING,
    "PENDING_REPLACE": OrderState.WORKING,
    "PENDING_RECALL": OrderState.WORKING,
    "QUEUED": OrderState.WORKING,
    "WORKING": OrderState.WORKING,
    REPLACED: OrderState.CANCELLED,
    "CANCELED": OrderState.CANCELLED,
    "FILLED": OrderState.FILLED,
    "EXPIRED": OrderState.EXPIRED,
    "REJECTED": OrderState.REJECTED,
}
TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP": OrderType.STOP,
    "STOP_LIMIT": OrderType.STOP_LIMIT,
    "TRAILING_STOP": OrderType.TRAILING_STOP,
    # Never sent from here, but members place them by hand.
    "TRAILING_STOP_LIMIT": OrderType.TRAILING_STOP,
    "MARKET_ON_CLOSE": OrderType.MARKET,
    "LIMIT_ON_CLOSE": OrderType.LIMIT,
}
SIDES = {
    "BUY": Side.BUY,
    "BUY_TO_COVER": Side.BUY,
    "BUY_TO_OPEN": Side.BUY,
    "BUY_TO_CLOSE": Side.BUY,
    "SELL": Side.SELL,
    "SELL_SHORT": Side.SELL,
    "SELL_SHORT_EXEMPT": Side.SELL,
    "SELL_TO_OPEN": Side.SELL,
    "SELL_TO_CLOSE": Side.SELL,
}
_CLASSES = {
    "EQUITY": AssetClass.EQUITY,
    "ETF": AssetClass.EQUITY,
    "COLLECTIVE_INVESTMENT": AssetClass.EQUITY,
    "OPTION": AssetClass.OPTION,
}
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_HALTED = frozenset({"halted", "deleted"})
_PLACES = Decimal("1e-10")


class Foreign(Exception):
    """Say that this is nothing this bot trades: several legs at once, a fund, a bond."""


def number(value: object) -> Decimal:
    """Read an amount: the parser gives Decimal for fractions; text and whole numbers are taken too."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("not an exact number")
    result = Decimal(value) if not isinstance(value, str) else Decimal(value.strip() or "x")
    if not result.is_finite():
        raise ValueError("not a finite number")
    return result


def maybe(value: object) -> Decimal | None:
    """Read an amount that may be missing."""
    return None if value is None or value == "" else number(value)


def moment(value: object) -> datetime:
    """Read a time such as 2026-03-02T15:00:00+0000."""
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


def symbol_of(raw: Json) -> str:
    """Give our symbol of an instrument. Raises Foreign."""
    kind = class_of(raw)
    if kind is AssetClass.OPTION:
        return OptionContract.from_occ(str(raw["symbol"])).occ
    return symbols.plain_stock(str(raw["symbol"]))


def class_of(raw: Json) -> AssetClass:
    """Give the class of an instrument. Raises Foreign."""
    kind = _CLASSES.get(str(raw.get("assetType")))
    if kind is None:
        raise Foreign
    return kind


def is_container(raw: Json) -> bool:
    """Tell an OCO, which holds two orders and is none itself."""
    return raw.get("orderStrategyType") == "OCO" and not raw.get("orderLegCollection")


def report(raw: Json, client_of: ClientOf, parent: str | None = None) -> OrderReport:
    """Read one order with its legs. An OCO is read as its target with the stop as its leg."""
    key = str(raw["orderId"])
    if is_container(raw):
        return _oco(raw, key, client_of)
    legs: list[OrderReport] = []
    for child in raw.get("childOrderStrategies") or ():
        inner = child["childOrderStrategies"] if is_container(child) else [child]
        legs += [report(leg, client_of, key) for leg in inner]
    return replace(_one(raw, key, client_of), legs=tuple(legs), **_place(raw, parent))


def _oco(raw: Json, key: str, client_of: ClientOf) -> OrderReport:
    target, stop = oco_parts(raw)
    main = replace(_one(target, key, client_of), role=LegRole.TAKE_PROFIT)
    return replace(main, legs=(report(stop, client_of, key),))


def oco_parts(raw: Json) -> tuple[Json, Json]:
    """Give the target and the stop of an OCO. Raises Foreign for any other pair."""
    children = raw["childOrderStrategies"]
    stops = [c for c in children if TYPES.get(str(c.get("orderType"))) in _STOPS]
    targets = [c for c in children if TYPES.get(str(c.get("orderType"))) is OrderType.LIMIT]
    if len(children) != 2 or len(stops) != 1 or len(targets) != 1:
        raise Foreign
    return targets[0], stops[0]


def _place(raw: Json, parent: str | None) -> dict[str, Any]:
    if parent is None:
        return {}
    stop = TYPES.get(str(raw.get("orderType"))) in _STOPS
    role = LegRole.STOP_LOSS if stop else LegRole.TAKE_PROFIT
    return {"role": role, "parent_id": parent, "held": raw["status"] == HELD}


def _one(raw: Json, key: str, client_of: ClientOf) -> OrderReport:
    legs = raw["orderLegCollection"]
    if len(legs) != 1 or str(raw["orderType"]) not in TYPES:
        raise Foreign
    leg, status = legs[0], str(raw["status"])
    if status not in STATES:
        raise ValueError("an order status nobody has heard of")
    filled = maybe(raw.get("filledQuantity")) or ZERO
    state = STATES[status]
    if state is OrderState.WORKING and filled > ZERO:
        state = OrderState.PARTIALLY_FILLED
    fills = _fills(raw, key)
    whole = sum((f.quantity for f in fills), ZERO) == filled
    value = sum((f.quantity * f.price for f in fills), ZERO)
    return OrderReport(
        broker_order_id=key,
        client_order_id=client_of(key),
        state=state,
        symbol=symbol_of(leg["instrument"]),
        side=SIDES[leg["instruction"]],
        order_type=TYPES[str(raw["orderType"])],
        quantity=maybe(raw.get("quantity")) or number(leg["quantity"]),
        filled_quantity=filled,
        average_price=(value / filled).quantize(_PLACES).normalize() + 0 if filled and whole else None,
        limit_price=maybe(raw.get("price")),
        stop_price=maybe(raw.get("stopPrice")),
        at=max((moment(raw["enteredTime"]), *_times(raw, fills))),
        fills=fills if whole else (),
        reason=_reason(raw) if state is OrderState.REJECTED else "",
    )


def _fills(raw: Json, key: str) -> tuple[Fill, ...]:
    """Read executions. Schwab numbers activities; where it does not, their place does."""
    found = []
    for i, activity in enumerate(raw.get("orderActivityCollection") or ()):
        if activity.get("activityType") != "EXECUTION" or activity.get("executionType", "FILL") != "FILL":
            continue
        name = activity.get("activityId") or i
        for j, leg in enumerate(activity["executionLegs"]):
            fill = Fill(
                id=f"{key}/{name}/{j}",
                broker_order_id=key,
                quantity=number(leg["quantity"]),
                price=number(leg["price"]),
                at=moment(leg["time"]),
            )
            found.append(fill)
    return tuple(found)


def _times(raw: Json, fills: tuple[Fill, ...]) -> list[datetime]:
    closed = [moment(raw["closeTime"])] if raw.get("closeTime") else []
    return closed + [f.at for f in fills]


def _reason(raw: Json) -> str:
    errors = Errors(broker=MANIFEST.slug, operation="order")
    return refusal(str(raw.get("statusDescription") or ""), errors).text


def account(raw: Json) -> AccountState:
    """Read the account's money. There is no paper here."""
    held = raw["securitiesAccount"]
    now = held["currentBalances"]
    power = next(
        now[k] for k in ("buyingPower", "cashAvailableForTrading", "availableFunds") if now.get(k) is not None
    )
    return AccountState(
        number_masked=mask(str(held["accountNumber"])),
        cash=number(now["cashBalance"]),
        equity=number(now["liquidationValue"]),
        buying_power=number(power),
        paper=False,
        restricted=texts.CLOSING_ONLY if held.get("isClosingOnlyRestricted") else "",
    )


def mask(account_number: str) -> str:
    """Show the last four characters of an account number."""
    return "…" + account_number[-4:]


def position(raw: Json) -> Position:
    """Read one position. Raises Foreign."""
    instrument = bare_instrument(raw["instrument"])
    quantity = (maybe(raw.get("longQuantity")) or ZERO) - (maybe(raw.get("shortQuantity")) or ZERO)
    value = maybe(raw.get("marketValue"))
    mark = None if value is None or not quantity else value / quantity / instrument.multiplier
    average = maybe(raw.get("averagePrice")) or maybe(raw.get("averageLongPrice")) or ZERO
    return Position(instrument=instrument, quantity=quantity, average_price=average, mark=mark)


def bare_instrument(raw: Json) -> Instrument:
    """Describe an instrument when only its symbol and class are known. Raises Foreign."""
    kind, symbol = class_of(raw), symbol_of(raw)
    if kind is AssetClass.OPTION:
        return option_instrument(OptionContract.from_occ(symbol))
    return Instrument(
        symbol=symbol,
        asset_class=kind,
        broker_symbol=str(raw["symbol"]),
        name=str(raw.get("description") or ""),
    )


def option_instrument(contract: OptionContract) -> Instrument:
    """Describe an ordinary option."""
    return Instrument(
        symbol=contract.occ,
        asset_class=AssetClass.OPTION,
        broker_symbol=symbols.option(contract),
        multiplier=Decimal(100),
        option=contract,
    )


def instrument(raw: Json, contract: OptionContract | None) -> Instrument:
    """Read the instrument behind a quote. Raises Foreign."""
    kind = class_of({"assetType": raw.get("assetMainType")})
    if (kind is AssetClass.OPTION) is not (contract is not None):
        raise Foreign
    about = raw.get("reference") or {}
    tradable = str((raw.get("quote") or {}).get("securityStatus") or "").lower() not in _HALTED
    name = str(about.get("description") or "")
    if contract is not None:
        multiplier = maybe(about.get("multiplier")) or Decimal(100)
        return replace(option_instrument(contract), name=name, tradable=tradable, multiplier=multiplier)
    return Instrument(
        symbol=symbols.plain_stock(str(raw["symbol"])),
        asset_class=kind,
        broker_symbol=str(raw["symbol"]),
        name=name,
        tradable=tradable,
        shortable=bool(about.get("isShortable")) and not about.get("isHardToBorrow"),
    )


def quote(symbol: str, raw: Json) -> Quote | None:
    """Read a bid and an ask; None when one side is missing, which Schwab writes as 0."""
    now = raw["quote"]
    bid, ask = maybe(now.get("bidPrice")) or ZERO, maybe(now.get("askPrice")) or ZERO
    if bid <= ZERO or ask <= ZERO:
        return None
    at = datetime.fromtimestamp(int(now["quoteTime"]) / 1000, UTC)
    return Quote(symbol=symbol, bid=bid, ask=ask, at=at)
