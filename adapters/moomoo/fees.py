"""Estimate what an order costs at moomoo beside its price.

moomoo tells fees only of past orders of live accounts. US members pay no commission on US stocks; sells carry
the SEC's and FINRA's fees, estimated at the highest of recent years.
"""

from decimal import ROUND_CEILING, Decimal

from adapters.moomoo import texts
from domain.money import ZERO
from domain.orders import OrderRequest, Side
from domain.portfolio import Fees

# [?] from memory, not checked against the agencies' pages: dollars per dollar sold, and per share.
_SEC = Decimal("0.0000278")
_TAF, _TAF_MOST = Decimal("0.000195"), Decimal("9.79")
_CENT = Decimal("0.01")


def estimate(request: OrderRequest, price: Decimal) -> Fees:
    """Estimate the fees of an order that fills at ``price``."""
    if request.side is Side.BUY:
        return Fees(amount=ZERO, note=texts.FEE_BUY)
    shares = request.quantity or ZERO
    taf = min(shares * _TAF, _TAF_MOST)
    return Fees(amount=_up(shares * price * _SEC) + _up(taf), note=texts.FEE_SELL)


def _up(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_CEILING)


def depends_on_price(request: OrderRequest) -> bool:
    """Tell whether the estimate needs a price: only what is sold is charged by value."""
    return request.side is Side.SELL
