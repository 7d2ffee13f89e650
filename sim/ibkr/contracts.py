"""Name the pretend market's instruments as TWS does: a contract id and twelve fields."""

import zlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from domain.instruments import AssetClass, Instrument, OptionContract, OptionRight
from sim.market import Market

_KNOWN = {"AAPL": 265598, "TSLA": 76792991, "MSFT": 272093}
KINDS = {AssetClass.EQUITY: "STK", AssetClass.OPTION: "OPT"}


def contract_id(symbol: str) -> int:
    """Give the contract id of a symbol, always the same."""
    return _KNOWN.get(symbol) or zlib.crc32(symbol.encode()) % 900_000_000 + 1000


def find(market: Market, fields: Sequence[str]) -> Instrument | None:
    """Find the instrument that twelve contract fields name, by id first."""
    wanted = fields[0]
    if wanted not in {"", "0"}:
        known = (i for i in market.instruments() if str(contract_id(i.symbol)) == wanted)
        return next((i for i in known if i.asset_class in KINDS), None)
    symbol = _symbol(fields)
    if symbol is None or not market.exists(symbol):
        return None
    found = market.instrument(symbol)
    return found if KINDS.get(found.asset_class) == fields[2] else None


def _symbol(fields: Sequence[str]) -> str | None:
    if fields[2] == "STK":
        return fields[1].replace(" ", ".")
    try:
        expiry = date(int(fields[3][:4]), int(fields[3][4:6]), int(fields[3][6:8]))
        right = OptionRight(fields[5][:1])
        return OptionContract(underlying=fields[1], expiry=expiry, strike=Decimal(fields[4]), right=right).occ
    except (ValueError, InvalidOperation):
        return None


def eleven(instrument: Instrument) -> list[object]:
    """Give the contract fields of an order: id, symbol, kind, expiry, strike, right, multiplier and so on."""
    option = instrument.option
    symbol = (option.underlying if option else instrument.symbol).replace(".", " ")
    return [
        contract_id(instrument.symbol),
        symbol,
        KINDS[instrument.asset_class],
        f"{option.expiry:%Y%m%d}" if option else "",
        option.strike if option else 0,
        option.right.value if option else "?",
        instrument.multiplier if option else "",
        "SMART",
        instrument.currency,
        instrument.symbol,
        "NMS",
    ]
