"""What happens to signals while a broker, a lease or the store is away."""

from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from adapters.paper.adapter import PaperAdapter
from domain.errors import AuthFailed, Unreachable
from domain.ids import UserId
from tests.scenario.test_journey import READINGS, holds
from tests.scenario.world import world

D = Decimal


class Flaky:
    """Be the paper broker behind a line that can be cut."""

    def __init__(self):
        self.inner = PaperAdapter()
        self.manifest = self.inner.manifest
        self.away = False
        self.refused = False
        self.sessions = []

    @asynccontextmanager
    async def open(self, credentials, deps):
        if self.refused:
            raise AuthFailed("The key was revoked.", broker="paper", operation="open", code="revoked")
        if self.away:
            raise Unreachable("Nobody there.", broker="paper", operation="open", code="unreachable")
        async with self.inner.open(credentials, deps) as session:
            self.sessions.append(session)
            yield session

    async def cut(self):
        self.away = True
        await self.sessions[-1].disconnect()


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        made.line = made.adapters["paper"] = Flaky()
        await made.source()
        made.market.set("MSFT", D("412.00"), D("412.10"))
        yield made


async def test_an_entry_posted_while_the_broker_is_away_goes_as_soon_as_it_is_back(scene):
    account = await scene.member("7")
    await scene.line.cut()
    await scene.clock.advance(0.1)
    await scene.say("buy msft")
    scene.line.away = False
    await scene.until(lambda: scene.verbs.trading._executor.get(account.id).session)
    await holds(scene, 2)


async def test_an_exit_posted_behind_a_waiting_entry_is_applied_to_it(scene):
    await scene.member("7")
    await scene.line.cut()
    await scene.clock.advance(0.1)
    await scene.say("buy msft")
    await scene.say("out")
    scene.line.away = False
    await scene.clock.advance(2)

    async def ended():
        view = await scene.view("7")
        return view is not None and not view.trade.active

    await scene.until(ended)

    async def holds_nothing():
        (account,) = await scene.verbs.trading.positions(UserId("7"))
        return not account.problem and not account.positions  # the line may still be coming back

    await scene.until(holds_nothing)


async def test_refused_keys_pause_the_account_and_say_so_once(scene):
    account = await scene.member("7")
    scene.line.refused = True
    await scene.line.sessions[-1].disconnect()
    await scene.until(lambda: scene.notes.accounts)
    ((user, event),) = scene.notes.accounts
    assert (user, event.kind.value) == ("7", "account.blocked")
    assert "revoked" in event.data["reason"]
    await scene.say("buy msft")
    view = await scene.state("7", "denied")
    assert view.trade.code == "account_needs_reauth"
    assert (await scene.store.accounts.get(account.id)).status.value == "needs_reauth"


async def test_a_lease_another_process_took_stops_every_order_of_ours(scene):
    account = await scene.member("7")
    actor = scene.verbs.trading._executor.get(account.id)
    await scene.store.leases.release(account.ref.key, scene.config.holder)
    assert await scene.store.leases.acquire(account.ref.key, "another process", 3600)
    await scene.until(lambda: actor.session is None)
    await scene.say("buy msft")
    await scene.clock.advance(20)
    await scene.store.leases.release(account.ref.key, "another process")
    assert not actor._link.owned
    books = await scene.store.paper_books.find()
    assert not any("MSFT" in book.state for book in books)


async def test_with_the_bus_away_members_are_told_all_the_same(scene):
    async def broken(events):
        raise Unreachable("No bus.", broker="redis", operation="publish", code="away")

    await scene.member("7")
    scene.bus.publish = broken
    await scene.say("buy msft")
    await holds(scene, 2)
    await scene.until(lambda: "order.filled" in scene.notes.kinds)
