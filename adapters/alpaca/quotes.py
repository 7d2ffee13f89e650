"""Read the latest quote of a stock, a coin pair or an option contract."""

from adapters.alpaca import parse
from adapters.alpaca.client import Client
from adapters.kit.errors import Errors
from domain.instruments import AssetClass, Instrument
from domain.portfolio import Quote

_KINDS = frozenset({AssetClass.EQUITY, AssetClass.CRYPTO, AssetClass.OPTION})


async def latest(client: Client, instrument: Instrument, errors: Errors) -> Quote | None:
    """Give the latest bid and ask, or None: Alpaca leaves unknown symbols out of its answer."""
    if instrument.asset_class not in _KINDS:
        return None
    symbol = _data_symbol(instrument)
    answer = await client.read(lambda: _ask(client, instrument.asset_class, symbol), errors, data=True)
    raw = (answer or {}).get(symbol)
    return parse.quote(instrument.symbol, raw) if raw else None


def _data_symbol(instrument: Instrument) -> str:
    """Write the symbol as the data API wants it, whichever broker's instrument it is."""
    if instrument.asset_class is AssetClass.CRYPTO:
        return parse.slashed(instrument.symbol)
    return instrument.symbol


def _ask(client: Client, kind: AssetClass, symbol: str) -> dict[str, parse.Json]:
    from alpaca.data.requests import (
        CryptoLatestQuoteRequest,
        OptionLatestQuoteRequest,
        StockLatestQuoteRequest,
    )

    if kind is AssetClass.CRYPTO:
        answer = client.coins.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols=symbol))
    elif kind is AssetClass.OPTION:
        answer = client.options.get_option_latest_quote(OptionLatestQuoteRequest(symbol_or_symbols=symbol))
    else:
        answer = client.stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=symbol))
    if not isinstance(answer, dict):
        raise TypeError("not an answer about quotes")
    return answer
