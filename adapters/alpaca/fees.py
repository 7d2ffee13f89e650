"""Estimate what an order costs at Alpaca beside its price.

Alpaca has no fee endpoint. Stocks carry no commission; sells carry the SEC's and FINRA's fees. Options carry
fees for each contract, crypto a share of its value by volume tier. The figures are the highest of recent
years, so that an estimate is never below what is booked; the SEC sets its rate anew every year.
"""

from decimal import ROUND_CEILING, Decimal

from adapters.alpaca import texts
from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import OrderRequest, Side
from domain.portfolio import Fees

# docs.alpaca.markets/docs/regulatory-fees: SEC Section 31 fee, dollars per dollar sold.
_SEC = Decimal("0.0000278")
# [?] from memory, above that page's 0.000166 and 8.30: FINRA Trading Activity Fee per share, most per trade.
_TAF, _TAF_MOST = Decimal("0.000195"), Decimal("9.79")
# [?] likewise: taker rate of the lowest volume tier, docs.alpaca.markets/docs/crypto-fees.
_COIN_RATE = Decimal("0.0025")
# docs.alpaca.markets/docs/regulatory-fees: per contract, and the most the clearing house takes of one order.
# The audit trail counts a contract as a hundred shares.
_CLEARING, _CLEARING_MOST = Decimal("0.02"), Decimal(55)
_EXCHANGES, _AUDIT = Decimal("0.02685"), Decimal("0.0046")
_OPTION_TAF = Decimal("0.00329")
_CENT = Decimal("0.01")


def estimate(request: OrderRequest, price: Decimal) -> Fees:
    """Estimate the fees of an order that fills at ``price``."""
    quantity = request.quantity
    value = request.notional if quantity is None else quantity * price
    value = value or ZERO
    if request.instrument.asset_class is AssetClass.CRYPTO:
        return Fees(amount=_up(value * _COIN_RATE), note=texts.FEE_CRYPTO)
    if request.instrument.asset_class is AssetClass.OPTION:
        return _option(request, price)
    if request.side is Side.BUY:
        return Fees(amount=ZERO, note=texts.FEE_BUY)
    shares = quantity if quantity is not None else value / price
    return Fees(amount=_up(value * _SEC) + _up(min(shares * _TAF, _TAF_MOST)), note=texts.FEE_SELL)


def _option(request: OrderRequest, price: Decimal) -> Fees:
    contracts = request.quantity or ZERO
    amount = _up(min(contracts * _CLEARING, _CLEARING_MOST))
    amount += _up(contracts * _EXCHANGES) + _up(contracts * _AUDIT)
    if request.side is Side.SELL:
        value = contracts * price * request.instrument.multiplier
        amount += _up(value * _SEC) + _up(contracts * _OPTION_TAF)
    return Fees(amount=amount, note=texts.FEE_OPTION)


def _up(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_CEILING)
