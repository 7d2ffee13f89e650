"""Read what the account holds: balances are the truth, the portfolio only tells what was paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from adapters.coinbasepro import texts
from adapters.coinbasepro.client import Client
from adapters.coinbasepro.products import DOLLARS, ProductDesk, dollar_pair
from adapters.kit.errors import Errors
from adapters.kit.reading import maybe, number
from domain.instruments import Instrument
from domain.money import ZERO, floor_to
from domain.portfolio import AccountState, Position, Quote

_PAGE = 250
_MAX_PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Hold one currency: ``free`` may be traded, ``total`` is owned."""

    free: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Hold one position and how much of it no open order holds."""

    position: Position
    free: Decimal


class MoneyDesk:
    """Look balances up."""

    def __init__(self, client: Client, products: ProductDesk) -> None:
        self._client, self._products = client, products
        self._portfolio = ""
        self._rates: tuple[Decimal, Decimal] | None = None

    async def permissions(self, errors: Errors) -> Mapping[str, Any]:
        """Tell what the key may do, and for which portfolio."""
        found = await self._client.read(lambda sdk: sdk.v3PrivateGetBrokerageKeyPermissions(), errors)
        self._portfolio = str(found.get("portfolio_uuid") or "")
        return found

    async def account(self, errors: Errors) -> AccountState:
        """Give dollars, and the worth of everything in dollars."""
        if not self._portfolio:
            await self.permissions(errors)
        balances = await self._balances(errors)
        dollars = balances.get("USD", Balance(free=ZERO, total=ZERO))
        stable = sum((balances[name].total for name in DOLLARS[1:] if name in balances), ZERO)
        worth = ZERO
        for pair, balance, quote in await self._coins(balances, errors):
            del pair
            worth += balance.total * quote.mid if quote is not None else ZERO
        return AccountState(
            number_masked="…" + self._portfolio[-4:],
            cash=dollars.total,
            equity=dollars.total + stable + worth,
            buying_power=dollars.free,
            paper=False,
        )

    async def holdings(self, errors: Errors) -> list[Holding]:
        """Give what is worth selling: dust below the smallest order is left out."""
        balances = await self._balances(errors)
        coins = await self._coins(balances, errors)
        real = [c for c in coins if not _is_dust(c[0], c[1].total, c[2])]
        paid = await self._paid(errors) if real else {}
        found = []
        for pair, balance, quote in real:
            mark = quote.mid if quote is not None else None
            average = paid.get(pair.broker_symbol.split("-")[0]) or mark or ZERO
            position = Position(instrument=pair, quantity=balance.total, average_price=average, mark=mark)
            found.append(Holding(position=position, free=balance.free))
        return found

    async def taker_rate(self, errors: Errors) -> Decimal | None:
        """Give the account's taker rate as a share, or None where Coinbase does not tell."""
        answer = await self._client.read(
            lambda sdk: sdk.v3PrivateGetBrokerageTransactionSummary({"product_type": "SPOT"}), errors
        )
        try:
            return number(answer["fee_tier"]["taker_fee_rate"])
        except (ValueError, KeyError, TypeError):
            return None

    async def _balances(self, errors: Errors) -> dict[str, Balance]:
        found: dict[str, Balance] = {}
        cursor = ""
        for _ in range(_MAX_PAGES):
            asked: dict[str, Any] = {"limit": _PAGE} | ({"cursor": cursor} if cursor else {})
            answer = await self._client.read(partial(_accounts, asked), errors)
            _add(found, answer, errors)
            cursor = str(answer.get("cursor") or "") if answer.get("has_next") else ""
            if not cursor:
                return found
        raise errors.unknown(texts.UNREADABLE, "too_many_balances")

    async def _coins(
        self, balances: Mapping[str, Balance], errors: Errors
    ) -> list[tuple[Instrument, Balance, Quote | None]]:
        held = {name: b for name, b in balances.items() if name not in DOLLARS and b.total > ZERO}
        if not held:
            return []
        known = await self._products.all(errors)
        pairs = [(pair, held[name]) for name in sorted(held) if (pair := dollar_pair(name, known))]
        quotes = await self._products.quotes((pair.broker_symbol for pair, _ in pairs), errors)
        return [(pair, balance, quotes.get(pair.broker_symbol)) for pair, balance in pairs]

    async def _paid(self, errors: Errors) -> dict[str, Decimal]:
        """Give the mean price paid by coin, where Coinbase tells."""
        if not self._portfolio:
            await self.permissions(errors)
        name = self._portfolio
        if not name:
            return {}
        answer = await self._client.read(
            lambda sdk: sdk.v3PrivateGetBrokeragePortfoliosPortfolioUuid({"portfolio_uuid": name}), errors
        )
        try:
            raws = answer["breakdown"]["spot_positions"]
            prices = {
                str(raw["asset"]): maybe((raw.get("average_entry_price") or {}).get("value")) for raw in raws
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return {asset: price for asset, price in prices.items() if price}


async def _accounts(asked: dict[str, Any], sdk: Any) -> Any:
    return await sdk.v3PrivateGetBrokerageAccounts(asked)


def _add(found: dict[str, Balance], answer: Mapping[str, Any], errors: Errors) -> None:
    try:
        for raw in answer["accounts"]:
            free = number(raw["available_balance"]["value"])
            held = maybe((raw.get("hold") or {}).get("value")) or ZERO
            name, old = str(raw["currency"]), found.get(str(raw["currency"]))
            more = Balance(free=free, total=free + held)
            # One currency may lie in several wallets.
            found[name] = Balance(free=old.free + free, total=old.total + more.total) if old else more
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def _is_dust(pair: Instrument, quantity: Decimal, quote: Quote | None) -> bool:
    """Tell whether it is too little to sell."""
    whole = floor_to(quantity, pair.quantity_increment)
    if whole <= ZERO or whole < pair.min_quantity:
        return True
    return quote is not None and quantity * quote.mid < pair.min_notional
