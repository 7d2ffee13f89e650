"""Read Coinbase's JSON into the project's values. Floats end here; the odd raises ValueError or KeyError."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.kit.reading import maybe, moment, number
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from domain.orders import OrderReport, OrderState, OrderType, Side
from domain.portfolio import Quote

Json = Mapping[str, Any]

# Every state an order may be in (Get Order, status). A state that is not here is not guessed.
STATES = {
    "PENDING": OrderState.WORKING,
    "OPEN": OrderState.WORKING,
    "QUEUED": OrderState.WORKING,
    "CANCEL_QUEUED": OrderState.WORKING,
    "EDIT_QUEUED": OrderState.WORKING,
    "FILLED": OrderState.FILLED,
    "CANCELLED": OrderState.CANCELLED,
    "EXPIRED": OrderState.EXPIRED,
    "FAILED": OrderState.REJECTED,
}
# What an order is, by its configuration; another kind is shown as a limit order, which moves no money.
CONFIGURATIONS = {
    "market_market_ioc": OrderType.MARKET,
    "market_market_fok": OrderType.MARKET,
    "sor_limit_ioc": OrderType.LIMIT,
    "limit_limit_gtc": OrderType.LIMIT,
    "limit_limit_gtd": OrderType.LIMIT,
    "limit_limit_fok": OrderType.LIMIT,
    "stop_limit_stop_limit_gtc": OrderType.STOP_LIMIT,
    "stop_limit_stop_limit_gtd": OrderType.STOP_LIMIT,
    "trigger_bracket_gtc": OrderType.STOP_LIMIT,
    "trigger_bracket_gtd": OrderType.STOP_LIMIT,
}
# The socket spells them in its own way.
_KINDS = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP_LIMIT": OrderType.STOP_LIMIT,
    "STOP": OrderType.STOP_LIMIT,
    "BRACKET": OrderType.STOP_LIMIT,
}


def plain_symbol(product: str) -> str:
    """Turn ``BTC-USD`` into ours."""
    return product.replace("-", "")


def report(raw: Json) -> OrderReport:
    """Read one order of the REST API."""
    configuration: Json = raw.get("order_configuration") or {}
    first: tuple[str, Json] = next(iter(configuration.items()), ("", {}))
    name, terms = first
    kind = CONFIGURATIONS.get(name) or _kind(raw.get("order_type"))
    filled = maybe(raw.get("filled_size")) or ZERO
    average = maybe(raw.get("average_filled_price"))
    state = _state(raw["status"], filled)
    size = maybe(terms.get("base_size"))
    return OrderReport(
        broker_order_id=_text(raw["order_id"]),
        client_order_id=raw.get("client_order_id") or None,
        state=state,
        symbol=plain_symbol(_text(raw["product_id"])),
        side=Side(str(raw["side"]).lower()),
        order_type=kind,
        # An order for an amount of money has no quantity until it is done.
        quantity=filled if size is None and state is OrderState.FILLED else size,
        filled_quantity=filled,
        average_price=average if average and filled else None,
        limit_price=maybe(terms.get("limit_price")),
        stop_price=maybe(terms.get("stop_price") or terms.get("stop_trigger_price")),
        at=moment(raw.get("last_update_time") or raw.get("last_fill_time") or raw["created_time"]),
        reason=str(raw.get("reject_message") or raw.get("cancel_message") or ""),
    )


def update(raw: Json, at: datetime) -> OrderReport:
    """Read one order of the user channel. It says what is left rather than what was asked."""
    filled = number(raw["cumulative_quantity"])
    left = maybe(raw.get("leaves_quantity"))
    average = maybe(raw.get("avg_price"))
    state = _state(raw["status"], filled)
    limit, stop = maybe(raw.get("limit_price")), maybe(raw.get("stop_price"))
    # What is left of an order that ended is not always told: its quantity stays unknown then.
    known = left is not None and state in {OrderState.WORKING, OrderState.PARTIALLY_FILLED}
    return OrderReport(
        broker_order_id=_text(raw["order_id"]),
        client_order_id=raw.get("client_order_id") or None,
        state=state,
        symbol=plain_symbol(_text(raw["product_id"])),
        side=Side(str(raw["order_side"]).lower()),
        order_type=_kind(raw.get("order_type")),
        quantity=filled + left if known and left is not None else None,
        filled_quantity=filled,
        average_price=average if average and filled else None,
        limit_price=limit or None,
        stop_price=stop or None,
        at=at,
        reason=str(raw.get("reject_reason") or raw.get("cancel_reason") or ""),
    )


def _state(status: object, filled: Decimal) -> OrderState:
    state = STATES[str(status)]
    if filled > ZERO:
        # What has been executed stays executed, however the order ended.
        ended = {OrderState.WORKING: OrderState.PARTIALLY_FILLED, OrderState.REJECTED: OrderState.CANCELLED}
        return ended.get(state, state)
    return state


def _kind(order_type: object) -> OrderType:
    return _KINDS.get(str(order_type).upper().replace(" ", "_"), OrderType.LIMIT)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a name")
    return value


def instrument(raw: Json) -> Instrument:
    """Read a product."""
    quote = str(raw["quote_currency_id"])
    blocked = any(raw.get(name) for name in ("trading_disabled", "is_disabled", "view_only", "cancel_only"))
    return Instrument(
        symbol=plain_symbol(_text(raw["product_id"])),
        asset_class=AssetClass.CRYPTO,
        broker_symbol=_text(raw["product_id"]),
        price_increment=number(raw.get("price_increment") or raw["quote_increment"]),
        quantity_increment=number(raw["base_increment"]),
        min_quantity=maybe(raw.get("base_min_size")) or ZERO,
        min_notional=maybe(raw.get("quote_min_size")) or ZERO,
        currency="USD" if quote in {"USD", "USDC", "USDT"} else quote,
        name=str(raw.get("base_name") or ""),
        tradable=not blocked and str(raw.get("status") or "online") == "online",
        fractionable=True,
    )


def quote(book: Json) -> Quote | None:
    """Read the best bid and ask of one product; None when a side is missing."""
    if not book.get("bids") or not book.get("asks"):
        return None
    bid, ask = book["bids"][0], book["asks"][0]
    prices = number(bid["price"]), number(ask["price"])
    if min(prices) <= ZERO:
        return None
    return Quote(
        symbol=plain_symbol(_text(book["product_id"])),
        bid=prices[0],
        ask=prices[1],
        at=moment(book["time"]),
        bid_size=maybe(bid.get("size")),
        ask_size=maybe(ask.get("size")),
    )
