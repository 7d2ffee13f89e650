"""What nobody could find out is put before its owner, who can settle it, and only they can."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.kit.errors import Errors
from adapters.paper.adapter import PaperAdapter
from domain.broker import ClientIds
from domain.errors import InvalidValue
from domain.ids import UserId
from domain.instruments import AssetClass
from domain.orders import OrderState
from domain.signals import Reading, ReadingKind
from tests.scenario.world import world
from trading.doubts import Finding
from trading.resolver import GIVE_UP

D = Decimal
ANN = UserId("7")
READINGS = {
    "buy": Reading(
        kind=ReadingKind.ENTRY,
        side="long",
        symbol="MSFT",
        asset_class=AssetClass.EQUITY,
        order_type="market",
        stop=D(380),
    ),
    "buy again": Reading(
        kind=ReadingKind.ENTRY, side="long", symbol="MSFT", asset_class=AssetClass.EQUITY, order_type="market"
    ),
    "out": Reading(kind=ReadingKind.EXIT, symbol="MSFT", fraction=D(1)),
}


class Forgetful(PaperAdapter):
    """Be a broker that knows no ids and loses what it is asked, while ``losing`` is set."""

    losing = False

    @property
    def manifest(self):
        return replace(super().manifest, client_ids=ClientIds.NONE)

    def open(self, credentials, deps):
        return Lost(super().open(credentials, deps), self)


class Lost:
    def __init__(self, inner, broker):
        self._inner, self._broker = inner, broker

    async def __aenter__(self):
        session = await self._inner.__aenter__()
        submit, find, broker = session.submit, session.find_order, self._broker
        errors = Errors(broker="paper", operation="submit")

        async def lose(request):
            if broker.losing:
                raise errors.unknown("Nobody knows.", "dropped")
            return await submit(request)

        async def seek(client_order_id):
            if broker.losing:
                raise errors.not_found("Never heard of it.")
            return await find(client_order_id)

        session.submit, session.find_order = lose, seek
        type(session).manifest = property(lambda _: broker.manifest)
        return session

    async def __aexit__(self, *error):
        return await self._inner.__aexit__(*error)


@pytest.fixture
async def scene(tmp_path, monkeypatch):
    from adapters.paper.session import PaperSession

    monkeypatch.setattr(PaperSession, "manifest", PaperSession.manifest)
    async with world(tmp_path, READINGS) as made:
        made.broker = made.adapters["paper"] = Forgetful()
        made.market.set("MSFT", D("412.40"), D("412.50"))
        await made.source()
        await made.member(ANN)
        yield made


async def in_doubt(scene):
    scene.broker.losing = True
    await scene.say("buy")

    for _ in range(int(GIVE_UP.total_seconds() / 5) + 12):
        await scene.clock.advance(5)
        await asyncio.sleep(0.01)  # a real store takes real time
    trade = (await scene.state(ANN, "needs_human")).trade
    scene.broker.losing = False
    return trade


async def entered(scene):
    """Enter the symbol once more, and tell what came of it."""
    before = {t.id for t in await scene.store.trades.find({"user": ANN})}
    await scene.clock.advance(61)
    await scene.say("buy again")

    async def fresh():
        found = [t for t in await scene.store.trades.find({"user": ANN}) if t.id not in before]
        return found[0] if found and found[0].state.value in {"open", "denied", "opening"} else None

    return await scene.until(fresh)


async def test_a_symbol_in_doubt_opens_again_once_its_owner_says_that_nothing_came_of_it(scene):
    trade = await in_doubt(scene)
    settled = await scene.verbs.trading.settle(ANN, trade.id, Finding.ABSENT)
    (order,) = await scene.store.orders.find({"trade": trade.id})
    assert (order.state, order.reason_code) == (OrderState.NOT_SENT, "settled_absent")
    assert settled.id == trade.id
    assert (await scene.state(ANN, "unfilled")).trade.id == trade.id
    assert (await entered(scene)).state.value != "denied"


async def test_a_trade_its_owner_looks_after_is_left_alone_from_then_on(scene):
    trade = await in_doubt(scene)
    await scene.verbs.trading.settle(ANN, trade.id, Finding.MINE)
    stored = await scene.store.trades.get(trade.id)
    assert (stored.released, stored.active) == (True, False)
    events = await scene.store.events.for_trade(trade.id)
    assert events[-1].data["code"] == "settled_mine", "it is written down who said so"


async def test_nobody_else_settles_a_doubt_and_it_is_settled_once(scene):
    trade = await in_doubt(scene)
    with pytest.raises(InvalidValue):
        await scene.verbs.trading.settle(UserId("8"), trade.id, Finding.ABSENT)
    assert (await scene.view(ANN)).trade.state.value == "needs_human"
    await scene.verbs.trading.settle(ANN, trade.id, Finding.ABSENT)
    with pytest.raises(InvalidValue):
        await scene.verbs.trading.settle(ANN, trade.id, Finding.MINE)
