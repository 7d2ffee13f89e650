"""Write accounts, orders, positions and assets as Alpaca does: money as text, null for what is missing."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineEvent, EngineOrder, EnginePosition, MatchingEngine
from domain.instruments import AssetClass, Instrument
from domain.money import plain
from domain.orders import LegRole, OrderClass, OrderState, OrderType, Side
from domain.portfolio import Quote
from sim.alpaca.state import SimAccount, named

Json = dict[str, Any]
NOTHING = Decimal(0)
_CLASSES = {AssetClass.EQUITY: "us_equity", AssetClass.CRYPTO: "crypto", AssetClass.OPTION: "us_option"}
_EXCHANGES = {AssetClass.EQUITY: "NASDAQ", AssetClass.CRYPTO: "CRYPTO", AssetClass.OPTION: ""}
_STATES = {
    OrderState.WORKING: "new",
    OrderState.PARTIALLY_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "rejected",
}
_STAMPS = {"filled_at": "filled", "expired_at": "expired", "canceled_at": "canceled", "failed_at": "rejected"}


def stamp(at: datetime) -> str:
    """Write a time."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def number(value: Decimal | None) -> str | None:
    """Write an amount as text."""
    return None if value is None else plain(value)


def status(order: EngineOrder, engine: MatchingEngine) -> str:
    """Name the state. The stop beside a resting target is "held" all its life, as at Alpaca."""
    if order.replaced_by:
        return "replaced"
    if order.held or (order.live and order.role is LegRole.STOP_LOSS and _has_target(order, engine)):
        return "held"
    return _STATES[order.state]


def _has_target(order: EngineOrder, engine: MatchingEngine) -> bool:
    if order.parent_id is None:
        return False
    parent = engine.order(order.parent_id)
    if parent.request.order_class is OrderClass.OCO:
        return parent.live
    return any(leg.role is LegRole.TAKE_PROFIT and leg.live for leg in parent.legs)


def order_json(order: EngineOrder, engine: MatchingEngine, *, nested: bool, as_new: bool = False) -> Json:
    """Write an order. ``as_new`` shows it as it was before anything filled: what a POST answers."""
    request = order.request
    state = "pending_new" if as_new else status(order, engine)
    top = engine.order(order.parent_id) if order.parent_id else order
    kind = top.request.order_class
    legs = [order_json(leg, engine, nested=True) for leg in order.legs] if nested and order.legs else None
    body = {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": stamp(order.created_at),
        "updated_at": stamp(order.updated_at),
        "submitted_at": stamp(order.created_at),
        "replaced_at": stamp(order.updated_at) if order.replaced_by else None,
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": str(named("asset", order.symbol)),
        "symbol": request.instrument.broker_symbol,
        "asset_class": _CLASSES[request.instrument.asset_class],
        "notional": number(request.notional),
        "qty": number(order.quantity) if request.notional is None else None,
        "filled_qty": "0" if as_new else plain(order.filled_quantity),
        "filled_avg_price": None if as_new else number(_rounded(order.average_price)),
        "order_class": "" if kind is OrderClass.SINGLE else kind.value,
        "order_type": request.order_type.value,
        "type": request.order_type.value,
        "side": request.side.value,
        "position_intent": _intent(order),
        "time_in_force": request.time_in_force.value,
        **_prices_json(order),
        "status": state,
        "extended_hours": request.extended_hours,
        "legs": legs,
    }
    return body | {name: stamp(order.updated_at) if state == done else None for name, done in _STAMPS.items()}


def _intent(order: EngineOrder) -> str | None:
    """Name what an order in options is for: none is ever sold to open here."""
    if order.request.instrument.asset_class is not AssetClass.OPTION:
        return None
    return "buy_to_open" if order.request.side is Side.BUY else "sell_to_close"


def _prices_json(order: EngineOrder) -> Json:
    request = order.request
    return {
        "limit_price": number(order.limit_price),
        "stop_price": number(order.stop_price),
        "trail_percent": number(request.trail_percent),
        "trail_price": number(request.trail_amount),
        "hwm": number(order.extreme) if request.order_type is OrderType.TRAILING_STOP else None,
    }


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 6)


def update_json(event: EngineEvent, engine: MatchingEngine, position: Decimal) -> Json:
    """Write one message of the trade_updates stream."""
    data: Json = {
        "event": event.kind,
        "timestamp": stamp(event.at),
        "order": order_json(event.order, engine, nested=False),
        "position_qty": plain(position),
    }
    if event.execution_id is not None:
        data |= {
            "execution_id": event.execution_id,
            "price": number(event.price),
            "qty": number(event.quantity),
        }
    return {"stream": "trade_updates", "data": data}


def account_json(account: SimAccount, engine: MatchingEngine) -> Json:
    """Write an account."""
    cash, equity = engine.cash(account.key), engine.equity(account.key)
    power = engine.buying_power(account.key)
    return {
        "id": str(named("account", account.key)),
        "account_number": account.number,
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": plain(round(cash, 2)),
        "equity": plain(round(equity, 2)),
        "last_equity": plain(round(equity, 2)),
        "portfolio_value": plain(round(equity, 2)),
        "buying_power": plain(round(power, 2)),
        "regt_buying_power": plain(round(power, 2)),
        "non_marginable_buying_power": plain(round(min(cash, power), 2)),
        "options_buying_power": plain(round(min(cash, power), 2)),
        "options_approved_level": account.options_level,
        "options_trading_level": account.options_level,
        "multiplier": "2",
        "account_blocked": False,
        "trading_blocked": account.blocked,
        "transfers_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": True,
        "created_at": "2026-01-05T14:30:00Z",
    }


def position_json(position: EnginePosition) -> Json:
    """Write a position; a coin pair loses its slash here and nowhere else."""
    instrument, quantity = position.instrument, position.quantity
    mark = position.mark or position.average_price
    unit = instrument.multiplier
    cost, value = position.average_price * quantity * unit, mark * quantity * unit
    profit = value - cost
    return {
        "asset_id": str(named("asset", instrument.symbol)),
        "symbol": instrument.symbol,
        "exchange": _EXCHANGES[instrument.asset_class],
        "asset_class": _CLASSES[instrument.asset_class],
        "asset_marginable": instrument.asset_class is AssetClass.EQUITY,
        "qty": plain(quantity),
        "qty_available": plain(position.available if quantity > 0 else -position.available),
        "side": "long" if quantity > 0 else "short",
        "avg_entry_price": plain(round(position.average_price, 6)),
        "cost_basis": plain(round(cost, 6)),
        "market_value": plain(round(value, 6)),
        "current_price": plain(mark),
        "lastday_price": plain(mark),
        "change_today": "0",
        "unrealized_pl": plain(round(profit, 6)),
        "unrealized_plpc": plain(round(profit / abs(cost), 6)) if cost else "0",
        "unrealized_intraday_pl": plain(round(profit, 6)),
        "unrealized_intraday_plpc": "0",
    }


def asset_json(instrument: Instrument) -> Json:
    """Write an asset."""
    coin = instrument.asset_class is AssetClass.CRYPTO
    body: Json = {
        "id": str(named("asset", instrument.symbol)),
        "class": _CLASSES[instrument.asset_class],
        "exchange": "CRYPTO" if coin else "NASDAQ",
        "symbol": instrument.broker_symbol,
        "name": instrument.name,
        "status": "active",
        "tradable": instrument.tradable,
        "marginable": not coin,
        "shortable": instrument.shortable,
        "easy_to_borrow": instrument.shortable,
        "fractionable": instrument.fractionable,
        "maintenance_margin_requirement": 30,
        "attributes": [],
    }
    if coin:
        body |= {
            "min_order_size": plain(instrument.min_quantity),
            "min_trade_increment": plain(instrument.quantity_increment),
            "price_increment": plain(instrument.price_increment),
        }
    return body


def quote_json(quote: Quote, kind: AssetClass) -> Json:
    """Write a quote: prices are JSON numbers here."""
    body: Json = {
        "t": stamp(quote.at),
        "bp": float(quote.bid),
        "bs": float(quote.bid_size or 100),
        "ap": float(quote.ask),
        "as": float(quote.ask_size or 100),
    }
    return body if kind is AssetClass.CRYPTO else body | {"bx": "V", "ax": "V", "c": ["R"], "z": "C"}
