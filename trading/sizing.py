"""Turn a follower's size into quantities. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from domain.instruments import Instrument
from domain.money import ZERO, ceil_to, floor_to, plain
from domain.trades import Slice
from trading.denial import deny

MAX_SLICES = 10


def quantity(instrument: Instrument, money: Decimal, price: Decimal, *, whole: bool) -> Decimal:
    """Give how many units ``money`` buys at ``price``, rounded down.

    ``whole`` asks for whole shares, as brackets do at most brokers. Raises DeniedByUs when it buys none.
    """
    step = max(instrument.quantity_increment, Decimal(1)) if whole else instrument.quantity_increment
    units = floor_to(money / (price * instrument.multiplier), step)
    minimum = max(step, instrument.min_quantity)
    if units < minimum or units * price < instrument.min_notional:
        raise deny(
            "too_small",
            size=plain(round(money, 2)),
            currency=instrument.currency,
            minimum=plain(ceil_to(minimum, step)),
            symbol=instrument.symbol,
            price=plain(price),
        )
    return units


def slices(
    total: Decimal, step: Decimal, targets: Sequence[Decimal], stop: Decimal | None, minimum: Decimal = ZERO
) -> tuple[Slice, ...]:
    """Split a quantity into one slice a target, nearly equal, the remainder on the first.

    With fewer units than targets the first targets win: a trade that cannot be split still has a target.
    """
    step = max(step, minimum)
    count = max(1, min(len(targets), MAX_SLICES, int(total / step)))
    each = floor_to(total / count, step)
    first = total - each * (count - 1)
    made = []
    for index in range(count):
        amount = first if index == 0 else each
        made.append(
            Slice(
                index=index,
                quantity=amount,
                hold=amount,
                target=targets[index] if index < len(targets) else None,
                stop=stop,
            )
        )
    return tuple(made)


def reduce(parts: Sequence[Slice], amount: Decimal) -> tuple[Slice, ...]:
    """Lower what is held by ``amount``, nearest targets first."""
    left = amount
    reduced = []
    for part in parts:
        cut = min(part.hold, max(left, ZERO))
        left -= cut
        reduced.append(_held(part, part.hold - cut))
    return tuple(reduced)


def trim(parts: Sequence[Slice], fraction: Decimal, step: Decimal) -> tuple[Slice, ...]:
    """Lower what is held by a fraction of it, rounded up to the step: a trim is never nothing."""
    held = sum((p.hold for p in parts), ZERO)
    return reduce(parts, min(held, ceil_to(held * fraction, step)))


def _held(part: Slice, hold: Decimal) -> Slice:
    return Slice(index=part.index, quantity=part.quantity, hold=hold, target=part.target, stop=part.stop)
