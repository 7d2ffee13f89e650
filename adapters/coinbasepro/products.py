"""Find the pair a signal names, and quote it."""

from collections.abc import Iterable, Mapping

from adapters.coinbasepro import parse, texts
from adapters.coinbasepro.client import Client
from adapters.coinbasepro.shared import Products, Shared
from adapters.kit.errors import Errors
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.portfolio import Quote
from domain.ports import Clock

DOLLARS = ("USD", "USDC", "USDT")
"""Quote currencies that stand for a dollar, best first: an account here holds dollars."""


class ProductDesk:
    """Know the pairs."""

    def __init__(self, client: Client, shared: Shared, clock: Clock) -> None:
        self._client, self._shared, self._clock = client, shared, clock

    async def all(self, errors: Errors) -> Products:
        """Give every spot pair under Coinbase's name for it."""

        async def fetch() -> Products:
            answer = await self._client.read(
                lambda sdk: sdk.v3PublicGetBrokerageMarketProducts({"product_type": "SPOT"}),
                errors,
                public=True,
            )
            return _read(answer, errors)

        return await self._shared.products(self._clock, self._client.endpoint, fetch)

    async def resolve(self, query: InstrumentQuery, errors: Errors) -> Instrument:
        """Find a pair against dollars; USDT and USDC in a signal mean dollars too. Raises NotTradable."""
        text = texts.UNKNOWN_SYMBOL.format(symbol=query.symbol)
        if query.option is not None or query.asset_class not in {None, AssetClass.CRYPTO}:
            raise errors.not_tradable(text, "unknown_symbol")
        known = await self.all(errors)
        found = [known[name] for name in _names(query.symbol.upper()) if name in known]
        usable = next((pair for pair in found if pair.tradable), None)
        if usable is None:
            raise errors.not_tradable(text, "not_tradable" if found else "unknown_symbol")
        return usable

    async def quotes(self, products: Iterable[str], errors: Errors) -> Mapping[str, Quote]:
        """Give bids and asks by Coinbase's names; a pair without a price is left out."""
        wanted = sorted(set(products))
        if not wanted:
            return {}
        answer = await self._client.read(
            lambda sdk: sdk.v3PrivateGetBrokerageBestBidAsk({"product_ids": wanted}), errors
        )
        try:
            read = {str(book["product_id"]): parse.quote(book) for book in answer["pricebooks"]}
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            raise errors.unknown(texts.UNREADABLE, "unreadable") from None
        return {name: quote for name, quote in read.items() if quote is not None}


def dollar_pair(asset: str, known: Products) -> Instrument | None:
    """Give the pair in which an asset is priced and sold."""
    pairs = [known[f"{asset}-{d}"] for d in DOLLARS if f"{asset}-{d}" in known]
    return next((pair for pair in pairs if pair.tradable), pairs[0] if pairs else None)


def _names(symbol: str) -> list[str]:
    """List what a signal's symbol may be called here, best first: BTC, BTCUSD and BTCUSDT are all BTC-USD."""
    bare = symbol.replace("/", "").replace("-", "")
    coin = next((bare.removesuffix(d) for d in reversed(DOLLARS) if bare.endswith(d) and bare != d), bare)
    names = [f"{coin}-{dollars}" for dollars in DOLLARS]
    crosses = [f"{bare.removesuffix(q)}-{q}" for q in ("BTC", "ETH", "EUR", "GBP") if bare.endswith(q)]
    return names + [name for name in crosses if not name.startswith("-")]


def _read(answer: Mapping[str, object], errors: Errors) -> Products:
    raws = answer.get("products")
    if not isinstance(raws, list):
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    found: dict[str, Instrument] = {}
    for raw in raws:
        try:
            pair = parse.instrument(raw)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
            continue  # one odd pair must not hide the others
        found[pair.broker_symbol] = pair
    if raws and not found:
        raise errors.unknown(texts.UNREADABLE, "unreadable")
    return found
