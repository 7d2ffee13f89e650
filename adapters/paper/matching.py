"""Decide, for one order and one quote, whether it may trade, at what price and in which turn. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from adapters.paper.costs import Slippage
from adapters.paper.values import EngineOrder
from domain.money import ceil_to, floor_to
from domain.orders import OrderType, Side

_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
_HUNDRED = Decimal(100)


@dataclass(slots=True)
class Depth:
    """Hold the latest bid and ask, and what is left of their sizes; None is endless."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None

    def price(self, side: Side) -> Decimal:
        """Give what the side pays or gets."""
        return self.ask if side is Side.BUY else self.bid

    def size(self, side: Side) -> Decimal | None:
        """Give what is left for the side, None for endless."""
        return self.ask_size if side is Side.BUY else self.bid_size

    def take(self, side: Side, quantity: Decimal) -> None:
        """Use liquidity up."""
        if side is Side.BUY and self.ask_size is not None:
            self.ask_size -= quantity
        elif side is Side.SELL and self.bid_size is not None:
            self.bid_size -= quantity


def touched(order: EngineOrder, depth: Depth) -> bool:
    """Tell whether a stop is reached: the ask for a buy, the bid for a sell."""
    if order.order_type not in _STOPS or order.triggered:
        return True
    if order.stop_price is None:
        return False
    if order.side is Side.BUY:
        return depth.ask >= order.stop_price
    return depth.bid <= order.stop_price


def marketable(order: EngineOrder, depth: Depth) -> bool:
    """Tell whether a triggered order crosses the quote."""
    limit = order.limit_price
    if limit is None:
        return True
    return depth.ask <= limit if order.side is Side.BUY else depth.bid >= limit


def turn(order: EngineOrder) -> tuple[int, Decimal, int]:
    """Give the sort key of price-time priority within a side: best price first, then the oldest."""
    limit = order.limit_price
    if limit is None:
        return (0, Decimal(0), order.sequence)
    return (1, -limit if order.side is Side.BUY else limit, order.sequence)


def fill_price(order: EngineOrder, depth: Depth, slippage: Slippage) -> Decimal:
    """Give the price of an execution now; the limit bounds it."""
    quoted = depth.price(order.side)
    if order.limit_price is None:
        return slippage.apply(order.request.instrument, order.side, quoted)
    return quoted


def trail(order: EngineOrder, depth: Depth) -> tuple[Decimal, Decimal]:
    """Give a trailing stop's best price so far and the stop that follows from it."""
    increment = order.request.instrument.price_increment
    if order.side is Side.SELL:
        best = depth.bid if order.extreme is None else max(order.extreme, depth.bid)
        return best, max(floor_to(best - _distance(order, best), increment), increment)
    best = depth.ask if order.extreme is None else min(order.extreme, depth.ask)
    return best, ceil_to(best + _distance(order, best), increment)


def _distance(order: EngineOrder, best: Decimal) -> Decimal:
    if order.request.trail_amount is not None:
        return order.request.trail_amount
    return best * (order.request.trail_percent or Decimal(0)) / _HUNDRED
