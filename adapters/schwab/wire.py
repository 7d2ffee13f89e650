"""Write orders as Schwab wants them: prices as text, whole quantities, legs tied by the SDK's templates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.schwab.claims import Shape
from adapters.schwab.parse import Json, number
from domain.instruments import AssetClass, Instrument
from domain.money import ZERO, floor_to, plain, round_to
from domain.orders import OrderClass, OrderRequest, OrderType, PositionEffect, Side, TimeInForce

CENT = Decimal("0.01")
_PENNY_STOCK_STEP = Decimal("0.0001")
DURATIONS = {
    TimeInForce.DAY: "DAY",
    TimeInForce.GTC: "GOOD_TILL_CANCEL",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
}
TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP",
    OrderType.STOP_LIMIT: "STOP_LIMIT",
    OrderType.TRAILING_STOP: "TRAILING_STOP",
}
INSTRUCTIONS = {
    (AssetClass.EQUITY, Side.BUY, PositionEffect.OPEN): "BUY",
    (AssetClass.EQUITY, Side.SELL, PositionEffect.OPEN): "SELL_SHORT",
    (AssetClass.EQUITY, Side.BUY, PositionEffect.CLOSE): "BUY_TO_COVER",
    (AssetClass.EQUITY, Side.SELL, PositionEffect.CLOSE): "SELL",
    (AssetClass.OPTION, Side.BUY, PositionEffect.OPEN): "BUY_TO_OPEN",
    (AssetClass.OPTION, Side.SELL, PositionEffect.OPEN): "SELL_TO_OPEN",
    (AssetClass.OPTION, Side.BUY, PositionEffect.CLOSE): "BUY_TO_CLOSE",
    (AssetClass.OPTION, Side.SELL, PositionEffect.CLOSE): "SELL_TO_CLOSE",
}
_PRICED = {"LIMIT", "STOP_LIMIT"}
_STOPPED = {"STOP", "STOP_LIMIT"}
_KEPT = ("session", "duration", "orderType", "stopPriceLinkBasis", "stopPriceLinkType", "stopType")


def price(instrument: Instrument, value: Decimal) -> Decimal:
    """Put a price on its step: cents from 1 dollar up, hundredths of a cent below (SEC Rule 612)."""
    if instrument.asset_class is AssetClass.EQUITY:
        return round_to(value, CENT if value >= 1 else _PENNY_STOCK_STEP)
    return round_to(value, CENT)


def quantity(value: Decimal) -> Decimal:
    """Put a quantity on whole shares or contracts, never above what was asked."""
    return floor_to(value, Decimal(1))


def order_body(request: OrderRequest, effect: PositionEffect) -> dict[str, Any]:
    """Write a checked request; ``effect`` is what it really does, now that the position is known."""
    from schwab.orders.common import first_triggers_second, one_cancels_other

    if request.order_class is OrderClass.OCO:
        target, stop = _leg(request, request.side, target=True), _leg(request, request.side, target=False)
        return dict(one_cancels_other(target, stop).build())
    entry = _entry(request, effect)
    if request.order_class is OrderClass.SINGLE:
        return dict(entry.build())
    away = request.side.opposite
    if request.order_class is OrderClass.OTO:
        return dict(
            first_triggers_second(entry, _leg(request, away, target=request.stop_loss is None)).build()
        )
    legs = one_cancels_other(_leg(request, away, target=True), _leg(request, away, target=False))
    return dict(first_triggers_second(entry, legs).build())


def changed_body(
    raw: Json, size: Decimal | None, limit: Decimal | None, stop: Decimal | None
) -> dict[str, Any]:
    """Write an order anew from what Schwab says of it, with changes; its legs are written along."""
    body: dict[str, Any] = {key: raw[key] for key in _KEPT if raw.get(key) is not None}
    body["orderStrategyType"] = raw.get("orderStrategyType", "SINGLE")
    for key, new in (("price", limit), ("stopPrice", stop)):
        old = raw.get(key)
        wanted = _PRICED if key == "price" else _STOPPED
        if new is not None or (old is not None and raw.get("orderType") in wanted):
            body[key] = plain(number(old) if new is None else new)
    if raw.get("stopPriceOffset") is not None:
        body["stopPriceOffset"] = _bare(number(raw["stopPriceOffset"]))
    if raw.get("orderLegCollection"):
        body["orderLegCollection"] = [_same_leg(leg, size) for leg in raw["orderLegCollection"]]
    children = raw.get("childOrderStrategies")
    if children:
        body["childOrderStrategies"] = [changed_body(child, size, None, None) for child in children]
    return body


def shape_of(body: Json) -> Shape:
    """Give what recognises an order, from what was sent and from what Schwab shows alike."""
    legs = tuple(
        shape_of(child)[:3] + shape_of(child)[4:] for child in body.get("childOrderStrategies") or ()
    )
    strategy = str(body.get("orderStrategyType", "SINGLE"))
    if strategy == "OCO":
        return ("", "", strategy, ZERO, None, None, tuple(sorted(legs, key=str)))
    leg, kind = body["orderLegCollection"][0], str(body["orderType"])
    return (
        str(leg["instrument"]["symbol"]),
        str(leg["instruction"]),
        kind,
        number(leg["quantity"]),
        number(body["price"]) if kind in _PRICED else None,
        number(body["stopPrice"]) if kind in _STOPPED else None,
        tuple(sorted(legs, key=str)),
    )


def _entry(request: OrderRequest, effect: PositionEffect) -> Any:
    from schwab.orders import common

    builder = _builder(request, request.order_type, request.side, effect)
    builder.set_duration(common.Duration[DURATIONS[request.time_in_force]])
    if request.extended_hours:
        builder.set_session(common.Session.SEAMLESS)
    if request.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and request.limit_price is not None:
        builder.set_price(plain(price(request.instrument, request.limit_price)))
    if request.order_type in {OrderType.STOP, OrderType.STOP_LIMIT} and request.stop_price is not None:
        builder.set_stop_price(plain(price(request.instrument, request.stop_price)))
    if request.order_type is OrderType.TRAILING_STOP:
        _trail(builder, request)
    return builder


def _leg(request: OrderRequest, side: Side, *, target: bool) -> Any:
    """Write a protective leg: it rests until cancelled, for protection must outlast its entry's day."""
    from schwab.orders import common

    instrument = request.instrument
    kind = OrderType.LIMIT
    if not target:
        kind = OrderType.STOP if request.stop_loss_limit is None else OrderType.STOP_LIMIT
    builder = _builder(request, kind, side, PositionEffect.CLOSE)
    oco = request.order_class is OrderClass.OCO
    force = request.time_in_force if oco else TimeInForce.GTC
    builder.set_duration(common.Duration[DURATIONS[force]])
    if target:
        builder.set_price(plain(price(instrument, request.take_profit or ZERO)))
        return builder
    builder.set_stop_price(plain(price(instrument, request.stop_loss or ZERO)))
    if request.stop_loss_limit is not None:
        builder.set_price(plain(price(instrument, request.stop_loss_limit)))
    return builder


def _builder(request: OrderRequest, kind: OrderType, side: Side, effect: PositionEffect) -> Any:
    from schwab.orders import common
    from schwab.orders.generic import OrderBuilder

    instrument = request.instrument
    builder = OrderBuilder()
    builder.set_session(common.Session.NORMAL)
    builder.set_order_type(common.OrderType[TYPES[kind]])
    builder.set_order_strategy_type(common.OrderStrategyType.SINGLE)
    word, size = INSTRUCTIONS[instrument.asset_class, side, effect], int(quantity(request.quantity or ZERO))
    if instrument.asset_class is AssetClass.OPTION:
        builder.set_complex_order_strategy_type(common.ComplexOrderStrategyType.NONE)
        builder.add_option_leg(common.OptionInstruction[word], instrument.broker_symbol, size)
    else:
        builder.add_equity_leg(common.EquityInstruction[word], instrument.broker_symbol, size)
    return builder


def _trail(builder: Any, request: OrderRequest) -> None:
    from schwab.orders import common

    sells = request.side is Side.SELL
    basis = common.StopPriceLinkBasis.BID if sells else common.StopPriceLinkBasis.ASK
    builder.set_stop_price_link_basis(basis)
    if request.trail_percent is not None:
        builder.set_stop_price_link_type(common.StopPriceLinkType.PERCENT)
        builder.set_stop_price_offset(_bare(round_to(request.trail_percent, CENT)))
    elif request.trail_amount is not None:
        builder.set_stop_price_link_type(common.StopPriceLinkType.VALUE)
        builder.set_stop_price_offset(_bare(price(request.instrument, request.trail_amount)))


def _bare(value: Decimal) -> int | float:
    """Write an offset as the JSON number Schwab wants; two decimals survive a float's text exactly."""
    return int(value) if value == value.to_integral_value() else float(plain(value))


def _same_leg(leg: Mapping[str, Any], size: Decimal | None) -> dict[str, Any]:
    instrument = leg["instrument"]
    return {
        "instruction": leg["instruction"],
        "instrument": {"assetType": instrument["assetType"], "symbol": instrument["symbol"]},
        "quantity": int(number(leg["quantity"]) if size is None else size),
    }
