"""Ask a broker once for an instrument a whole channel wants at the same moment."""

import asyncio

import pytest

from domain.errors import Unreachable
from domain.instruments import AssetClass, Instrument, InstrumentQuery
from sim.clock import DrivenClock
from trading import lookups
from trading.lookups import Instruments

QUERY = InstrumentQuery(symbol="AAPL")
APPLE = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, broker_symbol="AAPL")


class Session:
    """Answer when told to, and count how often it was asked."""

    manifest = type("Manifest", (), {"slug": "paper"})

    def __init__(self, *, fails=False):
        self.asked, self.gate, self.fails = 0, asyncio.Event(), fails

    async def resolve(self, query):
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise Unreachable("away", broker="paper", operation="resolve", code="away")
        return APPLE


async def test_many_who_ask_at_once_ask_the_broker_once():
    instruments, sessions = Instruments(DrivenClock()), [Session() for _ in range(10)]
    asking = [asyncio.create_task(instruments.resolve(one, QUERY)) for one in sessions]
    await asyncio.sleep(0)
    for one in sessions:
        one.gate.set()
    assert await asyncio.gather(*asking) == [APPLE] * 10
    assert [one.asked for one in sessions] == [1] + [0] * 9


async def test_what_fails_for_one_account_is_asked_again_by_the_others():
    instruments, broken, well = Instruments(DrivenClock()), Session(fails=True), Session()
    first = asyncio.create_task(instruments.resolve(broken, QUERY))
    await asyncio.sleep(0)
    second = asyncio.create_task(instruments.resolve(well, QUERY))
    well.gate.set()
    await asyncio.sleep(0)
    broken.gate.set()
    with pytest.raises(Unreachable):
        await first
    assert await second == APPLE


async def test_one_slow_session_holds_nobody_up_for_long(monkeypatch):
    monkeypatch.setattr(lookups, "SHARED_WAIT", 0.01)
    instruments, slow, quick = Instruments(DrivenClock()), Session(), Session()
    first = asyncio.create_task(instruments.resolve(slow, QUERY))
    await asyncio.sleep(0)
    quick.gate.set()
    assert await instruments.resolve(quick, QUERY) == APPLE
    assert not first.done()
    slow.gate.set()
    assert await first == APPLE


async def test_who_is_cancelled_while_asking_leaves_the_others_an_answer():
    instruments, gone, well = Instruments(DrivenClock()), Session(), Session()
    first = asyncio.create_task(instruments.resolve(gone, QUERY))
    await asyncio.sleep(0)
    second = asyncio.create_task(instruments.resolve(well, QUERY))
    well.gate.set()
    await asyncio.sleep(0)
    first.cancel()
    assert await second == APPLE


async def test_an_instrument_is_asked_for_again_after_an_hour():
    clock, session = DrivenClock(), Session()
    session.gate.set()
    instruments = Instruments(clock)
    for _ in range(2):
        await instruments.resolve(session, QUERY)
    assert session.asked == 1
    await clock.advance(lookups.INSTRUMENT_TTL + 1)
    await instruments.resolve(session, QUERY)
    assert session.asked == 2
