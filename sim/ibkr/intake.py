"""Read an order as TWS would, or refuse it with one of its codes."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from adapters.paper.engine import EngineRequest
from domain.instruments import AssetClass, Instrument
from domain.orders import OrderClass, OrderType, Side, TimeInForce
from sim.ibkr import contracts
from sim.ibkr.state import TwsOrder
from sim.ibkr.wire import PLACE_ORDER, number
from sim.market import Market

TYPES = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP,
    "STP LMT": OrderType.STOP_LIMIT,
    "TRAIL": OrderType.TRAILING_STOP,
}
_STOPS = {"STP", "STP LMT"}
FORCES = {"": TimeInForce.DAY} | {force.value.upper(): force for force in TimeInForce}


class TwsRefusal(Exception):
    """Refuse a request with a code and a message."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def read_order(
    fields: list[str], client_id: int, perm_id: int, market: Market, now: datetime, accounts: list[str]
) -> TwsOrder:
    """Make an order of a placeOrder message (115 fields at version 176). Raises TwsRefusal."""
    if len(fields) != PLACE_ORDER:
        raise TwsRefusal(320, f"Error reading request. {len(fields)} fields.")
    instrument = contracts.find(market, fields[2:14])
    if instrument is None:
        raise TwsRefusal(200, "No security definition has been found for the request")
    if fields[23] not in accounts:
        raise TwsRefusal(321, "Error validating request.-'bX' : cause - Invalid account code")
    if fields[18] not in TYPES:
        raise TwsRefusal(387, "Unsupported order type for this exchange and security type.")
    if fields[21] not in FORCES:
        raise TwsRefusal(201, "Order rejected - reason:Invalid time in force")
    try:
        order = TwsOrder(
            client_id=client_id,
            order_id=int(fields[1]),
            perm_id=perm_id,
            instrument=instrument,
            action=fields[16],
            quantity=number(fields[17]),
            kind=fields[18],
            limit_price=number(fields[19]),
            aux_price=number(fields[20]),
            trail_percent=number(fields[70]),
            tif=fields[21] or "DAY",
            oca_group=fields[22],
            ref=fields[26],
            transmit=fields[27] == "1",
            parent_id=int(fields[28] or 0),
            outside_rth=fields[33] == "1",
            created_at=now,
            updated_at=now,
        )
    except (ValueError, InvalidOperation):
        raise TwsRefusal(320, "Error reading request. Unable to parse data.") from None
    _check(order, instrument)
    return order


def _check(order: TwsOrder, instrument: Instrument) -> None:
    if order.quantity is None or order.quantity <= 0:
        raise TwsRefusal(434, "The order size cannot be zero.")
    if order.quantity % 1:
        raise TwsRefusal(10243, "Fractional-sized order cannot be placed via API.")
    for price in (order.limit_price, order.aux_price):
        if price and price % _step(instrument, price):
            raise TwsRefusal(
                110, "The price does not conform to the minimum price variation for this contract."
            )
    if order.action not in {"BUY", "SELL"}:
        raise TwsRefusal(201, "Order rejected - reason:Invalid action")
    if not instrument.tradable:
        raise TwsRefusal(201, "Order rejected - reason:This contract is not available for trading")


def _step(instrument: Instrument, price: Decimal) -> Decimal:
    if instrument.asset_class in {AssetClass.FUTURE, AssetClass.FOREX}:
        return instrument.price_increment
    return Decimal("0.01") if price >= 1 else Decimal("0.0001")


def engine_request(entry: TwsOrder, children: list[TwsOrder]) -> EngineRequest:
    """Ask the engine for an order with its children. Raises TwsRefusal for children it cannot be."""
    targets = [child for child in children if child.kind == "LMT"]
    stops = [child for child in children if child.kind in _STOPS]
    if len(targets) > 1 or len(stops) > 1 or len(targets) + len(stops) != len(children):
        raise TwsRefusal(201, "Order rejected - reason:this pretend TWS knows one target and one stop only")
    kind = (OrderClass.SINGLE, OrderClass.OTO, OrderClass.BRACKET)[len(children)]
    return EngineRequest(
        client_order_id=f"{entry.client_id}/{entry.order_id}/{entry.perm_id}",
        instrument=entry.instrument,
        side=Side.BUY if entry.action == "BUY" else Side.SELL,
        order_type=TYPES[entry.kind],
        time_in_force=FORCES[entry.tif],
        order_class=kind,
        quantity=entry.quantity,
        limit_price=entry.limit_price if entry.kind in {"LMT", "STP LMT"} else None,
        stop_price=entry.aux_price if entry.kind in _STOPS else None,
        trail_percent=entry.trail_percent,
        trail_amount=entry.aux_price if entry.kind == "TRAIL" and not entry.trail_percent else None,
        take_profit=targets[0].limit_price if targets else None,
        stop_loss=stops[0].aux_price if stops else None,
        stop_loss_limit=stops[0].limit_price if stops and stops[0].kind == "STP LMT" else None,
        extended_hours=entry.outside_rth,
    )


def pair_request(target: TwsOrder, stop: TwsOrder) -> EngineRequest:
    """Ask the engine for two orders of which one cancels the other."""
    return EngineRequest(
        client_order_id=f"{target.client_id}/{target.order_id}/{stop.order_id}/{stop.perm_id}",
        instrument=target.instrument,
        side=Side.BUY if target.action == "BUY" else Side.SELL,
        order_type=OrderType.LIMIT,
        time_in_force=FORCES[target.tif],
        order_class=OrderClass.OCO,
        quantity=target.quantity,
        limit_price=target.limit_price,
        take_profit=target.limit_price,
        stop_loss=stop.aux_price,
        stop_loss_limit=stop.limit_price if stop.kind == "STP LMT" else None,
    )
