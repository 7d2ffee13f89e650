"""Let a server's owner say which roles give which membership."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from domain.accounts import GuildSettings
from domain.broker import FieldSpec
from domain.errors import InvalidValue
from domain.ids import GuildId
from domain.tiers import Tier
from wizard.fields import check
from wizard.flow import Again, Context, Finish, Flow, Form, Next, Outcome, Problem, Step
from wizard.flows.source import manages
from wizard.texts import say

NAME = "premium"
MOST_ROLES = 10
_SOLD = (Tier.PREMIUM, Tier.PRO, Tier.BASIC)
_ID = r"\d{15,20}"


class TierKeeper(Protocol):
    """Be what memberships need of the verbs (trading/service.py)."""

    async def guild_settings(self, guild: GuildId) -> GuildSettings:
        """Give a server's choices."""

    async def give_tier(self, guild: GuildId, tier: Tier, roles: Sequence[str]) -> GuildSettings:
        """Set which roles give a tier. Raises InvalidValue for @everyone."""


class PremiumSetup:
    """Show which roles give what, and take others."""

    def __init__(self, service: TierKeeper) -> None:
        self._service = service

    def flow(self) -> Flow:
        """Declare the flow; it is started with ``guild``."""
        steps = {"roles": Step(kind=Form, show=self._show, take=self._take)}
        return Flow(name=NAME, begin=_begin, steps=steps, here=True, power=manages)

    async def _show(self, ctx: Context) -> Form:
        settings = await self._service.guild_settings(GuildId(ctx.answers["guild"]))
        held = {tier.value: " ".join(settings.roles_of(tier)) for tier in _SOLD}
        return Form(
            fields=fields(),
            values={key: ctx.answers.get(key, roles) for key, roles in held.items()},
            params=_shown(held),
        )

    async def _take(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        guild = GuildId(ctx.answers["guild"])
        checked = check(fields(), values)
        chosen = {tier: checked.plain[tier.value].split() for tier in _SOLD}
        if checked.problems:
            return Again(problems=checked.problems, answers=checked.plain)
        if any(guild in roles for roles in chosen.values()):
            return Again(problems=(Problem(key="everyone_chosen"),), answers=checked.plain)
        try:
            for tier, roles in chosen.items():
                await self._service.give_tier(guild, tier, roles)
        except InvalidValue as error:
            problem = Problem(key="not_saved", params={"text": str(error)})
            return Again(problems=(problem,), answers=checked.plain)
        return Finish(params=_shown(checked.plain))


_LABELS: Mapping[Tier, Callable[[], str]] = {
    Tier.PREMIUM: lambda: say("premium.roles.premium"),
    Tier.PRO: lambda: say("premium.roles.pro"),
    Tier.BASIC: lambda: say("premium.roles.basic"),
}


async def _begin(ctx: Context) -> Next:
    return Next(step="roles", answers={"guild": ctx.answers.get("guild", "")})


def _shown(held: Mapping[str, str]) -> Mapping[str, str]:
    """Point at roles as Discord shows them."""
    return {
        tier.value: ", ".join(f"<@&{role}>" for role in held[tier.value].split()) or say("premium.roles.none")
        for tier in _SOLD
    }


def fields() -> tuple[FieldSpec, ...]:
    """Give what is asked for: the roles of each membership, the highest first."""
    return tuple(_field(tier) for tier in _SOLD)


def _field(tier: Tier) -> FieldSpec:
    return FieldSpec(
        key=tier.value,
        label=_LABELS[tier](),
        help=say("premium.roles.help"),
        secret=False,
        required=False,
        pattern=rf"{_ID}( {_ID})*",
        max_length=21 * MOST_ROLES,
        entity="role",
        most=MOST_ROLES,
    )
