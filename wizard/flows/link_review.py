"""Show what was found, name it, save it."""

from collections.abc import Mapping, Sequence

from domain.accounts import LinkedAccount
from domain.broker import BrokerManifest, FieldSpec
from domain.errors import InvalidValue
from wizard.fields import check
from wizard.flow import Again, Context, Finish, Form, Menu, Next, Option, Outcome, Problem, Progress, Step
from wizard.flows import found
from wizard.flows.linking import (
    AccountKeeper,
    AccountLinker,
    chosen_environment,
    credentials_of,
    environment_words,
    step_for_broker,
)
from wizard.texts import say


class LinkReview:
    """Let the member look before anything is saved; a name is suggested and may be changed."""

    def __init__(self, service: AccountLinker, keeper: AccountKeeper) -> None:
        self._service = service
        self._keeper = keeper

    def steps(self) -> Mapping[str, Step]:
        """Declare the steps."""
        return {
            "review": step_for_broker(self._service, Menu, self._show_review, self._take_review),
            "name": step_for_broker(self._service, Form, _show_name, self._take_name),
            "save": step_for_broker(self._service, Progress, _show_save, self._take_save),
        }

    async def _show_review(self, ctx: Context, manifest: BrokerManifest) -> Menu:
        verified = found.load(ctx.answers["verified"])
        options = [Option(value="save", label=say("link_account.review.save"))]
        if await self._service.accounts(ctx.user):
            options.append(Option(value="default", label=say("link_account.review.default")))
        options.append(Option(value="rename", label=say("link_account.review.rename")))
        return Menu(
            options=tuple(options),
            problems=found.remarks(verified),
            params={
                "broker": manifest.title,
                "environment": environment_words(chosen_environment(ctx)),
                "name": ctx.answers["name"],
                **found.figures(verified),
            },
        )

    async def _take_name(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        checked = check((name_field(),), values)
        if checked.problems:
            return Again(problems=checked.problems)
        name = checked.plain["name"]
        if _has(await self._service.accounts(ctx.user), name):
            return Again(problems=(taken(name),))
        return Next(step="review", answers={"name": name})

    async def _take_review(
        self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]
    ) -> Outcome:
        match values.get("choice"):
            case "rename":
                return Next(step="name")
            case "save" | "default":
                return await self._to_save(ctx, values["choice"])
            case _:
                return Again(problems=())

    async def _to_save(self, ctx: Context, how: str) -> Outcome:
        """Remember which accounts there are before saving: see ``_saved_before``."""
        accounts = await self._service.accounts(ctx.user)
        if _has(accounts, ctx.answers["name"]):
            return Again(problems=(taken(ctx.answers["name"]),))
        known = " ".join(account.id for account in accounts)
        return Next(step="save", answers={"known": known, "how": how})

    async def _take_save(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        verified = found.load(ctx.answers["verified"])
        try:
            account = await self._service.link(
                user=ctx.user,
                broker=manifest.slug,
                environment=chosen_environment(ctx),
                name=ctx.answers["name"],
                credentials=await credentials_of(ctx),
                verified=verified,
            )
        except InvalidValue as error:
            saved = await self._saved_before(ctx, verified.state.number_masked)
            if saved is None:
                return Next(step="review", problem=Problem(key="not_saved", params={"text": str(error)}))
            account = saved
        if ctx.answers.get("how") == "default":
            await self._keeper.make_default(ctx.user, account.id)
        return Finish(params={"name": account.name, "number": account.number_masked or "-"})

    async def _saved_before(self, ctx: Context, number: str) -> LinkedAccount | None:
        """Find what this very flow saved before it was cut off: the second try must end well too.

        Only an account that was not there when saving began can be it.
        """
        known = ctx.answers["known"].split()
        asked = (ctx.answers["name"], ctx.answers["broker"], ctx.answers["environment"], number)
        for each in await self._service.accounts(ctx.user):
            same = (each.name, each.broker, each.environment.value, each.number_masked) == asked
            if same and each.id not in known:
                return each
        return None


async def _show_save(ctx: Context, manifest: BrokerManifest) -> Progress:
    return Progress(params={"name": ctx.answers["name"]})


async def _show_name(ctx: Context, manifest: BrokerManifest) -> Form:
    return Form(fields=(name_field(),), values={"name": ctx.answers.get("name", "")})


def _has(accounts: Sequence[LinkedAccount], name: str) -> bool:
    return name.casefold() in {account.name.casefold() for account in accounts}


def taken(name: str) -> Problem:
    """Say that another account has the name."""
    return Problem(key="name_taken", params={"name": name})


def name_field() -> FieldSpec:
    """Give the field that takes an account's name."""
    return FieldSpec(
        key="name",
        label=say("link_account.name.name"),
        help=say("link_account.name.name_help"),
        secret=False,
        pattern=r"\w[\w .#()+-]*",
        pattern_hint=say("link_account.name.name_hint"),
        max_length=32,
    )
