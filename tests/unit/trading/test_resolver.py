"""How long an order in doubt is waited for, on a real journal."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from adapters.kit.errors import Errors
from adapters.moomoo.manifest import MANIFEST
from domain.broker import ClientIds
from domain.orders import OrderReport, OrderState
from sim.clock import DrivenClock
from store import open_store
from tests.unit.trading.builders import REF, order, trade
from trading import lifecycle
from trading.book import AccountBook
from trading.resolver import GIVE_UP, LOOKS, Resolver

WAITED = timedelta(minutes=20)


class Blind:
    """Be a broker that finds nothing, or cannot be asked."""

    manifest = MANIFEST

    def __init__(self):
        self.away = False

    async def find_order(self, client_order_id):
        errors = Errors(broker="moomoo", operation="find_order")
        raise errors.unreachable("Nobody there.") if self.away else errors.not_found("Never heard of it.")


@pytest.fixture
async def scene(tmp_path):
    """An order that was planned long before it was sent: it waited for its owner, or for its broker."""
    clock = DrivenClock()
    store = await open_store(data_dir=tmp_path)
    deps = SimpleNamespace(
        store=store,
        clock=clock,
        adapters={"alpaca": SimpleNamespace(manifest=MANIFEST)},
        hub=SimpleNamespace(wake=lambda key: None),
    )
    planned = order(state=OrderState.READY, broker_order_id=None)
    planned = replace(planned, intent=replace(planned.intent, created_at=clock.now() - WAITED))
    await store.trades.insert(trade())
    await store.orders.insert(planned)
    book = AccountBook(deps, REF.key)
    await book.load()
    now = clock.now()
    (sent,) = await book.record(
        [lifecycle.advance(planned, OrderState.SENDING, now, send_by=now + timedelta(seconds=2))]
    )
    yield SimpleNamespace(clock=clock, book=book, resolver=Resolver(deps, book), order=sent, broker=Blind())
    await store.close()


async def look(scene):
    scene.order = await scene.resolver.resolve(scene.broker, scene.order)
    return scene.order.state


async def test_absence_is_believed_only_when_the_broker_can_no_longer_take_it_however_old_the_plan(scene):
    for _ in range(LOOKS):
        assert await look(scene) is OrderState.UNKNOWN
        await scene.clock.advance(1)
    await scene.clock.advance(MANIFEST.settle)
    assert await look(scene) is OrderState.NOT_SENT


async def test_a_person_is_asked_minutes_after_the_sending_and_not_at_once_for_an_old_plan(scene):
    scene.broker.away = True
    assert await look(scene) is OrderState.UNKNOWN
    await scene.clock.advance(GIVE_UP.total_seconds() + 3)
    assert await look(scene) is OrderState.NEEDS_HUMAN


async def test_a_doubt_counts_from_when_nobody_answered_for_the_request_may_have_waited(scene):
    await scene.clock.advance(25)
    (scene.order,) = await scene.book.record(
        [lifecycle.advance(scene.order, OrderState.UNKNOWN, scene.clock.now(), code="outcome_unknown")]
    )
    for _ in range(LOOKS):
        await scene.clock.advance(3)
        assert await look(scene) is OrderState.UNKNOWN


async def test_a_broker_that_forgets_at_midnight_proves_nothing_about_yesterday(scene):
    scene.broker.manifest = replace(MANIFEST, forgets_daily="America/New_York")
    for _ in range(LOOKS + 1):
        assert await look(scene) is OrderState.UNKNOWN
        await scene.clock.advance(1)
    await scene.clock.advance(24 * 3600)
    assert await look(scene) is OrderState.NEEDS_HUMAN


async def test_a_broker_that_forgets_at_midnight_is_believed_about_today(scene):
    scene.broker.manifest = replace(MANIFEST, forgets_daily="America/New_York")
    for _ in range(LOOKS):
        assert await look(scene) is OrderState.UNKNOWN
        await scene.clock.advance(1)
    await scene.clock.advance(MANIFEST.settle)
    assert await look(scene) is OrderState.NOT_SENT


class Poor(Blind):
    """Be a broker where ids are unique, that finds nothing and refuses what it is asked to take."""

    manifest = replace(MANIFEST, client_ids=ClientIds.UNIQUE)

    def __init__(self):
        super().__init__()
        self.arrived = None

    async def find_order(self, client_order_id):
        if self.arrived is not None:
            return self.arrived
        return await super().find_order(client_order_id)

    async def submit(self, request):
        raise Errors(broker="moomoo", operation="submit").funds("Too little money.")


async def test_a_refusal_of_the_question_is_no_answer_while_the_first_copy_may_still_land(scene):
    scene.broker = Poor()
    assert await look(scene) is OrderState.UNKNOWN, "the money may be gone because the first one landed"
    request = scene.order.intent.request
    scene.broker.arrived = OrderReport(
        broker_order_id="b1",
        client_order_id=request.client_order_id,
        state=OrderState.WORKING,
        symbol=request.instrument.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        filled_quantity=Decimal(0),
        average_price=None,
        at=scene.clock.now(),
    )
    assert await look(scene) is OrderState.WORKING


async def test_a_refusal_of_the_question_is_believed_once_the_first_copy_can_no_longer_land(scene):
    scene.broker = Poor()
    assert await look(scene) is OrderState.UNKNOWN
    await scene.clock.advance(MANIFEST.settle + 3)
    assert await look(scene) is OrderState.REJECTED
