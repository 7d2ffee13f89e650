"""Hold what the steps of linking an account share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerManifest, Credentials, Verified
from domain.ids import UserId
from wizard.flow import Abort, Context, Form, Menu, Next, Outcome, Problem, Progress, Screen, Step
from wizard.texts import say


class AccountLinker(Protocol):
    """Be what linking needs of the account service (trading/accounts.py)."""

    async def available(self, user: UserId) -> Sequence[BrokerManifest]:
        """List brokers this member may link."""

    async def accounts(self, user: UserId) -> Sequence[LinkedAccount]:
        """List a member's accounts."""

    async def test_credentials(
        self, *, user: UserId, broker: str, environment: Environment, credentials: Credentials
    ) -> Verified:
        """Connect and read, changing nothing. Raises BrokerError or InvalidValue."""

    async def link(
        self,
        *,
        user: UserId,
        broker: str,
        environment: Environment,
        name: str,
        credentials: Credentials,
        verified: Verified,
    ) -> LinkedAccount:
        """Seal and save a tested account. Raises InvalidValue."""


ShowFor = Callable[[Context, BrokerManifest], Awaitable[Screen | Abort]]
TakeFor = Callable[[Context, BrokerManifest, Mapping[str, str]], Awaitable[Outcome]]


def step_for_broker(
    service: AccountLinker,
    kind: type[Form] | type[Menu] | type[Progress],
    show: ShowFor,
    take: TakeFor,
) -> Step:
    """Declare a step that needs the chosen broker; one gone meanwhile ends or restarts the flow."""

    async def shown(ctx: Context) -> Screen | Abort:
        manifest = await find(service, ctx.user, ctx.answers["broker"])
        return Abort(reason="broker_gone") if manifest is None else await show(ctx, manifest)

    async def taken(ctx: Context, values: Mapping[str, str]) -> Outcome:
        manifest = await find(service, ctx.user, ctx.answers["broker"])
        if manifest is None:
            return Next(step="broker", problem=Problem(key="broker_gone"), restart=True)
        return await take(ctx, manifest, values)

    return Step(kind=kind, show=shown, take=taken)


async def find(service: AccountLinker, user: UserId, slug: str) -> BrokerManifest | None:
    """Give the manifest of a broker the member may link, or None."""
    for manifest in await service.available(user):
        if manifest.slug == slug:
            return manifest
    return None


def asks_for_keys(manifest: BrokerManifest) -> bool:
    """Tell whether there is a credentials step: not for the built-in paper broker."""
    return any(spec.required for spec in manifest.fields)


def chosen_environment(ctx: Context) -> Environment:
    """Give the environment chosen before."""
    return Environment(ctx.answers["environment"])


def environment_words(environment: Environment) -> str:
    """Name an environment for people."""
    if environment is Environment.LIVE:
        return say("link_account.environment.live")
    return say("link_account.environment.paper")


async def credentials_of(ctx: Context) -> Credentials:
    """Put plain and sealed fields together. Raises VaultError."""
    opened = await ctx.secrets()
    plain = {
        key.removeprefix("field."): value for key, value in ctx.answers.items() if key.startswith("field.")
    }
    return Credentials({**plain, **{name: opened[name] for name in opened}})
