"""Read an order as Schwab would: a malformed one is a 400 at once, one that cannot be is rejected later."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.paper.engine import EngineRequest
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderClass, OrderType, Side, TimeInForce
from sim.market import Market
from sim.schwab.state import ApiRefusal, Json

DURATIONS = {
    "DAY": TimeInForce.DAY,
    "GOOD_TILL_CANCEL": TimeInForce.GTC,
    "FILL_OR_KILL": TimeInForce.FOK,
    "IMMEDIATE_OR_CANCEL": TimeInForce.IOC,
}
SESSIONS = {"NORMAL", "AM", "PM", "SEAMLESS"}
TYPES = {kind.value.upper(): kind for kind in OrderType}
WORDS = {
    ("EQUITY", "BUY"): (Side.BUY, False),
    ("EQUITY", "SELL"): (Side.SELL, True),
    ("EQUITY", "SELL_SHORT"): (Side.SELL, False),
    ("EQUITY", "BUY_TO_COVER"): (Side.BUY, True),
    ("OPTION", "BUY_TO_OPEN"): (Side.BUY, False),
    ("OPTION", "SELL_TO_CLOSE"): (Side.SELL, True),
    ("OPTION", "SELL_TO_OPEN"): (Side.SELL, False),
    ("OPTION", "BUY_TO_CLOSE"): (Side.BUY, True),
}
"""Instructions by asset type: the side, and whether a position must be there to be closed."""


class Unfit(Exception):
    """Say why an order is taken and then rejected."""


def read_order(body: Mapping[str, Any], market: Market) -> EngineRequest:
    """Make an engine request of a body. Raises ApiRefusal, or Unfit for an order that is rejected later."""
    kind = body.get("orderStrategyType")
    children = body.get("childOrderStrategies") or []
    if kind == "SINGLE" and not children:
        return _single(body, market)
    if kind == "OCO" and len(children) == 2 and not body.get("orderLegCollection"):
        return _oco(*(_single(child, market) for child in children))
    if kind == "TRIGGER" and len(children) == 1:
        return _trigger(_single(body, market), children[0], market)
    raise ApiRefusal(400, "orderStrategyType and childOrderStrategies do not fit each other")


def durations(body: Mapping[str, Any]) -> dict[OrderType, str]:
    """Give how long each order inside a composed one is good for, by its type."""
    found: dict[OrderType, str] = {}
    for child in body.get("childOrderStrategies") or ():
        found |= durations(child)
        if "orderType" in child:
            found[TYPES[child["orderType"]]] = child["duration"]
    return found


def _single(body: Mapping[str, Any], market: Market) -> EngineRequest:
    leg, instrument = _leg(body)
    if body.get("session") not in SESSIONS:
        raise ApiRefusal(400, "session is invalid")
    force, kind = DURATIONS.get(str(body.get("duration"))), TYPES.get(str(body.get("orderType")))
    if force is None or kind is None:
        raise ApiRefusal(400, "duration or orderType is invalid")
    side, closes = WORDS.get((instrument["assetType"], leg["instruction"]), (None, False))
    if side is None:
        raise ApiRefusal(400, "instruction is invalid for this assetType")
    request = EngineRequest(
        client_order_id=str(uuid.uuid4()),
        instrument=_instrument(instrument, market),
        side=side,
        order_type=kind,
        time_in_force=force,
        quantity=_whole(leg.get("quantity")),
        limit_price=_price(body, "price"),
        stop_price=_price(body, "stopPrice"),
        reduce_only=closes,
        extended_hours=body["session"] != "NORMAL",
        **_trail(body, kind),
    )
    _check_prices(request)
    return request


def _leg(body: Mapping[str, Any]) -> tuple[Json, Json]:
    legs = body.get("orderLegCollection")
    if not isinstance(legs, list) or len(legs) != 1 or not isinstance(legs[0], dict):
        raise ApiRefusal(400, "orderLegCollection must hold one leg")
    instrument = legs[0].get("instrument")
    if not isinstance(instrument, dict) or not instrument.get("symbol"):
        raise ApiRefusal(400, "instrument is invalid")
    if instrument.get("assetType") not in {"EQUITY", "OPTION"} or "instruction" not in legs[0]:
        raise ApiRefusal(400, "assetType or instruction is invalid")
    return legs[0], instrument


def plain(symbol: str) -> str:
    """Read Schwab's symbol: BRK/B, and options with a padded root."""
    return symbol.replace("/", ".").replace(" ", "")


def known(symbol: str, market: Market) -> Instrument | None:
    """Find what a symbol of Schwab's names; an option must be padded as OSI says."""
    name = plain(symbol)
    if "." in symbol or not market.exists(name):
        return None
    found = market.instrument(name)
    if found.asset_class is AssetClass.CRYPTO:
        return None
    padded = found.option is None or symbol == f"{found.option.underlying:<6}{name[-15:]}"
    return found if padded else None


def _instrument(raw: Json, market: Market) -> Instrument:
    found = known(str(raw["symbol"]), market)
    wanted = AssetClass.OPTION if raw["assetType"] == "OPTION" else AssetClass.EQUITY
    if found is None or found.asset_class is not wanted:
        raise Unfit(f"Invalid symbol {raw['symbol']}")
    if not found.tradable:
        raise Unfit("This security is not eligible for trading")
    return replace(found, quantity_increment=Decimal(1), fractionable=False)


def _whole(value: object) -> Decimal:
    found = _number(value, "quantity")
    if found <= 0 or found % 1:
        raise ApiRefusal(400, "quantity must be a whole number above zero")
    return found


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ApiRefusal(400, f"{name} must be a number")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise ApiRefusal(400, f"{name} must be a number") from None
    if not found.is_finite():
        raise ApiRefusal(400, f"{name} must be a number")
    return found


def _price(body: Mapping[str, Any], name: str) -> Decimal | None:
    value = body.get(name)
    if value is None:
        return None
    # Text or a number: of the vendor's own samples one has numbers, and the others have text.
    found = _number(value, name)
    step = Decimal("0.01") if found >= 1 else Decimal("0.0001")
    if found <= 0 or found % step:
        raise ApiRefusal(400, f"{name} has too many decimal places")
    return found


def _trail(body: Mapping[str, Any], kind: OrderType) -> dict[str, Any]:
    offset = body.get("stopPriceOffset")
    if (offset is not None) is not (kind is OrderType.TRAILING_STOP):
        raise ApiRefusal(400, "stopPriceOffset belongs to trailing stops")
    if offset is None:
        return {}
    if body.get("stopPriceLinkBasis") is None or isinstance(offset, str):
        raise ApiRefusal(400, "stopPriceLinkBasis or stopPriceOffset is invalid")
    name = {"PERCENT": "trail_percent", "VALUE": "trail_amount"}.get(str(body.get("stopPriceLinkType")))
    if name is None:
        raise ApiRefusal(400, "stopPriceLinkType is invalid")
    return {name: _number(offset, "stopPriceOffset")}


def _check_prices(request: EngineRequest) -> None:
    kind = request.order_type
    limited, stopped = request.limit_price is not None, request.stop_price is not None
    if limited is not (kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}):
        raise ApiRefusal(400, f"price does not fit orderType {kind.value.upper()}")
    if stopped is not (kind in {OrderType.STOP, OrderType.STOP_LIMIT}):
        raise ApiRefusal(400, f"stopPrice does not fit orderType {kind.value.upper()}")


def _halves(one: EngineRequest, two: EngineRequest) -> tuple[EngineRequest, EngineRequest]:
    target, stop = (one, two) if one.order_type is OrderType.LIMIT else (two, one)
    if target.order_type is not OrderType.LIMIT or stop.stop_price is None:
        raise ApiRefusal(400, "an OCO here holds a limit order and a stop order")
    return target, stop


def _oco(one: EngineRequest, two: EngineRequest) -> EngineRequest:
    target, stop = _halves(one, two)
    if (target.side, target.quantity, target.instrument) != (stop.side, stop.quantity, stop.instrument):
        raise ApiRefusal(400, "the two orders of an OCO do not fit each other")
    return replace(
        target,
        order_class=OrderClass.OCO,
        take_profit=target.limit_price,
        stop_loss=stop.stop_price,
        stop_loss_limit=stop.limit_price,
    )


def _trigger(entry: EngineRequest, child: Mapping[str, Any], market: Market) -> EngineRequest:
    legs = child.get("childOrderStrategies") or [] if child.get("orderStrategyType") == "OCO" else [child]
    parts = [_single(leg, market) for leg in legs]
    for part in parts:
        if part.side is entry.side or part.quantity != entry.quantity or not part.reduce_only:
            raise Unfit("A triggered order must close what its first order opens")
    target: EngineRequest | None = None
    stop: EngineRequest | None = None
    if len(parts) == 2:
        target, stop = _halves(*parts)
    elif parts[0].order_type is OrderType.LIMIT:
        target = parts[0]
    else:
        stop = parts[0]
    return replace(
        entry,
        order_class=OrderClass.BRACKET if len(parts) == 2 else OrderClass.OTO,
        take_profit=None if target is None else target.limit_price,
        stop_loss=None if stop is None else stop.stop_price,
        stop_loss_limit=None if stop is None else stop.limit_price,
    )
