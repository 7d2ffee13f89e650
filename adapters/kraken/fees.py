"""Say what an order costs at Kraken."""

from decimal import ROUND_CEILING, Decimal

from adapters.kit.errors import Errors
from adapters.kraken import parse, texts
from adapters.kraken.client import Client
from domain.errors import BrokerError
from domain.instruments import Instrument
from domain.orders import Side
from domain.portfolio import Quote

_CENT = Decimal("0.01")
_DEFAULT = Decimal("0.4")


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
