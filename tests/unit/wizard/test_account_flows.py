"""Fresh keys, signing in, and settings of an account, answer by answer, without any Discord."""

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.ibkr.manifest import MANIFEST as IBKR
from adapters.registry import adapters
from domain.accounts import Environment
from domain.broker import Credentials, Verified
from domain.errors import VaultError, VaultUnavailable
from domain.portfolio import AccountState
from domain.tiers import Tier
from tests.unit.wizard.linker import ALPACA, BAD, BAD_SIGN_IN, COINS, GOOD, SIGNED, FakeLinker
from trading.entitlements import YES, Standing, Verdict
from trading.gate import GateLine, GateReport
from wizard.flow import Abort, Done, External, FlowRefused, Form, Turn
from wizard.flows.link_account import LinkAccount
from wizard.flows.reauth import Reauth
from wizard.flows.reconfigure import Reconfigure
from wizard.flows.ways import PAGE, Ways
from wizard.manager import FlowManager

ME = "100"
APP = {"app_key": "an-app-key-canary", "app_secret": "an-app-secret-canary"}
BACK = "https://back.example/?code=GOODSIGNINCANARY"


class FakeDoor:
    """Lead to the sign-in of the brokers it knows."""

    required = False

    def __init__(self, *brokers: str) -> None:
        self.brokers, self.given = brokers, []

    def leads_to(self, broker: str) -> bool:
        return broker in self.brokers

    async def form(self, *, flow_id, user, step):
        self.given.append((user, step))
        return f"https://bot.example/link/{len(self.given)}"

    async def consent(self, *, flow_id, user, step, broker):
        self.given.append((user, step, broker))
        return f"https://bot.example/link/{len(self.given)}"


@pytest.fixture
def door() -> FakeDoor:
    return FakeDoor("signed", "both")


@pytest.fixture
def flows(store, vault, clock, linker: FakeLinker, door: FakeDoor) -> FlowManager:
    linker.brokers.append(SIGNED)
    every = [
        LinkAccount(linker, linker, door=door).flow(),
        Reauth(linker, door).flow(),
        Reconfigure(linker, linker).flow(),
    ]
    return FlowManager(every, store.flows, vault, clock)


async def answer(flows: FlowManager, turn: Turn, **values: str) -> Turn:
    return await flows.answer(turn.flow_id, ME, turn.step, values)


async def linked(linker: FakeLinker, broker=ALPACA, values=GOOD, environment=Environment.PAPER) -> str:
    number = "***1234"
    state = AccountState(number_masked=number, cash=Decimal(1), equity=Decimal(1), buying_power=Decimal(1))
    account = await linker.link(
        user=ME,
        broker=broker.slug,
        environment=environment,
        name=f"Mine at {broker.slug} {len(linker.saved)}",
        credentials=Credentials(values),
        verified=Verified(state=state),
    )
    return account.id


def keys(turn: Turn) -> list[str]:
    return [problem.key for problem in turn.result.problems]


# --- fresh keys


async def test_fresh_keys_take_the_place_of_the_old_ones_and_nothing_else_changes(flows, linker):
    account = await linked(linker)
    before = linker.saved[0][0]
    turn = await flows.start("reauth", ME, {"account": account})
    assert isinstance(turn.result, Form)
    assert [spec.key for spec in turn.result.fields] == ["api_key", "api_secret"], "only what is secret"
    turn = await answer(flows, await answer(flows, turn, **BAD))
    assert (turn.step, keys(turn)) == ("credentials", ["keys_refused"])
    fresh = {"api_key": "PKFRESHCANARYKEY0001", "api_secret": "fresh/canary+secret=00000000000000000001"}
    turn = await answer(flows, await answer(flows, turn, **fresh))
    assert (turn.step, turn.result.params["number"]) == ("review", "***1234")
    assert linker.saved[0][1] == GOOD, "nothing is replaced before they say so"
    turn = await answer(flows, await answer(flows, turn, choice="save"))
    assert isinstance(turn.result, Done)
    after, values = linker.saved[0]
    assert (after.id, after.name, after.user) == (before.id, before.name, before.user)
    assert values["api_key"] == fresh["api_key"]
    assert len(linker.saved) == 1


async def test_keys_of_another_account_are_not_saved_under_this_one(flows, linker):
    account = await linked(linker)
    linker.saved[0] = (replace(linker.saved[0][0], number_masked="***9999"), GOOD)
    turn = await answer(flows, await flows.start("reauth", ME, {"account": account}), **GOOD)
    turn = await answer(flows, await answer(flows, await answer(flows, turn), choice="save"))
    assert (turn.step, keys(turn)) == ("review", ["not_saved"])


async def test_an_account_of_somebody_else_or_of_nobody_is_not_renewed(flows, linker):
    account = await linked(linker)
    for user, flow in (("101", "reauth"), ("101", "reconfigure")):
        turn = await flows.start(flow, user, {"account": account})
        assert turn.result == Abort(reason="account_gone")
    turn = await flows.start("reauth", ME, {"account": "no-such"})
    assert turn.result == Abort(reason="account_gone")
    paper = await linked(linker, replace(ALPACA, slug="paper"))
    assert (await flows.start("reauth", ME, {"account": paper})).result == Abort(reason="no_keys")


async def test_a_broker_that_is_off_now_ends_the_renewal(flows, linker):
    account = await linked(linker)
    turn = await flows.start("reauth", ME, {"account": account})
    linker.brokers.remove(ALPACA)
    assert (await answer(flows, turn, **GOOD)).result == Abort(reason="broker_gone")
    assert (await flows.start("reauth", ME, {"account": account})).result == Abort(reason="broker_gone")


# --- the broker's own sign-in


async def to_sign_in(flows: FlowManager) -> Turn:
    turn = await flows.start("link_account", ME, {"broker": "signed"})
    assert [spec.key for spec in turn.result.fields] == ["word", "app_key", "app_secret", "account"]
    return await answer(flows, turn, **APP, word="LIVE")


async def test_an_own_app_leads_to_the_brokers_sign_in_and_what_it_gave_is_sealed(flows, linker, store, door):
    turn = await to_sign_in(flows)
    assert isinstance(turn.result, External)
    assert turn.result.url == "https://bot.example/link/1"
    assert door.given == [(ME, "authorize", "signed")]
    again = await answer(flows, turn)
    assert (again.step, keys(again)) == ("authorize", ["not_signed_in"])
    assert again.result.url == "https://bot.example/link/2", "with a link that is fresh"
    turn = await answer(flows, turn, redirect_url=BACK)
    assert turn.step == "test"
    turn = await answer(flows, turn)
    assert turn.step == "review"
    kept = await store.flows.get(turn.flow_id)
    assert {"token", "redirect_url"} <= kept.sealed.keys(), "another process may have to save it"
    assert "the-token" not in repr(dict(kept.answers))
    await answer(flows, await answer(flows, turn, choice="save"))
    values = linker.saved[0][1]
    assert values == APP | {"account": "", "token": "the-token", "redirect_url": ""}


async def test_a_sign_in_that_failed_is_done_again_without_typing_the_apps_keys(flows, linker):
    turn = await answer(flows, await to_sign_in(flows), redirect_url=BAD_SIGN_IN)
    turn = await answer(flows, turn)
    assert (turn.step, keys(turn)) == ("way", ["keys_refused"])
    turn = await answer(flows, turn, choice="signin")
    assert turn.step == "authorize"
    turn = await answer(flows, await answer(flows, turn, redirect_url=BACK))
    assert turn.step == "review"
    await answer(flows, await answer(flows, turn, choice="save"))
    assert linker.saved[0][1]["app_secret"] == APP["app_secret"]


async def test_after_a_failed_sign_in_the_apps_keys_can_be_typed_again(flows, linker):
    turn = await answer(flows, await answer(flows, await to_sign_in(flows), redirect_url=BAD_SIGN_IN))
    turn = await answer(flows, turn, choice="keys")
    assert (turn.step, turn.result.fields[0].key) == ("credentials", "app_key")
    assert (await answer(flows, turn, **APP)).step == "authorize"


async def test_signing_in_again_is_all_a_renewal_asks_where_the_apps_keys_are_known(flows, linker, store):
    account = await linked(linker, SIGNED, APP | {"token": "old"}, Environment.LIVE)
    linker.verified = {"state": replace_number()}
    turn = await flows.start("reauth", ME, {"account": account})
    assert isinstance(turn.result, External), "one tap"
    state = await store.flows.get(turn.flow_id)
    assert state.sealed.keys() == APP.keys(), "of the old ones only what is needed, and sealed"
    assert "canary" not in repr(dict(state.answers))
    turn = await answer(flows, await answer(flows, turn, redirect_url=BACK))
    assert turn.step == "review"
    await answer(flows, await answer(flows, turn, choice="save"))
    assert linker.saved[0][1]["token"] == "the-token"


def replace_number() -> AccountState:
    return AccountState(
        number_masked="***1234",
        cash=Decimal(1),
        equity=Decimal(1),
        buying_power=Decimal(1),
        paper=False,
    )


async def test_without_a_page_a_renewal_asks_for_the_pasted_address_alone(flows, linker, door):
    door.brokers = ()
    account = await linked(linker, SIGNED, APP, Environment.LIVE)
    turn = await flows.start("reauth", ME, {"account": account})
    assert [spec.key for spec in turn.result.fields] == ["redirect_url"]
    turn = await answer(flows, await answer(flows, turn, redirect_url=BAD_SIGN_IN))
    assert (turn.step, keys(turn)) == ("way", ["keys_refused"])
    turn = await answer(flows, turn, choice="signin")
    assert [spec.key for spec in turn.result.fields] == ["redirect_url"]
    turn = await answer(flows, await answer(flows, turn, redirect_url=BACK))
    assert turn.step == "review"


async def test_lost_keys_of_an_app_are_asked_for_and_keys_that_are_away_are_waited_for(flows, linker):
    account = await linked(linker, SIGNED, APP, Environment.LIVE)

    async def lost(user, account):
        raise VaultError("lost")

    async def away(user, account):
        raise VaultUnavailable("away")

    linker.kept = lost
    turn = await flows.start("reauth", ME, {"account": account})
    assert (turn.step, turn.result.fields[0].key) == ("credentials", "app_key")
    linker.kept = away
    with pytest.raises(FlowRefused, match="keys_away"):
        await flows.start("reauth", ME, {"account": account})


async def test_where_the_operators_app_leads_there_signing_in_or_keys_is_a_choice(flows, linker):
    both = replace(
        ALPACA, slug="both", consent=SIGNED.consent, consent_app=True, environments=(Environment.PAPER,)
    )
    linker.brokers.append(both)
    turn = await flows.start("link_account", ME, {"broker": "both"})
    assert [option.value for option in turn.result.options] == ["signin", "keys"]
    typed = await answer(flows, turn, choice="keys")
    assert typed.step == "credentials"
    turn = await flows.back(typed.flow_id, ME, typed.step)
    turn = await answer(flows, turn, choice="signin")
    assert turn.step == "authorize"
    failed = await answer(flows, await answer(flows, turn, redirect_url=BAD_SIGN_IN))
    assert (failed.step, keys(failed)) == ("way", ["keys_refused"])


async def test_which_account_a_sign_in_means_is_asked_without_signing_in_again(flows, linker):
    linker.several = (("12345678", "…5678"), ("87654321", "…4321"))
    turn = await answer(flows, await answer(flows, await to_sign_in(flows), redirect_url=BACK))
    assert [option.label for option in turn.result.options] == ["…5678", "…4321"]
    turn = await answer(flows, await answer(flows, turn, choice="87654321"))
    assert turn.step == "review"
    await answer(flows, await answer(flows, turn, choice="save"))
    assert linker.saved[0][1]["account"] == "87654321"
    assert linker.saved[0][1]["token"] == "the-token"


# --- settings


async def test_settings_are_tested_with_the_keys_there_are_before_they_are_saved(flows, linker, store):
    account = await linked(linker, values=GOOD | {"feed": "iex", "nick": "old"})
    linker.saved[0] = (
        replace(linker.saved[0][0], options={"feed": "iex", "nick": "old"}),
        linker.saved[0][1],
    )
    turn = await flows.start("reconfigure", ME, {"account": account})
    assert [spec.key for spec in turn.result.fields] == ["name", "feed", "nick"], "no secret is asked for"
    assert turn.result.values["nick"] == "old"
    turn = await answer(flows, turn, name="Swing", feed="sip", nick="new")
    assert turn.step == "test"
    assert not (await store.flows.get(turn.flow_id)).sealed, "its secrets stay where they are"
    turn = await answer(flows, turn)
    assert linker.tested[-1][2] == GOOD | {"feed": "sip", "nick": "new"}
    assert "nick" not in turn.result.params["settings"]
    assert "Nickname: new" in turn.result.params["settings"]
    turn = await answer(flows, await answer(flows, turn, choice="save"))
    assert turn.result == Done(params={"name": "Swing"})
    saved, values = linker.saved[0]
    assert (saved.name, values) == ("Swing", GOOD | {"feed": "sip", "nick": "new"})


async def test_another_name_needs_no_test_and_may_come_with_being_the_default(flows, linker):
    await linked(linker)
    second = await linked(linker)
    linker.saved[1] = (replace(linker.saved[1][0], options={"feed": "iex"}), linker.saved[1][1])
    turn = await flows.start("reconfigure", ME, {"account": second})
    taken = await answer(flows, turn, name=linker.saved[0][0].name, feed="iex", nick="")
    assert keys(taken) == ["name_taken"]
    turn = await answer(flows, taken, name="Second", feed="iex", nick="")
    assert turn.step == "review"
    assert [option.value for option in turn.result.options] == ["save", "default"]
    await answer(flows, await answer(flows, turn, choice="default"))
    assert [(a.name, a.is_default) for a, _ in linker.saved][1] == ("Second", True)
    assert not linker.saved[0][0].is_default
    assert not linker.tested


async def test_settings_that_do_not_work_are_not_saved(flows, linker):
    account = await linked(linker, values=BAD)
    turn = await flows.start("reconfigure", ME, {"account": account})
    turn = await answer(flows, turn, name="Mine too", feed="moon", nick="")
    assert (keys(turn), turn.result.values["name"]) == (["field_choice"], "Mine too")
    turn = await answer(flows, await answer(flows, turn, name="Mine", feed="sip", nick=""))
    assert (turn.step, keys(turn)) == ("settings", ["not_saved"])
    assert turn.result.values["feed"] == "sip", "what was typed is kept"
    assert linker.saved[0][1] == BAD


# --- what is told before choosing


class FakeGate:
    """Say that live trading at Alpaca needs a membership, and that coins are new."""

    beta = frozenset({"coins"})

    async def report(self, user, guild=""):
        no = Verdict(allowed=False, code="premium_needed", reason="Live trading needs the pro membership.")
        lines = [
            GateLine(broker="alpaca", environment=Environment.PAPER, verdict=YES),
            GateLine(broker="alpaca", environment=Environment.LIVE, verdict=no),
        ]
        standing = Standing(tier=Tier.FREE, set_up=True)
        return GateReport(
            user=user, guild=guild, standing=standing, rules=None, entries_today=0, lines=tuple(lines)
        )


async def test_what_is_new_and_what_needs_a_membership_is_marked(store, vault, clock, linker):
    linker.brokers.append(COINS)
    every = [LinkAccount(linker, linker, FakeGate()).flow()]
    flows = FlowManager(every, store.flows, vault, clock)
    turn = await answer(flows, await flows.start("link_account", ME), choice="all")
    marks = {option.value: (option.label, option.help) for option in turn.result.options}
    assert marks["coins"][0] == "Coins (beta)"
    assert "needs a membership" in marks["alpaca"][1]
    assert "membership" not in marks["coins"][1]
    turn = await answer(flows, turn, choice="alpaca")
    paper, live = turn.result.options
    assert "pro membership" in live.help
    assert "membership" not in paper.help


async def test_the_port_of_a_live_gateway_is_filled_in_for_a_live_account(flows, linker):
    linker.brokers = [IBKR]
    for environment, port in (("paper", "7497"), ("live", "7496")):
        turn = await flows.start("link_account", ME, {"broker": "ibkr"})
        turn = await answer(flows, turn, choice=environment)
        assert turn.result.values["port"] == port
        assert turn.result.params["what"] == "gateway"


MANIFESTS = [adapter.manifest for adapter in adapters().values()]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.slug)
@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("leads", [False, True])
def test_every_form_of_every_broker_fits_and_confirms_live_exactly_once(manifest, environment, leads):
    ways = Ways(door=FakeDoor(manifest.slug) if leads else None)
    answers = {"broker": manifest.slug, "environment": environment.value}
    asked = ways.fields(manifest, answers)
    alone = ways.to_keys(manifest, answers) == "confirm_live"
    live = environment is Environment.LIVE
    assert [spec.key for spec in asked].count("word") + alone == (1 if live else 0)
    assert len(asked) <= 2 * PAGE
    confirmed = ways.fields(manifest, answers | {"confirmed": "yes"})
    assert "word" not in [spec.key for spec in confirmed]
    needed = {spec.key for spec in manifest.fields if spec.required}
    assert needed <= {spec.key for spec in confirmed}, "what is needed is asked for"
