"""Ask for a broker's keys, or lead to its sign-in, and try what came of it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from domain.accounts import Environment
from domain.broker import BrokerManifest, Credentials, Verified
from domain.errors import AuthFailed, BrokerError, Denied, InvalidValue
from wizard.fields import check
from wizard.flow import (
    Again,
    Context,
    External,
    Form,
    Menu,
    Next,
    Option,
    Outcome,
    Problem,
    Progress,
    Step,
)
from wizard.flows import found
from wizard.flows.linking import (
    AccountLinker,
    TakeFor,
    asks_for_keys,
    chosen_environment,
    credentials_of,
    environment_words,
    step_for_broker,
)
from wizard.flows.ways import KEYS, PAGE, SIGN_IN, WORD, Ways, needs_word, word
from wizard.texts import say

Then: TypeAlias = Callable[[Context, BrokerManifest, Verified], Awaitable[Next]]
"""Say where to go on with what a test found."""


class KeySteps:
    """Be the steps from "how do you get in" to "it works"; linking and fresh keys share them."""

    def __init__(self, service: AccountLinker, ways: Ways, then: Then) -> None:
        self._service = service
        self._ways = ways
        self._then = then

    def steps(self) -> Mapping[str, Step]:
        """Declare the steps."""
        return {
            "way": step_for_broker(self._service, Menu, _show_way, self._take_way),
            "confirm_live": step_for_broker(self._service, Form, _show_confirm, self._take_confirm),
            "credentials": self._page(0),
            "credentials_more": self._page(1),
            "authorize": step_for_broker(self._service, External, self._show_authorize, _take_authorize),
            "test": step_for_broker(self._service, Progress, _show_test, self._take_test),
            "account": step_for_broker(self._service, Menu, _show_account, _take_account),
        }

    # Which way in.

    async def _take_way(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        answers = {**ctx.answers, "way": values.get("choice", "")}
        if answers["way"] == SIGN_IN:
            return Next(step=self._ways.to_sign_in(manifest, answers), answers={"way": SIGN_IN})
        if answers["way"] == KEYS:
            return Next(step=self._ways.to_keys(manifest, answers), answers={"way": KEYS}, forget=True)
        return Again(problems=())

    async def _take_confirm(
        self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]
    ) -> Outcome:
        checked = check((word(),), values)
        if checked.problems:
            return Again(problems=checked.problems)
        confirmed = {"confirmed": "yes"}
        if "typed" in ctx.answers:
            return Next(step=self._ways.after_keys(manifest), answers=confirmed)
        if ctx.answers.get("way") == SIGN_IN:
            return Next(step="authorize", answers=confirmed)
        return Next(step="credentials", answers=confirmed)

    # Keys.

    def _page(self, page: int) -> Step:
        async def show(ctx: Context, manifest: BrokerManifest) -> Form:
            return self._form(ctx, manifest, page)

        return step_for_broker(self._service, Form, show, self._taker(page))

    def _form(self, ctx: Context, manifest: BrokerManifest, page: int) -> Form:
        fields = self._ways.page(manifest, ctx.answers, page)
        live = chosen_environment(ctx) is Environment.LIVE
        usual = {spec.key: (live and spec.live_default) or spec.default for spec in fields}
        typed = {spec.key: ctx.answers.get(f"field.{spec.key}", usual[spec.key]) for spec in fields}
        caution = say("link_account.credentials.caution") if needs_word(ctx.answers) else ""
        return Form(
            fields=fields,
            values={spec.key: typed[spec.key] for spec in fields if not spec.secret and spec.key != WORD},
            params={
                **_names(ctx, manifest),
                **_words(manifest),
                "setup": manifest.setup_url,
                "caution": caution,
            },
        )

    def _taker(self, page: int) -> TakeFor:
        async def take(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
            checked = check(self._ways.page(manifest, ctx.answers, page), values)
            answers = {f"field.{key}": value for key, value in checked.plain.items() if key != WORD}
            if any(problem.about != WORD for problem in checked.problems):
                return Again(problems=checked.problems, answers=answers)
            answers["typed"] = "yes"
            if WORD in checked.plain and not checked.problems:
                answers["confirmed"] = "yes"
            more = page == 0 and len(self._ways.fields(manifest, ctx.answers)) > PAGE
            onward = "credentials_more" if more else self._ways.after_keys(manifest)
            # What was sealed before belongs to an earlier try, but for what a second form or a sign-in needs.
            return Next(
                step="confirm_live" if checked.problems else onward,
                answers=answers,
                secrets=checked.secret,
                forget=page == 0 and ctx.answers.get("way") != SIGN_IN,
                problem=checked.problems[0] if checked.problems else None,
            )

        return take

    # The broker's own sign-in.

    async def _show_authorize(self, ctx: Context, manifest: BrokerManifest) -> External:
        assert self._ways.door is not None
        url = await self._ways.door.consent(
            flow_id=ctx.flow_id, user=ctx.user, step="authorize", broker=manifest.slug
        )
        return External(url=url, params=_names(ctx, manifest))

    # The test.

    async def _take_test(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        credentials = await credentials_of(ctx)
        try:
            verified = await self._test(ctx, manifest, credentials)
        except AuthFailed as error:
            return self._retype(ctx, manifest, Problem(key="keys_refused", params={"text": error.text}))
        except BrokerError as error:
            return self._failed(ctx, manifest, error, self._exchanged(ctx, manifest, credentials))
        except InvalidValue as error:
            return self._retype(ctx, manifest, Problem(key="not_allowed", params={"text": str(error)}))
        unfit = found.refusal(verified, chosen_environment(ctx))
        if unfit:
            return self._retype(ctx, manifest, unfit)
        secrets = self._exchanged(ctx, manifest, credentials)
        if verified.choices and manifest.account_field:
            return Next(step="account", answers=_kept(verified.choices), secrets=secrets)
        onward = await self._then(ctx, manifest, verified)
        answers = {**onward.answers, "verified": found.dump(verified)}
        return Next(step=onward.step, answers=answers, secrets=secrets)

    async def _test(self, ctx: Context, manifest: BrokerManifest, credentials: Credentials) -> Verified:
        return await self._service.test_credentials(
            user=ctx.user,
            broker=manifest.slug,
            environment=chosen_environment(ctx),
            credentials=credentials,
        )

    def _exchanged(
        self, ctx: Context, manifest: BrokerManifest, credentials: Credentials
    ) -> Mapping[str, str]:
        """Take over what a one-time code was exchanged for: another process may have to save it."""
        return self._service.exchanged(ctx.user, manifest.slug, credentials)

    def _failed(
        self, ctx: Context, manifest: BrokerManifest, error: BrokerError, secrets: Mapping[str, str]
    ) -> Outcome:
        if error.choices and manifest.account_field:
            return Next(step="account", answers=_kept(error.choices), secrets=secrets)
        if isinstance(error, Denied) and asks_for_keys(manifest):
            # What was typed cannot work, however often it is tried.
            problem = Problem(key="not_allowed", params={"text": error.text})
            return Next(step="credentials", problem=problem)
        return Again(problems=(Problem(key="test_failed", params={"text": error.text}),))

    def _retype(self, ctx: Context, manifest: BrokerManifest, problem: Problem) -> Outcome:
        """Ask again and forget what did not do; without keys, only a retry is left."""
        if not asks_for_keys(manifest):
            return Again(problems=(problem,))
        fresh = "account" in ctx.answers and ctx.answers.get("way") == SIGN_IN
        if manifest.auth == "oauth" and (self._ways.signs_in(manifest) or fresh):
            # The app's keys may well be right: only what the sign-in gave is forgotten.
            given = {spec.key: "" for spec in manifest.fields if spec.secret and not spec.required}
            return Next(step="way", problem=problem, secrets=given)
        step = "way" if self._ways.has_choice(manifest) else "credentials"
        return Next(step=step, problem=problem, forget=True)


async def _show_way(ctx: Context, manifest: BrokerManifest) -> Menu:
    names = {"broker": manifest.title}
    options = (
        Option(value=SIGN_IN, label=say("link_account.way.signin", **names)),
        Option(value=KEYS, label=say("link_account.way.keys")),
    )
    return Menu(options=options, params=_names(ctx, manifest))


async def _show_confirm(ctx: Context, manifest: BrokerManifest) -> Form:
    return Form(fields=(word(),), params=_names(ctx, manifest))


async def _take_authorize(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    address = values.get("redirect_url", "")
    if not address:
        return Again(problems=(Problem(key="not_signed_in", params={"broker": manifest.title}),))
    return Next(step="test", secrets={"redirect_url": address})


async def _show_test(ctx: Context, manifest: BrokerManifest) -> Progress:
    return Progress(params=_names(ctx, manifest))


async def _show_account(ctx: Context, manifest: BrokerManifest) -> Menu:
    options = tuple(Option(value=value, label=label) for value, label in _choices(ctx))
    return Menu(options=options, params=_names(ctx, manifest))


async def _take_account(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
    chosen = values.get("choice", "")
    if chosen not in {value for value, _ in _choices(ctx)}:
        return Again(problems=())
    return Next(step="test", answers={f"field.{manifest.account_field}": chosen})


def _words(manifest: BrokerManifest) -> Mapping[str, str]:
    """Say what is asked for: keys, where a gateway runs, or an app's keys."""
    match manifest.auth:
        case "gateway":
            what = say("link_account.credentials.what_gateway")
            how = say("link_account.credentials.how_gateway", broker=manifest.title)
            return {"what": what, "enter": say("link_account.credentials.enter_gateway"), "how": how}
        case "oauth":
            what = say("link_account.credentials.what_app")
            how = say("link_account.credentials.how_app", broker=manifest.title)
        case _:
            what = say("link_account.credentials.what_keys")
            how = say("link_account.credentials.how_keys", broker=manifest.title)
    return {"what": what, "enter": what, "how": how}


def _kept(choices: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {"choices": json.dumps(choices)}


def _choices(ctx: Context) -> list[list[str]]:
    kept: list[list[str]] = json.loads(ctx.answers.get("choices", "[]"))
    return kept


def _names(ctx: Context, manifest: BrokerManifest) -> Mapping[str, str]:
    return {
        "broker": manifest.title,
        "environment": environment_words(chosen_environment(ctx)),
        "name": ctx.answers.get("name", ""),
    }
