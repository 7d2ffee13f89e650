"""Turn the options of /buy and /sell into one order, refusing what contradicts itself."""

from dataclasses import dataclass

from cogs import texts
from cogs.base import Ix, member, server
from cogs.numbers import optional, symbol
from domain.errors import InvalidValue
from domain.orders import OrderType, Side, TimeInForce
from trading.views import ManualOrder

_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold what a person filled in, as text: Discord's numbers are floats and are never used."""

    symbol: str
    quantity: str | None = None
    amount: str | None = None
    type: OrderType | None = None
    limit: str | None = None
    stop: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    duration: TimeInForce = TimeInForce.DAY


def manual_order(interaction: Ix, side: Side, options: Options) -> ManualOrder:
    """Read the options, for the default account. Raises InvalidValue.

    The interaction's id makes the order once-only.
    """
    if options.quantity is None and options.amount is None:
        raise InvalidValue(texts.NEEDS_SIZE)
    if options.quantity is not None and options.amount is not None:
        raise InvalidValue(texts.QUANTITY_OR_AMOUNT)
    return ManualOrder(
        key=str(interaction.id),
        user=member(interaction),
        guild=server(interaction),
        side=side,
        symbol=symbol(options.symbol),
        quantity=optional(options.quantity, "quantity"),
        notional=optional(options.amount, "amount"),
        order_type=order_type(options),
        limit_price=optional(options.limit, "limit price"),
        stop_price=optional(options.stop, "stop price"),
        take_profit=optional(options.take_profit, "take-profit price"),
        stop_loss=optional(options.stop_loss, "stop-loss price"),
        time_in_force=options.duration,
    )


def order_type(options: Options) -> OrderType:
    """Give the type: the one chosen, checked against the prices, or the one the prices mean."""
    limit, stop = options.limit is not None, options.stop is not None
    if options.type is None:
        if stop:
            return OrderType.STOP_LIMIT if limit else OrderType.STOP
        return OrderType.LIMIT if limit else OrderType.MARKET
    wrong = ""
    if limit is not (options.type in _LIMITED):
        wrong = texts.NO_LIMIT if limit else texts.NEEDS_LIMIT
    elif stop is not (options.type in _STOPPED):
        wrong = texts.NO_STOP if stop else texts.NEEDS_STOP
    if wrong:
        raise InvalidValue(wrong.format(type=texts.TYPE[options.type]))
    return options.type
