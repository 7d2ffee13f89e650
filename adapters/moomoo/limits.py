"""Build the limits moomoo counts: one per kind of request and account, and some hundredths between two."""

from adapters.kit.limits import Limiter
from adapters.moomoo.manifest import RATES, SPACING
from domain.broker import RateRule, Scope
from domain.ports import Clock

_CEILING_WINDOW = 60.0


def of_kind(clock: Clock, kind: str, ceiling: int | None) -> Limiter:
    """Make the limiter of one kind of request.

    ``ceiling`` is the operator's, in orders a minute; reads have limits of their own.
    """
    rules = [RATES[kind]]
    if ceiling is not None and kind in SPACING:
        rules.append(RateRule(scope=Scope.ACCOUNT, count=max(1, ceiling), window=_CEILING_WINDOW))
    return Limiter(clock, rules, gap=SPACING.get(kind, 0.0))
