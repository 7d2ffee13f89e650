"""Linking an account, answer by answer, without any Discord."""

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

import pytest

from domain.accounts import Environment
from domain.broker import Verified
from domain.errors import InvalidValue, OutcomeUnknown
from domain.portfolio import AccountState
from tests.unit.wizard.linker import ALPACA, BAD, COINS, GOOD, PAPER, WIDE, FakeLinker
from wizard.flow import Abort, Done, FlowRefused, Form, Menu, Progress, Turn
from wizard.flows import found
from wizard.manager import FlowManager

ME, OTHER = "100", "101"
STATE = AccountState(number_masked="***1", cash=Decimal(1), equity=Decimal(1), buying_power=Decimal(1))


async def answer(flows: FlowManager, turn: Turn, **values: str) -> Turn:
    return await flows.answer(turn.flow_id, ME, turn.step, values)


async def to_keys(flows: FlowManager, environment: str = "paper") -> Turn:
    turn = await flows.start("link_account", ME)
    turn = await answer(flows, turn, choice="alpaca")
    return await answer(flows, turn, choice=environment)


async def to_review(flows: FlowManager) -> Turn:
    turn = await to_keys(flows)
    turn = await answer(flows, turn, **GOOD, feed="sip")
    return await answer(flows, turn)


async def saved(flows: FlowManager, turn: Turn) -> Turn:
    return await answer(flows, await answer(flows, turn, choice="save"))


def keys(turn: Turn) -> list[str]:
    return [problem.key for problem in turn.result.problems]


async def test_an_account_is_linked_step_by_step(flows: FlowManager, linker: FakeLinker):
    turn = await flows.start("link_account", ME)
    assert isinstance(turn.result, Menu)
    assert [option.value for option in turn.result.options] == ["paper", "alpaca", "wide"]
    turn = await answer(flows, turn, choice="alpaca")
    assert [option.value for option in turn.result.options] == ["paper", "live"], "paper comes first"
    turn = await answer(flows, turn, choice="paper")
    assert isinstance(turn.result, Form)
    assert [spec.key for spec in turn.result.fields] == ["api_key", "api_secret", "feed", "nick"]
    turn = await answer(flows, turn, **GOOD, feed="sip", nick="")
    assert isinstance(turn.result, Progress)
    assert not linker.tested, "nothing is tested before the person sees that it is"
    turn = await answer(flows, turn)
    assert turn.step == "review"
    assert turn.result.params["number"] == "***1234"
    assert turn.result.params["buying_power"] == "20,000.00 USD"
    assert not linker.saved
    turn = await answer(flows, turn, choice="save")
    assert isinstance(turn.result, Progress)
    turn = await answer(flows, turn)
    assert turn.result == Done(params={"name": "Alpaca paper", "number": "***1234"})
    (account, credentials), *rest = linker.saved
    assert not rest
    assert account.environment is Environment.PAPER
    assert credentials == GOOD | {"feed": "sip", "nick": ""}


async def test_the_paper_broker_asks_for_nothing(flows: FlowManager, linker: FakeLinker):
    turn = await answer(flows, await flows.start("link_account", ME), choice="paper")
    assert isinstance(turn.result, Progress)
    turn = await answer(flows, turn)
    assert turn.result.params["name"] == "Paper"
    turn = await saved(flows, turn)
    assert isinstance(turn.result, Done)
    assert linker.saved[0][0].broker == "paper"


async def test_a_broker_named_in_the_command_is_not_asked_for(flows: FlowManager):
    turn = await flows.start("link_account", ME, {"broker": "alpaca"})
    assert turn.step == "environment"
    turn = await flows.start("link_account", ME, {"broker": "nobody"})
    assert (turn.step, keys(turn)) == ("broker", ["broker_gone"])


WRONG_WORDS = ["live", "LIVE!", "yes", " L I V E"]


@pytest.mark.parametrize("word", ["", *WRONG_WORDS])
async def test_live_needs_the_typed_word_and_right_keys_are_not_typed_twice(
    flows: FlowManager, linker: FakeLinker, word: str
):
    turn = await to_keys(flows, "live")
    assert [spec.key for spec in turn.result.fields][:2] == ["word", "api_key"], "one form holds both"
    turn = await answer(flows, turn, **GOOD, feed="iex", word=word)
    assert turn.step == "confirm_live"
    assert keys(turn) in (["field_missing"], ["field_hint"])
    assert "word" not in turn.result.values
    turn = await answer(flows, turn, word="no")
    assert (turn.step, keys(turn)) == ("confirm_live", ["field_hint"])
    assert not linker.tested, "nothing is tried before live is confirmed"
    turn = await answer(flows, turn, word=" LIVE ")
    assert turn.step == "test"
    await saved(flows, await answer(flows, turn))
    assert linker.saved[0][0].environment is Environment.LIVE
    assert linker.saved[0][1] == GOOD | {"feed": "iex", "nick": ""}


async def test_the_word_is_typed_with_the_keys_and_not_again_after_wrong_ones(
    flows: FlowManager, linker: FakeLinker
):
    turn = await answer(flows, await to_keys(flows, "live"), **BAD, word="LIVE")
    turn = await answer(flows, turn)
    assert (turn.step, keys(turn)) == ("credentials", ["keys_refused"])
    assert [spec.key for spec in turn.result.fields] == ["api_key", "api_secret", "feed", "nick"]
    await saved(flows, await answer(flows, await answer(flows, turn, **GOOD)))
    assert "word" not in linker.saved[0][1]


async def test_a_form_without_room_has_the_word_asked_before(flows: FlowManager, linker: FakeLinker):
    linker.brokers = [replace(WIDE, environments=(Environment.LIVE,))]
    turn = await flows.start("link_account", ME)
    assert (turn.step, turn.can_go_back) == ("confirm_live", False), "what has one answer is not asked"
    with pytest.raises(FlowRefused, match="moved_on"):
        await flows.answer(turn.flow_id, ME, "credentials", GOOD)
    turn = await answer(flows, turn, word="LIVE")
    assert (turn.step, len(turn.result.fields)) == ("credentials", 5)


async def test_what_to_trade_is_asked_where_it_makes_a_difference(flows: FlowManager, linker: FakeLinker):
    linker.brokers.append(COINS)
    turn = await flows.start("link_account", ME)
    assert [option.value for option in turn.result.options] == ["shares", "crypto", "all", "paper"]
    shares = await answer(flows, turn, choice="shares")
    assert [option.value for option in shares.result.options] == ["alpaca", "wide"]
    turn = await flows.back(shares.flow_id, ME, shares.step)
    coins = await answer(flows, turn, choice="crypto")
    assert (coins.step, coins.result.params["broker"]) == ("credentials", "Coins"), "only one trades coins"
    turn = await flows.back(coins.flow_id, ME, coins.step)
    every = await answer(flows, turn, choice="all")
    assert [option.value for option in every.result.options] == ["paper", "alpaca", "wide", "coins"]
    turn = await flows.back(every.flow_id, ME, every.step)
    assert (await answer(flows, turn, choice="paper")).step == "test"


async def test_an_account_may_become_the_default_where_there_are_others(
    flows: FlowManager, linker: FakeLinker
):
    turn = await to_review(flows)
    assert [option.value for option in turn.result.options] == ["save", "rename"]
    await saved(flows, turn)
    turn = await to_review(flows)
    assert [option.value for option in turn.result.options] == ["save", "default", "rename"]
    await answer(flows, await answer(flows, turn, choice="default"))
    assert [account.is_default for account, _ in linker.saved] == [False, True]


async def test_which_of_several_accounts_is_asked_and_tested(flows: FlowManager, linker: FakeLinker):
    linker.brokers = [replace(ALPACA, account_field="nick")]
    linker.verified = {"choices": (("11112222", "…2222"), ("11113333", "…3333"))}
    turn = await answer(flows, await answer(flows, await to_keys_of_one(flows), **GOOD))
    assert turn.step == "account"
    assert [option.label for option in turn.result.options] == ["…2222", "…3333"]
    assert (await answer(flows, turn, choice="99")).step == "account"
    linker.verified = {}
    turn = await answer(flows, await answer(flows, turn, choice="11113333"))
    assert turn.step == "review"
    await saved(flows, turn)
    assert linker.saved[0][1]["nick"] == "11113333"


async def to_keys_of_one(flows: FlowManager) -> Turn:
    return await answer(flows, await flows.start("link_account", ME), choice="paper")


async def test_how_long_keys_are_good_is_saved_with_them(flows: FlowManager, linker: FakeLinker):
    until = datetime(2026, 12, 1, tzinfo=UTC)
    linker.verified = {"expires_at": until}
    kept = found.load(found.dump(Verified(state=STATE, expires_at=until)))
    assert kept.expires_at == until
    await saved(flows, await to_review(flows))
    assert linker.expires == [until]


async def test_wrong_keys_then_right_ones_work(flows: FlowManager, linker: FakeLinker, store):
    turn = await answer(flows, await to_keys(flows), **BAD, nick="mine")
    turn = await answer(flows, turn)
    assert (turn.step, keys(turn)) == ("credentials", ["keys_refused"])
    assert turn.result.problems[0].params["text"] == "Alpaca does not know these keys."
    assert turn.result.values == {"feed": "iex", "nick": "mine"}, "what was typed is kept, secrets are not"
    assert not (await store.flows.get(turn.flow_id)).sealed, "refused keys are dropped"
    turn = await answer(flows, await answer(flows, turn, **GOOD))
    assert turn.step == "review"
    assert linker.tested[-1][2]["api_key"] == GOOD["api_key"]


async def test_a_field_that_does_not_fit_is_named_and_the_rest_is_kept(
    flows: FlowManager, linker: FakeLinker
):
    turn = await answer(flows, await to_keys(flows), api_key="short", api_secret="", feed="moon", nick="mine")
    assert [(problem.about, problem.key) for problem in turn.result.problems] == [
        ("api_key", "field_hint"),
        ("api_secret", "field_missing"),
        ("feed", "field_choice"),
    ]
    assert turn.result.values["nick"] == "mine"
    assert "short" not in repr(turn)
    assert not linker.tested


async def test_seven_fields_come_in_two_forms_and_arrive_together(flows: FlowManager, linker: FakeLinker):
    turn = await answer(flows, await flows.start("link_account", ME), choice="wide")
    typed = {f"f{number}": f"value-{number}" for number in range(7)}
    assert len(turn.result.fields) == 5
    turn = await answer(flows, turn, **typed)
    assert [spec.key for spec in turn.result.fields] == ["f5", "f6"]
    turn = await answer(flows, await answer(flows, turn, **typed))
    await saved(flows, turn)
    assert linker.saved[0][1] == typed


async def test_a_key_that_may_withdraw_is_refused_and_dropped(flows: FlowManager, linker: FakeLinker, store):
    linker.verified = {"may_withdraw": True}
    turn = await answer(flows, await answer(flows, await to_keys(flows), **GOOD))
    assert (turn.step, keys(turn)) == ("credentials", ["may_withdraw"])
    assert not (await store.flows.get(turn.flow_id)).sealed


@pytest.mark.parametrize(("chosen", "really_paper"), [("paper", False), ("live", True)])
async def test_keys_of_the_other_environment_are_refused(
    flows: FlowManager, linker: FakeLinker, chosen: str, really_paper: bool
):
    state = AccountState(
        number_masked="***1", cash=Decimal(1), equity=Decimal(1), buying_power=Decimal(1), paper=really_paper
    )
    linker.verified = {"state": state}
    turn = await to_keys(flows, chosen)
    turn = await answer(flows, await answer(flows, turn, **GOOD, word="LIVE"))
    assert turn.step == "credentials"
    assert keys(turn) == ["keys_are_live" if chosen == "paper" else "keys_are_paper"]


async def test_a_broker_that_is_away_costs_a_retry_and_no_retyping(flows: FlowManager, linker: FakeLinker):
    linker.problem = OutcomeUnknown(
        "Alpaca did not answer.", broker="alpaca", operation="verify", code="timeout"
    )
    turn = await answer(flows, await answer(flows, await to_keys(flows), **GOOD))
    assert isinstance(turn.result, Progress)
    assert keys(turn) == ["test_failed"]
    linker.problem = None
    assert (await answer(flows, turn)).step == "review"


async def test_a_refusal_of_the_service_is_shown_and_the_keys_are_dropped(
    flows: FlowManager, linker: FakeLinker, store
):
    linker.problem = InvalidValue("These keys belong to another environment.")
    turn = await answer(flows, await answer(flows, await to_keys(flows), **GOOD))
    assert (turn.step, keys(turn)) == ("credentials", ["not_allowed"])
    assert turn.result.problems[0].params["text"] == "These keys belong to another environment."
    assert not (await store.flows.get(turn.flow_id)).sealed
    linker.problem = None
    assert (await answer(flows, await answer(flows, turn, **GOOD))).step == "review"


async def test_a_refusal_of_a_broker_without_keys_leaves_a_retry(flows: FlowManager, linker: FakeLinker):
    linker.problem = InvalidValue("Not now.")
    turn = await answer(flows, await flows.start("link_account", ME, {"broker": "paper"}))
    assert (turn.step, keys(turn)) == ("test", ["not_allowed"])


async def test_a_restriction_and_notes_are_told_before_saving(flows: FlowManager, linker: FakeLinker):
    state = AccountState(
        number_masked="***1", cash=Decimal(1), equity=Decimal(1), buying_power=Decimal(1), restricted="frozen"
    )
    linker.verified = {"state": state, "notes": ("Options level 1.",)}
    turn = await to_review(flows)
    assert keys(turn) == ["restricted", "note"]


async def test_a_name_can_be_changed_and_a_taken_one_is_refused(flows: FlowManager, linker: FakeLinker):
    await saved(flows, await to_review(flows))
    turn = await to_review(flows)
    assert turn.result.params["name"] == "Alpaca paper 2"
    turn = await answer(flows, turn, choice="rename")
    assert turn.result.values == {"name": "Alpaca paper 2"}
    turn = await answer(flows, turn, name="alpaca PAPER")
    assert keys(turn) == ["name_taken"]
    turn = await answer(flows, turn, name="@everyone")
    assert keys(turn) == ["field_hint"]
    turn = await answer(flows, turn, name="Swing #2")
    assert (turn.step, turn.result.params["name"]) == ("review", "Swing #2")
    await saved(flows, turn)
    assert [account.name for account, _ in linker.saved] == ["Alpaca paper", "Swing #2"]


async def test_a_name_taken_meanwhile_is_told_at_the_review(flows: FlowManager, linker: FakeLinker):
    mine, other = await to_review(flows), await to_review(flows)
    assert isinstance((await saved(flows, other)).result, Done)
    turn = await answer(flows, mine, choice="save")
    assert (turn.step, keys(turn)) == ("review", ["name_taken"])
    assert len(linker.saved) == 1


async def test_a_refused_save_leads_back_to_the_review(flows: FlowManager, linker: FakeLinker):
    mine = await answer(flows, await to_review(flows), choice="save")
    twin = await answer(flows, await to_review(flows), choice="save")
    await answer(flows, twin)
    linker.saved[0] = (replace(linker.saved[0][0], number_masked="***9999"), {})
    turn = await answer(flows, mine)
    assert (turn.step, keys(turn)) == ("review", ["not_saved"]), (
        "an account of another number is not this one"
    )


async def test_saving_twice_after_a_crash_ends_well_with_one_account(flows: FlowManager, linker: FakeLinker):
    turn = await answer(flows, await to_review(flows), choice="save")
    linker.die_after_link = True
    with pytest.raises(KeyboardInterrupt):
        await answer(flows, turn)
    linker.die_after_link = False
    turn = await answer(flows, turn)
    assert isinstance(turn.result, Done)
    assert len(linker.saved) == 1


async def test_going_back_retraces_what_was_asked(flows: FlowManager):
    turn = await to_review(flows)
    seen = []
    while turn.can_go_back:
        turn = await flows.back(turn.flow_id, ME, turn.step)
        seen.append(turn.step)
    assert seen == ["credentials", "environment", "broker"], "a moment of work is not gone back to"


async def test_choosing_another_environment_drops_the_keys_of_the_first(flows: FlowManager, store):
    turn = await to_review(flows)
    turn = await flows.back(turn.flow_id, ME, turn.step)
    turn = await flows.back(turn.flow_id, ME, turn.step)
    turn = await answer(flows, turn, choice="live")
    state = await store.flows.get(turn.flow_id)
    assert not state.sealed
    assert "verified" not in state.answers
    assert not [key for key in state.answers if key.startswith("field.")]


async def test_a_broker_switched_off_meanwhile_is_told(flows: FlowManager, linker: FakeLinker):
    turn = await to_keys(flows)
    linker.brokers.remove(ALPACA)
    turn = await answer(flows, turn, **GOOD)
    assert (turn.step, keys(turn)) == ("broker", ["broker_gone"])
    linker.brokers.clear()
    turn = await flows.start("link_account", ME)
    assert turn.result == Abort(reason="no_brokers")
    linker.brokers.append(PAPER)


def dressed(secret: str) -> list[str]:
    raw = secret.encode()
    return [secret, quote(secret, safe=""), repr(secret)[1:-1], base64.b64encode(raw).decode()[:-4]]


async def test_secrets_are_nowhere_but_sealed_at_any_step(
    flows: FlowManager, linker: FakeLinker, store, tmp_path
):
    """Canaries, through the whole flow, against the record, its print and the bytes of the database."""
    linker.gate = asyncio.Event()
    turn = await answer(flows, await to_keys(flows), **BAD)
    waiting = asyncio.ensure_future(answer(flows, turn))
    await asyncio.sleep(0.01)
    states = [await store.flows.get(turn.flow_id)]
    linker.gate.set()
    turn = await answer(flows, await waiting, **GOOD)
    states.append(await store.flows.get(turn.flow_id))
    turn = await answer(flows, turn)
    states.append(await store.flows.get(turn.flow_id))
    await saved(flows, turn)
    states.append(await store.flows.get(turn.flow_id))
    await store.ping()
    assert states[1].sealed.keys() == GOOD.keys()
    assert not states[3].sealed
    kept = "".join(f"{state!r}{dict(state.answers)}{dict(state.sealed)}" for state in states)
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert turn.flow_id.encode() in files, "the search would find what is there"
    for secret in (*GOOD.values(), *BAD.values()):
        for form in dressed(secret):
            assert form not in kept
            assert form.encode() not in files
