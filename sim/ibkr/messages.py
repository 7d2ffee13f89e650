"""Write what TWS says, field by field; templates from shared/reference/brokers.md section 3."""

from datetime import datetime
from decimal import Decimal

from adapters.paper.engine import EngineFill, EnginePosition
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO
from sim.ibkr import contracts, listing
from sim.ibkr.state import TwsOrder
from sim.ibkr.wire import frame, template

_OPEN = (
    "5,3,265598,AAPL,STK,,0,?,,SMART,USD,AAPL,NMS,BUY,3,MKT,0.0,0.0,DAY,,DU1234567,,0,r,5,1001,0,0,0,,,,,,,,,,,,"
    "0,,-1,,,,,,,,0,0,0,,3,0,0,,0,0,,0,None,,0,,,,?,0,0,,0,0,,,,,,0,0,0,,,,,0,,IB,0,0,,0,0,Filled,M,M,M,M,M,M,M,"
    "M,M,,,,,,0,0,0,None,M,0,0,0,0,0,0,,,,0,0,0,0,0,0,2147483647,0,2147483647,2147483647,M,0,0"
)
_COMPLETED = (
    "101,265598,AAPL,STK,,0,?,,SMART,USD,AAPL,NMS,BUY,3,MKT,0,0,DAY,,DU1234567,,0,r,1001,0,0,0,,,,,,,,,,,0,,-1,,,,"
    ",,,0,0,,3,0,,0,None,,0,0,0,,0,0,,,,0,0,0,,,,,,IB,0,0,,0,Filled,0,0,0,M,M,0,0,0,,3.0,0,0,,0,0,0,"
    "20261122 14:43:05 UTC,Filled Size: 3.0,2147483647,2147483647,M,0,0"
)
_EXECUTION = (
    "11,-1,3,265598,AAPL,STK,,0.0,,,NASDAQ,USD,AAPL,NMS,0000e0d5.00000001.01.01,20261122 14:43:05 UTC,"
    "DU1234567,NASDAQ,BOT,3.0,200.0,1001,5,0,3.0,200.0,r,,0,,1"
)


def stamp(at: datetime) -> str:
    """Write a time as TWS does, in UTC."""
    return f"{at:%Y%m%d %H:%M:%S} UTC"


def error(request: int, code: int, text: str) -> bytes:
    """Report an error or a warning; request -1 is about no request."""
    return frame(4, 2, request, code, text, "")


def open_order(order: TwsOrder, account: str) -> bytes:
    """Describe an order."""
    values = _common(order, account, shift=1)
    values |= {
        1: order.order_id,
        23: order.ref,
        24: order.client_id,
        25: order.perm_id,
        26: int(order.outside_rth),
        58: order.parent_id,
        94: order.status,
        114: order.stop_price or "",
    }
    return template(_OPEN, values)


def what_if(order: TwsOrder, account: str, commission: Decimal) -> bytes:
    """Preview an order: margins and commission."""
    values = _common(order, account, shift=1)
    values |= {1: order.order_id, 23: order.ref, 24: order.client_id, 25: 0, 93: 1, 94: "PreSubmitted"}
    values |= dict.fromkeys(range(95, 104), "100.0")
    values |= {104: commission, 105: "", 106: "", 107: "USD"}
    return template(_OPEN, values)


def completed(order: TwsOrder, account: str) -> bytes:
    """Describe an order that is over. It carries no order id, and neither price nor parent."""
    values = _common(order, account, shift=0)
    # TWS forgets the size of what is over, and tells what was filled.
    values |= {
        13: 0,
        22: order.ref,
        23: order.perm_id,
        77: order.status,
        87: order.filled,
        94: stamp(order.updated_at),
        95: order.text,
    }
    return template(_COMPLETED, values)


def _common(order: TwsOrder, account: str, *, shift: int) -> dict[int, object]:
    values: dict[int, object] = {
        1 + shift + i: field for i, field in enumerate(contracts.eleven(order.instrument))
    }
    values |= {
        12 + shift: order.action,
        13 + shift: order.quantity,
        14 + shift: order.kind,
        15 + shift: order.limit_price or "0.0",
        16 + shift: order.aux_price or "0.0",
        17 + shift: order.tif,
        18 + shift: order.oca_group,
        19 + shift: account,
    }
    return values


def status(order: TwsOrder) -> bytes:
    """Tell where an order stands."""
    left = (order.quantity or ZERO) - order.filled
    return frame(
        *(3, order.order_id, order.status, order.filled, left, order.average or 0, order.perm_id),
        *(order.parent_id, order.last_price, order.client_id, "child" if order.held else "", 0),
    )


def execution(order: TwsOrder, fill: EngineFill, number: int, account: str, request: int = -1) -> bytes:
    """Tell of one execution, with the totals as they were after it."""
    until = order.fills[: order.fills.index(fill) + 1]
    total = sum((f.quantity for f in until), ZERO)
    average = sum((f.quantity * f.price for f in until), ZERO) / total
    values: dict[int, object] = {1: request, 2: order.order_id}
    values |= {3 + i: field for i, field in enumerate(contracts.eleven(order.instrument))}
    values |= {
        14: execution_id(order, number),
        15: stamp(fill.at),
        16: account,
        18: "BOT" if order.action == "BUY" else "SLD",
        19: fill.quantity,
        20: fill.price,
        21: order.perm_id,
        22: order.client_id,
        24: total,
        25: average,
        26: order.ref,
    }
    return template(_EXECUTION, values)


def execution_id(order: TwsOrder, number: int) -> str:
    """Name an execution; a correction of it would end in 02."""
    return f"0000e0d5.{order.perm_id:08d}.{number:02d}.01"


def commission(order: TwsOrder, fill: EngineFill, number: int) -> bytes:
    """Tell what an execution cost."""
    return frame(59, 1, execution_id(order, number), fill.fee, "USD", "", "", "")


def position(instrument: Instrument, quantity: Decimal, average: Decimal, account: str) -> bytes:
    """Tell of a position; its cost is for one contract, multiplier included."""
    # It does not say where the contract trades.
    return frame(61, 3, account, *contracts.eleven(instrument, ""), quantity, average * instrument.multiplier)


def portfolio(position: EnginePosition, account: str) -> bytes:
    """Tell of a position with its price."""
    instrument, mark = position.instrument, position.mark or position.average_price
    fields = contracts.eleven(instrument)
    value = mark * position.quantity * instrument.multiplier
    cost = position.average_price * instrument.multiplier
    return frame(
        *(7, 8, *fields[:7], "NASDAQ" if fields[2] in {"STK", "OPT"} else fields[7], *fields[8:]),
        *(position.quantity, mark, value, cost, 0, 0, account),
    )


def details(request: int, instrument: Instrument) -> bytes:
    """Describe a contract."""
    f, where = contracts.eleven(instrument), contracts.exchange(instrument)
    zone, hours = "US/Eastern", "20261123:0930-20261123:1600"
    month, last, magnifier = "", "", 1
    if instrument.asset_class is AssetClass.FUTURE:
        made = listing.contract(instrument.symbol)
        month, last, magnifier = f"{made.month:%Y%m}", f"{made.last:%Y%m%d}", made.root.magnifier
    return frame(
        *(10, request, f[1], f[2], f[3], f[4], f[5], where, f[8], f[9], f[10], f[10], f[0]),
        *(instrument.price_increment, f[6], "ACTIVETIM,LMT,MKT,STP,TRAIL", where, magnifier, 0),
        *(instrument.name, "NASDAQ" if f[2] in {"STK", "OPT"} else where, month, "", "", ""),
        *(zone, hours, hours, "", "", 0),
        *(1, "", "", "26", last, "COMMON" if f[2] == "STK" else "", 1, 1, 1),
    )
