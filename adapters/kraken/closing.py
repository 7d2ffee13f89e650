"""Write the orders that protect or close a holding, and say what an order costs."""

from decimal import ROUND_CEILING, Decimal

from adapters.kit.errors import Errors
from adapters.kraken import parse, texts
from adapters.kraken.client import Client
from domain.errors import BrokerError
from domain.ids import ClientOrderId
from domain.instruments import Instrument
from domain.orders import OrderRequest, OrderType, PositionEffect, Side, TimeInForce
from domain.portfolio import Quote

_CENT = Decimal("0.01")
_DEFAULT = Decimal("0.4")


def stop_loss(
    instrument: Instrument, quantity: Decimal, stop: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting stop: a market order once touched."""
    return _sell(instrument, quantity, client_order_id, order_type=OrderType.STOP, stop_price=stop)


def take_profit(
    instrument: Instrument, quantity: Decimal, limit: Decimal, client_order_id: ClientOrderId
) -> OrderRequest:
    """Write a resting target."""
    return _sell(instrument, quantity, client_order_id, order_type=OrderType.LIMIT, limit_price=limit)


def at_market(instrument: Instrument, quantity: Decimal, client_order_id: ClientOrderId) -> OrderRequest:
    """Write a market order that sells."""
    return _sell(instrument, quantity, client_order_id, order_type=OrderType.MARKET)


def taking(side: Side, quote: Quote) -> Decimal:
    """Give the price that an order at the market meets."""
    return quote.ask if side is Side.BUY else quote.bid


async def taker_rate(client: Client, instrument: Instrument, errors: Errors) -> tuple[Decimal, str]:
    """Give the taker fee in percent at the account's volume, and what to call it."""
    pair = (await client.markets(errors)).named(instrument.symbol)
    try:
        volume = await client.read("TradeVolume", {"pair": instrument.broker_symbol}, errors)
        return parse.number(next(iter(volume["fees"].values()))["fee"]), texts.FEE
    except (BrokerError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        # An estimate may be the listed rate; an order must not wait for it.
        return (pair.taker if pair else _DEFAULT), texts.FEE_LISTED


def fee(value: Decimal, rate: Decimal) -> Decimal:
    """Give the fee of a value at a rate in percent, rounded up to a cent."""
    return (value * rate / 100).quantize(_CENT, rounding=ROUND_CEILING)


def _sell(
    instrument: Instrument,
    quantity: Decimal,
    client_order_id: ClientOrderId,
    *,
    order_type: OrderType,
    limit_price: Decimal | None = None,
    stop_price: Decimal | None = None,
) -> OrderRequest:
    return OrderRequest(
        client_order_id=client_order_id,
        instrument=instrument,
        side=Side.SELL,
        order_type=order_type,
        time_in_force=TimeInForce.GTC,
        effect=PositionEffect.CLOSE,
        quantity=quantity,
        limit_price=limit_price,
        stop_price=stop_price,
    )
