"""Let a member set their own limits."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

from domain.accounts import RiskLimits
from domain.broker import FieldSpec
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.money import plain
from trading.limits import BOUNDS
from wizard.fields import check
from wizard.flow import Again, Context, Finish, Flow, Form, Next, Outcome, Problem, Step
from wizard.texts import say

NAME = "risk_profile"
_WHOLE = r"\d{1,5}"
_MONEY = r"\d{1,7}(\.\d{1,2})?"


class LimitKeeper(Protocol):
    """Be what setting limits needs (trading/limits.py)."""

    @property
    def defaults(self) -> RiskLimits:
        """Give what holds for who set nothing."""

    async def of(self, user: UserId) -> RiskLimits:
        """Give what holds for a member."""

    async def set(self, user: UserId, wanted: Mapping[str, Decimal]) -> RiskLimits:
        """Change some of a member's limits. Raises InvalidValue."""


class RiskProfile:
    """Show the limits that hold, each with its default and bounds, and take others."""

    def __init__(self, limits: LimitKeeper) -> None:
        self._limits = limits

    def flow(self) -> Flow:
        """Declare the flow."""
        steps = {"limits": Step(kind=Form, show=self._show, take=self._take)}
        return Flow(name=NAME, begin=_begin, steps=steps)

    async def _show(self, ctx: Context) -> Form:
        held = _values(await self._limits.of(ctx.user))
        return Form(
            fields=fields(self._limits.defaults),
            values={name: ctx.answers.get(name, value) for name, value in held.items()},
            params=held,
        )

    async def _take(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        clean = {name: value.replace(",", "").replace("$", "") for name, value in values.items()}
        checked = check(fields(self._limits.defaults), clean)
        if checked.problems:
            return Again(problems=checked.problems, answers=checked.plain)
        try:
            wanted = {name: Decimal(value) for name, value in checked.plain.items()}
            saved = await self._limits.set(ctx.user, wanted)
        except (InvalidValue, InvalidOperation) as error:
            return Again(
                problems=(Problem(key="not_allowed", params={"text": str(error)}),), answers=checked.plain
            )
        return Finish(params=_values(saved))


def fields(defaults: RiskLimits) -> tuple[FieldSpec, ...]:
    """Give what is asked for, with bounds and defaults."""
    return tuple(_field(name, _values(defaults)[name]) for name in BOUNDS)


def _field(name: str, default: str) -> FieldSpec:
    bound = BOUNDS[name]
    said = {"low": f"{bound.low:,}", "high": f"{bound.high:,}", "default": default}
    return FieldSpec(
        key=name,
        label=_LABELS[name](),
        help=say("risk_profile.limits.bounds", **said),
        secret=False,
        pattern=_MONEY if name == "max_order_notional" else _WHOLE,
        pattern_hint=say("risk_profile.limits.hint", **said),
        max_length=10,
    )


_LABELS = {
    "max_order_notional": lambda: say("risk_profile.limits.notional"),
    "max_open_positions": lambda: say("risk_profile.limits.positions"),
    "entry_max_age": lambda: say("risk_profile.limits.age"),
    "duplicate_window": lambda: say("risk_profile.limits.duplicate"),
}


async def _begin(ctx: Context) -> Next:
    return Next(step="limits")


def _values(limits: RiskLimits) -> dict[str, str]:
    return {
        "max_order_notional": f"{Decimal(plain(limits.max_order_notional)):,}",
        "max_open_positions": str(limits.max_open_positions),
        "entry_max_age": str(limits.entry_max_age),
        "duplicate_window": f"{limits.duplicate_window:,}",
    }
