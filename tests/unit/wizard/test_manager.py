"""The engine: whose flow it is, how long it lives, and who wins."""

import asyncio
from dataclasses import replace

import pytest

from sim.clock import DrivenClock
from tests.unit.wizard.linker import GOOD, FakeLinker
from vault.keys import KeyFile
from vault.vault import EnvelopeVault
from wizard.flow import Abort, Done, FlowRefused
from wizard.flows.link_account import LinkAccount
from wizard.manager import FlowManager

ME, OTHER = "100", "101"


async def started(flows: FlowManager):
    return await flows.start("link_account", ME, {"broker": "alpaca"})


async def refusal(awaitable) -> str:
    with pytest.raises(FlowRefused) as refused:
        await awaitable
    return refused.value.key


async def test_another_member_can_do_nothing_with_it(flows: FlowManager):
    turn = await started(flows)
    for attempt in (
        flows.show(turn.flow_id, OTHER),
        flows.answer(turn.flow_id, OTHER, turn.step, {"choice": "paper"}),
        flows.back(turn.flow_id, OTHER, turn.step),
        flows.cancel(turn.flow_id, OTHER),
    ):
        assert await refusal(attempt) == "not_yours"
    assert (await flows.show(turn.flow_id, ME)).step == "environment"


async def test_an_answer_to_an_earlier_step_changes_nothing(flows: FlowManager):
    turn = await started(flows)
    after = await flows.answer(turn.flow_id, ME, turn.step, {"choice": "paper"})
    assert await refusal(flows.answer(turn.flow_id, ME, turn.step, {"choice": "live"})) == "moved_on"
    assert await refusal(flows.back(turn.flow_id, ME, turn.step)) == "moved_on"
    assert (await flows.show(turn.flow_id, ME)).step == after.step == "credentials"


async def test_a_double_click_while_working_is_told_to_wait(flows: FlowManager, linker: FakeLinker):
    turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
    turn = await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    linker.gate = asyncio.Event()
    first = asyncio.ensure_future(flows.answer(turn.flow_id, ME, "test", {}))
    await asyncio.sleep(0.01)
    assert await refusal(flows.answer(turn.flow_id, ME, "test", {})) == "busy"
    assert await refusal(flows.cancel(turn.flow_id, ME)) == "busy"
    linker.gate.set()
    assert (await first).step == "review"
    assert len(linker.tested) == 1


async def test_of_two_processes_answering_at_once_one_wins(
    flows: FlowManager, store, vault, clock, linker: FakeLinker
):
    twin = FlowManager([LinkAccount(linker, linker).flow()], store.flows, vault, clock)
    turn = await started(flows)
    results = await asyncio.gather(
        flows.answer(turn.flow_id, ME, turn.step, {"choice": "paper"}),
        twin.answer(turn.flow_id, ME, turn.step, {"choice": "live"}),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, FlowRefused)]
    assert [each.key for each in refused] == ["moved_on"]


async def test_a_flow_waits_half_an_hour_after_each_answer(flows: FlowManager, clock: DrivenClock):
    turn = await started(flows)
    await clock.advance(29 * 60)
    turn = await flows.answer(turn.flow_id, ME, turn.step, {"choice": "paper"})
    await clock.advance(29 * 60)
    assert (await flows.show(turn.flow_id, ME)).step == "credentials"
    await clock.advance(60)
    assert await refusal(flows.show(turn.flow_id, ME)) == "expired"
    assert await refusal(flows.show(turn.flow_id, ME)) == "gone"


async def test_sweeping_removes_what_expired_and_names_the_panels_to_close(
    flows: FlowManager, clock: DrivenClock, store
):
    old, cancelled = await started(flows), await started(flows)
    await flows.place(old.flow_id, "55", "66")
    await flows.cancel(cancelled.flow_id, ME)
    await clock.advance(20 * 60)
    young = await started(flows)
    assert await flows.sweep() == []
    await clock.advance(11 * 60)
    (closed,) = await flows.sweep()
    assert (closed.id, closed.channel, closed.message) == (old.flow_id, "55", "66")
    assert [state.id for state in await store.flows.find()] == [young.flow_id]


async def test_a_finished_flow_says_so_and_holds_nothing(flows: FlowManager, store, linker: FakeLinker):
    turn = await flows.start("link_account", ME, {"broker": "paper"})
    turn = await flows.answer(turn.flow_id, ME, "test", {})
    turn = await flows.answer(turn.flow_id, ME, "review", {"choice": "save"})
    turn = await flows.answer(turn.flow_id, ME, "save", {})
    assert isinstance(turn.result, Done)
    assert await refusal(flows.answer(turn.flow_id, ME, "review", {"choice": "save"})) == "ended"
    state = await store.flows.get(turn.flow_id)
    assert (dict(state.answers), dict(state.sealed)) == ({}, {})
    assert len(linker.saved) == 1


async def test_cancelling_drops_everything(flows: FlowManager, store):
    turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
    await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    turn = await flows.cancel(turn.flow_id, ME)
    assert turn.result == Abort(reason="cancelled")
    assert not (await store.flows.get(turn.flow_id)).sealed
    assert await refusal(flows.cancel(turn.flow_id, ME)) == "ended"


async def test_a_flow_goes_on_in_a_new_process(
    flows: FlowManager, store, tmp_path, clock, linker: FakeLinker
):
    turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
    turn = await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    fresh_vault = EnvelopeVault(KeyFile(tmp_path / "key"), clock)
    fresh = FlowManager([LinkAccount(linker, linker).flow()], store.flows, fresh_vault, clock)
    assert (await fresh.show(turn.flow_id, ME)).step == "test"
    assert (await fresh.answer(turn.flow_id, ME, "test", {})).step == "review"
    assert linker.tested[0][2]["api_secret"] == GOOD["api_secret"]


async def test_secrets_that_cannot_be_opened_end_the_flow_honestly(
    flows: FlowManager, store, tmp_path, clock, linker: FakeLinker
):
    turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
    turn = await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    other_key = EnvelopeVault(KeyFile.create(tmp_path / "other"), clock)
    fresh = FlowManager([LinkAccount(linker, linker).flow()], store.flows, other_key, clock)
    assert (await fresh.answer(turn.flow_id, ME, "test", {})).result == Abort(reason="secrets_lost")
    assert not (await store.flows.get(turn.flow_id)).sealed


async def test_secrets_of_one_flow_do_not_open_in_another(flows: FlowManager, store, linker: FakeLinker):
    turns = []
    for _ in range(2):
        turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
        turns.append(await flows.answer(turn.flow_id, ME, turn.step, GOOD))
    mine, theirs = [await store.flows.get(turn.flow_id) for turn in turns]
    await store.flows.compare_and_set(replace(mine, sealed=theirs.sealed))
    swapped = await flows.answer(mine.id, ME, "test", {})
    assert swapped.result == Abort(reason="secrets_lost")
    assert not linker.tested


async def test_a_flow_of_a_version_without_its_step_says_so(flows: FlowManager, store):
    turn = await started(flows)
    state = await store.flows.get(turn.flow_id)
    await store.flows.compare_and_set(replace(state, step="from_the_past"))
    assert await refusal(flows.show(turn.flow_id, ME)) == "outdated"


async def test_every_typed_secret_is_reported_for_hiding(store, vault, clock, linker: FakeLinker):
    hidden: list[str] = []
    flows = FlowManager([LinkAccount(linker, linker).flow()], store.flows, vault, clock, hide=hidden.append)
    turn = await flows.answer((await started(flows)).flow_id, ME, "environment", {"choice": "paper"})
    await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    assert set(hidden) == set(GOOD.values())
