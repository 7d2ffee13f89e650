"""Refuse what no broker would take: shapes first, then what the account can carry."""

from decimal import Decimal

from adapters.paper.ledger import Ledger
from adapters.paper.margin import Margin, held_quantity
from adapters.paper.matching import Depth
from adapters.paper.values import EngineOrder, EngineRequest, Refusal, Refused
from domain.instruments import AssetClass
from domain.money import ZERO, plain
from domain.orders import OrderClass, OrderType, Side

_SHORT = frozenset({AssetClass.EQUITY, AssetClass.FUTURE, AssetClass.FOREX})


def check_shape(request: EngineRequest) -> None:
    """Refuse a request that contradicts itself or its instrument. Raises Refused."""
    if not request.instrument.tradable:
        raise Refused(Refusal.NOT_TRADABLE, f"{request.instrument.symbol} cannot be traded")
    _check_amount(request)
    _check_prices(request)
    _check_legs(request)


def _check_amount(request: EngineRequest) -> None:
    if (request.quantity is None) == (request.notional is None):
        raise Refused(
            Refusal.BAD_QUANTITY, "an order needs either a quantity or an amount of money, and not both"
        )
    if request.quantity is not None:
        check_quantity(request, request.quantity)
    elif request.notional is not None and request.notional <= ZERO:
        raise Refused(Refusal.BAD_QUANTITY, "the amount must be above zero")
    elif request.order_class is OrderClass.OCO:
        raise Refused(Refusal.BAD_QUANTITY, "protective orders need a quantity, not an amount of money")


def check_quantity(request: EngineRequest, quantity: Decimal) -> None:
    """Refuse a quantity that is not above zero, too small, or between two steps. Raises Refused."""
    instrument = request.instrument
    if quantity <= ZERO:
        raise Refused(Refusal.BAD_QUANTITY, "the quantity must be above zero")
    if quantity % instrument.quantity_increment:
        step = plain(instrument.quantity_increment)
        raise Refused(Refusal.BAD_QUANTITY, f"{instrument.symbol} trades in steps of {step}")
    if quantity < instrument.min_quantity:
        least = plain(instrument.min_quantity)
        raise Refused(Refusal.BAD_QUANTITY, f"the smallest order in {instrument.symbol} is {least}")


def _check_prices(request: EngineRequest) -> None:
    for price in (request.limit_price, request.stop_price, request.take_profit, request.stop_loss):
        if price is not None and price <= ZERO:
            raise Refused(Refusal.BAD_PRICE, "a price must be above zero")
    kind = request.order_type
    limit = request.limit_price or (request.take_profit if request.order_class is OrderClass.OCO else None)
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT} and limit is None:
        raise Refused(Refusal.BAD_PRICE, f"a {kind.value.replace('_', ' ')} order needs a limit price")
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT} and request.stop_price is None:
        raise Refused(Refusal.BAD_PRICE, f"a {kind.value.replace('_', ' ')} order needs a stop price")
    trails = (request.trail_percent is not None) + (request.trail_amount is not None)
    if kind is OrderType.TRAILING_STOP and trails != 1:
        raise Refused(Refusal.BAD_PRICE, "a trailing stop needs a trail in percent or in money, and not both")


def _check_legs(request: EngineRequest) -> None:
    kind = request.order_class
    target = request.take_profit
    if kind is OrderClass.OCO:
        target = target or request.limit_price
    count = (target is not None) + (request.stop_loss is not None)
    needed = {OrderClass.SINGLE: None, OrderClass.OTO: 1}.get(kind, 2)
    if needed is not None and count != needed:
        raise Refused(
            Refusal.BAD_PRICE, f"a {kind.value} order carries {needed} protective price(s), not {count}"
        )
    if kind is OrderClass.SINGLE:
        return
    # An OCO closes: its side is the legs' own.
    entry_buys = (request.side is Side.BUY) != (kind is OrderClass.OCO)
    prices = (request.stop_loss, None if kind is OrderClass.OCO else request.limit_price, target)
    known = [price for price in prices if price is not None]
    if known != sorted(set(known), reverse=not entry_buys):
        order = "stop below entry below target" if entry_buys else "target below entry below stop"
        raise Refused(Refusal.BAD_PRICE, f"the prices must lie {order}")


def check_market_legs(request: EngineRequest, depth: Depth | None) -> None:
    """Refuse a market entry whose stop or target the market has passed already. Raises Refused.

    Such a stop would close the position in the same moment, at a loss. Alpaca refuses it too.
    """
    entry = request.order_class in {OrderClass.BRACKET, OrderClass.OTO}
    if depth is None or request.order_type is not OrderType.MARKET or not entry:
        return
    up = 1 if request.side is Side.BUY else -1
    for price, way, what in ((request.take_profit, up, "target"), (request.stop_loss, -up, "stop")):
        base = depth.price(request.side)
        if price is not None and (price - base) * way <= ZERO:
            word = "above" if way > 0 else "below"
            raise Refused(
                Refusal.BAD_PRICE, f"the {what} must be {word} the market, which is at {plain(base)}"
            )


def check_short(request: EngineRequest) -> None:
    """Refuse to sell short what cannot be borrowed, or a part of a share. Raises Refused."""
    instrument = request.instrument
    if instrument.asset_class not in _SHORT or not instrument.shortable:
        raise Refused(
            Refusal.NOT_SHORTABLE, f"there is no {instrument.symbol} to sell, and it cannot be sold short"
        )
    if request.quantity is None or request.quantity % 1:
        raise Refused(Refusal.NOT_SHORTABLE, "a short sale needs a whole number of shares")


def check_means(
    ledger: Ledger,
    margin: Margin,
    live: list[EngineOrder],
    order: EngineOrder,
) -> None:
    """Refuse what the account cannot carry, now that ``live`` orders are open. Raises Refused.

    ``order`` may be one of them, changed: what it holds itself is not counted against it.
    """
    request = order.request
    price = margin.expected_price(request, order.limit_price, order.stop_price)
    if ledger.reduces(order.symbol, order.side):
        _check_free(ledger, live, order, price)
        return
    if request.reduce_only:
        raise Refused(Refusal.NOTHING_TO_CLOSE, f"there is no {order.symbol} position to close")
    if order.side is Side.SELL:
        check_short(request)
    if price is None:
        return
    quantity = order.remaining
    value = request.notional if quantity is None else quantity * price * request.instrument.multiplier
    if value is not None and value < request.instrument.min_notional:
        least = plain(request.instrument.min_notional)
        raise Refused(Refusal.BAD_QUANTITY, f"an order in {order.symbol} must be worth at least {least}")
    free = margin.excess(ledger, live, skip=order.id)
    if margin.required(request, quantity, price) > free:
        raise Refused(
            Refusal.INSUFFICIENT_FUNDS,
            f"the order needs about {plain(round(value or ZERO, 2))} and the account has "
            f"{plain(round(max(free, ZERO), 2))} of buying power",
        )


def _check_free(ledger: Ledger, live: list[EngineOrder], order: EngineOrder, price: Decimal | None) -> None:
    position = abs(ledger.quantity(order.symbol))
    free = position - held_quantity(ledger, live, order.symbol, skip=order.group)
    wanted = order.remaining
    if wanted is None:
        unit = (price or ZERO) * order.request.instrument.multiplier
        wanted = (order.request.notional or ZERO) / unit if unit else ZERO
    if wanted > free:
        raise Refused(
            Refusal.INSUFFICIENT_QUANTITY,
            f"{plain(wanted)} {order.symbol} asked, {plain(free)} free: open orders hold the rest of "
            f"{plain(position)}",
        )


def check_replace(old: EngineOrder, new: EngineOrder) -> None:
    """Refuse a change that the order's kind or its executions do not allow. Raises Refused."""
    if new.quantity != old.quantity and new.quantity is not None:
        check_quantity(new.request, new.quantity)
        if old.held:
            raise Refused(Refusal.BAD_QUANTITY, "a leg's quantity follows its entry until that has filled")
        if new.quantity <= old.filled_quantity:
            raise Refused(Refusal.BAD_QUANTITY, f"{plain(old.filled_quantity)} have already been executed")
    for name in ("limit_price", "stop_price"):
        before, after = getattr(old, name), getattr(new, name)
        if after is not None and (before is None or after <= ZERO):
            kind = old.order_type.value.replace("_", " ")
            raise Refused(
                Refusal.BAD_PRICE, f"a {kind} order has no {name.replace('_', ' ')} of {plain(after)}"
            )
