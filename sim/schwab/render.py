"""Write orders, accounts and quotes as Schwab does: JSON numbers, and times to the second."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineOrder, EnginePosition, MatchingEngine
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderClass, OrderState, OrderType, PositionEffect, Side, TimeInForce
from domain.portfolio import Quote
from sim.schwab.state import Json, Numbers, SimAccount

STATUSES = frozenset(
    {
        *("AWAITING_PARENT_ORDER", "AWAITING_CONDITION", "AWAITING_STOP_CONDITION", "AWAITING_MANUAL_REVIEW"),
        *("ACCEPTED", "AWAITING_UR_OUT", "PENDING_ACTIVATION", "QUEUED", "WORKING", "REJECTED"),
        *("PENDING_CANCEL", "CANCELED", "PENDING_REPLACE", "REPLACED", "FILLED", "EXPIRED", "NEW"),
        *("AWAITING_RELEASE_TIME", "PENDING_ACKNOWLEDGEMENT", "PENDING_RECALL", "UNKNOWN"),
    }
)
"""Every status that the specification of developer.schwab.com knows."""
_STATES = {
    OrderState.WORKING: "WORKING",
    OrderState.PARTIALLY_FILLED: "WORKING",
    OrderState.FILLED: "FILLED",
    OrderState.CANCELLED: "CANCELED",
    OrderState.EXPIRED: "EXPIRED",
    OrderState.REJECTED: "REJECTED",
}
_DURATIONS = {
    TimeInForce.DAY: "DAY",
    TimeInForce.GTC: "GOOD_TILL_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
}
_WORDS = {
    (AssetClass.EQUITY, Side.BUY, PositionEffect.OPEN): "BUY",
    (AssetClass.EQUITY, Side.SELL, PositionEffect.OPEN): "SELL_SHORT",
    (AssetClass.EQUITY, Side.BUY, PositionEffect.CLOSE): "BUY_TO_COVER",
    (AssetClass.EQUITY, Side.SELL, PositionEffect.CLOSE): "SELL",
    (AssetClass.OPTION, Side.BUY, PositionEffect.OPEN): "BUY_TO_OPEN",
    (AssetClass.OPTION, Side.SELL, PositionEffect.OPEN): "SELL_TO_OPEN",
    (AssetClass.OPTION, Side.BUY, PositionEffect.CLOSE): "BUY_TO_CLOSE",
    (AssetClass.OPTION, Side.SELL, PositionEffect.CLOSE): "SELL_TO_CLOSE",
}


def stamp(at: datetime) -> str:
    """Write a time, as Schwab does to the second and without a colon in the zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def number(value: Decimal) -> int | float:
    """Write a JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def echo(body: Json) -> Json:
    """Write a request back as Schwab would: prices are numbers, whatever they were."""
    prices = {
        name: number(Decimal(body[name]))
        for name in ("price", "stopPrice", "stopPriceOffset")
        if name in body
    }
    return body | prices


def symbol(instrument: Instrument) -> str:
    """Write a symbol as Schwab does."""
    contract = instrument.option
    if contract is not None:
        return f"{contract.underlying:<6}{contract.occ[-15:]}"
    return instrument.symbol.replace(".", "/")


def instrument_json(instrument: Instrument) -> Json:
    """Write an instrument inside an order or position."""
    kind = "OPTION" if instrument.asset_class is AssetClass.OPTION else "EQUITY"
    return {"assetType": kind, "cusip": "000000000", "symbol": symbol(instrument), "instrumentId": 1}


def order_json(order: EngineOrder, account: SimAccount, numbers: Numbers) -> Json:
    """Write an order with what hangs on it. An OCO is a container without a leg of its own."""
    kind = order.request.order_class
    if kind is OrderClass.OCO and order.parent_id is None:
        halves = [_one(order, account, numbers), *(_one(leg, account, numbers) for leg in order.legs)]
        return _container(order, halves, account, numbers)
    body = _one(order, account, numbers)
    if not order.legs:
        return body
    legs = [_one(leg, account, numbers) for leg in order.legs]
    children = [_container(order, legs, account, numbers)] if len(legs) == 2 else legs
    return body | {"orderStrategyType": "TRIGGER", "childOrderStrategies": children}


def _container(order: EngineOrder, halves: list[Json], account: SimAccount, numbers: Numbers) -> Json:
    return {
        "orderStrategyType": "OCO",
        "orderId": numbers.of(f"oco/{order.id}"),
        "cancelable": order.live,
        "editable": False,
        "enteredTime": stamp(order.created_at),
        "accountNumber": int(account.number),
        "childOrderStrategies": halves,
    }


def _one(order: EngineOrder, account: SimAccount, numbers: Numbers) -> Json:
    request = order.request
    size = order.quantity or Decimal(0)
    body: Json = {
        "session": "SEAMLESS" if request.extended_hours else "NORMAL",
        "duration": account.durations.get(order.id) or _DURATIONS[request.time_in_force],
        "orderType": request.order_type.value.upper(),
        "complexOrderStrategyType": "NONE",
        "quantity": float(size),
        "filledQuantity": float(order.filled_quantity),
        "remainingQuantity": float(size - order.filled_quantity) if order.live else 0.0,
        "requestedDestination": "AUTO",
        "orderLegCollection": [_leg(order, size)],
        "orderStrategyType": "SINGLE",
        "orderId": numbers.of(order.id),
        "cancelable": order.live,
        "editable": order.live,
        "status": status(order),
        "enteredTime": stamp(order.created_at),
        "accountNumber": int(account.number),
    }
    if not order.live:
        body["closeTime"] = stamp(order.updated_at)
    if order.reason:
        body["statusDescription"] = order.reason
    if order.fills:
        body["orderActivityCollection"] = [_activity(order, i) for i in range(len(order.fills))]
    return body | _prices(order)


def status(order: EngineOrder) -> str:
    """Name the state."""
    if order.replaced_by:
        return "REPLACED"
    return "AWAITING_PARENT_ORDER" if order.held and order.live else _STATES[order.state]


def _leg(order: EngineOrder, size: Decimal) -> Json:
    request = order.request
    effect = PositionEffect.CLOSE if request.reduce_only else PositionEffect.OPEN
    return {
        "orderLegType": instrument_json(request.instrument)["assetType"],
        "legId": 1,
        "instrument": instrument_json(request.instrument),
        "instruction": _WORDS[request.instrument.asset_class, request.side, effect],
        "positionEffect": "CLOSING" if request.reduce_only else "OPENING",
        "quantity": float(size),
    }


def _prices(order: EngineOrder) -> Json:
    body: Json = {}
    if order.limit_price is not None:
        body["price"] = number(order.limit_price)
    if order.stop_price is not None:
        body["stopPrice"] = number(order.stop_price)
    if order.order_type is OrderType.TRAILING_STOP:
        percent = order.request.trail_percent
        body |= {
            "stopPriceLinkBasis": "BID" if order.side is Side.SELL else "ASK",
            "stopPriceLinkType": "VALUE" if percent is None else "PERCENT",
            "stopPriceOffset": number(percent or order.request.trail_amount or Decimal(0)),
        }
    return body


def _activity(order: EngineOrder, index: int) -> Json:
    fill = order.fills[index]
    leg = {
        "legId": 1,
        "quantity": float(fill.quantity),
        "mismarkedQuantity": 0.0,
        "price": number(fill.price),
        "time": stamp(fill.at),
        "instrumentId": 1,
    }
    return {
        "activityType": "EXECUTION",
        "activityId": 90_000 + order.sequence * 100 + index,
        "executionType": "FILL",
        "quantity": float(fill.quantity),
        "orderRemainingQuantity": float(order.remaining or 0),
        "executionLegs": [leg],
    }


def account_json(account: SimAccount, engine: MatchingEngine, *, positions: bool) -> Json:
    """Write an account with its balances."""
    cash, equity = round(engine.cash(account.number), 2), round(engine.equity(account.number), 2)
    power = round(engine.buying_power(account.number), 2)
    balances: Json = {
        "cashBalance": float(cash),
        "liquidationValue": float(equity),
        "longMarketValue": float(equity - cash),
    }
    names = ["cashAvailableForTrading"] if account.cash_only else ["buyingPower", "availableFunds"]
    balances |= dict.fromkeys(names, float(power))
    body: Json = {
        "type": "CASH" if account.cash_only else "MARGIN",
        "accountNumber": account.number,
        "roundTrips": 0,
        "isDayTrader": False,
        "isClosingOnlyRestricted": account.closing_only,
        "currentBalances": balances,
    }
    if positions and (held := engine.positions(account.number)):
        body["positions"] = [position_json(position) for position in held]
    return {"securitiesAccount": body, "aggregatedBalance": {"liquidationValue": float(equity)}}


def position_json(position: EnginePosition) -> Json:
    """Write a position."""
    quantity = position.quantity
    mark = position.mark or position.average_price
    value = mark * quantity * position.instrument.multiplier
    return {
        "shortQuantity": float(max(-quantity, Decimal(0))),
        "longQuantity": float(max(quantity, Decimal(0))),
        "averagePrice": float(round(position.average_price, 6)),
        "marketValue": float(round(value, 2)),
        "instrument": instrument_json(position.instrument),
    }


def quote_json(instrument: Instrument, quote: Quote) -> Json:
    """Write a quote with the facts beside it."""
    option = instrument.option
    reference: Json = {"description": instrument.name, "exchange": "Q", "exchangeName": "NASDAQ"}
    if option is None:
        reference |= {"isHardToBorrow": not instrument.shortable, "isShortable": instrument.shortable}
    else:
        reference |= {"contractType": option.right.value, "multiplier": 100, "underlying": option.underlying}
    now: dict[str, Any] = {
        "bidPrice": number(quote.bid),
        "askPrice": number(quote.ask),
        "bidSize": int(quote.bid_size or 100),
        "askSize": int(quote.ask_size or 100),
        "lastPrice": number(quote.mid),
        "quoteTime": int(quote.at.timestamp() * 1000),
        "securityStatus": "Normal" if instrument.tradable else "Halted",
    }
    return {
        "assetMainType": "EQUITY" if option is None else "OPTION",
        "symbol": symbol(instrument),
        "realtime": True,
        "ssid": 1,
        "reference": reference,
        "quote": now,
    }
