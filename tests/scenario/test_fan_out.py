"""Follow one signal to many members: nobody's order waits for somebody else's row."""

import asyncio
from decimal import Decimal

import pytest

from domain.ids import UserId
from domain.instruments import AssetClass
from domain.signals import Reading, ReadingKind
from tests.scenario.world import world

D = Decimal
MEMBERS = [str(number) for number in range(10, 22)]
READINGS = {
    "buy msft": Reading(
        kind=ReadingKind.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        price=D("412.50"),
        stop=D(405),
    )
}


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        await made.source()
        made.market.set("MSFT", D("412.00"), D("412.10"))
        for member in MEMBERS:
            await made.member(member)
        yield made


def hold_rows_of(scene, member):
    """Let the journal take its time over one member's orders, until the gate opens."""
    gate, orders = asyncio.Event(), scene.store.orders
    opened = orders.open

    async def held(trade, changes):
        if trade.user == member:
            await gate.wait()
        return await opened(trade, changes)

    orders.open = held
    return gate


async def have_bought(scene, members):
    async def probe():
        return all([await scene.position(member, "MSFT") == D(2) for member in members])

    return await scene.until(probe)


@pytest.mark.parametrize("slow", [MEMBERS[0], MEMBERS[-1]])
async def test_the_others_orders_are_at_the_broker_while_one_members_row_is_still_being_written(scene, slow):
    gate = hold_rows_of(scene, slow)
    await scene.say("buy msft")
    await have_bought(scene, [member for member in MEMBERS if member != slow])
    assert await scene.position(slow, "MSFT") == D(0)
    gate.set()
    await have_bought(scene, [slow])


async def test_members_are_planned_one_after_the_other_and_not_in_one_breath(scene):
    """The loop has its turn between two members: the first is heard of before the last is planned."""
    turns, breaths = 0, []
    executor = scene.verbs.trading._executor
    put = executor.put

    def counted(account, job, rank):
        breaths.append(turns)
        return put(account, job, rank)

    async def count():
        nonlocal turns
        while len(breaths) < len(MEMBERS):
            turns += 1
            await asyncio.sleep(0)

    executor.put = counted
    counting = asyncio.create_task(count())
    await scene.say("buy msft")
    await counting
    assert len(set(breaths)) == len(MEMBERS)
    await have_bought(scene, MEMBERS)
    assert len(await scene.verbs.trading.trades(UserId(MEMBERS[0]), active=False)) == 1
