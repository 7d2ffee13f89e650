"""Write the pretend Kraken's answers: field names and shapes as in docs.kraken.com."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineEvent, EngineFill, EngineOrder, MatchingEngine
from domain.instruments import Instrument
from domain.money import plain
from domain.orders import OrderState, OrderType
from domain.portfolio import Quote
from sim.kraken import names
from sim.kraken.state import Placed, SimAccount, named

Json = dict[str, Any]
_STATUS = {
    OrderState.WORKING: "open",
    OrderState.PARTIALLY_FILLED: "open",
    OrderState.FILLED: "closed",
    OrderState.CANCELLED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "canceled",
}
_STREAM = _STATUS | {
    OrderState.WORKING: "new",
    OrderState.PARTIALLY_FILLED: "partially_filled",
    OrderState.FILLED: "filled",
}
_EXEC = {
    "new": "new",
    "fill": "filled",
    "partial_fill": "trade",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "canceled",
    "replaced": "amended",
}


def order_json(order: EngineOrder, placed: Placed) -> Json:
    """Write an order as OpenOrders, ClosedOrders and QueryOrders do."""
    filled, cost, stop = order.filled_quantity, order.filled_value, order.stop_price
    body: Json = {
        "refid": None,
        "userref": None,
        "status": _STATUS[order.state],
        "opentm": order.created_at.timestamp(),
        "starttm": 0,
        "expiretm": 0,
        "descr": _descr(order, placed),
        "vol": _lot(order.quantity or Decimal(0)),
        "vol_exec": _lot(filled),
        "cost": f"{cost:.5f}",
        "fee": f"{order.fees:.5f}",
        "price": f"{(cost / filled):.5f}" if filled else "0.00000",
        "stopprice": plain(stop) if stop is not None else "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": placed.flags,
    }
    if placed.client:
        body["cl_ord_id"] = placed.client
    if not order.live:
        body |= {"closetm": order.updated_at.timestamp(), "reason": _reason(order)}
    return body


def _descr(order: EngineOrder, placed: Placed) -> Json:
    """Write the terms: ``price`` is the limit, or the trigger, with the limit behind it in ``price2``."""
    pair, limit, stop = names.altname(order.request.instrument), order.limit_price, order.stop_price
    first, second = placed.price, "0"
    if placed.ordertype == "limit" and limit is not None:
        first = plain(limit)
    elif placed.ordertype.startswith("stop-loss") and stop is not None:
        first = plain(stop)
        second = plain(limit) if limit is not None else "0"
    return {
        "pair": pair,
        "type": order.side.value,
        "ordertype": placed.ordertype,
        "price": first or "0",
        "price2": second,
        "leverage": "none",
        "order": f"{order.side.value} {order.quantity} {pair} @ {placed.ordertype} {first}".strip(),
        "close": "",
    }


def _reason(order: EngineOrder) -> str | None:
    return order.reason or ("User requested" if order.state is OrderState.CANCELLED else None)


def execution_json(event: EngineEvent, placed: Placed) -> Json:
    """Write an update of the executions channel; a cancel holds only what changed."""
    order = event.order
    body = _identity(order, placed) | {
        "exec_type": _EXEC[event.kind],
        "order_status": _STREAM[order.state],
        "timestamp": _stamp(event.at),
        "cum_qty": float(order.filled_quantity),
    }
    if event.kind in {"canceled", "expired", "rejected"}:
        return body | {"reason": _reason(order)}
    body |= _terms(order, placed)
    if event.execution_id is not None and event.price is not None and event.quantity is not None:
        body |= {
            "exec_id": named("T", event.execution_id),
            "last_qty": float(event.quantity),
            "last_price": float(event.price),
            "avg_price": float(order.average_price or 0),
            "liquidity_ind": "t",
        }
    return body


def snapshot_json(order: EngineOrder, placed: Placed) -> Json:
    """Write an open order of the executions snapshot."""
    return (
        _identity(order, placed)
        | _terms(order, placed)
        | {
            "exec_type": "new",
            "order_status": _STREAM[order.state],
            "timestamp": _stamp(order.created_at),
            "cum_qty": float(order.filled_quantity),
            "avg_price": float(order.average_price or 0),
        }
    )


def _identity(order: EngineOrder, placed: Placed) -> Json:
    found = {"order_id": placed.txid}
    return found | ({"cl_ord_id": placed.client} if placed.client else {})


def _terms(order: EngineOrder, placed: Placed) -> Json:
    body: Json = {
        "symbol": f"{names.base(order.request.instrument)}/USD",
        "side": order.side.value,
        "order_type": placed.ordertype,
        "order_qty": float(order.quantity or 0),
    }
    if order.limit_price is not None:
        body["limit_price"] = float(order.limit_price)
    if order.stop_price is not None and order.order_type is not OrderType.TRAILING_STOP:
        body["triggers"] = {"price": float(order.stop_price), "reference": "last", "status": "untriggered"}
    return body


def trade_json(order: EngineOrder, placed: Placed, fill: EngineFill) -> Json:
    """Write one trade of TradesHistory."""
    return {
        "ordertxid": placed.txid,
        "pair": names.pair_id(order.request.instrument),
        "time": fill.at.timestamp(),
        "type": order.side.value,
        "ordertype": placed.ordertype,
        "price": f"{fill.price:.5f}",
        "cost": f"{fill.price * fill.quantity:.5f}",
        "fee": f"{fill.fee:.5f}",
        "vol": _lot(fill.quantity),
        "margin": "0.00000",
        "misc": "",
    }


def balances_json(account: SimAccount, engine: MatchingEngine) -> Json:
    """Write BalanceEx."""
    cash = engine.cash(account.key)
    held = max(cash - engine.buying_power(account.key), Decimal(0))
    body = {"ZUSD": {"balance": f"{cash:.4f}", "hold_trade": f"{held:.4f}"}}
    for position in engine.positions(account.key):
        name = names.asset(names.base(position.instrument))
        body[name] = {"balance": f"{position.quantity:.10f}", "hold_trade": f"{position.held:.10f}"}
    for name, amount in account.staked.items():
        body[name] = {"balance": amount, "hold_trade": "0.0000000000"}
    return dict(body)


def pair_json(instrument: Instrument, *, halted: bool) -> Json:
    """Write one pair of AssetPairs."""
    coin = names.base(instrument)
    return {
        "altname": names.altname(instrument),
        "wsname": f"{names.alt(coin)}/USD",
        "aclass_base": "currency",
        "base": names.asset(coin),
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": names.decimals(instrument),
        "lot_decimals": names.LOT,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.40], [10000, 0.35]],
        "fees_maker": [[0, 0.25], [10000, 0.20]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": plain(instrument.min_quantity),
        "costmin": plain(instrument.min_notional),
        "tick_size": plain(instrument.price_increment),
        "status": "cancel_only" if halted else "online",
    }


def ticker_json(quote: Quote) -> Json:
    """Write one ticker; a side without a bound shows a large size."""
    bid, ask = quote.bid_size or Decimal(1000), quote.ask_size or Decimal(1000)
    return {
        "a": [f"{quote.ask:.5f}", str(int(ask)), f"{ask:.3f}"],
        "b": [f"{quote.bid:.5f}", str(int(bid)), f"{bid:.3f}"],
        "c": [f"{quote.mid:.5f}", "0.1"],
        "v": ["0", "0"],
        "p": ["0", "0"],
        "t": [0, 0],
        "l": ["0", "0"],
        "h": ["0", "0"],
        "o": "0",
    }


def _lot(value: Decimal) -> str:
    return f"{value:.{names.LOT}f}"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
