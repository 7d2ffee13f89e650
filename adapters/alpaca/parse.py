"""Read Alpaca's JSON into the project's values. Floats end here; the odd raises ValueError or KeyError."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.alpaca import texts
from adapters.kit.reading import maybe, moment, number
from domain.errors import InvalidValue
from domain.instruments import AssetClass, Instrument, OptionContract
from domain.money import ZERO
from domain.orders import Fill, LegRole, OrderReport, OrderState, OrderType, Side
from domain.portfolio import AccountState, Position, Quote

Json = Mapping[str, Any]

SHARE_STEP = Decimal("0.000000001")
"""Alpaca takes up to nine decimals of a fractionable share."""
CENT = Decimal("0.01")
_NICKEL, _DIME, _DEAR = Decimal("0.05"), Decimal("0.10"), Decimal(3)
_CENT_FUNDS = frozenset({"SPY", "QQQ", "IWM"})
_COIN_QUOTES = ("USDT", "USDC", "USD", "BTC")
_CLASSES = {
    "us_equity": AssetClass.EQUITY,
    "us_option": AssetClass.OPTION,
    "crypto": AssetClass.CRYPTO,
}
# Everything not listed is still at work, or not known here: neither ends an order.
_STATES = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


def plain_symbol(broker_symbol: str) -> str:
    """Turn ``BTC/USD`` into ours."""
    return broker_symbol.replace("/", "")


def asset_class(raw: Json) -> AssetClass:
    """Read an asset class; assets call the field ``class``."""
    return _CLASSES[raw.get("asset_class") or raw["class"]]


def report(raw: Json, parent: Json | None = None, fills: tuple[Fill, ...] = ()) -> OrderReport:
    """Read one order with its legs."""
    kind = OrderType(raw.get("type") or raw["order_type"])
    filled = maybe(raw.get("filled_qty")) or ZERO
    replaced_by = raw.get("replaced_by")
    state = _STATES.get(raw["status"])
    if state is None:
        state = OrderState.PARTIALLY_FILLED if filled > ZERO else OrderState.WORKING
    average = maybe(raw.get("filled_avg_price"))
    return OrderReport(
        broker_order_id=str(raw["id"]),
        client_order_id=raw.get("client_order_id") or None,
        state=state,
        symbol=plain_symbol(raw["symbol"]),
        side=Side(raw["side"]),
        order_type=kind,
        quantity=maybe(raw.get("qty")),
        filled_quantity=filled,
        average_price=average if average else None,
        limit_price=maybe(raw.get("limit_price")),
        stop_price=maybe(raw.get("stop_price")),
        at=moment(raw.get("updated_at") or raw["created_at"]),
        fills=fills,
        legs=tuple(report(leg, raw) for leg in raw.get("legs") or ()),
        role=_role(kind, raw, parent),
        parent_id=str(parent["id"]) if parent else None,
        replaced_by=str(replaced_by) if replaced_by and raw["status"] == "replaced" else None,
        held=_held(raw, parent),
    )


def _role(kind: OrderType, raw: Json, parent: Json | None) -> LegRole | None:
    """Tell a leg's job by its type. Both halves of an OCO are legs of a position."""
    if parent is None and raw.get("order_class") != "oco":
        return None
    return LegRole.STOP_LOSS if kind in _STOPS else LegRole.TAKE_PROFIT


def _held(raw: Json, parent: Json | None) -> bool:
    """Tell whether a leg still waits for its entry.

    Alpaca keeps calling the stop "held" after the entry has filled, while the target beside it rests on the
    book; it does protect then (alpaca-trade-api-js issue 87).
    """
    if raw["status"] != "held" or raw.get("order_class") == "oco":
        return False
    return parent is None or parent["status"] != "filled"


def update(message: Json) -> OrderReport:
    """Read one message of the trade_updates stream."""
    data = message["data"]
    fills: tuple[Fill, ...] = ()
    if data["event"] in {"fill", "partial_fill"} and data.get("execution_id"):
        fill = Fill(
            id=str(data["execution_id"]),
            broker_order_id=str(data["order"]["id"]),
            quantity=number(data["qty"]),
            price=number(data["price"]),
            at=moment(data["timestamp"]),
        )
        fills = (fill,)
    found = report(data["order"], fills=fills)
    # A leg that is news of its own has been released, whatever its status says: see _held.
    return replace(found, held=False) if data["event"] == "new" else found


def account(raw: Json, *, paper: bool) -> AccountState:
    """Read the account's money."""
    return AccountState(
        number_masked="…" + str(raw["account_number"])[-4:],
        cash=number(raw["cash"]),
        equity=number(raw["equity"]),
        buying_power=number(raw["buying_power"]),
        currency=raw.get("currency") or "USD",
        paper=paper,
        restricted=_restricted(raw),
    )


def _restricted(raw: Json) -> str:
    for name, text in texts.RESTRICTED.items():
        if raw.get(name):
            return text
    return "" if str(raw["status"]).upper().endswith("ACTIVE") else texts.INACTIVE


def position(raw: Json, known: Instrument | None) -> Position:
    """Read one position. Alpaca writes a coin pair without its slash here, and a short as a negative."""
    quantity = abs(number(raw["qty"]))
    return Position(
        instrument=known or bare_instrument(raw["symbol"], asset_class(raw), quantity),
        quantity=-quantity if raw["side"] == "short" else quantity,
        average_price=number(raw["avg_entry_price"]),
        mark=maybe(raw.get("current_price")),
    )


def bare_instrument(symbol: str, kind: AssetClass, quantity: Decimal = ZERO) -> Instrument:
    """Describe an instrument when only its symbol and class are known."""
    if kind is AssetClass.OPTION:
        return _option(symbol)
    broken = kind is AssetClass.CRYPTO or quantity % 1 != 0
    return Instrument(
        symbol=plain_symbol(symbol),
        asset_class=kind,
        broker_symbol=slashed(symbol) if kind is AssetClass.CRYPTO else symbol,
        price_increment=SHARE_STEP if kind is AssetClass.CRYPTO else CENT,
        quantity_increment=SHARE_STEP if broken else Decimal(1),
        fractionable=broken,
    )


def is_option(symbol: str) -> bool:
    """Tell whether a symbol names an option contract."""
    return _option(symbol).option is not None


def _option(symbol: str) -> Instrument:
    try:
        contract: OptionContract | None = OptionContract.from_occ(symbol)
    except InvalidValue:
        # Adjusted after a split or merger (AAPL1...): it is held, and shown, though nothing here names it.
        contract = None
    return Instrument(
        symbol=contract.occ if contract else symbol,
        asset_class=AssetClass.OPTION,
        broker_symbol=symbol,
        multiplier=Decimal(100),
        option=contract,
    )


def contract(raw: Json) -> Instrument:
    """Read an option contract. Raises ValueError, KeyError or InvalidValue for what is none."""
    found = OptionContract.from_occ(raw["symbol"])
    told = (date.fromisoformat(raw["expiration_date"]), number(raw["strike_price"]), str(raw["type"])[:1])
    if told != (found.expiry, found.strike, found.right.value.lower()):
        raise ValueError("a contract that contradicts its symbol")
    return Instrument(
        symbol=found.occ,
        asset_class=AssetClass.OPTION,
        broker_symbol=raw["symbol"],
        price_increment=_option_step(raw),
        multiplier=number(raw.get("multiplier") or raw.get("size") or 100),
        name=raw.get("name") or "",
        tradable=bool(raw["tradable"]) and raw.get("status", "active") == "active",
        option=found,
    )


def _option_step(raw: Json) -> Decimal:
    """Give the price step of a contract, by its class and its last close.

    Cents for SPY, QQQ and IWM; 0.01 below 3 dollars and 0.05 above in the penny program (``ppind``); 0.05 and
    0.10 elsewhere (alpaca.markets/support/options-pricing-increments-and-options-order-handling). A contract
    that says nothing of the program gets cents, which Alpaca takes and routes to the one exchange that quotes
    them.
    """
    penny = raw.get("ppind")
    if penny is None or raw.get("underlying_symbol") in _CENT_FUNDS:
        return CENT
    dear = (maybe(raw.get("close_price")) or ZERO) >= _DEAR
    if penny:
        return _NICKEL if dear else CENT
    return _DIME if dear else _NICKEL


def slashed(symbol: str) -> str:
    """Write a coin pair as Alpaca's orders and data want it: ``BTC/USD``."""
    if "/" in symbol:
        return symbol
    for quote in _COIN_QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return f"{symbol.removesuffix(quote)}/{quote}"
    return symbol


def instrument(raw: Json) -> Instrument:
    """Read an asset."""
    kind = asset_class(raw)
    coin = kind is AssetClass.CRYPTO
    fractionable = coin or bool(raw.get("fractionable"))
    smallest = SHARE_STEP if fractionable else Decimal(1)
    return Instrument(
        symbol=plain_symbol(raw["symbol"]),
        asset_class=kind,
        broker_symbol=raw["symbol"],
        price_increment=(maybe(raw.get("price_increment")) or SHARE_STEP) if coin else CENT,
        quantity_increment=(maybe(raw.get("min_trade_increment")) or SHARE_STEP) if coin else smallest,
        min_quantity=(maybe(raw.get("min_order_size")) or ZERO) if coin else ZERO,
        min_notional=Decimal(10) if coin else Decimal(1) if fractionable else ZERO,
        name=raw.get("name") or "",
        tradable=bool(raw["tradable"]) and raw.get("status", "active") == "active",
        shortable=bool(raw.get("shortable")) and bool(raw.get("easy_to_borrow", True)),
        fractionable=fractionable,
    )


def quote(symbol: str, raw: Json) -> Quote | None:
    """Read a bid and an ask; None when one side is missing, which Alpaca writes as 0."""
    bid, ask = number(raw["bp"]), number(raw["ap"])
    if bid <= ZERO or ask <= ZERO:
        return None
    return Quote(symbol=symbol, bid=bid, ask=ask, at=moment(raw["t"]))


def reports(raws: Sequence[Json]) -> list[OrderReport]:
    """Read a list of orders."""
    return [report(raw) for raw in raws]
