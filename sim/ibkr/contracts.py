"""Name the pretend market's instruments as TWS does: a contract id and twelve fields."""

import zlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from domain.instruments import AssetClass, Instrument, OptionContract, OptionRight
from sim.ibkr import listing
from sim.market import Market

_KNOWN = {"AAPL": 265598, "TSLA": 76792991, "MSFT": 272093}
KINDS = {
    AssetClass.EQUITY: "STK",
    AssetClass.OPTION: "OPT",
    AssetClass.FUTURE: "FUT",
    AssetClass.FOREX: "CASH",
}


def contract_id(symbol: str) -> int:
    """Give the contract id of a symbol, always the same."""
    return _KNOWN.get(symbol) or zlib.crc32(symbol.encode()) % 900_000_000 + 1000


def find(market: Market, fields: Sequence[str]) -> Instrument | None:
    """Find the one instrument that twelve contract fields name, to trade it or to quote it."""
    found = search(market, fields)
    return found[0] if len(found) == 1 else None


def search(market: Market, fields: Sequence[str]) -> list[Instrument]:
    """Find what twelve contract fields name, by id first. Futures may be named without a month."""
    wanted, exchange = fields[0], fields[7]
    if wanted not in {"", "0"}:
        every = (i for i in market.instruments() if str(contract_id(i.symbol)) == wanted)
        known = [i for i in every if i.asset_class in KINDS]
    elif fields[2] == "FUT":
        known = [i for i in market.instruments() if i.asset_class is AssetClass.FUTURE and _fits(i, fields)]
    else:
        symbol = _symbol(fields)
        known = [market.instrument(symbol)] if symbol is not None and market.exists(symbol) else []
    return [i for i in known if fields[2] in {"", KINDS.get(i.asset_class)} and exchange in _routes(i)]


def _routes(instrument: Instrument) -> set[str]:
    """Say where an instrument may be sent to; a details request may leave it out."""
    if instrument.asset_class is AssetClass.FUTURE:
        return {"", listing.contract(instrument.symbol).root.exchange}
    return {"", listing.PAIRS} if instrument.asset_class is AssetClass.FOREX else {"", "SMART", "NASDAQ"}


def exchange(instrument: Instrument) -> str:
    """Say where an instrument trades."""
    if instrument.asset_class is AssetClass.FUTURE:
        return listing.contract(instrument.symbol).root.exchange
    return listing.PAIRS if instrument.asset_class is AssetClass.FOREX else "SMART"


def _fits(instrument: Instrument, fields: Sequence[str]) -> bool:
    made = listing.contract(instrument.symbol)
    month, root = fields[3], made.root
    return (
        (fields[1] == root.symbol or (not fields[1] and bool(fields[10])))
        and fields[9] in {"", instrument.currency}
        and fields[11] in {"", made.name}
        and fields[10] in {"", made.local}
        and month in {"", f"{made.month:%Y%m}", f"{made.last:%Y%m%d}"}
    )


def _symbol(fields: Sequence[str]) -> str | None:
    if fields[2] == "STK":
        return fields[1].replace(" ", ".")
    if fields[2] == "CASH":
        return fields[1] + fields[9]
    try:
        expiry = date(int(fields[3][:4]), int(fields[3][4:6]), int(fields[3][6:8]))
        right = OptionRight(fields[5][:1])
        under = fields[1].replace(" ", ".")
        return OptionContract(underlying=under, expiry=expiry, strike=Decimal(fields[4]), right=right).occ
    except (ValueError, InvalidOperation):
        return None


def eleven(instrument: Instrument, route: str | None = None) -> list[object]:
    """Give the contract fields of an order: id, symbol, kind, expiry, strike, right, multiplier and so on."""
    names = _names(instrument)
    where = exchange(instrument) if route is None else route
    return [contract_id(instrument.symbol), *names[:6], where, instrument.currency, *names[6:]]


def _names(instrument: Instrument) -> list[object]:
    """Give symbol, kind, expiry, strike, right, multiplier, local symbol and trading class."""
    kind, symbol = KINDS[instrument.asset_class], instrument.symbol
    if instrument.option is not None:
        option = instrument.option
        root = option.underlying.replace(".", "")
        day = f"{option.expiry:%Y%m%d}"
        local = f"{root:<6}{option.occ.removeprefix(option.underlying)}"
        under = option.underlying.replace(".", " ")
        return [under, kind, day, option.strike, option.right.value, instrument.multiplier, local, root]
    if kind == "FUT":
        made = listing.contract(symbol)
        day = f"{made.last:%Y%m%d}"
        return [made.root.symbol, kind, day, 0, "?", instrument.multiplier, made.local, made.name]
    if kind == "CASH":
        local = f"{symbol[:3]}.{symbol[3:]}"
        return [symbol[:3], kind, "", 0, "?", "", local, local]
    return [symbol.replace(".", " "), kind, "", 0, "?", "", symbol.replace(".", " "), "NMS"]
