"""Choose what kind of account, at which broker, and whether with real money."""

from collections.abc import Collection, Mapping, Sequence

from domain.accounts import Environment
from domain.broker import BrokerManifest
from domain.instruments import AssetClass
from wizard.flow import Abort, Again, Context, Menu, Next, Option, Outcome, Problem, Step
from wizard.flows.linking import AccountLinker, Gatekeeper, environment_words, find, step_for_broker
from wizard.flows.ways import Ways
from wizard.texts import say

PAPER = "paper"
SHARES, CRYPTO, ALL = "shares", "crypto", "all"
_CLASSES: Mapping[str, Collection[AssetClass]] = {
    SHARES: {AssetClass.EQUITY, AssetClass.OPTION},
    CRYPTO: {AssetClass.CRYPTO},
}


class Choosing:
    """Ask only where there is something to choose."""

    def __init__(self, service: AccountLinker, ways: Ways, gate: Gatekeeper | None) -> None:
        self._service = service
        self._ways = ways
        self._gate = gate

    def steps(self) -> Mapping[str, Step]:
        """Declare the steps."""
        return {
            "kind": Step(kind=Menu, show=self._show_kind, take=self._take_kind),
            "broker": Step(kind=Menu, show=self._show_broker, take=self._take_broker),
            "environment": step_for_broker(
                self._service, Menu, self._show_environment, self._take_environment
            ),
        }

    async def begin(self, ctx: Context) -> Next:
        """Skip the choice of a broker that was named in the command, or is the only one."""
        if "broker" in ctx.answers:
            outcome = await self._take_broker(ctx, {"choice": ctx.answers["broker"]})
            if isinstance(outcome, Next):
                return outcome
            return Next(step="broker", problem=Problem(key="broker_gone"))
        brokers = await self._service.available(ctx.user)
        if len(_kinds(brokers)) > 1:
            return Next(step="kind")
        return self._to_only(brokers, Next(step="broker"))

    # What kind.

    async def _show_kind(self, ctx: Context) -> Menu:
        return Menu(options=tuple(_kinds(await self._service.available(ctx.user))))

    async def _take_kind(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        kind = values.get("choice", "")
        fit = _of_kind(await self._service.available(ctx.user), kind)
        if not fit:
            return Again(problems=(Problem(key="broker_gone"),))
        return self._to_only(fit, Next(step="broker", answers={"kind": kind}, restart=True))

    def _to_only(self, brokers: Sequence[BrokerManifest], otherwise: Next) -> Next:
        return self._chosen(brokers[0]) if len(brokers) == 1 else otherwise

    # Which broker.

    async def _show_broker(self, ctx: Context) -> Menu | Abort:
        brokers = _of_kind(await self._service.available(ctx.user), ctx.answers.get("kind", ALL))
        if not brokers:
            return Abort(reason="no_brokers")
        barred = await self._barred(ctx)
        return Menu(options=tuple(self._offer(each, barred) for each in brokers))

    def _offer(self, manifest: BrokerManifest, barred: Mapping[str, str]) -> Option:
        rolling_out = self._gate is not None and manifest.slug in self._gate.beta
        label = label_of(manifest, beta=manifest.beta or rolling_out)
        words = manifest.summary
        if manifest.slug in barred:
            words = f"{words} {say('link_account.broker.premium')}"
        return Option(value=manifest.slug, label=label, help=words)

    async def _take_broker(self, ctx: Context, values: Mapping[str, str]) -> Outcome:
        manifest = await find(self._service, ctx.user, values.get("choice", ""))
        if manifest is None:
            return Again(problems=(Problem(key="broker_gone"),))
        return self._chosen(manifest)

    def _chosen(self, manifest: BrokerManifest) -> Next:
        if len(manifest.environments) > 1:
            return Next(step="environment", answers={"broker": manifest.slug}, restart=True)
        return self._to_environment(manifest, manifest.environments[0])

    # Paper or live.

    async def _show_environment(self, ctx: Context, manifest: BrokerManifest) -> Menu:
        barred = (await self._barred(ctx)).get(manifest.slug, "")
        paper_first = sorted(manifest.environments, key=lambda each: each is not Environment.PAPER)
        options = tuple(
            Option(value=each.value, label=environment_words(each), help=_environment_help(each, barred))
            for each in paper_first
        )
        return Menu(options=options, params={"broker": manifest.title})

    async def _take_environment(
        self, ctx: Context, manifest: BrokerManifest, values: Mapping[str, str]
    ) -> Outcome:
        for environment in manifest.environments:
            if environment.value == values.get("choice"):
                return self._to_environment(manifest, environment)
        return Again(problems=(Problem(key="environment_gone"),))

    def _to_environment(self, manifest: BrokerManifest, environment: Environment) -> Next:
        """Start afresh with this environment: keys of another one must not come along."""
        answers = {"broker": manifest.slug, "environment": environment.value}
        return Next(step=self._ways.first(manifest, answers), answers=answers, restart=True)

    async def _barred(self, ctx: Context) -> Mapping[str, str]:
        """Give why live trading is not open to the member yet, by broker."""
        if self._gate is None:
            return {}
        report = await self._gate.report(ctx.user)
        return {
            line.broker: line.verdict.reason
            for line in report.lines
            if line.environment is Environment.LIVE and not line.verdict.allowed
        }


def label_of(manifest: BrokerManifest, *, beta: bool) -> str:
    """Name a broker, marked where it is new."""
    return say("link_account.broker.beta", broker=manifest.title) if beta else manifest.title


def _kinds(brokers: Sequence[BrokerManifest]) -> list[Option]:
    """Offer the kinds that make a difference here."""
    found = {kind: _of_kind(brokers, kind) for kind in (SHARES, CRYPTO)}
    if not found[SHARES] or not found[CRYPTO]:
        return []
    offered = [
        Option(value=SHARES, label=say("link_account.kind.shares")),
        Option(value=CRYPTO, label=say("link_account.kind.crypto")),
        Option(value=ALL, label=say("link_account.kind.all")),
    ]
    if any(manifest.slug == PAPER for manifest in brokers):
        offered.append(Option(value=PAPER, label=say("link_account.kind.paper")))
    return offered


def _of_kind(brokers: Sequence[BrokerManifest], kind: str) -> list[BrokerManifest]:
    if kind == PAPER:
        return [manifest for manifest in brokers if manifest.slug == PAPER]
    if kind not in _CLASSES:
        return list(brokers)
    return [
        manifest
        for manifest in brokers
        if manifest.slug != PAPER and _CLASSES[kind] & manifest.classes.keys()
    ]


def _environment_help(environment: Environment, barred: str) -> str:
    if environment is Environment.LIVE:
        return f"{say('link_account.environment.live_help')} {barred}".strip()
    return say("link_account.environment.paper_help")
