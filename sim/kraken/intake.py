"""Read an order as Kraken would, or refuse it with Kraken's own codes.

Parameters and rules: docs.kraken.com/api/docs/rest-api/add-order; codes: support.kraken.com, "API error
messages". The order of the checks is our guess.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.paper.engine import EngineOrder, EngineRequest
from domain.instruments import Instrument
from domain.orders import OrderType, Side, TimeInForce
from sim.kraken import names
from sim.kraken.state import ApiRefusal, World

TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop-loss": OrderType.STOP,
    "stop-loss-limit": OrderType.STOP_LIMIT,
    "trailing-stop": OrderType.TRAILING_STOP,
}
_PARAMS = frozenset(
    {"nonce", "ordertype", "type", "pair", "volume", "price", "price2", "oflags", "timeinforce", "deadline"}
    | {"cl_ord_id", "validate", "trigger"}
)
"""What an order may say here: no userref, no later start, no date of its end, no leverage."""
_CLIENT = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|[\x20-\x7e]{1,18}"
)


def read_order(form: Mapping[str, Any], world: World) -> EngineRequest:
    """Make an engine request of a form. Raises ApiRefusal."""
    unknown = set(form) - _PARAMS
    if unknown:
        raise ApiRefusal("EGeneral:Invalid arguments")
    instrument = _pair(form, world)
    kind = TYPES.get(str(form.get("ordertype")))
    if kind is None:
        raise ApiRefusal("EGeneral:Invalid arguments:ordertype")
    if form.get("type") not in {"buy", "sell"}:
        raise ApiRefusal("EGeneral:Invalid arguments:type")
    client = str(form.get("cl_ord_id") or "")
    if client and not _CLIENT.fullmatch(client):
        raise ApiRefusal("EGeneral:Invalid arguments:cl_ord_id")
    if str(form.get("trigger") or "last") not in {"last", "index"}:
        raise ApiRefusal("EGeneral:Invalid arguments:trigger")
    _deadline(form, world)
    volume = _volume(form, instrument)
    limit, stop, trail = _prices(form, kind, instrument)
    percent = trail.endswith("%")
    return EngineRequest(
        # Kraken lets an id be used again; the engine does not, so that it gets one of its own.
        client_order_id=str(uuid.uuid4()),
        instrument=instrument,
        side=Side(str(form["type"])),
        order_type=kind,
        time_in_force=_force(form, kind),
        quantity=volume,
        limit_price=limit,
        stop_price=stop,
        trail_percent=Decimal(trail.strip("+%")) if trail and percent else None,
        trail_amount=Decimal(trail.strip("+")) if trail and not percent else None,
    )


def offset(form: Mapping[str, Any]) -> int:
    """Read where a page begins. Raises ApiRefusal."""
    text = str(form.get("ofs") or 0)
    if not text.isdecimal():
        raise ApiRefusal("EGeneral:Invalid arguments:ofs")
    return int(text)


def times(form: Mapping[str, Any]) -> Callable[[EngineOrder], bool]:
    """Read from when to when closed orders are asked for, and by which time. Raises ApiRefusal."""
    by = str(form.get("closetime") or "both")
    if by not in {"open", "close", "both"}:
        raise ApiRefusal("EGeneral:Invalid arguments:closetime")
    start, end = (_second(form, name) for name in ("start", "end"))

    def inside(order: EngineOrder) -> bool:
        at = Decimal((order.created_at if by == "open" else order.updated_at).timestamp())
        return (start is None or at >= start) and (end is None or at <= end)

    return inside


def _second(form: Mapping[str, Any], name: str) -> Decimal | None:
    return amount(form[name], name) if form.get(name) else None


def amount(text: object, name: str) -> Decimal:
    """Read a number. Raises ApiRefusal."""
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        raise ApiRefusal(f"EGeneral:Invalid arguments:{name}") from None
    if not found.is_finite() or found <= 0:
        raise ApiRefusal(f"EGeneral:Invalid arguments:{name}")
    return found


def step(value: Decimal, instrument: Instrument) -> Decimal:
    """Check a price against its decimals. Raises ApiRefusal."""
    places = names.decimals(instrument)
    if value != round(value, places):
        what = f"{names.altname(instrument)} price can only be specified up to {places} decimals."
        raise ApiRefusal(f"EOrder:Invalid price:{what}")
    return value


def lot(value: Decimal, instrument: Instrument) -> Decimal:
    """Check a volume against lot and minimum. Raises ApiRefusal."""
    if value != round(value, names.LOT):
        raise ApiRefusal("EGeneral:Invalid arguments:volume")
    if value < instrument.min_quantity:
        raise ApiRefusal("EGeneral:Invalid arguments:volume minimum not met")
    return value


def _pair(form: Mapping[str, Any], world: World) -> Instrument:
    found = names.find(world.market, str(form.get("pair") or ""))
    if found is None:
        raise ApiRefusal("EQuery:Unknown asset pair")
    if found.symbol in world.halted:
        raise ApiRefusal("EService:Market in cancel_only mode")
    return found


def _volume(form: Mapping[str, Any], instrument: Instrument) -> Decimal:
    flags = set(filter(None, str(form.get("oflags") or "").split(",")))
    if flags - {"fciq", "fcib", "post", "nompp"}:
        raise ApiRefusal("EGeneral:Invalid arguments:oflags")
    return lot(amount(form.get("volume"), "volume"), instrument)


def _deadline(form: Mapping[str, Any], world: World) -> None:
    text, now = str(form.get("deadline") or ""), world.clock.now()
    if not text:
        return
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ApiRefusal("EGeneral:Invalid arguments:deadline") from None
    if at > now + timedelta(seconds=60):
        raise ApiRefusal("EGeneral:Invalid arguments:deadline")
    if at < now:
        raise ApiRefusal("EService:Deadline elapsed")


def _prices(
    form: Mapping[str, Any], kind: OrderType, instrument: Instrument
) -> tuple[Decimal | None, Decimal | None, str]:
    first, second = str(form.get("price") or ""), str(form.get("price2") or "")
    if (kind is OrderType.MARKET and first) or (kind is not OrderType.STOP_LIMIT and second):
        raise ApiRefusal("EGeneral:Invalid arguments:price")
    if kind is OrderType.MARKET:
        return None, None, ""
    if kind is OrderType.TRAILING_STOP:
        if not first.startswith("+"):
            raise ApiRefusal("EGeneral:Invalid arguments:price")
        amount(first.strip("+%"), "price")
        return None, None, first
    price = step(amount(first, "price"), instrument)
    if kind is OrderType.LIMIT:
        return price, None, ""
    if kind is OrderType.STOP:
        return None, price, ""
    return step(amount(second, "price2"), instrument), price, ""


def _force(form: Mapping[str, Any], kind: OrderType) -> TimeInForce:
    text = str(form.get("timeinforce") or "GTC")
    if text not in {"GTC", "IOC"} or (text == "IOC" and kind is not OrderType.LIMIT):
        raise ApiRefusal("EGeneral:Invalid arguments:timeinforce")
    return TimeInForce(text.lower())
