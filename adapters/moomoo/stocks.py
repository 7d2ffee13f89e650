"""Find the stock a signal names, and its latest quote."""

from typing import Any

from adapters.kit.errors import Errors
from adapters.moomoo import parse, texts
from adapters.moomoo.client import Client
from adapters.moomoo.shared import Stocks
from domain.errors import NotFound, Rejected
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from domain.portfolio import Quote
from domain.ports import Clock


async def resolve(
    client: Client, known: Stocks, clock: Clock, query: InstrumentQuery, errors: Errors
) -> Instrument:
    """Find a tradable stock. Raises NotTradable, or Denied for a class not supported here."""
    name = query.symbol.upper()
    if query.option is not None or query.asset_class not in {None, AssetClass.EQUITY}:
        raise errors.denied(texts.NO_CLASS, "unsupported_class")
    found = known.get(clock, client.scope, name)
    if found is not None:
        return found
    unknown = errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=name), "unknown_symbol")
    if not (name.replace(".", "").isalnum() and name.isascii()):
        raise unknown
    try:
        rows = await client.read(lambda context: _static(context, name), errors, trade=False)
    except (Rejected, NotFound):
        raise unknown from None
    found = _first(rows, errors)
    if found is None or found.symbol != name:
        raise unknown
    if not found.tradable:
        raise errors.not_tradable(texts.UNKNOWN_SYMBOL.format(symbol=name))
    known.put(clock, client.scope, found)
    return found


async def latest(client: Client, instrument: Instrument, errors: Errors) -> Quote | None:
    """Give the latest bid and ask, or None. Asked as a snapshot, which needs no subscription."""

    def ask(context: Any) -> Any:
        return context.get_market_snapshot([instrument.broker_symbol])

    try:
        rows = await client.read(ask, errors, kind="quotes", trade=False)
    except (Rejected, NotFound):
        return None
    try:
        return parse.quote(rows[0]) if rows else None
    except (ValueError, KeyError, TypeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None


def _static(context: Any, name: str) -> Any:
    return context.get_stock_basicinfo("US", "STOCK", code_list=[parse.PREFIX + name])


def _first(rows: list[dict[str, Any]], errors: Errors) -> Instrument | None:
    try:
        return parse.stock(rows[0]) if rows else None
    except (ValueError, KeyError, TypeError):
        raise errors.unknown(texts.UNREADABLE, "unreadable") from None
