"""Write accounts, orders and pairs as Coinbase does: money as text, and empty text for what is missing."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineOrder, MatchingEngine
from domain.instruments import Instrument
from domain.money import plain
from domain.orders import OrderState, OrderType, TimeInForce
from domain.portfolio import Quote
from sim.coinbase.state import STEP, SimAccount, World, asset_of, product_of

Json = dict[str, Any]
ZERO = Decimal(0)
_STATES = {
    OrderState.WORKING: "OPEN",
    OrderState.PARTIALLY_FILLED: "OPEN",
    OrderState.FILLED: "FILLED",
    OrderState.CANCELLED: "CANCELLED",
    OrderState.EXPIRED: "EXPIRED",
    OrderState.REJECTED: "FAILED",
}
_FORCES = {
    TimeInForce.GTC: "GOOD_UNTIL_CANCELLED",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
}
_LIMITS = {
    TimeInForce.GTC: "limit_limit_gtc",
    TimeInForce.IOC: "sor_limit_ioc",
    TimeInForce.FOK: "limit_limit_fok",
}
_KINDS = {OrderType.MARKET: "MARKET", OrderType.LIMIT: "LIMIT", OrderType.STOP_LIMIT: "STOP_LIMIT"}


def stamp(at: datetime) -> str:
    """Write a time."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def text(value: Decimal | None) -> str:
    """Write an amount."""
    return "0" if value is None else plain(value)


def status(order: EngineOrder, world: World) -> str:
    """Name the state."""
    return world.renamed.get(order.id) or _STATES[order.state]


def configuration(order: EngineOrder) -> Json:
    """Write the terms as they stand now."""
    request = order.request
    if request.order_type is OrderType.MARKET:
        money = request.notional
        size = {"base_size": text(order.quantity)} if money is None else {"quote_size": plain(money)}
        return {"market_market_ioc": size}
    terms = {"base_size": text(order.quantity), "limit_price": text(order.limit_price)}
    if request.order_type is OrderType.STOP_LIMIT:
        up = "STOP_DIRECTION_STOP_UP" if request.side.value == "buy" else "STOP_DIRECTION_STOP_DOWN"
        stop = {"stop_price": text(order.stop_price), "stop_direction": up}
        return {"stop_limit_stop_limit_gtc": terms | stop}
    return {_LIMITS[request.time_in_force]: terms}


def order_json(order: EngineOrder, world: World, account: SimAccount) -> Json:
    """Write an order as the REST API does."""
    average = order.average_price
    return {
        "order_id": order.id,
        "product_id": product_of(order.request.instrument),
        "user_id": account.portfolio,
        "order_configuration": configuration(order),
        "side": order.side.value.upper(),
        "client_order_id": order.client_order_id,
        "status": status(order, world),
        "time_in_force": _FORCES[order.request.time_in_force],
        "created_time": stamp(order.created_at),
        "last_update_time": stamp(order.updated_at),
        "last_fill_time": stamp(order.fills[-1].at) if order.fills else None,
        "filled_size": plain(order.filled_quantity),
        "average_filled_price": text(None if average is None else round(average, 10)),
        "number_of_fills": str(len(order.fills)),
        "filled_value": plain(order.filled_value),
        "pending_cancel": False,
        "size_in_quote": order.request.notional is not None,
        "total_fees": plain(order.fees),
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": _KINDS[order.order_type],
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": order.state is OrderState.FILLED,
        "product_type": "SPOT",
        "reject_message": "",
        "cancel_message": "",
    }


def update_json(order: EngineOrder, world: World) -> Json:
    """Write an order as the user channel does."""
    average = order.average_price
    return {
        "order_id": order.id,
        "client_order_id": order.client_order_id,
        "cumulative_quantity": plain(order.filled_quantity),
        "leaves_quantity": text(order.remaining) if order.live else "0",
        "avg_price": text(None if average is None else round(average, 10)),
        "total_fees": plain(order.fees),
        "status": status(order, world),
        "product_id": product_of(order.request.instrument),
        "product_type": "SPOT",
        "creation_time": stamp(order.created_at),
        "order_side": order.side.value.upper(),
        "order_type": {OrderType.STOP_LIMIT: "Stop Limit"}.get(
            order.order_type, order.order_type.value.capitalize()
        ),
        "limit_price": "" if order.limit_price is None else plain(order.limit_price),
        "stop_price": "" if order.stop_price is None else plain(order.stop_price),
        "cancel_reason": "",
        "reject_reason": "",
    }


def accounts_json(account: SimAccount, engine: MatchingEngine) -> list[Json]:
    """Write the wallets: dollars, coins, and what was added by hand."""
    cash, free = engine.cash(account.name), engine.buying_power(account.name)
    wallets = {"USD": (free, cash - free)}
    for held in engine.positions(account.name):
        wallets[asset_of(held.instrument)] = (held.available, held.held)
    for asset, extra in account.extra.items():
        old = wallets.get(asset, (ZERO, ZERO))
        wallets[asset] = (old[0] + extra, old[1])
    return [
        {
            "uuid": f"{account.portfolio[:-4]}{n:04d}",
            "name": f"{asset} Wallet",
            "currency": asset,
            "available_balance": {"value": plain(free), "currency": asset},
            "hold": {"value": plain(hold), "currency": asset},
            "type": "ACCOUNT_TYPE_FIAT" if asset == "USD" else "ACCOUNT_TYPE_CRYPTO",
            "active": True,
            "ready": True,
        }
        for n, (asset, (free, hold)) in enumerate(wallets.items())
    ]


def breakdown_json(account: SimAccount, engine: MatchingEngine) -> Json:
    """Write the portfolio: figures as JSON numbers, unlike everywhere else."""
    held = [
        {
            "asset": asset_of(p.instrument),
            "total_balance_crypto": float(p.quantity),
            "average_entry_price": {"value": plain(round(p.average_price, 10)), "currency": "USD"},
            "is_cash": False,
        }
        for p in engine.positions(account.name)
    ]
    return {"breakdown": {"portfolio": {"uuid": account.portfolio}, "spot_positions": held}}


def product_json(pair: Instrument, quote: Quote, *, disabled: bool) -> Json:
    """Write a pair."""
    return {
        "product_id": product_of(pair),
        "price": plain(quote.mid),
        "base_increment": plain(STEP),
        "quote_increment": plain(pair.price_increment),
        "price_increment": plain(pair.price_increment),
        "quote_min_size": plain(pair.min_notional),
        "base_min_size": plain(pair.min_quantity),
        "base_name": pair.name,
        "is_disabled": False,
        "status": "online",
        "cancel_only": False,
        "view_only": False,
        "trading_disabled": disabled,
        "product_type": "SPOT",
        "quote_currency_id": "USD",
        "base_currency_id": asset_of(pair),
    }


def book_json(pair: Instrument, quote: Quote) -> Json:
    """Write the best bid and ask."""
    return {
        "product_id": product_of(pair),
        "bids": [{"price": plain(quote.bid), "size": text(quote.bid_size or Decimal(100))}],
        "asks": [{"price": plain(quote.ask), "size": text(quote.ask_size or Decimal(100))}],
        "time": stamp(quote.at),
    }
