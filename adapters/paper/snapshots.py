"""Write the engine's accounts and orders as JSON, and read them back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.paper.codec import decode, encode
from adapters.paper.ledger import Holding, Ledger
from adapters.paper.orderbook import OrderBook
from adapters.paper.values import EngineOrder
from domain.instruments import Instrument

FORMAT = 1


def dump(book: OrderBook, ledgers: Mapping[str, Ledger]) -> dict[str, Any]:
    """Give the JSON form; instruments are written once each."""
    instruments: dict[str, Instrument] = {}

    def pack(value: EngineOrder) -> dict[str, Any]:
        instruments[value.symbol] = value.request.instrument
        known = book.packed.get(value.id)
        if known is not None and known[0] is value:
            return known[1]
        raw: dict[str, Any] = encode(value)
        raw["request"]["instrument"] = value.symbol
        book.packed[value.id] = (value, raw)
        return raw

    orders = [pack(order) for order in book.all()]
    accounts = []
    for ledger in ledgers.values():
        instruments |= {h.instrument.symbol: h.instrument for h in ledger.holdings.values()}
        accounts.append(_account(ledger))
    return {
        "format": FORMAT,
        "counter": book.counter,
        "sequence": book.sequence,
        "instruments": {symbol: encode(i) for symbol, i in sorted(instruments.items())},
        "accounts": accounts,
        "orders": orders,
        "spent": {account: sorted(ids) for account, ids in book.spent.items()},
    }


def _account(ledger: Ledger) -> dict[str, Any]:
    return {
        "id": ledger.id,
        "cash": str(ledger.cash),
        "realised": str(ledger.realised),
        "fees": str(ledger.fees),
        "holdings": {s: [str(h.quantity), str(h.cost)] for s, h in ledger.holdings.items()},
    }


def load(raw: Mapping[str, Any], book: OrderBook, ledgers: dict[str, Ledger]) -> None:
    """Fill an empty book and ledgers. Raises ValueError, KeyError or TypeError when ``raw`` is no dump."""
    if raw["format"] != FORMAT:
        raise ValueError(f"a paper book of format {raw['format']!r} is not one this version can read")
    instruments = {symbol: decode(Instrument, part) for symbol, part in raw["instruments"].items()}
    for part in raw["accounts"]:
        ledgers[part["id"]] = Ledger(
            id=part["id"],
            cash=Decimal(part["cash"]),
            realised=Decimal(part["realised"]),
            fees=Decimal(part["fees"]),
            holdings={
                s: Holding(instrument=instruments[s], quantity=Decimal(q), cost=Decimal(c))
                for s, (q, c) in part["holdings"].items()
            },
        )
    for part in raw["orders"]:
        request = {**part["request"], "instrument": raw["instruments"][part["request"]["instrument"]]}
        book.put(decode(EngineOrder, {**part, "request": request}))
    book.counter = raw["counter"]
    book.sequence = raw["sequence"]
    book.spent = {account: set(ids) for account, ids in raw["spent"].items()}
