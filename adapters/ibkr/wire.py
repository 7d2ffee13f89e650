"""Write orders as TWS wants them: exact numbers as text, a time in force on every one.

The SDK's order fields are floats; it writes text unchanged, so they are handed text. An empty time in force
is filled in by TWS's own presets, and told with code 10349.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.ibkr import sdk
from adapters.ibkr.records import STOP, TARGET, Record
from domain.instruments import AssetClass, Instrument
from domain.money import floor_to, plain, round_to
from domain.orders import OrderClass, OrderRequest, OrderType, Side, TimeInForce

_CENT, _SMALL = Decimal("0.01"), Decimal("0.0001")
REDUCE = 2
"""ocaType: when one fills in part, the other shrinks by as much."""
_KINDS = {
    AssetClass.EQUITY: "STK",
    AssetClass.OPTION: "OPT",
    AssetClass.FUTURE: "FUT",
    AssetClass.FOREX: "CASH",
}
KINDS: Mapping[OrderType, str] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}


def price(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a price on its step: shares in cents from 1 dollar up, finer below (SEC Rule 612)."""
    if instrument.asset_class is AssetClass.EQUITY:
        return round_to(value, max(instrument.price_increment, _CENT) if value >= 1 else _SMALL)
    return round_to(value, instrument.price_increment)


def quantity(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a quantity on its step, never above what was asked."""
    return floor_to(value, instrument.quantity_increment)


def contract(instrument: Instrument) -> Any:
    """Name an instrument to TWS: its contract id says everything but where to send the order."""
    number, _, exchange = instrument.broker_symbol.partition("@")
    return sdk.load().Contract(
        conId=int(number),
        exchange=exchange or "SMART",
        secType=_KINDS[instrument.asset_class],
        currency=instrument.currency,
    )


def orders(request: OrderRequest, account: str) -> list[Any]:
    """Write a checked request as one order, or as an entry with its legs, the entry first.

    Of two orders on an open position the stop is first: should the link break between them, it rests alone.
    """
    if request.order_class is OrderClass.OCO:
        return _pair(request, account)
    entry = _order(request, account, KINDS[request.order_type], request.side, request.time_in_force)
    _set_prices(entry, request)
    entry.outsideRth = entry.outsideRth or request.extended_hours
    legs = _legs(request, account, request.side.opposite)
    for order in (entry, *legs[:-1]):
        order.transmit = not legs
    return [entry, *legs]


def _pair(request: OrderRequest, account: str) -> list[Any]:
    target, stop = _legs(request, account, request.side)
    target.orderRef = request.client_order_id
    for order in (stop, target):
        order.ocaGroup, order.ocaType = request.client_order_id, REDUCE
        order.tif = request.time_in_force.value.upper()
    return [stop, target]


def _legs(request: OrderRequest, account: str, side: Side) -> list[Any]:
    """Write the target and the stop. Protection must outlast the day of its entry."""
    found = []
    if request.take_profit is not None:
        leg = _order(request, account, "LMT", side, TimeInForce.GTC, TARGET)
        leg.lmtPrice = plain(price(request.instrument, request.take_profit))
        found.append(leg)
    if request.stop_loss is not None:
        leg = _order(request, account, "STP", side, TimeInForce.GTC, STOP)
        leg.auxPrice = plain(price(request.instrument, request.stop_loss))
        if request.stop_loss_limit is not None:
            leg.orderType = "STP LMT"
            leg.lmtPrice = plain(price(request.instrument, request.stop_loss_limit))
        found.append(leg)
    return found


def _order(
    request: OrderRequest, account: str, kind: str, side: Side, force: TimeInForce, suffix: str = ""
) -> Any:
    order = sdk.load().Order(action=side.value.upper(), orderType=kind)
    order.totalQuantity = plain(quantity(request.instrument, request.quantity or Decimal(0)))
    order.tif = force.value.upper()
    order.orderRef = request.client_order_id + suffix
    order.account = account
    # Futures trade around the clock; without this TWS holds orders back, and stops do not trigger, at night.
    order.outsideRth = request.instrument.asset_class is AssetClass.FUTURE
    return order


def _set_prices(order: Any, request: OrderRequest) -> None:
    kind, instrument = request.order_type, request.instrument
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} and request.limit_price is not None:
        order.lmtPrice = plain(price(instrument, request.limit_price))
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT} and request.stop_price is not None:
        order.auxPrice = plain(price(instrument, request.stop_price))
    if kind is OrderType.TRAILING_STOP:
        if request.trail_percent is not None:
            order.trailingPercent = plain(round_to(request.trail_percent, _CENT))
        elif request.trail_amount is not None:
            order.auxPrice = plain(price(instrument, request.trail_amount))


def record(order: Any, instrument: Instrument, made: Record) -> Record:
    """Note an order as it is about to be sent."""
    made.contract, made.symbol = contract(instrument), instrument.symbol
    made.ref, made.action, made.kind, made.tif = order.orderRef, order.action, order.orderType, order.tif
    made.quantity = Decimal(order.totalQuantity)
    made.limit_price = Decimal(order.lmtPrice) if isinstance(order.lmtPrice, str) else None
    made.aux_price = Decimal(order.auxPrice) if isinstance(order.auxPrice, str) else None
    made.trail_percent = Decimal(order.trailingPercent) if isinstance(order.trailingPercent, str) else None
    made.oca_group, made.account, made.parent_id = order.ocaGroup, order.account, order.parentId
    made.outside_rth = order.outsideRth
    return made


def changed(known: Record) -> Any:
    """Write a known order whole, as TWS wants a change: the same number, every field again."""
    order = sdk.load().Order(action=known.action, orderType=known.kind)
    order.totalQuantity = plain(known.quantity or Decimal(0))
    order.tif, order.orderRef, order.account = known.tif or "DAY", known.ref, known.account
    if known.paired:
        order.ocaGroup, order.ocaType = known.oca_group, REDUCE
    order.parentId, order.outsideRth = known.parent_id, known.outside_rth
    if known.limit_price is not None and known.kind in {"LMT", "STP LMT"}:
        order.lmtPrice = plain(known.limit_price)
    if known.aux_price is not None and known.kind != "LMT":
        order.auxPrice = plain(known.aux_price)
    if known.kind == "TRAIL" and known.trail_percent is not None:
        order.trailingPercent = plain(known.trail_percent)
        order.auxPrice = ""
    return order
