"""Change an account's name and whatever of it is not secret, tested before it is saved."""

from collections.abc import Mapping

from domain.broker import BrokerManifest, Credentials, FieldSpec, Verified
from domain.errors import BrokerError, InvalidValue
from wizard.fields import check
from wizard.flow import (
    Again,
    Context,
    Finish,
    Flow,
    Form,
    Menu,
    Next,
    Option,
    Outcome,
    Problem,
    Progress,
    Stop,
)
from wizard.flows import found
from wizard.flows.link_review import name_field, taken
from wizard.flows.linking import (
    AccountKeeper,
    AccountLinker,
    asks_for_keys,
    chosen_environment,
    environment_words,
    find,
    plain_of,
    step_for_broker,
)
from wizard.flows.reauth import about
from wizard.flows.ways import PAGE
from wizard.texts import say

NAME = "reconfigure"


class Reconfigure:
    """Show what may be changed, try it with the keys that are there, and save."""

    def __init__(self, service: AccountLinker, keeper: AccountKeeper) -> None:
        self._service = service
        self._keeper = keeper

    def flow(self) -> Flow:
        """Declare the flow; it is started with ``account``."""
        steps = {
            "settings": step_for_broker(self._service, Form, _show_settings, self._take_settings),
            "test": step_for_broker(self._service, Progress, _show_test, self._take_test),
            "review": step_for_broker(self._service, Menu, self._show_review, _take_review),
            "save": step_for_broker(self._service, Progress, _show_test, self._take_save),
        }
        return Flow(name=NAME, begin=self._begin, steps=steps)

    async def _begin(self, ctx: Context) -> Next | Stop:
        try:
            account = await self._service.get(ctx.user, ctx.answers.get("account", ""))
        except InvalidValue:
            return Stop(reason="account_gone")
        if await find(self._service, ctx.user, account.broker) is None:
            return Stop(reason="broker_gone")
        return Next(step="settings", answers=about(account))

    async def _take_settings(
        self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]
    ) -> Outcome:
        checked = check(_fields(manifest), values)
        name = checked.plain["name"]
        answers = {f"field.{key}": value for key, value in checked.plain.items() if key != "name"}
        if checked.problems:
            kept = {**answers, "name": name or ctx.answers["name"]}
            return Again(problems=checked.problems, answers=kept)
        for other in await self._service.accounts(ctx.user):
            if other.id != ctx.answers["account"] and other.name.casefold() == name.casefold():
                return Again(problems=(taken(name),), answers=answers)
        account = await self._service.get(ctx.user, ctx.answers["account"])
        fresh = {key.removeprefix("field."): value for key, value in answers.items()}
        same = all((account.options.get(key) or "") == value for key, value in fresh.items())
        return Next(
            step="review" if same else "test",
            answers={**answers, "name": name, "verified": ""},
        )

    async def _take_test(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        try:
            verified = await self._service.test_credentials(
                user=ctx.user,
                broker=manifest.slug,
                environment=chosen_environment(ctx),
                credentials=await self._credentials(ctx),
            )
        except (BrokerError, InvalidValue) as error:
            return Next(step="settings", problem=Problem(key="not_saved", params={"text": str(error)}))
        unfit = found.refusal(verified, chosen_environment(ctx))
        if unfit:
            return Next(step="settings", problem=unfit)
        return Next(step="review", answers={"verified": found.dump(verified)})

    async def _show_review(self, ctx: Context, manifest: BrokerManifest) -> Menu:
        account = await self._service.get(ctx.user, ctx.answers["account"])
        options = [Option(value="save", label=say("reconfigure.review.save"))]
        if not account.is_default:
            options.append(Option(value="default", label=say("reconfigure.review.default")))
        verified = _verified(ctx)
        settings = ", ".join(
            f"{spec.label}: {ctx.answers.get(f'field.{spec.key}') or '-'}" for spec in _fields(manifest)[1:]
        )
        return Menu(
            options=tuple(options),
            problems=found.remarks(verified) if verified else (),
            params={"name": ctx.answers["name"], "broker": manifest.title, "settings": settings or "-"},
        )

    async def _take_save(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        user, account, verified = ctx.user, ctx.answers["account"], _verified(ctx)
        try:
            if verified is not None:
                credentials = await self._credentials(ctx)
                await self._service.relink(
                    user=user, account=account, credentials=credentials, verified=verified
                )
            changed = await self._keeper.rename(user, account, ctx.answers["name"])
            if ctx.answers.get("how") == "default":
                changed = await self._keeper.make_default(user, account)
        except InvalidValue as error:
            return Next(step="settings", problem=Problem(key="not_saved", params={"text": str(error)}))
        return Finish(params={"name": changed.name})

    async def _credentials(self, ctx: Context) -> Credentials:
        """Put what was typed over what the account has; its secrets are opened for this moment only."""
        kept = await self._service.kept(ctx.user, ctx.answers["account"])
        return Credentials({**{key: kept[key] for key in kept}, **plain_of(ctx)})


def _fields(manifest: BrokerManifest) -> tuple[FieldSpec, ...]:
    plain = [spec for spec in manifest.fields if not spec.secret] if asks_for_keys(manifest) else []
    return (name_field(), *plain[: PAGE - 1])


async def _show_settings(ctx: Context, manifest: BrokerManifest) -> Form:
    values = {spec.key: ctx.answers.get(f"field.{spec.key}", "") for spec in _fields(manifest)[1:]}
    return Form(
        fields=_fields(manifest),
        values={"name": ctx.answers["name"], **values},
        params={
            "name": ctx.answers["name"],
            "broker": manifest.title,
            "environment": environment_words(chosen_environment(ctx)),
        },
    )


async def _show_test(ctx: Context, manifest: BrokerManifest) -> Progress:
    return Progress(params={"broker": manifest.title, "name": ctx.answers["name"]})


async def _take_review(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    return Next(step="save", answers={"how": values.get("choice", "")})


def _verified(ctx: Context) -> Verified | None:
    return found.load(ctx.answers["verified"]) if ctx.answers.get("verified") else None
