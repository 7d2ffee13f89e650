"""Work out what an account can carry: what open orders hold, and what is left to trade with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.paper.costs import FeeModel, Slippage
from adapters.paper.ledger import Holding, Ledger, margin_rate
from adapters.paper.matching import Depth
from adapters.paper.values import EngineOrder, EngineRequest
from domain.money import ZERO
from domain.orders import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Answer questions of money for a ledger and its open orders, at the latest quotes."""

    depths: Mapping[str, Depth]
    marks: Mapping[str, Decimal]
    fees: FeeModel
    slippage: Slippage
    leverage: Decimal

    def mark(self, holding: Holding) -> Decimal:
        """Give the price a holding is valued at: the last known, or its own average without one."""
        return self.marks.get(holding.instrument.symbol) or holding.average_price

    def equity(self, ledger: Ledger) -> Decimal:
        """Give cash plus what all holdings are worth."""
        return ledger.cash + sum((self._value(h) for h in ledger.holdings.values()), ZERO)

    def excess(self, ledger: Ledger, orders: Iterable[EngineOrder], skip: str = "") -> Decimal:
        """Give the equity that neither positions nor open orders need; order ``skip`` is left out."""
        bound = sum(
            (
                abs(self._value(h)) * margin_rate(h.instrument, self.leverage)
                for h in ledger.holdings.values()
            ),
            ZERO,
        )
        reserved = sum((self._reserved(ledger, o) for o in orders if o.id != skip), ZERO)
        return self.equity(ledger) - bound - reserved

    def required(self, request: EngineRequest, quantity: Decimal | None, price: Decimal) -> Decimal:
        """Give the equity that an opening order needs, fees included."""
        instrument = request.instrument
        if quantity is None:
            quantity = (request.notional or ZERO) / (price * instrument.multiplier)
        value = quantity * price * instrument.multiplier
        return value * margin_rate(instrument, self.leverage) + self.fees.fee(instrument, quantity, price)

    def expected_price(
        self, request: EngineRequest, limit: Decimal | None, stop: Decimal | None
    ) -> Decimal | None:
        """Give the worst likely price of an order, or None while nobody knows one."""
        depth = self.depths.get(request.instrument.symbol)
        if limit is not None:
            return max(limit, depth.bid) if request.side is Side.SELL and depth else limit
        if stop is not None:
            return self.slippage.apply(request.instrument, request.side, stop)
        if depth is None:
            return self.marks.get(request.instrument.symbol)
        return self.slippage.apply(request.instrument, request.side, depth.price(request.side))

    def _value(self, holding: Holding) -> Decimal:
        return holding.quantity * self.mark(holding) * holding.instrument.multiplier

    def _reserved(self, ledger: Ledger, order: EngineOrder) -> Decimal:
        if order.held or order.parent_id or ledger.reduces(order.symbol, order.side):
            return ZERO
        price = self.expected_price(order.request, order.limit_price, order.stop_price)
        return ZERO if price is None else self.required(order.request, order.remaining, price)


def held_quantity(ledger: Ledger, orders: Iterable[EngineOrder], symbol: str, skip: str = "") -> Decimal:
    """Give how much of a position open closing orders speak for; orders of one group count once."""
    groups: dict[str, Decimal] = {}
    for order in orders:
        if (
            order.symbol != symbol
            or order.held
            or order.group == skip
            or not ledger.reduces(symbol, order.side)
        ):
            continue
        groups[order.group] = max(groups.get(order.group, ZERO), order.remaining or ZERO)
    return min(sum(groups.values(), ZERO), abs(ledger.quantity(symbol)))
