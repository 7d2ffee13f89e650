"""Refuse what cannot be: stops and targets on the wrong side, prices that are no prices."""

from decimal import Decimal

from signals.levels import Level

_REACH = {"option": Decimal(40), "forex": Decimal(2), "commodity": Decimal(2), "index": Decimal(2)}
_ANY_REACH = Decimal(10)


def infer_side(entry: list[Decimal], stop: Decimal | None, targets: list[Decimal]) -> str | None:
    """Tell long from short by where stop and targets lie; None where they do not say or disagree."""
    if not entry:
        if stop is None or not targets:
            return None
        return (
            "long" if all(t > stop for t in targets) else "short" if all(t < stop for t in targets) else None
        )
    low, high = min(entry), max(entry)
    votes = set()
    if stop is not None:
        votes.add("long" if stop < low else "short" if stop > high else "none")
    for target in targets:
        votes.add("long" if target > high else "short" if target < low else "none")
    return votes.pop() if len(votes) == 1 and votes != {"none"} else None


def wrong_side(side: str, entry: list[Decimal], stop: Decimal | None, targets: list[Decimal]) -> str | None:
    """Name what lies on the wrong side of the entry, or None."""
    if entry:
        low, high = min(entry), max(entry)
        if stop is not None and (stop >= low if side == "long" else stop <= high):
            return "stop_side"
        if any(t <= high if side == "long" else t >= low for t in targets):
            return "target_side"
    elif stop is not None and any(t <= stop if side == "long" else t >= stop for t in targets):
        return "stop_side"
    return None


def bad_price(levels: list[Level], asset: str) -> bool:
    """Tell whether a price is zero, or so far from the others that one of them is a misprint."""
    return bad_prices([level.value for level in levels], asset)


def bad_prices(values: list[Decimal], asset: str) -> bool:
    """Tell the same of plain numbers; ``asset`` is the name of an asset class, or "" for any."""
    if not values:
        return False
    low, high = min(values), max(values)
    return low <= 0 or high / low > _REACH.get(asset, _ANY_REACH)
