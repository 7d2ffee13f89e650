"""An SDK call that forgets it was cancelled, as ``asyncio.wait_for`` does before Python 3.12."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

from adapters.paper.adapter import PaperAdapter
from tests.scenario.test_journey import READINGS
from tests.scenario.world import world


class Stubborn:
    """Be the paper broker with a submit that answers when it should have stopped."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.asked = asyncio.Event()

    @asynccontextmanager
    async def open(self, credentials, deps):
        async with self.inner.open(credentials, deps) as session:
            submit = session.submit

            async def stubborn(request):
                self.asked.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    return await submit(request)

            session.submit = stubborn
            yield session


async def test_an_account_stops_even_when_a_call_forgets_that_it_was_cancelled(tmp_path):
    async with world(tmp_path, READINGS) as scene:
        line = scene.adapters["paper"] = Stubborn()
        await scene.source()
        scene.market.set("MSFT", Decimal("412.00"), Decimal("412.10"))
        await scene.member("7")
        await scene.say("buy msft")
        await scene.until(line.asked.is_set)
        async with asyncio.timeout(20):
            await scene.verbs.trading.stop()
