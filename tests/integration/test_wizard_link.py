"""Linking an account in Discord, by clicks and forms alone, through real discord.py."""

import asyncio
import base64
import logging
from urllib.parse import quote

import pytest

from domain.errors import OutcomeUnknown
from sim.discord import DiscordSim
from tests import openapi
from tests.integration.wizard_bench import Bench
from tests.support import eventually
from tests.unit.wizard.linker import BAD, GOOD
from wizard.texts import TEXTS


@pytest.fixture
async def bench(tmp_path):
    async with DiscordSim() as sim:
        bench = Bench(sim, tmp_path)
        yield bench
        assert sim.violations == [], "every request kept to Discord's rules"
        judged = [problem for request in sim.requests for problem in openapi.violations(request)]
        assert judged == [], "every request is one that Discord describes"


async def test_an_account_is_linked_by_clicks_and_forms_alone(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        answer = await bench.link(ana)
        assert answer.ephemeral
        panel = await bench.panel(ana, "Which broker?")
        await eventually(lambda: "direct message" in answer.message.text)
        assert f"/channels/@me/{panel.channel_id}/{panel.id}" in answer.message.text
        assert [option["value"] for option in panel.selects[0]["options"]] == ["paper", "alpaca", "wide"]
        assert panel.buttons == ["Cancel"], "there is nothing to go back to yet"
        await bench.pick(ana, panel, "alpaca")
        panel = await bench.panel(ana, "Alpaca: paper or live?")
        assert [option["label"] for option in panel.selects[0]["options"]] == ["Paper", "Live"]
        await bench.pick(ana, panel, "paper")
        panel = await bench.panel(ana, "your keys")
        assert "passes through Discord" in panel.text, "it says what Discord can see before anything is typed"
        assert "https://alpaca.example/keys" in panel.text
        form, _ = await bench.fill(ana, panel, "Enter keys", **GOOD, feed="sip")
        assert form.title == "Alpaca (Paper): your keys"
        assert [field["label"] for field in form.fields] == ["API key", "Secret key", "Data feed", "Nickname"]
        panel = await bench.panel(ana, "It works")
        assert "1234" in panel.text
        assert "20,000.00 USD" in panel.text
        assert panel.buttons == ["Save", "Change the name", "Back", "Cancel"]
        assert not bench.linker.saved
        await sim.click(ana, panel, "Save")
        panel = await bench.panel(ana, "is linked")
        assert panel.buttons == []
        assert len(sim.messages(sim.dm(ana))) == 1, "one panel, edited from step to step"
    ((account, credentials),) = bench.linker.saved
    assert (account.user, account.broker, account.name) == (str(ana.id), "alpaca", "Alpaca paper")
    assert credentials == GOOD | {"feed": "sip", "nick": ""}


async def test_an_account_takes_five_interactions_from_panel_to_saved(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        await bench.sim.click(bench.ana, await bench.panel(bench.ana, "It works"), "Save")
        await bench.panel(bench.ana, "is linked")
        assert len(bench.sim._world.interactions) - 1 == 5


async def test_the_paper_broker_takes_two_clicks(bench: Bench):
    async with bench.bot():
        await bench.link(bench.ana, broker="paper")
        await bench.sim.click(bench.ana, await bench.panel(bench.ana, "It works"), "Save")
        await bench.panel(bench.ana, "is linked")
    assert bench.linker.saved[0][0].broker == "paper"


async def test_live_needs_the_typed_word(bench: Bench):
    ana = bench.ana
    async with bench.bot():
        await bench.link(ana, broker="alpaca")
        await bench.pick(ana, await bench.panel(ana, "paper or live"), "live")
        panel = await bench.panel(ana, "losses are yours")
        await bench.fill(ana, panel, "Enter keys", word="live", **GOOD)
        panel = await bench.panel(ana, "does not look right")
        assert not bench.linker.tested
        form, _ = await bench.fill(ana, panel, "I understand", word="LIVE")
        assert not form.fields[0]["component"].get("value")
        await bench.panel(ana, "It works")


async def test_wrong_keys_then_right_ones_work_and_secrets_are_not_kept_in_the_form(bench: Bench):
    ana = bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        await bench.fill(ana, panel, "Enter keys", **BAD, nick="mine", feed="sip")
        panel = await bench.panel(ana, "does not know these keys")
        form, _ = await bench.fill(ana, panel, "Enter keys", **GOOD)
        shown = {field["custom_id"]: field["component"] for field in form.fields}
        assert shown["nick"]["value"] == "mine"
        assert [option["value"] for option in shown["feed"]["options"] if option.get("default")] == ["sip"]
        assert not shown["api_key"].get("value")
        assert not shown["api_secret"].get("value")
        await bench.sim.click(ana, await bench.panel(ana, "It works"), "Save")
        await bench.panel(ana, "is linked")
    assert bench.linker.saved[0][1]["nick"] == "mine"


async def test_a_field_that_does_not_fit_is_named_in_the_panel(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        await bench.fill(bench.ana, panel, "Enter keys", api_key="pk-short", api_secret=GOOD["api_secret"])
        panel = await bench.panel(bench.ana, "a key has 20 capitals and digits")
        assert "pk-short" not in panel.text
        assert not bench.linker.tested


STEPS = ("Which broker?", "paper or live", "your keys", "It works", "is linked")


async def act(bench: Bench, user, panel, at: int) -> None:
    """Do what a person does at one of STEPS."""
    if at < 2:
        await bench.pick(user, panel, ("alpaca", "paper")[at])
    elif at == 2:
        await bench.fill(user, panel, "Enter keys", **GOOD)
    else:
        await bench.sim.click(user, panel, "Save")


async def walk(bench: Bench, user, start: int, stop: int):
    for at in range(start, stop):
        await act(bench, user, await bench.panel(user, STEPS[at]), at)
    return await bench.panel(user, STEPS[stop])


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
async def test_a_bot_started_anew_at_any_step_goes_on_where_it_was(bench: Bench, cut: int):
    async with bench.bot():
        await bench.link(bench.ana)
        await walk(bench, bench.ana, 0, cut)
    async with bench.bot():
        await walk(bench, bench.ana, cut, 4)
    assert bench.linker.saved[0][1]["api_secret"] == GOOD["api_secret"]


async def test_a_form_left_open_over_a_restart_can_still_be_sent(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        opened = await bench.sim.click(bench.ana, panel, "Enter keys")
        await opened.wait()
    async with bench.bot():
        await bench.sim.submit(bench.ana, opened, **GOOD)
        await walk(bench, bench.ana, 3, 4)
    assert len(bench.linker.saved) == 1


async def test_a_bot_that_died_while_testing_offers_to_test_again(bench: Bench):
    bench.linker.gate = asyncio.Event()
    async with bench.bot():
        await bench.link(bench.ana)
        panel = await walk(bench, bench.ana, 0, 2)
        await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(bench.ana, "Testing the connection")
        await eventually(lambda: bench.linker.tested)
    bench.linker.gate = None
    async with bench.bot():
        await bench.sim.click(bench.ana, panel, "Try again")
        await walk(bench, bench.ana, 3, 4)
    assert len(bench.linker.tested) == 2


async def test_a_new_name_is_typed_after_a_restart(bench: Bench):
    async with bench.bot():
        await bench.link(bench.ana)
        await bench.sim.click(bench.ana, await walk(bench, bench.ana, 0, 3), "Change the name")
        panel = await bench.panel(bench.ana, "Name this account")
    async with bench.bot():
        form, _ = await bench.fill(bench.ana, panel, "Type a name", name="Renamed")
        assert form.fields[0]["component"]["value"] == "Alpaca paper"
        await walk(bench, bench.ana, 3, 4)
    assert bench.linker.saved[0][0].name == "Renamed"


async def test_another_member_clicking_gets_one_sentence_and_changes_nothing(bench: Bench):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        before = panel.edits
        for label in ("Enter keys", "Back", "Cancel"):
            forged = bench.forge(bench.ben, panel, label)
            reply = await forged.wait_message("belongs to someone else")
            assert reply.ephemeral
            assert len(forged.messages) <= 2
        assert panel.edits == before
        assert "your keys" in panel.text


async def test_closed_direct_messages_move_the_flow_into_the_channel_and_say_so(bench: Bench):
    sim, shy = bench.sim, bench.shy
    async with bench.bot():
        answer = await bench.link(shy)
        panel = answer.message
        assert panel.ephemeral
        assert panel.channel_id == bench.channel.id
        assert "cannot send you direct messages" in panel.text
        await bench.pick(shy, panel, "alpaca")
        await eventually(lambda: "paper or live" in panel.text)
        await bench.pick(shy, panel, "paper")
        await eventually(lambda: "your keys" in panel.text)
        await bench.fill(shy, panel, "Enter keys", **GOOD)
        await eventually(lambda: "It works" in panel.text)
        await sim.click(shy, panel, "Save")
        await eventually(lambda: "is linked" in panel.text)
        assert sim.messages(bench.channel) == [], "nobody else saw anything"
    assert bench.linker.saved[0][0].user == str(shy.id)
    sim.violations.clear()  # the one refused message is how a bot learns that they are closed


async def test_two_flows_at_once_do_not_mix(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        first = await bench.to_keys(ana)
        await bench.link(ana, broker="alpaca")
        second = await sim.wait_message(sim.dm(ana), "paper or live", after=first)
        await bench.pick(ana, second, "paper")
        await eventually(lambda: "your keys" in second.text)
        bens = await bench.to_keys(bench.ben)
        await bench.fill(ana, second, "Enter keys", **GOOD, nick="second")
        await eventually(lambda: "It works" in second.text)
        await bench.fill(ana, first, "Enter keys", **GOOD, nick="first")
        await eventually(lambda: "It works" in first.text)
        await bench.fill(bench.ben, bens, "Enter keys", **GOOD, nick="ben")
        await eventually(lambda: "It works" in bens.text)
        for user, panel in ((ana, first), (bench.ben, bens)):
            await sim.click(user, panel, "Save")
        await eventually(lambda: "is linked" in first.text and "is linked" in bens.text)
        await sim.click(ana, second, "Save")
        await eventually(lambda: "already have an account named" in second.text)
        await sim.click(ana, second, "Change the name")
        await eventually(lambda: "Name this account" in second.text)
        await bench.fill(ana, second, "Type a name", name="Another")
        await eventually(lambda: "It works" in second.text)
        await sim.click(ana, second, "Save")
        await eventually(lambda: "is linked" in second.text)
    saved = {(account.user, account.name): values["nick"] for account, values in bench.linker.saved}
    assert saved == {
        (str(ana.id), "Alpaca paper"): "first",
        (str(bench.ben.id), "Alpaca paper"): "ben",
        (str(ana.id), "Another"): "second",
    }


async def test_a_double_click_is_told_and_links_once(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        await bench.fill(ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(ana, "It works")
        clicks = [await sim.click(ana, panel, "Save"), await sim.click(ana, panel, "Save")]
        await bench.panel(ana, "is linked")
        sentences = [TEXTS[f"refused.{key}"] for key in ("busy", "moved_on", "ended")]
        told = await eventually(lambda: [m for click in clicks for m in click.followups])
        assert len(told) == 1
        assert told[0].text in sentences
    assert len(bench.linker.saved) == 1


async def test_a_panel_that_fell_behind_its_flow_catches_up_at_the_next_click(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        await bench.link(ana)
        panel = await bench.panel(ana, "Which broker?")
        sim.fault("PATCH /webhooks/*", status=403)
        refused = await bench.pick(ana, panel, "alpaca")
        await refused.wait_message("Something went wrong on our side")
        assert "Which broker?" in panel.text, "the change never reached the panel"
        again = await bench.pick(ana, panel, "alpaca")
        await again.wait_message("answered already")
        await bench.panel(ana, "paper or live")
        await walk(bench, ana, 1, 4)
    assert len(bench.linker.saved) == 1


async def test_a_form_button_of_a_panel_that_fell_behind_catches_up_too(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        sim.fault("PATCH /webhooks/*", status=403)
        _, sent = await bench.fill(ana, panel, "Enter keys", **GOOD)
        await sent.wait_message("Something went wrong on our side")
        assert "your keys" in panel.text
        again = await sim.click(ana, panel, "Enter keys")
        await again.wait_message("answered already")
        await bench.panel(ana, "It works")
    assert len(bench.linker.tested) == 1


async def test_a_form_sent_twice_and_a_step_answered_late_are_told(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        opened = await sim.click(ana, panel, "Enter keys")
        await opened.wait()
        await sim.submit(ana, opened, **GOOD)
        await bench.panel(ana, "It works")
        again = await sim.submit(ana, opened, **BAD)
        assert (await again.wait_message("answered already")).ephemeral
        assert "It works" in panel.text
        assert len(bench.linker.tested) == 1


async def test_an_expired_and_a_finished_flow_say_so_when_clicked(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        await bench.clock.advance(31 * 60)
        for expected in (TEXTS["refused.expired"], TEXTS["refused.gone"]):
            ix = await sim.click(ana, panel, "Enter keys")
            reply = await ix.wait()
            assert (reply.text, reply.ephemeral) == (expected, True)
        await bench.link(ana, broker="paper")
        panel = await sim.wait_message(sim.dm(ana), "It works", after=panel)
        old = panel.find("Cancel")["custom_id"]
        await sim.click(ana, panel, "Cancel")
        await eventually(lambda: "Nothing was saved" in panel.text)
        reply = await bench.forge(ana, panel, old).wait_message("finished already")
        assert reply.ephemeral


async def test_a_swept_panel_says_that_it_has_expired(bench: Bench):
    async with bench.bot() as wizard:
        panel = await bench.to_keys(bench.ana)
        await bench.clock.advance(31 * 60)
        assert await wizard.sweep() == 1
        assert panel.text == TEXTS["view.expired"]
        assert panel.buttons == []
        assert await wizard.sweep() == 0


async def test_back_and_cancel_work_at_each_step(bench: Bench):
    sim, ana = bench.sim, bench.ana
    async with bench.bot():
        panel = await bench.to_keys(ana)
        await bench.fill(ana, panel, "Enter keys", **GOOD)
        for words in ("It works", "your keys", "paper or live"):
            panel = await bench.panel(ana, words)
            await sim.click(ana, panel, "Back")
        panel = await bench.panel(ana, "Which broker?")
        await sim.click(ana, panel, "Cancel")
        panel = await bench.panel(ana, "what you typed was deleted")
        assert panel.buttons == []
    assert not bench.linker.saved


async def test_a_broker_that_is_away_offers_a_retry_without_typing_again(bench: Bench):
    bench.linker.problem = OutcomeUnknown(
        "Alpaca did not answer in time.", broker="alpaca", operation="verify", code="timeout"
    )
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(bench.ana, "did not answer in time")
        bench.linker.problem = None
        await bench.sim.click(bench.ana, panel, "Try again")
        await bench.panel(bench.ana, "It works")


async def test_a_slow_broker_does_not_cost_the_answer(bench: Bench):
    """Discord wants a first answer within three seconds; the test of the keys may take longer."""
    bench.linker.gate = asyncio.Event()
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        _, sent = await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        await bench.panel(bench.ana, "Testing the connection")
        assert sent.answered is not None
        again = await bench.sim.click(bench.ana, panel, "Try again")
        await again.wait_message("Still working")
        bench.linker.gate.set()
        await bench.panel(bench.ana, "It works")


async def test_what_nobody_foresaw_ends_in_a_sentence_with_a_reference(bench: Bench, caplog):
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        bench.linker.problem = RuntimeError("boom")
        _, sent = await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        reply = await sent.wait_message("Something went wrong on our side")
        assert reply.ephemeral
        assert "boom" not in reply.text
        bench.linker.problem = None
        await bench.sim.click(bench.ana, panel, "Try again")
        await bench.panel(bench.ana, "It works")


async def test_a_name_cannot_smuggle_markdown_or_mentions_into_a_panel(bench: Bench):
    bench.linker.problem = OutcomeUnknown(
        "**@everyone** [x](https://evil.example) # big", broker="alpaca", operation="verify", code="x"
    )
    async with bench.bot():
        panel = await bench.to_keys(bench.ana)
        await bench.fill(bench.ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(bench.ana, "evil")
        assert "**@everyone**" not in panel.text
        assert "@everyone" not in panel.text


def dressed(secret: str) -> list[str]:
    core = base64.b64encode(secret.encode()).decode()[:-4]
    return [secret, quote(secret, safe=""), repr(secret)[1:-1], core]


def search(bench: Bench, states, caplog, capsys) -> None:
    """Look for the canaries everywhere but at the broker."""
    printed = capsys.readouterr()
    files = [path.read_bytes().decode("latin-1") for path in bench.folder.rglob("*") if path.is_file()]
    everything = {
        "records": "".join(f"{state!r}{dict(state.answers)}{dict(state.sealed)}" for state in states),
        "requests to Discord": "".join(f"{request!r}" for request in bench.sim.requests),
        "logs": caplog.text + "".join(f"{record.__dict__!r}" for record in caplog.records),
        "output": printed.out + printed.err,
        "database": "".join(files),
    }
    assert "your keys" in everything["requests to Discord"], "the search would find what is there"
    for where, text in everything.items():
        for secret in (*GOOD.values(), *BAD.values()):
            for form in dressed(secret):
                assert form not in text, f"a secret shows in {where}"


async def test_canary_secrets_reach_nothing_but_the_broker(bench: Bench, caplog, capsys):
    caplog.set_level(logging.INFO)
    ana = bench.ana
    states = []
    async with bench.bot():
        panel = await bench.to_keys(ana)
        await bench.fill(ana, panel, "Enter keys", **BAD)
        panel = await bench.panel(ana, "does not know these keys")
        states += await bench.store.flows.find()
        await bench.fill(ana, panel, "Enter keys", **GOOD)
        panel = await bench.panel(ana, "It works")
        states += await bench.store.flows.find()
        await bench.sim.click(ana, panel, "Save")
        await bench.panel(ana, "is linked")
        states += await bench.store.flows.find()
    assert any(state.sealed for state in states), "there was something to find"
    search(bench, states, caplog, capsys)
    assert bench.linker.saved[0][1]["api_secret"] == GOOD["api_secret"]


async def test_no_failure_at_any_await_lets_a_secret_out(bench: Bench, caplog, capsys):
    """Fail the first call of a port after the keys were typed, then the second, and so on to the last."""
    caplog.set_level(logging.INFO)
    sim, ana = bench.sim, bench.ana
    states = []
    failed = 0
    async with bench.bot():
        for calls in range(60):
            await bench.link(ana, broker="alpaca")
            panel = sim.messages(sim.dm(ana))[-1]
            await bench.pick(ana, panel, "paper")
            await eventually(lambda panel=panel: "your keys" in panel.text)
            opened = await sim.click(ana, panel, "Enter keys")
            await opened.wait()
            bench.trip.left = calls
            act = await sim.submit(ana, opened, **GOOD)
            await eventually(lambda act=act, panel=panel: act.followups or "It works" in panel.text)
            if not act.followups:
                act = await sim.click(ana, panel, "Save")
                await eventually(lambda act=act, panel=panel: act.followups or "is linked" in panel.text)
            states += await bench.store.flows.find()
            if not act.followups:
                break
            assert "Something went wrong on our side" in act.followups[0].text
            failed += 1
    bench.trip.left = None
    assert failed > 15
    assert "is linked" in panel.text
    search(bench, states, caplog, capsys)
