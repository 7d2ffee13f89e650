"""Write the engine's values as OpenD's messages. OpenD speaks in doubles and in New York time."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from adapters.paper.engine import EngineOrder, EnginePosition, MatchingEngine
from domain.orders import OrderState, OrderType, Side, TimeInForce
from sim.moomoo.state import US, SimAccount, World

NEW_YORK = ZoneInfo("America/New_York")
TYPES = {
    OrderType.LIMIT: 1,
    OrderType.MARKET: 2,
    OrderType.STOP: 10,
    OrderType.STOP_LIMIT: 11,
    OrderType.TRAILING_STOP: 14,
}
FORCES = {TimeInForce.DAY: 0, TimeInForce.GTC: 1}
_STATES = {
    OrderState.WORKING: 5,
    OrderState.PARTIALLY_FILLED: 10,
    OrderState.FILLED: 11,
    OrderState.EXPIRED: 22,
    OrderState.REJECTED: 21,
}
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


def stamp(at: datetime) -> str:
    """Write a time as OpenD does for the US market."""
    return at.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def header(message: Any, account: SimAccount) -> None:
    """Fill the common header of trade messages."""
    message.trdEnv, message.accID, message.trdMarket = account.env, account.number, US


def status(order: EngineOrder) -> int:
    """Number the state; a stop that sleeps is still waiting to be submitted."""
    if order.state is OrderState.CANCELLED:
        return 14 if order.filled_quantity else 15
    if order.state is OrderState.WORKING and order.order_type in _STOPS and not order.triggered:
        return 1
    return _STATES[order.state]


def order(message: Any, found: EngineOrder, world: World) -> None:
    """Fill an Order message."""
    message.trdSide = 1 if found.side is Side.BUY else 2
    message.orderType, message.orderStatus = TYPES[found.order_type], status(found)
    message.orderID, message.orderIDEx = found.sequence + 1, found.id
    message.code, message.name = found.symbol, found.request.instrument.name
    message.qty, message.fillQty = float(found.quantity or 0), float(found.filled_quantity)
    message.price = float(found.limit_price or 0)
    message.fillAvgPrice = float(found.average_price or 0)
    message.createTime, message.updateTime = stamp(found.created_at), stamp(found.updated_at)
    message.createTimestamp = found.created_at.timestamp()
    message.updateTimestamp = found.updated_at.timestamp()
    message.secMarket, message.trdMarket, message.currency = US, US, 2
    message.timeInForce = FORCES[found.request.time_in_force]
    message.fillOutsideRTH = found.request.extended_hours
    if found.reason and found.state is OrderState.REJECTED:
        message.lastErrMsg = found.reason
    if found.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}:
        message.auxPrice = float(found.stop_price or 0)
    if found.request.trail_percent is not None:
        message.trailType, message.trailValue = 1, float(found.request.trail_percent)
    if found.request.trail_amount is not None:
        message.trailType, message.trailValue = 2, float(found.request.trail_amount)
    message.remark = world.remarks.get(found.id, "")


def position(message: Any, held: EnginePosition, number: int, account: SimAccount) -> None:
    """Fill a Position message; paper accounts have no average cost."""
    mark = held.mark or held.average_price
    message.positionID, message.positionSide = number, 1 if held.quantity < 0 else 0
    message.code, message.name = held.instrument.symbol, held.instrument.name
    message.qty, message.canSellQty = float(held.quantity), float(held.available)
    message.price, message.val = float(mark), float(mark * held.quantity)
    message.plVal = float((mark - held.average_price) * held.quantity)
    message.costPrice = message.dilutedCostPrice = float(held.average_price)
    if account.env == 1:
        message.averageCostPrice = float(held.average_price)
    message.secMarket, message.trdMarket, message.currency = US, US, 2


def funds(message: Any, engine: MatchingEngine, account: SimAccount) -> None:
    """Fill a Funds message."""
    cash, equity = engine.cash(account.key), engine.equity(account.key)
    message.power, message.totalAssets, message.cash = (
        _f(engine.buying_power(account.key)),
        _f(equity),
        _f(cash),
    )
    message.marketVal, message.frozenCash, message.debtCash = _f(equity - cash), 0.0, 0.0
    message.avlWithdrawalCash, message.currency = _f(cash), 2


def _f(value: Decimal) -> float:
    return float(round(value, 3))
