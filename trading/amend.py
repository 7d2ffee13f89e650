"""Change what is wanted of a trade: trims, exits, stops and targets moved, entries cancelled. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from domain.instruments import AssetClass
from domain.money import ZERO
from domain.orders import Order, OrderState, PositionEffect, Side
from domain.portfolio import Quote
from domain.signals import Reading, ReadingKind
from domain.trades import Slice, Trade
from trading import sizing

_FUTURE = re.compile(r"([A-Z0-9]+?)([FGHJKMNQUVXZ])([0-9]{1,4})")
UNSENT = "unsent"
"""The scope of a deleted message: it takes back what has not been sent, and nothing else."""
NOT_YET_SENT = frozenset({OrderState.NEW, OrderState.AWAITING, OrderState.READY, OrderState.DENIED})
AMENDING = frozenset({ReadingKind.TRIM, ReadingKind.EXIT, ReadingKind.UPDATE, ReadingKind.CANCEL})


def concerns(trade: Trade, reading: Reading) -> bool:
    """Tell whether an amendment speaks of this trade: its symbol, and its contract where one is named."""
    if reading.symbol is None:
        return reading.scope is not None
    instrument = trade.instrument
    same = trade.symbol == reading.symbol or _same_pair(trade, reading.symbol)
    if not same and not _same_future(trade, reading.symbol):
        return False
    option = instrument.option if instrument is not None else None
    if reading.strike is not None and (option is None or option.strike != reading.strike):
        return False
    if reading.right is not None and (option is None or option.right is not reading.right):
        return False
    return reading.expiry is None or (option is not None and option.expiry == reading.expiry)


def _same_pair(trade: Trade, symbol: str) -> bool:
    """Treat a dollar pair and its stablecoin twin as one: analysts write BTC, BTC/USD and BTCUSDT alike."""
    return _base(trade.symbol) == _base(symbol) and len(_base(symbol)) < len(trade.symbol)


def _same_future(trade: Trade, symbol: str) -> bool:
    """Treat ES and ESH6 as the ESH26 that is held, and ESM6 as another."""
    instrument, held = trade.instrument, _FUTURE.fullmatch(trade.symbol)
    if instrument is None or instrument.asset_class is not AssetClass.FUTURE or held is None:
        return False
    said = _FUTURE.fullmatch(symbol)
    if symbol == held[1] or said is None:
        return symbol == held[1]
    return said.group(1, 2) == held.group(1, 2) and held[3].endswith(said[3][-2:])


def _base(symbol: str) -> str:
    for quote in ("USDT", "USDC", "USD"):
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol[: -len(quote)]
    return symbol


def amended(trade: Trade, reading: Reading, orders: Sequence[Order], message: str) -> Trade:
    """Give the trade as it is wanted after an amendment; unchanged where it says nothing for it.

    A message applied before changes nothing: start-up may hand the same one in again.
    """
    if message in trade.applied:
        return trade
    changed = _changed(trade, reading, orders)
    if changed == trade:
        return trade
    return replace(changed, applied=(*changed.applied, message))


def _changed(trade: Trade, reading: Reading, orders: Sequence[Order]) -> Trade:
    match reading.kind:
        case ReadingKind.EXIT:
            if reading.scope == "unfilled_entries":
                return replace(trade, cancel_entry=True)
            return exited(trade)
        case ReadingKind.TRIM:
            return trimmed(trade, reading.fraction) if reading.fraction is not None else trade
        case ReadingKind.CANCEL:
            if reading.scope == UNSENT and any(o.state not in NOT_YET_SENT for o in orders):
                return trade
            return entry_unwanted(trade)
        case ReadingKind.UPDATE:
            return _updated(trade, reading, orders)
        case _:
            return trade


def exited(trade: Trade) -> Trade:
    """Want nothing of it any more."""
    return replace(trade, cancel_entry=True, slices=tuple(replace(s, hold=ZERO) for s in trade.slices))


def trimmed(trade: Trade, fraction: Decimal) -> Trade:
    """Want a fraction less of it; the first targets' slices go first."""
    if fraction >= 1:
        return exited(trade)
    step = trade.instrument.quantity_increment if trade.instrument is not None else Decimal(1)
    return replace(trade, slices=sizing.trim(trade.slices, fraction, step))


def _updated(trade: Trade, reading: Reading, orders: Sequence[Order]) -> Trade:
    stop = _wanted_stop(trade, reading, orders)
    slices = trade.slices
    if stop is not None:
        slices = tuple(replace(s, stop=stop) for s in slices)
    if reading.targets:
        slices = retargeted(slices, reading.targets)
    return replace(trade, slices=slices)


def retargeted(slices: Sequence[Slice], targets: Sequence[Decimal]) -> tuple[Slice, ...]:
    """Give each slice its new target; slices beyond the list take the last one."""
    return tuple(replace(s, target=targets[min(s.index, len(targets) - 1)]) for s in slices)


def _wanted_stop(trade: Trade, reading: Reading, orders: Sequence[Order]) -> Decimal | None:
    if reading.stop_to == "breakeven":
        return entry_average(orders) or trade.alerted_price
    if isinstance(reading.stop_to, Decimal):
        return reading.stop_to
    return reading.stop


def entry_average(orders: Sequence[Order]) -> Decimal | None:
    """Give the average price entries filled at, or None before the first fill."""
    filled = [
        o for o in orders if o.intent.request.effect is PositionEffect.OPEN and o.filled_quantity > ZERO
    ]
    quantity = sum((o.filled_quantity for o in filled), ZERO)
    if quantity == ZERO:
        return None
    return sum((o.filled_quantity * (o.average_price or ZERO) for o in filled), ZERO) / quantity


def realised(trade: Trade, orders: Sequence[Order]) -> Decimal:
    """Give the profit booked so far, in the instrument's currency, fees left out."""
    entry = entry_average(orders)
    if entry is None or trade.instrument is None:
        return ZERO
    sign = Decimal(1) if trade.side is Side.BUY else Decimal(-1)
    total = ZERO
    for order in orders:
        closings = [(c.filled_quantity, c.average_price) for c in order.children]
        if order.intent.request.effect is PositionEffect.CLOSE:
            closings.append((order.filled_quantity, order.average_price))
        for quantity, price in closings:
            if quantity > ZERO and price is not None:
                total += (price - entry) * quantity * sign * trade.instrument.multiplier
    return total


def settled_for(
    trade: Trade, index: int, *, stop: Decimal | None = None, target: Decimal | None = None
) -> Trade:
    """Want a slice's stop or target where it lies, because the broker does not let it be elsewhere."""
    return replace(
        trade,
        slices=tuple(
            replace(s, stop=stop or s.stop, target=target or s.target) if s.index == index else s
            for s in trade.slices
        ),
    )


def entry_unwanted(trade: Trade) -> Trade:
    """Take back what has not filled."""
    return replace(trade, cancel_entry=True)


def reached(trade: Trade, watched: Sequence[Slice], quote: Quote) -> frozenset[int]:
    """Name the watched slices whose target the market pays now."""
    long = trade.side is Side.BUY
    return frozenset(
        s.index
        for s in watched
        if s.target is not None and (quote.bid >= s.target if long else quote.ask <= s.target)
    )


def let_go(trade: Trade, indexes: frozenset[int]) -> Trade:
    """Want nothing of these slices any more."""
    return replace(
        trade, slices=tuple(replace(s, hold=ZERO) if s.index in indexes else s for s in trade.slices)
    )


def edited(trade: Trade, old: Reading, new: Reading, message: str) -> Trade:
    """Apply an edit of the very message a trade came from. It never makes a second entry.

    A stop or target that moved is moved; a message that is no entry any more, or of something else,
    takes back what has not filled.
    """
    if message in trade.applied:
        return trade
    changed = trade
    same = (new.kind, new.symbol, new.side, new.strike, new.right, new.expiry) == (
        *(old.kind, old.symbol, old.side, old.strike, old.right, old.expiry),
    )
    if not same:
        changed = replace(changed, cancel_entry=True)
    else:
        if new.stop is not None and new.stop != old.stop:
            changed = replace(changed, slices=tuple(replace(s, stop=new.stop) for s in changed.slices))
        if new.targets and new.targets != old.targets:
            changed = replace(changed, slices=retargeted(changed.slices, new.targets))
    if changed == trade:
        return trade
    return replace(changed, applied=(*changed.applied, message))
