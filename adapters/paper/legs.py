"""Make the protective legs of an entry or an OCO."""

from dataclasses import replace

from adapters.paper.values import EngineRequest
from domain.orders import LegRole, OrderClass, OrderType, TimeInForce


def as_placed(request: EngineRequest) -> EngineRequest:
    """Give the request that really works: an OCO's parent is its take-profit limit."""
    if request.order_class is not OrderClass.OCO:
        return request
    target = request.take_profit or request.limit_price
    return replace(
        request, order_type=OrderType.LIMIT, limit_price=target, take_profit=target, reduce_only=True
    )


def leg_requests(
    request: EngineRequest, client_ids: tuple[str, str], *, follow_tif: bool
) -> list[tuple[LegRole, EngineRequest]]:
    """Give the legs a request carries: on the other side of an entry, on the same side of an OCO."""
    # Protection must outlast the day its entry was sent on, unless the broker ties the two.
    oco = request.order_class is OrderClass.OCO
    common = EngineRequest(
        client_order_id="",
        instrument=request.instrument,
        side=request.side if oco else request.side.opposite,
        order_type=OrderType.LIMIT,
        time_in_force=request.time_in_force if oco or follow_tif else TimeInForce.GTC,
        quantity=request.quantity,
        notional=request.notional,
        reduce_only=True,
    )
    legs: list[tuple[LegRole, EngineRequest]] = []
    if request.take_profit is not None and request.order_class in {OrderClass.BRACKET, OrderClass.OTO}:
        target = replace(common, client_order_id=client_ids[0], limit_price=request.take_profit)
        legs.append((LegRole.TAKE_PROFIT, target))
    if request.stop_loss is not None and request.order_class is not OrderClass.SINGLE:
        stop = replace(
            common,
            client_order_id=client_ids[1],
            order_type=OrderType.STOP if request.stop_loss_limit is None else OrderType.STOP_LIMIT,
            stop_price=request.stop_loss,
            limit_price=request.stop_loss_limit,
        )
        legs.append((LegRole.STOP_LOSS, stop))
    return legs
