"""Ask for a broker's keys and try them."""

from collections.abc import Mapping

from domain.accounts import Environment
from domain.broker import BrokerManifest, FieldSpec
from domain.errors import AuthFailed, BrokerError, InvalidValue
from domain.ids import UserId
from wizard.fields import check
from wizard.flow import Again, Context, Form, Next, Outcome, Problem, Progress, Step
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

PAGE = 5
"""Fields a form can hold (reference/discord.md section 8: five top-level components in a modal)."""


class LinkKeys:
    """Ask for what the manifest names, in one form or two, and test it live."""

    def __init__(self, service: AccountLinker) -> None:
        self._service = service

    def steps(self) -> Mapping[str, Step]:
        """Declare the steps."""
        return {
            "credentials": self._page(0),
            "credentials_more": self._page(1),
            "test": step_for_broker(self._service, Progress, _show_test, self._take_test),
        }

    def _page(self, page: int) -> Step:
        async def show(ctx: Context, manifest: BrokerManifest) -> Form:
            return _form(ctx, manifest, page)

        return step_for_broker(self._service, Form, show, _taker(page))

    async def _take_test(self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        environment = chosen_environment(ctx)
        credentials = await credentials_of(ctx)
        try:
            verified = await self._service.test_credentials(
                user=ctx.user, broker=manifest.slug, environment=environment, credentials=credentials
            )
        except AuthFailed as error:
            return _retype(manifest, Problem(key="keys_refused", params={"text": error.text}))
        except BrokerError as error:
            return Again(problems=(Problem(key="test_failed", params={"text": error.text}),))
        except InvalidValue as error:
            return _retype(manifest, Problem(key="not_allowed", params={"text": str(error)}))
        unfit = found.refusal(verified, environment)
        if unfit:
            return _retype(manifest, unfit)
        name = await self._free_name(ctx.user, manifest, environment)
        return Next(step="review", answers={"verified": found.dump(verified), "name": name})

    async def _free_name(self, user: UserId, manifest: BrokerManifest, environment: Environment) -> str:
        """Suggest a name none of theirs has: "Alpaca paper", then "Alpaca paper 2"."""
        taken = {account.name.casefold() for account in await self._service.accounts(user)}
        title = manifest.title[:20].strip()
        plain = title if environment.value in title.lower() else f"{title} {environment.value}"
        names = (plain, *(f"{plain} {number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name.casefold() not in taken)


def _form(ctx: Context, manifest: BrokerManifest, page: int) -> Form:
    fields = _fields(manifest, page)
    typed = {spec.key: ctx.answers.get(f"field.{spec.key}", spec.default) for spec in fields}
    return Form(
        fields=fields,
        values={spec.key: typed[spec.key] for spec in fields if not spec.secret},
        params={
            "broker": manifest.title,
            "environment": environment_words(chosen_environment(ctx)),
            "setup": manifest.setup_url,
        },
    )


def _taker(page: int) -> TakeFor:
    async def take(ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]) -> Outcome:
        checked = check(_fields(manifest, page), values)
        answers = {f"field.{key}": value for key, value in checked.plain.items()}
        if checked.problems:
            return Again(problems=checked.problems, answers=answers)
        more = page == 0 and len(manifest.fields) > PAGE
        # What was sealed before belongs to an earlier try, except what the first form just took.
        return Next(
            step="credentials_more" if more else "test",
            answers=answers,
            secrets=checked.secret,
            forget=page == 0,
        )

    return take


async def _show_test(ctx: Context, manifest: BrokerManifest) -> Progress:
    return Progress(params={"broker": manifest.title})


def _fields(manifest: BrokerManifest, page: int) -> tuple[FieldSpec, ...]:
    return manifest.fields[page * PAGE : (page + 1) * PAGE]


def _retype(manifest: BrokerManifest, problem: Problem) -> Outcome:
    """Ask for the keys again and forget those that did not do; without keys, only a retry is left."""
    if not asks_for_keys(manifest):
        return Again(problems=(problem,))
    return Next(step="credentials", problem=problem, forget=True)
