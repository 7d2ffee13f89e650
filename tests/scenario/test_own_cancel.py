"""An SDK that cancels a call of its own accord, as some do with what is pending when their socket drops."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.paper.adapter import PaperAdapter
from tests.scenario.test_journey import READINGS
from tests.scenario.world import world


class CancelsItself:
    """Be the paper broker whose account is served by a session that cancels itself once."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.opened = 0

    @asynccontextmanager
    async def open(self, credentials, deps):
        self.opened += 1
        if self.opened == 2:  # the first only tests the keys
            raise asyncio.CancelledError
        async with self.inner.open(credentials, deps) as session:
            yield session


async def test_an_account_comes_back_after_its_sdk_cancelled_a_call_by_itself(tmp_path):
    async with world(tmp_path, READINGS) as scene:
        line = scene.adapters["paper"] = CancelsItself()
        await scene.source()
        scene.market.set("MSFT", Decimal("412.00"), Decimal("412.10"))
        await scene.member("7")
        await scene.until(lambda: line.opened > 2)
