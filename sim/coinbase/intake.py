"""Read an order as Coinbase would, or refuse it with Coinbase's own reasons."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.paper.engine import EngineRequest
from domain.instruments import Instrument
from domain.orders import OrderType, Side, TimeInForce
from sim.coinbase.state import STEP, ApiRefusal, OrderRefusal, World

_LIMITS = {
    "limit_limit_gtc": TimeInForce.GTC,
    "sor_limit_ioc": TimeInForce.IOC,
    "limit_limit_fok": TimeInForce.FOK,
}
_UP, _DOWN = "STOP_DIRECTION_STOP_UP", "STOP_DIRECTION_STOP_DOWN"


def read_order(body: Mapping[str, Any], world: World) -> EngineRequest:
    """Make an engine request of a body. Raises ApiRefusal or OrderRefusal."""
    client = body.get("client_order_id")
    if not isinstance(client, str) or not 1 <= len(client) <= 128:
        raise ApiRefusal(400, "INVALID_ARGUMENT", "client_order_id is required")
    pair = world.pair(str(body.get("product_id")))
    if pair is None:
        raise OrderRefusal("INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID")
    if body.get("side") not in {"BUY", "SELL"}:
        raise OrderRefusal("INVALID_SIDE")
    if pair.symbol in world.disabled:
        raise OrderRefusal("ORDER_ENTRY_DISABLED")
    name, terms = _configuration(body)
    side = Side(str(body["side"]).lower())
    common: dict[str, Any] = {"client_order_id": client, "instrument": pair, "side": side}
    if name == "market_market_ioc":
        return EngineRequest(**common, **_market(terms, side, pair))
    size, limit = _size(terms, pair), _price(terms, "limit_price", pair)
    common |= {"quantity": size, "limit_price": limit}
    _check_post_only(terms, side, limit, world, pair)
    if name in _LIMITS:
        return EngineRequest(**common, order_type=OrderType.LIMIT, time_in_force=_LIMITS[name])
    stop = _price(terms, "stop_price", pair)
    _check_stop(terms, side, stop, world, pair)
    return EngineRequest(
        **common, order_type=OrderType.STOP_LIMIT, stop_price=stop, time_in_force=TimeInForce.GTC
    )


def amount(terms: Mapping[str, Any], name: str) -> Decimal | None:
    """Read an amount, which must be text: a JSON number is refused, as protobuf's strings do."""
    value = terms.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ApiRefusal(400, "INVALID_ARGUMENT", f"invalid value for string field {name}")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise ApiRefusal(400, "INVALID_ARGUMENT", f"invalid {name}") from None
    if not found.is_finite() or found <= 0:
        raise OrderRefusal("INVALID_REQUEST", f"PREVIEW_INVALID_{name.upper()}")
    return found


def check_size(size: Decimal, pair: Instrument) -> None:
    """Check a size against the steps of a pair. Raises OrderRefusal."""
    if size % STEP:
        raise OrderRefusal("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION")
    if size < pair.min_quantity:
        raise OrderRefusal("UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL")


def check_price(price: Decimal, pair: Instrument) -> None:
    """Check a price against the steps of a pair. Raises OrderRefusal."""
    if price % pair.price_increment:
        raise OrderRefusal("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION")


def _configuration(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    found = body.get("order_configuration")
    if not isinstance(found, dict) or len(found) != 1:
        raise ApiRefusal(400, "INVALID_ARGUMENT", "order_configuration is required")
    name, terms = next(iter(found.items()))
    known = {"market_market_ioc", "stop_limit_stop_limit_gtc", *_LIMITS}
    if name not in known or not isinstance(terms, dict):
        raise OrderRefusal("UNSUPPORTED_ORDER_CONFIGURATION")
    return name, terms


def _market(terms: Mapping[str, Any], side: Side, pair: Instrument) -> dict[str, Any]:
    size, money = amount(terms, "base_size"), amount(terms, "quote_size")
    if (size is None) == (money is None):
        raise OrderRefusal("INVALID_REQUEST", "PREVIEW_INVALID_ORDER_CONFIG")
    kind = {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}
    if size is not None:
        check_size(size, pair)
        return {**kind, "quantity": size}
    if side is Side.SELL or money is None:
        raise OrderRefusal("INVALID_REQUEST", "PREVIEW_INVALID_QUOTE_SIZE")
    if money % Decimal("0.01"):
        raise OrderRefusal("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_QUOTE_SIZE_PRECISION")
    return {**kind, "notional": money}


def _size(terms: Mapping[str, Any], pair: Instrument) -> Decimal:
    size = amount(terms, "base_size")
    if size is None:
        raise OrderRefusal("INVALID_REQUEST", "PREVIEW_MISSING_BASE_SIZE")
    check_size(size, pair)
    return size


def _price(terms: Mapping[str, Any], name: str, pair: Instrument) -> Decimal:
    price = amount(terms, name)
    if price is None:
        raise OrderRefusal("INVALID_REQUEST", f"PREVIEW_MISSING_{name.upper()}")
    check_price(price, pair)
    return price


def _check_post_only(
    terms: Mapping[str, Any], side: Side, limit: Decimal, world: World, pair: Instrument
) -> None:
    only = terms.get("post_only", False)
    if not isinstance(only, bool):
        raise ApiRefusal(400, "INVALID_ARGUMENT", "invalid value for bool field post_only")
    quote = world.market.quote(pair.symbol)
    if only and (limit >= quote.ask if side is Side.BUY else limit <= quote.bid):
        raise OrderRefusal("INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY")


def _check_stop(terms: Mapping[str, Any], side: Side, stop: Decimal, world: World, pair: Instrument) -> None:
    direction, last = terms.get("stop_direction"), world.market.quote(pair.symbol).mid
    if direction not in {_UP, _DOWN}:
        raise OrderRefusal("INVALID_REQUEST", "PREVIEW_INVALID_STOP_DIRECTION")
    if direction == _DOWN and stop >= last:
        raise OrderRefusal("UNKNOWN_FAILURE_REASON", "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE")
    if direction == _UP and stop <= last:
        raise OrderRefusal("UNKNOWN_FAILURE_REASON", "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE")
    if (direction == _UP) is not (side is Side.BUY):
        raise OrderRefusal("UNSUPPORTED_ORDER_CONFIGURATION")  # this market knows no such take-profit
