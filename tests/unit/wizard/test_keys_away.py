"""What a half-done flow does while the key service is away."""

import pytest

from domain.errors import VaultUnavailable
from tests.unit.wizard.linker import GOOD, FakeLinker
from wizard.flow import FlowRefused
from wizard.flows.link_account import LinkAccount
from wizard.manager import FlowManager

ME = "100"


class Away:
    """Be a vault whose key service can be away."""

    def __init__(self, inner) -> None:
        self.inner, self.away = inner, False

    async def seal(self, **more):
        return await self._through(self.inner.seal, more)

    async def open(self, **more):
        return await self._through(self.inner.open, more)

    async def forget(self, **more):
        await self.inner.forget(**more)

    async def _through(self, call, more):
        if self.away:
            raise VaultUnavailable("no KMS", code="unreachable")
        return await call(**more)


async def test_a_flow_stays_at_its_step_and_the_same_answer_works_later(
    store, vault, clock, linker: FakeLinker
):
    away = Away(vault)
    flows = FlowManager([LinkAccount(linker, linker).flow()], store.flows, away, clock)
    turn = await flows.start("link_account", ME, {"broker": "alpaca"})
    turn = await flows.answer(turn.flow_id, ME, "environment", {"choice": "paper"})
    away.away = True
    with pytest.raises(FlowRefused) as refused:
        await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    assert refused.value.key == "keys_away"
    kept = await store.flows.get(turn.flow_id)
    assert (kept.step, dict(kept.sealed)) == (turn.step, {})
    away.away = False
    turn = await flows.answer(turn.flow_id, ME, turn.step, GOOD)
    away.away = True
    with pytest.raises(FlowRefused):
        await flows.answer(turn.flow_id, ME, "test", {})
    away.away = False
    assert (await flows.answer(turn.flow_id, ME, "test", {})).step == "review"
