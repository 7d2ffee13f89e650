"""Limits, sources and memberships: what may be chosen, and that owners' flows ask for the power each time."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.accounts import GuildSettings, RiskLimits, Source
from domain.errors import InvalidValue
from domain.tiers import Tier
from tests.unit.wizard.test_account_flows import answer, keys
from trading.limits import BOUNDS
from wizard.flow import Done, FlowRefused
from wizard.flows.premium import PremiumSetup
from wizard.flows.risk_profile import RiskProfile
from wizard.flows.source import SourceSetup
from wizard.manager import FlowManager

ME = "100"
GUILD, CHANNEL = "300000000000000001", "400000000000000001"
ANA, BEN, HOOK = "500000000000000001", "500000000000000002", "600000000000000001"
GOLD, SILVER = "700000000000000001", "700000000000000002"
POWERS = {f"manage:{GUILD}"}


class Verbs:
    """Be a server's sources and memberships, and one member's limits, in memory."""

    defaults = RiskLimits(id="default")

    def __init__(self) -> None:
        self.known: list[Source] = []
        self.settings = GuildSettings(id=GUILD)
        self.held = self.defaults
        self.refuses: InvalidValue | None = None

    async def sources(self, guild):
        return self.known

    async def add_source(self, guild, channel, *, authors, webhooks, by):
        if self.refuses:
            raise self.refuses
        source = Source(
            id=f"{guild}/{channel}",
            guild=guild,
            channel=channel,
            authors=tuple(authors),
            webhooks=tuple(webhooks),
            added_by=by,
            added_at=None,
        )
        self.known.append(source)
        return source

    async def guild_settings(self, guild):
        return self.settings

    async def give_tier(self, guild, tier, roles):
        if self.refuses:
            raise self.refuses
        self.settings = replace(self.settings, **{f"{tier.value}_roles": tuple(roles)})
        return self.settings

    async def of(self, user):
        return self.held

    async def set(self, user, wanted):
        if any(not BOUNDS[k].low <= v <= BOUNDS[k].high for k, v in wanted.items()):
            raise InvalidValue("Out of bounds.")
        whole = {k: v if k == "max_order_notional" else int(v) for k, v in wanted.items()}
        self.held = replace(self.held, **whole)
        return self.held


@pytest.fixture
def verbs() -> Verbs:
    return Verbs()


@pytest.fixture
def flows(store, vault, clock, verbs: Verbs) -> FlowManager:
    every = [SourceSetup(verbs).flow(), PremiumSetup(verbs).flow(), RiskProfile(verbs).flow()]
    return FlowManager(every, store.flows, vault, clock)


async def act(flows: FlowManager, turn, **values: str):
    return await flows.answer(turn.flow_id, ME, turn.step, values, POWERS)


@pytest.mark.parametrize("flow", ["source", "premium"])
async def test_an_owners_flow_is_refused_at_every_step_without_the_permission_there(flows, flow):
    for powers in ((), {"manage:1"}):
        with pytest.raises(FlowRefused, match="not_allowed"):
            await flows.start(flow, ME, {"guild": GUILD}, powers)
    with pytest.raises(FlowRefused, match="not_allowed"):
        await flows.start(flow, ME, {}, POWERS)
    turn = await flows.start(flow, ME, {"guild": GUILD}, POWERS)
    for lost in ((), {"manage:1"}):
        for attempt in (
            flows.show(turn.flow_id, ME, lost),
            flows.answer(turn.flow_id, ME, turn.step, {}, lost),
            flows.back(turn.flow_id, ME, turn.step, lost),
        ):
            with pytest.raises(FlowRefused, match="not_allowed"):
                await attempt
    assert (await flows.show(turn.flow_id, ME, POWERS)).step == turn.step
    assert (await flows.cancel(turn.flow_id, ME)).result.reason == "cancelled", "giving up needs no power"


async def test_a_permission_lost_before_saving_saves_nothing(flows, verbs):
    turn = await flows.start("source", ME, {"guild": GUILD}, POWERS)
    turn = await act(flows, turn, channel=CHANNEL, authors=ANA, webhooks="")
    with pytest.raises(FlowRefused, match="not_allowed"):
        await flows.answer(turn.flow_id, ME, "review", {"choice": "save"}, ())
    assert verbs.known == []


async def test_a_channel_its_authors_and_webhooks_become_a_source(flows, verbs):
    turn = await flows.start("source", ME, {"guild": GUILD}, POWERS)
    assert [spec.entity for spec in turn.result.fields] == ["channel", "user", ""]
    turn = await act(flows, turn, channel=CHANNEL, authors="", webhooks="")
    assert keys(turn) == ["nobody_chosen"]
    turn = await act(flows, turn, channel=CHANNEL, authors="", webhooks="my hook")
    assert (keys(turn), turn.result.values["channel"]) == (["field_hint"], CHANNEL)
    turn = await act(flows, turn, channel=CHANNEL, authors=f"{ANA} {BEN}", webhooks=f" {HOOK}, {HOOK} ")
    assert turn.result.params["authors"] == f"<@{ANA}>, <@{BEN}>, webhook {HOOK}, webhook {HOOK}"
    turn = await act(flows, turn, choice="save")
    assert isinstance(turn.result, Done)
    (source,) = verbs.known
    assert (source.guild, source.channel, source.added_by) == (GUILD, CHANNEL, ME)
    assert source.authors == (ANA, BEN)
    again = await flows.start("source", ME, {"guild": GUILD, "channel": CHANNEL}, POWERS)
    again = await act(flows, again, channel=CHANNEL, authors=BEN, webhooks="")
    assert keys(again) == ["source_known"]


async def test_what_the_verbs_refuse_is_told(flows, verbs):
    verbs.refuses = InvalidValue("Not today.")
    turn = await flows.start("source", ME, {"guild": GUILD}, POWERS)
    turn = await act(flows, turn, channel=CHANNEL, authors=ANA, webhooks="")
    turn = await act(flows, turn, choice="save")
    assert (turn.step, keys(turn)) == ("who", ["not_saved"])
    turn = await flows.start("premium", ME, {"guild": GUILD}, POWERS)
    assert keys(await act(flows, turn, premium=GOLD, pro="", basic="")) == ["not_saved"]


async def test_the_roles_of_every_membership_are_chosen_in_one_form(flows, verbs):
    verbs.settings = replace(verbs.settings, basic_roles=(SILVER,))
    turn = await flows.start("premium", ME, {"guild": GUILD}, POWERS)
    assert turn.result.values == {"premium": "", "pro": "", "basic": SILVER}
    assert turn.result.params["basic"] == f"<@&{SILVER}>"
    turn = await act(flows, turn, premium=f"{GOLD} {GUILD}", pro="", basic=SILVER)
    assert keys(turn) == ["everyone_chosen"]
    turn = await act(flows, turn, premium=GOLD, pro=SILVER, basic="")
    assert turn.result.params["premium"] == f"<@&{GOLD}>"
    assert [verbs.settings.roles_of(tier) for tier in Tier] == [(), (), (SILVER,), (GOLD,)]


async def test_limits_are_shown_with_default_and_bounds_and_kept_within_them(flows, verbs):
    turn = await flows.start("risk_profile", ME)
    assert turn.result.values["max_order_notional"] == "1,000"
    assert [spec.key for spec in turn.result.fields] == list(BOUNDS)
    for spec, bound in zip(turn.result.fields, BOUNDS.values(), strict=True):
        assert f"{bound.low:,} to {bound.high:,}" in spec.help
    fine = dict(turn.result.values)
    for key, value in (("max_open_positions", "0"), ("entry_max_age", "301"), ("max_order_notional", "0.5")):
        refused = await answer(flows, turn, **(fine | {key: value}))
        assert keys(refused) == ["not_allowed"], key
    for value in ("-1", "1e9", "NaN", "1.5", ""):
        refused = await answer(flows, turn, **(fine | {"max_open_positions": value}))
        assert keys(refused) in (["field_hint"], ["field_missing"]), value
    assert verbs.held == verbs.defaults
    turn = await answer(flows, turn, **(fine | {"max_order_notional": "$2,500.50", "duplicate_window": "0"}))
    assert isinstance(turn.result, Done)
    assert (verbs.held.max_order_notional, verbs.held.duplicate_window) == (Decimal("2500.50"), 0)
