"""Link a broker account: choose, type the keys, see them work, save."""

from collections.abc import Mapping

from domain.accounts import Environment
from domain.broker import BrokerManifest, FieldSpec
from wizard.fields import check
from wizard.flow import Abort, Again, Context, Flow, Form, Menu, Next, Option, Outcome, Problem, Step
from wizard.flows.link_keys import LinkKeys
from wizard.flows.link_review import LinkReview
from wizard.flows.linking import AccountLinker, asks_for_keys, environment_words, find, step_for_broker
from wizard.texts import say


class LinkAccount:
    """Ask what a broker's manifest says must be asked, and save only what was seen to work."""

    def __init__(self, service: AccountLinker) -> None:
        self._service = service

    def flow(self) -> Flow:
        """Declare the flow."""
        choose = {
            "broker": Step(kind=Menu, show=self._show_broker, take=self._take_broker),
            "environment": step_for_broker(self._service, Menu, _show_environment, _take_environment),
            "confirm_live": step_for_broker(self._service, Form, _show_confirm, _take_confirm),
        }
        steps = {**choose, **LinkKeys(self._service).steps(), **LinkReview(self._service).steps()}
        return Flow(name="link_account", begin=self._begin, steps=steps)

    async def _begin(self, ctx: Context) -> Next:
        """Skip the choice of a broker that was named in the command."""
        if "broker" in ctx.answers:
            outcome = await self._take_broker(ctx, {"choice": ctx.answers["broker"]})
            if isinstance(outcome, Next):
                return outcome
            return Next(step="broker", problem=Problem(key="broker_gone"))
        return Next(step="broker")

    async def _show_broker(self, ctx: Context) -> Menu | Abort:
        brokers = await self._service.available(ctx.user)
        if not brokers:
            return Abort(reason="no_brokers")
        options = [Option(value=each.slug, label=_title(each), help=each.summary) for each in brokers]
        return Menu(options=tuple(options))

    async def _take_broker(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        manifest = await find(self._service, ctx.user, values.get("choice", ""))
        if manifest is None:
            return Again(problems=(Problem(key="broker_gone"),))
        if len(manifest.environments) > 1:
            return Next(step="environment", answers={"broker": manifest.slug}, restart=True)
        return _to_environment(manifest, manifest.environments[0])


async def _show_environment(ctx: Context, manifest: BrokerManifest) -> Menu:
    paper_first = sorted(manifest.environments, key=lambda each: each is not Environment.PAPER)
    options = tuple(
        Option(value=each.value, label=environment_words(each), help=_environment_help(each))
        for each in paper_first
    )
    return Menu(options=options, params={"broker": manifest.title})


async def _take_environment(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    for environment in manifest.environments:
        if environment.value == values.get("choice"):
            return _to_environment(manifest, environment)
    return Again(problems=(Problem(key="environment_gone"),))


def _to_environment(manifest: BrokerManifest, environment: Environment) -> Next:
    """Start afresh with this environment: keys of another one must not come along."""
    answers = {"broker": manifest.slug, "environment": environment.value}
    if environment is Environment.LIVE:
        return Next(step="confirm_live", answers=answers, restart=True)
    return Next(step=_after_environment(manifest), answers=answers, restart=True)


async def _show_confirm(ctx: Context, manifest: BrokerManifest) -> Form:
    return Form(fields=(_word(),), params={"broker": manifest.title})


async def _take_confirm(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    checked = check((_word(),), values)
    if checked.problems:
        return Again(problems=checked.problems)
    return Next(step=_after_environment(manifest))


def _after_environment(manifest: BrokerManifest) -> str:
    return "credentials" if asks_for_keys(manifest) else "test"


def _title(manifest: BrokerManifest) -> str:
    return say("link_account.broker.beta", broker=manifest.title) if manifest.beta else manifest.title


def _environment_help(environment: Environment) -> str:
    if environment is Environment.LIVE:
        return say("link_account.environment.live_help")
    return say("link_account.environment.paper_help")


def _word() -> FieldSpec:
    return FieldSpec(
        key="word",
        label=say("link_account.confirm_live.word"),
        help=say("link_account.confirm_live.word_help"),
        secret=False,
        pattern="LIVE",
        pattern_hint=say("link_account.confirm_live.word_hint"),
        max_length=10,
    )
