"""Hold what the steps about accounts share."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

from domain.accounts import Environment, LinkedAccount
from domain.broker import BrokerManifest, Credentials, Verified
from domain.ids import UserId
from trading.gate import GateReport
from wizard.flow import Abort, Context, External, Form, Menu, Next, Outcome, Problem, Progress, Screen, Step
from wizard.texts import say


class AccountLinker(Protocol):
    """Be what linking needs of the account service (trading/accounts.py)."""

    async def available(self, user: UserId) -> Sequence[BrokerManifest]:
        """List brokers this member may link."""

    async def accounts(self, user: UserId) -> Sequence[LinkedAccount]:
        """List a member's accounts."""

    async def get(self, user: UserId, account: str) -> LinkedAccount:
        """Give one account of this member. Raises InvalidValue."""

    async def kept(self, user: UserId, account: str) -> Credentials:
        """Open what an account has now. Raises InvalidValue, VaultError."""

    async def test_credentials(
        self, *, user: UserId, broker: str, environment: Environment, credentials: Credentials
    ) -> Verified:
        """Connect and read, changing nothing. Raises BrokerError or InvalidValue."""

    def exchanged(self, user: UserId, broker: str, credentials: Credentials) -> Mapping[str, str]:
        """Give, once, what a test got in exchange for a one-time code among these credentials."""

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

    async def relink(
        self, *, user: UserId, account: str, credentials: Credentials, verified: Verified
    ) -> LinkedAccount:
        """Put tested keys in place of an account's old ones. Raises InvalidValue."""


class AccountKeeper(Protocol):
    """Be what looking after accounts needs (trading/care.py)."""

    async def rename(self, user: UserId, account: str, name: str) -> LinkedAccount:
        """Give an account another name. Raises InvalidValue."""

    async def make_default(self, user: UserId, account: str) -> LinkedAccount:
        """Let commands that name no account mean this one."""


class Gatekeeper(Protocol):
    """Be what telling a member's chances needs of the gate (trading/gate.py)."""

    @property
    def beta(self) -> Collection[str]:
        """Give the brokers that are being rolled out."""

    async def report(self, user: UserId, guild: str = "") -> GateReport:
        """Say what a member may do."""


ShowFor = Callable[[Context, BrokerManifest], Awaitable[Screen | Abort]]
TakeFor = Callable[[Context, BrokerManifest, Mapping[str, str]], Awaitable[Outcome]]


def step_for_broker(
    service: AccountLinker,
    kind: type[Form] | type[Menu] | type[External] | type[Progress],
    show: ShowFor,
    take: TakeFor,
) -> Step:
    """Declare a step that needs the chosen broker; one gone meanwhile ends or restarts the flow."""

    async def shown(ctx: Context) -> Screen | Abort:
        manifest = await find(service, ctx.user, ctx.answers["broker"])
        return Abort(reason="broker_gone") if manifest is None else await show(ctx, manifest)

    async def taken(ctx: Context, values: Mapping[str, str]) -> Outcome:
        manifest = await find(service, ctx.user, ctx.answers["broker"])
        if manifest is not None:
            return await take(ctx, manifest, values)
        if "account" in ctx.answers:
            return Next(step="review")  # its own look at the broker ends the flow
        return Next(step="broker", problem=Problem(key="broker_gone"), restart=True)

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
    return Credentials({**plain_of(ctx), **{name: opened[name] for name in opened}})


def plain_of(ctx: Context) -> dict[str, str]:
    """Give the fields that are not secret."""
    return {
        key.removeprefix("field."): value for key, value in ctx.answers.items() if key.startswith("field.")
    }
