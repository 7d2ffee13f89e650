"""Find the instrument a signal names, at Alpaca."""

from adapters.alpaca import parse, texts
from adapters.alpaca.client import Client
from adapters.alpaca.contracts import ContractDesk
from adapters.alpaca.parse import Json
from adapters.alpaca.shared import Assets
from adapters.kit.errors import Errors
from domain.errors import NotFound, NotTradable
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.ports import Clock

# What a message means by these without saying more; some are also the tickers of small stocks and funds.
_COINS = frozenset(
    {"BTC", "ETH", "SOL", "DOGE", "XRP", "LTC", "AVAX", "LINK", "SHIB", "UNI", "AAVE", "DOT", "BCH"}
)
_DOLLARS = ("USDT", "USDC", "USD")


class AssetDesk:
    """Look assets up and remember them."""

    def __init__(self, client: Client, known: Assets, clock: Clock, endpoint: str) -> None:
        self._client = client
        self._known = known
        self._clock = clock
        self._endpoint = endpoint
        self._contracts = ContractDesk(client, known, clock, endpoint)

    async def resolve(self, query: InstrumentQuery, errors: Errors) -> Instrument:
        """Find a tradable instrument. Raises NotTradable, or Denied for an option not fully named."""
        symbol = query.symbol.upper()
        if query.option is not None or query.asset_class is AssetClass.OPTION:
            return await self._contracts.resolve(query, errors)
        found = None
        for kind in _order(symbol, query.asset_class):
            coin = kind is AssetClass.CRYPTO
            found = await (self.coin(_pair(symbol), errors) if coin else self.stock(symbol, errors))
            if found is not None and found.tradable:
                return found
        text = texts.UNKNOWN_SYMBOL.format(symbol=symbol)
        raise errors.not_tradable(text, "unknown_symbol" if found is None else "not_tradable")

    async def stock(self, symbol: str, errors: Errors) -> Instrument | None:
        """Look one stock up."""
        known = self.known(symbol)
        if known is not None:
            return known
        if not symbol.replace(".", "").isalnum():
            return None
        try:
            raw = await self._client.read(lambda: self._client.trading.get_asset(symbol), errors)
        except (NotFound, NotTradable):
            return None
        found = _read(raw, errors)
        if found.asset_class is not AssetClass.EQUITY:
            return None
        self._known.put(self._clock, self._endpoint, found)
        return found

    async def coin(self, pair: str, errors: Errors) -> Instrument | None:
        """Look one coin pair up, in the list: a slash in the path of a single look-up is not dependable."""
        known = self.known(pair)
        if known is not None:
            return known
        for raw in await self._client.read(self._list_coins, errors):
            self._known.put(self._clock, self._endpoint, _read(raw, errors))
        return self.known(pair)

    def known(self, broker_symbol: str) -> Instrument | None:
        """Give what is remembered."""
        return self._known.get(self._clock, self._endpoint, broker_symbol)

    async def of(self, symbol: str, kind: AssetClass, errors: Errors) -> Instrument:
        """Describe the instrument of an order or position, whether still tradable or not."""
        if kind is AssetClass.OPTION:
            return self.known(symbol) or parse.bare_instrument(symbol, kind)
        coin = kind is AssetClass.CRYPTO
        found = await (self.coin(parse.slashed(symbol), errors) if coin else self.stock(symbol, errors))
        return found or parse.bare_instrument(symbol, kind)

    def _list_coins(self) -> list[Json]:
        from alpaca.trading.enums import AssetClass as Kind
        from alpaca.trading.enums import AssetStatus
        from alpaca.trading.requests import GetAssetsRequest

        wanted = GetAssetsRequest(asset_class=Kind.CRYPTO, status=AssetStatus.ACTIVE)
        answer = self._client.trading.get_all_assets(wanted)
        if not isinstance(answer, list):
            raise TypeError("not a list of assets")
        return answer


def _order(symbol: str, kind: AssetClass | None) -> tuple[AssetClass, ...]:
    if kind is None:
        coin = symbol in _COINS or symbol.endswith(_DOLLARS)
        both = (AssetClass.CRYPTO, AssetClass.EQUITY)
        return both if coin else (AssetClass.EQUITY,)
    return (kind,) if kind in {AssetClass.EQUITY, AssetClass.CRYPTO} else ()


def _pair(symbol: str) -> str:
    """Turn BTC, BTCUSD, BTCUSDT and BTC/USD into BTC/USD: accounts here hold dollars, not stablecoins."""
    base = symbol.replace("/", "").replace("-", "")
    for dollars in _DOLLARS:
        if base.endswith(dollars) and len(base) > len(dollars):
            return f"{base.removesuffix(dollars)}/USD"
    return f"{base}/USD"


def _read(raw: Json, errors: Errors) -> Instrument:
    try:
        return parse.instrument(raw)
    except (ValueError, KeyError, TypeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None
