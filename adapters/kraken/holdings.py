"""Derive positions from balances: Kraken's spot accounts know no positions.

What a coin cost comes from the account's own trades, and is remembered while the balance stays the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.kit.errors import Errors
from adapters.kraken import parse, texts
from adapters.kraken.client import Client
from adapters.kraken.markets import Markets, Pair
from domain.broker import Lane
from domain.errors import AuthFailed
from domain.money import ZERO
from domain.portfolio import AccountState, Position

DUST = Decimal("0.01")
"""Dollars below which a rest of coins is no position."""
_CASH = "ZUSD"
_PAGES = 3
_PAGE = 50


@dataclass(frozen=True, slots=True)
class Balance:
    """Hold one asset: all of it, and what is not held by open orders."""

    total: Decimal
    free: Decimal


class HoldingDesk:
    """Read balances as money and positions."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._costs: dict[str, tuple[Decimal, Decimal]] = {}

    async def balances(self, errors: Errors, lane: Lane = Lane.READ) -> Mapping[str, Balance]:
        """Give every asset in Kraken's spelling. Staked ones (``ETH2.S``, ``XBT.F``) cannot be traded."""
        raws = await self._client.read("BalanceEx", {}, errors, lane)
        found = {}
        try:
            for asset, raw in raws.items():
                total, held = parse.number(raw["balance"]), parse.number(raw.get("hold_trade") or 0)
                if "." not in asset and total:
                    found[asset] = Balance(total, total - held)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return found

    async def account(self, number_masked: str, errors: Errors) -> AccountState:
        """Give the account's money: dollars, and Kraken's own sum of everything in dollars."""
        cash = (await self.balances(errors)).get(_CASH, Balance(ZERO, ZERO))
        total = await self._client.read("TradeBalance", {"asset": _CASH}, errors)
        try:
            equity = parse.number(total["eb"])
        except (ValueError, KeyError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return AccountState(
            number_masked=number_masked,
            cash=cash.total,
            equity=equity,
            buying_power=max(cash.free, ZERO),
            paper=False,
        )

    async def positions(self, errors: Errors) -> list[Position]:
        """Give coins worth showing: a dollar pair, at least one step of it, and a cent's worth."""
        markets = await self._client.markets(errors)
        held = []
        for asset, balance in (await self.balances(errors)).items():
            pair = markets.of_asset(asset)
            if pair is not None and balance.total >= pair.instrument.quantity_increment:
                held.append((pair, balance.total))
        if not held:
            return []
        marks = await self.marks([pair for pair, _ in held], errors)
        worth = [
            (pair, total) for pair, total in held if pair.id not in marks or total * marks[pair.id] >= DUST
        ]
        costs = await self._cost_of(worth, markets, errors)
        return [
            Position(
                instrument=pair.instrument,
                quantity=total,
                average_price=costs.get(pair.id) or marks.get(pair.id) or ZERO,
                mark=marks.get(pair.id),
            )
            for pair, total in worth
        ]

    async def marks(self, pairs: Sequence[Pair], errors: Errors) -> Mapping[str, Decimal]:
        """Give the middle of the quotes of pairs, in one request; empty ones are left out."""
        names = ",".join(pair.instrument.broker_symbol for pair in pairs)
        raws = await self._client.public("Ticker", {"pair": names}, errors)
        try:
            sides = {
                name: (parse.number(raw["b"][0]), parse.number(raw["a"][0])) for name, raw in raws.items()
            }
        except (ValueError, KeyError, TypeError, IndexError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return {name: (bid + ask) / 2 for name, (bid, ask) in sides.items() if bid and ask}

    async def _cost_of(
        self, held: Iterable[tuple[Pair, Decimal]], markets: Markets, errors: Errors
    ) -> Mapping[str, Decimal]:
        held = list(held)
        missing = {p.id: total for p, total in held if self._costs.get(p.id, (None, None))[0] != total}
        if missing:
            trades = await self._trades(missing, markets, errors)
            for name, total in missing.items():
                cost = average_cost(total, trades.get(name, ()))
                if cost is not None:
                    self._costs[name] = (total, cost)
        return {p.id: self._costs[p.id][1] for p, t in held if self._costs.get(p.id, (None,))[0] == t}

    async def _trades(
        self, wanted: Mapping[str, Decimal], markets: Markets, errors: Errors
    ) -> Mapping[str, list[Mapping[str, Any]]]:
        """Give the newest trades of pairs, newest first, a few pages back at most."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        try:
            for page in range(_PAGES):
                result = await self._client.read("TradesHistory", {"ofs": str(page * _PAGE)}, errors)
                trades = list(result["trades"].values())
                for trade in trades:
                    pair = markets.named(trade["pair"])
                    if pair is not None:
                        found.setdefault(pair.id, []).append(trade)
                if len(trades) < _PAGE or all(name in found for name in wanted):
                    break
            for trades in found.values():
                trades.sort(key=lambda trade: float(str(trade["time"])), reverse=True)
        except AuthFailed as error:
            # What was paid is good to know, not needed to trade.
            if error.code != "no_permission":
                raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return found


def average_cost(held: Decimal, newest_first: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """Work out what the coins held cost on average, fees left out; None when no trade tells.

    Goes back to where nothing was held, or as far as the trades reach, and from there forward again: a buy
    moves the average, a sale does not. Coins that came by other ways count at the first known price.
    """
    window: list[tuple[Decimal, Decimal]] = []
    before = held
    for trade in newest_first:
        signed = parse.number(trade["vol"]) * (1 if trade["type"] == "buy" else -1)
        window.append((signed, parse.number(trade["price"])))
        before -= signed
        if before <= ZERO:
            break
    window.reverse()
    first = next((price for signed, price in window if signed > ZERO), None)
    if first is None:
        return None
    quantity, average = max(before, ZERO), first
    for signed, price in window:
        if signed > ZERO:
            average = (quantity * average + signed * price) / (quantity + signed)
        quantity = max(quantity + signed, ZERO)
    return average
