"""Answer the trading protocols, refusing what OpenD would refuse."""

import uuid
from decimal import Decimal
from typing import Any

from adapters.paper.engine import EngineOrder, EngineRequest, Refused
from adapters.paper.engine import Refusal as Why
from domain.errors import InvalidValue
from domain.orders import OrderType, Side, TimeInForce
from sim.moomoo import render
from sim.moomoo.state import PAPER, US, Refusal, SimAccount, World

TYPES = {number: kind for kind, number in render.TYPES.items()}
FORCES = {number: force for force, number in render.FORCES.items()}
_WORDS = {
    Why.INSUFFICIENT_FUNDS: "Insufficient buying power. Please deposit funds or reduce the quantity",
    Why.INSUFFICIENT_QUANTITY: "The quantity exceeds the maximum quantity available to sell",
    Why.NOT_SHORTABLE: "Short selling is not supported for this stock",
    Why.NOT_TRADABLE: "This stock is suspended and cannot be traded",
    Why.NOT_OPEN: "The order status does not allow this operation",
    Why.BAD_PRICE: "The price is not valid",
    Why.BAD_QUANTITY: "The quantity is not valid",
}


def accounts(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetAccList."""
    for account in world.accounts:
        found = s2c.accList.add()
        found.trdEnv, found.accID, found.accType = account.env, account.number, 2
        found.trdMarketAuthList.extend(account.markets)
        found.accStatus = 1 if account.disabled else 0
        if account.firm is not None:
            found.securityFirm = account.firm
        if account.env == PAPER:
            found.simAccType = 1


def unlock(world: World, c2s: Any, s2c: Any) -> None:
    """Answer UnlockTrade, which is for the whole OpenD."""
    world.count("unlock")
    if c2s.unlock and c2s.pwdMD5 != world.password_md5:
        raise Refusal("Unlock failed: wrong trade password")
    world.unlocked = c2s.unlock


def funds(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetFunds."""
    account = _read(world, c2s, "funds")
    if c2s.currency != 2:
        raise Refusal("The currency is not supported by this account")
    render.header(s2c.header, account)
    render.funds(s2c.funds, world.engine, account)


def positions(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetPositionList."""
    account = _read(world, c2s, "positions")
    render.header(s2c.header, account)
    for number, held in enumerate(world.engine.positions(account.key), 1):
        render.position(s2c.positionList.add(), held, number, account)


def orders(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetOrderList: today's orders and all that still work."""
    account = _read(world, c2s, "orders")
    today = world.clock.now().astimezone(render.NEW_YORK).date()
    render.header(s2c.header, account)
    for order in world.engine.orders(account.key):
        fresh = order.created_at.astimezone(render.NEW_YORK).date() == today
        if (fresh or order.live) and _wanted(order, c2s):
            render.order(s2c.orderList.add(), order, world)


def history(world: World, c2s: Any, s2c: Any) -> None:
    """Answer GetHistoryOrderList: what ended before today."""
    account = world.account(c2s.header)
    world.count("history", account.key)
    asked = c2s.filterConditions
    if not (asked.beginTime and asked.endTime):
        raise Refusal("beginTime and endTime are required")
    today = world.clock.now().astimezone(render.NEW_YORK).date()
    render.header(s2c.header, account)
    for order in world.engine.orders(account.key):
        old = order.created_at.astimezone(render.NEW_YORK).date() < today
        inside = asked.beginTime <= render.stamp(order.created_at) <= asked.endTime
        if old and not order.live and inside and _wanted(order, c2s):
            render.order(s2c.orderList.add(), order, world)


def place(world: World, c2s: Any, s2c: Any) -> None:
    """Answer PlaceOrder."""
    account = _trade(world, c2s)
    world.count("place", account.key)
    request = _request(world, account, c2s)
    world.remarks[request.client_order_id] = c2s.remark
    try:
        order = world.engine.place(account.key, request)
    except Refused as refused:
        raise Refusal(_WORDS.get(refused.code, refused.text)) from None
    finally:
        world.remarks.pop(request.client_order_id, None)
    world.remarks[order.id] = c2s.remark
    render.header(s2c.header, account)
    s2c.orderID, s2c.orderIDEx = order.sequence + 1, order.id


def modify(world: World, c2s: Any, s2c: Any) -> None:
    """Answer ModifyOrder: change (1) or cancel (2); the order keeps its id."""
    account = _trade(world, c2s)
    world.count("modify", account.key)
    if c2s.forAll or c2s.modifyOrderOp not in {1, 2}:
        raise Refusal("This operation is not supported for US orders")
    order = world.order(account, c2s.orderID, c2s.orderIDEx)
    try:
        if c2s.modifyOrderOp == 2:
            world.engine.cancel(order.id)
        else:
            _change(world, order, c2s)
    except Refused as refused:
        raise Refusal(_WORDS.get(refused.code, refused.text)) from None
    render.header(s2c.header, account)
    s2c.orderID, s2c.orderIDEx = order.sequence + 1, order.id


def _change(world: World, order: EngineOrder, c2s: Any) -> None:
    kind = order.order_type
    limited = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    stopped = kind in {OrderType.STOP, OrderType.STOP_LIMIT}
    if limited and not c2s.price > 0:
        raise Refusal("The price is not valid")
    if stopped and not c2s.auxPrice > 0:
        raise Refusal("The trigger price is not valid")
    world.engine.replace(
        order.id,
        quantity=_whole(c2s.qty),
        limit_price=_price(c2s.price) if limited else None,
        stop_price=_price(c2s.auxPrice) if stopped else None,
    )


def _read(world: World, c2s: Any, kind: str) -> SimAccount:
    account = world.account(c2s.header)
    if c2s.refreshCache:
        world.count(kind, account.key)
    return account


def _trade(world: World, c2s: Any) -> SimAccount:
    account = world.account(c2s.header)
    if account.env != PAPER and not world.unlocked:
        raise Refusal("Please unlock trade first")
    if account.disabled:
        raise Refusal("The account is disabled")
    return account


def _wanted(order: EngineOrder, c2s: Any) -> bool:
    asked = c2s.filterConditions
    if c2s.filterStatusList and render.status(order) not in c2s.filterStatusList:
        return False
    if asked.orderIDExList and order.id not in asked.orderIDExList:
        return False
    return not asked.codeList or order.symbol in asked.codeList


def _request(world: World, account: SimAccount, c2s: Any) -> EngineRequest:
    if c2s.header.trdMarket != US or c2s.secMarket != US:
        raise Refusal("The market of the order is not supported")
    if len(c2s.remark.encode()) > 64:
        raise Refusal("The remark is too long")
    try:
        instrument = world.market.instrument(c2s.code)
    except InvalidValue:
        raise Refusal(f"Unknown stock {c2s.code}") from None
    if not instrument.tradable:
        raise Refusal(_WORDS[Why.NOT_TRADABLE])
    kind, force = TYPES.get(c2s.orderType), FORCES.get(c2s.timeInForce)
    if kind is None or force is None or c2s.trdSide not in {1, 2}:
        raise Refusal("The order type is not supported")
    _paper(world, account, kind, force)
    limited = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    stopped = kind in {OrderType.STOP, OrderType.STOP_LIMIT}
    trails = kind is OrderType.TRAILING_STOP
    if trails and (c2s.trailType not in {1, 2} or c2s.trailValue <= 0):
        raise Refusal("The trailing parameters are not valid")
    if c2s.fillOutsideRTH and kind is not OrderType.LIMIT:
        raise Refusal("Only limit orders may fill outside regular trading hours")
    return EngineRequest(
        client_order_id=uuid.uuid4().hex,
        instrument=instrument,
        side=Side.BUY if c2s.trdSide == 1 else Side.SELL,
        order_type=kind,
        time_in_force=force,
        quantity=_whole(c2s.qty),
        limit_price=_price(c2s.price) if limited else None,
        stop_price=_price(c2s.auxPrice) if stopped else None,
        trail_percent=_number(c2s.trailValue) if trails and c2s.trailType == 1 else None,
        trail_amount=_number(c2s.trailValue) if trails and c2s.trailType == 2 else None,
        extended_hours=c2s.fillOutsideRTH,
    )


def _paper(world: World, account: SimAccount, kind: OrderType, force: TimeInForce) -> None:
    """Refuse what the vendor's paper trading does not take (openapi.moomoo.com, Q&A on paper trading)."""
    if not world.paper_rules or account.env != PAPER:
        return
    if kind not in {OrderType.LIMIT, OrderType.MARKET}:
        raise Refusal("Paper trading does not support this order type")
    if force is not TimeInForce.DAY:
        raise Refusal("Paper trading only supports good for day orders")


def _number(value: float) -> Decimal:
    return Decimal(repr(value))


def _whole(value: float) -> Decimal:
    found = _number(value)
    if found <= 0 or found % 1:
        raise Refusal("The quantity is not valid")
    return found


def _price(value: float) -> Decimal:
    found = _number(value)
    if found <= 0 or found % (Decimal("0.01") if found >= 1 else Decimal("0.0001")):
        raise Refusal("The price does not comply with the price spread")
    return found
