"""Read an order as Alpaca would, or refuse it with Alpaca's own status, code and words.

The codes are those of shared/reference/brokers.md section 1; the wording follows Alpaca's messages as far as
they are known, for clients match on parts of it.
"""

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.paper.engine import EngineRequest
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderClass, OrderType, Side, TimeInForce
from sim.alpaca import hours, listing, options
from sim.alpaca.state import ApiRefusal, World

_INVALID, _UNPROCESSABLE = 40010001, 42210000
_CLASSES = {"": OrderClass.SINGLE, "simple": OrderClass.SINGLE} | {
    kind.value: kind for kind in (OrderClass.BRACKET, OrderClass.OTO, OrderClass.OCO)
}
_COIN_TYPES = {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}


def read_order(body: Mapping[str, Any], world: World) -> EngineRequest:
    """Make an engine request of a body. Raises ApiRefusal."""
    instrument = _instrument(body, world)
    if instrument.asset_class is AssetClass.OPTION:
        options.check_body(body)
    kind = _choice(body, "type", OrderType)
    force = _choice(body, "time_in_force", TimeInForce)
    order_class = _CLASSES.get(str(body.get("order_class") or ""))
    if order_class is None:
        raise _wrong("invalid order_class")
    client = str(body.get("client_order_id") or uuid.uuid4())
    if len(client) > 128:
        raise _bad("client_order_id must be no more than 128 characters")
    take, stop = _part(body, "take_profit"), _part(body, "stop_loss")
    request = EngineRequest(
        client_order_id=client,
        instrument=instrument,
        side=_choice(body, "side", Side),
        order_type=kind,
        time_in_force=force,
        order_class=order_class,
        quantity=amount(body, "qty"),
        notional=amount(body, "notional"),
        limit_price=price(body, "limit_price", instrument),
        stop_price=price(body, "stop_price", instrument),
        trail_percent=amount(body, "trail_percent"),
        trail_amount=amount(body, "trail_price"),
        take_profit=price(take, "limit_price", instrument),
        stop_loss=price(stop, "stop_price", instrument),
        stop_loss_limit=price(stop, "limit_price", instrument),
        extended_hours=bool(body.get("extended_hours")),
    )
    _check(request)
    _check_hours(request, world)
    return request


def amount(body: Mapping[str, Any], name: str) -> Decimal | None:
    """Read a quantity or amount: text or a number, at most nine decimals."""
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise _bad(f"{name} must be a number") from None
    if isinstance(value, bool) or not found.is_finite():
        raise _bad(f"{name} must be a number")
    if found <= 0:
        raise _bad(f"{name} must be > 0")
    if found != round(found, 9):
        raise _wrong(f"{name} must be limited to 9 decimal places")
    return found


def price(body: Mapping[str, Any], name: str, instrument: Instrument) -> Decimal | None:
    """Read a price and check its step."""
    found = amount(body, name)
    if found is None or instrument.asset_class is AssetClass.CRYPTO:
        return found
    cents = found >= 1 or instrument.asset_class is AssetClass.OPTION
    if found % (Decimal("0.01") if cents else Decimal("0.0001")):
        raise _wrong(
            f"invalid {name} {body[name]}. sub-penny increment does not fulfill minimum pricing criteria"
        )
    return found


def check_sides(request: EngineRequest, bid: Decimal, ask: Decimal) -> None:
    """Refuse legs and stops on the wrong side of the price. Raises ApiRefusal."""
    buys = request.side is Side.BUY
    if request.order_class in {OrderClass.BRACKET, OrderClass.OTO}:
        base = request.limit_price or request.stop_price or (ask if buys else bid)
        _check_leg("take_profit.limit_price", request.take_profit, base, above=buys)
        _check_leg("stop_loss.stop_price", request.stop_loss, base, above=not buys)
    elif request.order_type in {OrderType.STOP, OrderType.STOP_LIMIT} and request.stop_price is not None:
        if buys and request.stop_price <= bid:
            raise _wrong("stop price must be greater than current price")
        if not buys and request.stop_price >= ask:
            raise _wrong("stop price must be less than current price")


def _check_leg(name: str, value: Decimal | None, base: Decimal, *, above: bool) -> None:
    cent = Decimal("0.01")
    if value is None:
        return
    if above and value < base + cent:
        raise _wrong(f"{name} must be >= base_price + 0.01", base_price=str(base))
    if not above and value > base - cent:
        raise _wrong(f"{name} must be <= base_price - 0.01", base_price=str(base))


def _instrument(body: Mapping[str, Any], world: World) -> Instrument:
    symbol = str(body.get("symbol") or "")
    if body.get("order_class") == "mleg":
        raise ApiRefusal(403, 40310000, "submit mleg order is disabled")
    if not symbol:
        raise _bad("symbol is required")
    if listing.is_option(symbol):
        return options.instrument(symbol, world)
    if not world.market.exists(symbol):
        raise _bad(f'asset "{symbol}" not found')
    instrument = world.market.instrument(symbol)
    if not instrument.tradable:
        raise _wrong(f"asset {symbol} is not tradable")
    return instrument


def _choice(body: Mapping[str, Any], name: str, kind: Any) -> Any:
    value = body.get(name)
    if not value:
        raise _bad(f"{name} is required")
    try:
        return kind(value)
    except ValueError:
        raise _bad(f"invalid {name}") from None


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name) or {}
    if not isinstance(part, dict):
        raise _bad(f"{name} must be an object")
    return part


def _check(request: EngineRequest) -> None:
    if (request.quantity is None) == (request.notional is None):
        raise _bad("one of qty or notional is required")
    _check_prices(request)
    if request.instrument.asset_class is AssetClass.CRYPTO:
        _check_coin(request)
    elif request.instrument.asset_class is AssetClass.OPTION:
        options.check(request)
    else:
        _check_stock(request)
    if request.order_class is not OrderClass.SINGLE:
        _check_legs(request)


def _check_prices(request: EngineRequest) -> None:
    kind, limit, stop = request.order_type, request.limit_price, request.stop_price
    if kind is OrderType.MARKET and (limit or stop):
        raise _wrong("market orders require no stop or limit price")
    if kind is OrderType.LIMIT and limit is None and request.order_class is not OrderClass.OCO:
        raise _wrong("limit orders require limit price")
    if kind is OrderType.LIMIT and stop:
        raise _wrong("limit orders require no stop price")
    if kind is OrderType.STOP and (stop is None or limit):
        raise _wrong("stop orders require stop price and no limit price")
    if kind is OrderType.STOP_LIMIT and (stop is None or limit is None):
        raise _wrong("stop limit orders require both stop and limit price")
    trails = (request.trail_amount is not None) + (request.trail_percent is not None)
    if trails != (kind is OrderType.TRAILING_STOP):
        raise _wrong("trailing stop orders must specify one of trail_price or trail_percent")


def _check_hours(request: EngineRequest, world: World) -> None:
    """Refuse an order for the opening or the close where it comes too late for that (docs: Time in Force)."""
    if world.always_open:
        return
    last = {TimeInForce.OPG: "9:28am", TimeInForce.CLS: "3:50pm"}.get(request.time_in_force)
    if last is not None and not hours.takes_auction(world.clock.now(), opening=last == "9:28am"):
        raise _wrong(f"{request.time_in_force.value} orders must be submitted after 7:00pm and before {last}")


def _check_coin(request: EngineRequest) -> None:
    if request.order_class is not OrderClass.SINGLE:
        raise _wrong("crypto orders not allowed for advanced order_class: otoco")
    if request.time_in_force not in {TimeInForce.GTC, TimeInForce.IOC}:
        raise _wrong("invalid crypto time_in_force")
    if request.order_type not in _COIN_TYPES:
        raise _wrong("invalid order type for crypto order")
    if request.extended_hours:
        raise _wrong("crypto orders must not be extended hours")


def _check_stock(request: EngineRequest) -> None:
    day = request.time_in_force is TimeInForce.DAY
    if request.notional is not None and not (request.order_type is OrderType.MARKET and day):
        raise _wrong("notional orders must be market DAY orders")
    part = request.notional is not None or (request.quantity or 0) % 1 != 0
    if part and not request.instrument.fractionable:
        raise _wrong(f"asset {request.instrument.symbol} is not fractionable")
    if part and not day:
        raise _wrong("fractional orders must be DAY orders")
    if part and request.order_class is not OrderClass.SINGLE:
        raise _wrong("fractional orders must be simple orders")
    if request.extended_hours and not (request.order_type is OrderType.LIMIT and day):
        raise _wrong("extended hours order must be DAY limit orders")


def _check_legs(request: EngineRequest) -> None:
    kind = request.order_class
    if request.time_in_force not in {TimeInForce.DAY, TimeInForce.GTC}:
        raise _wrong("complex orders must be DAY or GTC orders")
    if request.extended_hours:
        raise _wrong("extended hours order must be simple orders")
    if kind is OrderClass.OTO and (request.take_profit is None) == (request.stop_loss is None):
        raise _wrong("oto orders require either take_profit or stop_loss")
    if kind is OrderClass.OTO:
        return
    if request.take_profit is None and not (kind is OrderClass.OCO and request.limit_price):
        raise _wrong(f"{kind.value} orders require take_profit.limit_price")
    if request.stop_loss is None:
        raise _wrong(f"{kind.value} orders require stop_loss.stop_price")
    if kind is OrderClass.OCO and request.order_type is not OrderType.LIMIT:
        raise _wrong("oco orders must be limit orders")


def _bad(message: str) -> ApiRefusal:
    return ApiRefusal(422, _INVALID, message)


def _wrong(message: str, **extra: Any) -> ApiRefusal:
    return ApiRefusal(422, _UNPROCESSABLE, message, **extra)
