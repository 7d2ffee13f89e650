"""Estimate what an order costs at Schwab beside its price.

Stocks carry no commission; sells carry the SEC's and FINRA's fees; options cost 0.65 dollars a contract.
Schwab's preview of an order would tell exactly, at one of the 120 requests a minute that all users share.
"""

from decimal import ROUND_CEILING, Decimal

from adapters.schwab import texts
from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import OrderRequest, Side
from domain.portfolio import Fees

# [?] from memory, the highest of recent years: SEC Section 31 fee per dollar sold; FINRA fee per share.
_SEC = Decimal("0.0000278")
_TAF, _TAF_MOST = Decimal("0.000195"), Decimal("9.79")
# [?] likewise: Schwab's price per contract, and what exchanges and regulators add.
_CONTRACT, _EXCHANGE = Decimal("0.65"), Decimal("0.05")
_CENT = Decimal("0.01")


def estimate(request: OrderRequest, price: Decimal) -> Fees:
    """Estimate the fees of an order that fills at ``price``."""
    quantity = request.quantity or ZERO
    if request.instrument.asset_class is AssetClass.OPTION:
        return Fees(amount=_up(quantity * (_CONTRACT + _EXCHANGE)), note=texts.FEE_OPTION)
    if request.side is Side.BUY:
        return Fees(amount=ZERO, note=texts.FEE_STOCK)
    amount = _up(quantity * price * _SEC) + _up(min(quantity * _TAF, _TAF_MOST))
    return Fees(amount=amount, note=texts.FEE_SELL)


def _up(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_CEILING)
