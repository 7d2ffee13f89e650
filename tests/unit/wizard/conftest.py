"""A flow manager on the real store and vault, with a clock that stands still."""

from pathlib import Path

import pytest

from sim.clock import DrivenClock
from store import open_store
from tests.unit.wizard.linker import FakeLinker
from vault.keys import KeyFile
from vault.vault import EnvelopeVault
from wizard.flows.link_account import LinkAccount
from wizard.manager import FlowManager


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def linker(clock: DrivenClock) -> FakeLinker:
    return FakeLinker(clock)


@pytest.fixture
async def store(tmp_path: Path):
    opened = await open_store(data_dir=tmp_path / "data")
    yield opened
    await opened.close()


@pytest.fixture
def vault(tmp_path: Path, clock: DrivenClock) -> EnvelopeVault:
    return EnvelopeVault(KeyFile.create(tmp_path / "key"), clock)


@pytest.fixture
def flows(store, vault: EnvelopeVault, clock: DrivenClock, linker: FakeLinker) -> FlowManager:
    return FlowManager([LinkAccount(linker, linker).flow()], store.flows, vault, clock)
