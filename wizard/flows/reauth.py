"""Give an account fresh keys, or sign in again: its name, follows and trades stay."""

from collections.abc import Mapping

from domain.accounts import LinkedAccount
from domain.broker import BrokerManifest, Verified
from domain.errors import InvalidValue, VaultError, VaultUnavailable
from wizard.flow import Context, Finish, Flow, Menu, Next, Option, Outcome, Problem, Progress, Stop
from wizard.flows import found
from wizard.flows.link_keys import KeySteps
from wizard.flows.linking import (
    AccountLinker,
    asks_for_keys,
    chosen_environment,
    credentials_of,
    environment_words,
    find,
    step_for_broker,
)
from wizard.flows.ways import SIGN_IN, Ways
from wizard.texts import say
from wizard.web import WebDoor

NAME = "reauth"


class Reauth:
    """Ask for what an account is opened with, once more."""

    def __init__(self, service: AccountLinker, door: WebDoor | None = None) -> None:
        self._service = service
        self._ways = Ways(door=door)
        self._keys = KeySteps(service, self._ways, _review)

    def flow(self) -> Flow:
        """Declare the flow; it is started with ``account``."""
        own = {
            "review": step_for_broker(self._service, Menu, _show_review, _take_review),
            "save": step_for_broker(self._service, Progress, _show_save, self._take_save),
        }
        keys = {name: step for name, step in self._keys.steps().items() if name != "confirm_live"}
        return Flow(name=NAME, begin=self._begin, steps={**keys, **own})

    async def _begin(self, ctx: Context) -> Next | Stop:
        try:
            account = await self._service.get(ctx.user, ctx.answers.get("account", ""))
        except InvalidValue:
            return Stop(reason="account_gone")
        manifest = await find(self._service, ctx.user, account.broker)
        if manifest is None:
            return Stop(reason="broker_gone")
        if not asks_for_keys(manifest):
            return Stop(reason="no_keys")
        answers = about(account)
        if manifest.auth == "oauth" and not manifest.consent_app:
            return await self._sign_in_again(ctx, manifest, answers)
        return Next(step=self._ways.first(manifest, answers), answers=answers)

    async def _sign_in_again(
        self, ctx: Context, manifest: BrokerManifest, answers: Mapping[str, str]
    ) -> Next:
        """Take the app's keys over, so that signing in is all there is to do."""
        try:
            kept = await self._service.kept(ctx.user, answers["account"])
        except VaultUnavailable:
            raise
        except VaultError:
            kept = None
        needed = [spec.key for spec in manifest.fields if spec.secret and spec.required]
        if kept is None or not all(kept.get(key) for key in needed):
            return Next(step="credentials", answers=answers)
        signing = {**answers, "way": SIGN_IN}
        step = self._ways.to_sign_in(manifest, signing)
        return Next(step=step, answers=signing, secrets={key: kept[key] for key in needed})

    async def _take_save(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        try:
            account = await self._service.relink(
                user=ctx.user,
                account=ctx.answers["account"],
                credentials=await credentials_of(ctx),
                verified=found.load(ctx.answers["verified"]),
            )
        except InvalidValue as error:
            return Next(step="review", problem=Problem(key="not_saved", params={"text": str(error)}))
        return Finish(params={"name": account.name, "number": account.number_masked or "-"})


def about(account: LinkedAccount) -> Mapping[str, str]:
    """Give what a flow about an account that is there begins with."""
    return {
        "account": account.id,
        "broker": account.broker,
        "environment": account.environment.value,
        "name": account.name,
        **{f"field.{key}": value for key, value in account.options.items()},
    }


async def _review(ctx: Context, manifest: BrokerManifest, verified: Verified) -> Next:
    return Next(step="review")


async def _show_review(ctx: Context, manifest: BrokerManifest) -> Menu:
    verified = found.load(ctx.answers["verified"])
    return Menu(
        options=(Option(value="save", label=say("reauth.review.save")),),
        problems=found.remarks(verified),
        params={
            "broker": manifest.title,
            "environment": environment_words(chosen_environment(ctx)),
            "name": ctx.answers["name"],
            **found.figures(verified),
        },
    )


async def _take_review(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    return Next(step="save")


async def _show_save(ctx: Context, manifest: BrokerManifest) -> Progress:
    return Progress(params={"name": ctx.answers["name"]})
