"""A session that is closed while it connects: TWS must not be left with a socket that holds its client id."""

import asyncio

import pytest

from domain.errors import BrokerError
from domain.portfolio import AccountState
from tests.contract import ibkr_harness
from tests.support import eventually


@pytest.fixture
async def harness():
    async with ibkr_harness.make() as made:
        yield made


@pytest.mark.parametrize("moment", [3, 6, 9, 12, 15, 30])
async def test_closed_while_it_connects_again_it_leaves_its_client_id_free(harness, moment):
    async with harness.open() as session:
        await harness.drop_stream()
        await eventually(lambda: not session.is_connected())
        asking = asyncio.create_task(session.account())
        for _ in range(moment):
            await asyncio.sleep(0)
    # Early on it is refused, late it was answered: either way nothing may be left behind.
    (answer,) = await asyncio.gather(asking, return_exceptions=True)
    assert isinstance(answer, BrokerError | AccountState)
    await eventually(lambda: not harness.sim.clients)
    async with harness.open() as again:
        await again.account()
