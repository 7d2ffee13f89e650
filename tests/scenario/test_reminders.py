"""Members hear in time that a broker's sign-in ends, once a stage, and entries stop before it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.events import EventKind
from domain.ids import UserId
from tests.scenario.test_journey import READINGS
from tests.scenario.world import world

ANN = UserId("7")
LIFE = timedelta(days=7)


@pytest.fixture
async def scene(tmp_path):
    async with world(tmp_path, READINGS) as made:
        await made.source()
        yield made


async def signed_in(scene):
    account = await scene.member(ANN)
    stored = await scene.store.accounts.get(account.id)
    ends = scene.clock.now() + LIFE
    saved = await scene.store.accounts.compare_and_set(replace(stored, expires_at=ends))
    await scene.verbs.trading._executor.adopt(saved)
    return saved


async def told(scene):
    await scene.verbs.trading._deps.hub.drain()
    events = [event for _, event in scene.notes.accounts]
    return [event.data["stage"] for event in events if event.kind is EventKind.ACCOUNT_EXPIRING]


async def jump(scene, time):
    """Let days pass at once, without living through each second of them."""
    scene.clock._elapsed += time.total_seconds()
    await scene.clock.advance(0.01)


async def at(scene, account, **left):
    """Let time pass until so much is left, without running through every second of it."""
    until = account.expires_at - timedelta(**left)
    await jump(scene, until - scene.clock.now())
    await scene.verbs.reminders.look()


async def test_a_sign_in_is_reminded_of_at_day_five_and_six_and_a_half_and_when_it_is_over(scene):
    account = await signed_in(scene)
    await at(scene, account, days=2, minutes=1)
    assert await told(scene) == []
    await at(scene, account, days=2)
    await at(scene, account, days=1)
    assert await told(scene) == ["soon"]
    await at(scene, account, hours=12)
    assert await told(scene) == ["soon", "last"]
    await at(scene, account, hours=0)
    await at(scene, account, hours=-5)
    assert await told(scene) == ["soon", "last", "over"]


async def test_after_a_restart_nothing_is_told_twice_and_what_was_missed_is_told_as_it_stands(scene):
    account = await signed_in(scene)
    await at(scene, account, days=2)
    await scene.stop()
    await scene.start()
    await scene.verbs.reminders.look()
    assert await told(scene) == ["soon"]
    await at(scene, account, hours=3)
    assert await told(scene) == ["soon", "last"]


async def test_a_fresh_sign_in_is_reminded_of_anew(scene):
    account = await signed_in(scene)
    await at(scene, account, days=2)
    stored = await scene.store.accounts.get(account.id)
    again = await scene.store.accounts.compare_and_set(replace(stored, expires_at=scene.clock.now() + LIFE))
    await at(scene, again, days=3)
    assert await told(scene) == ["soon"]
    await at(scene, again, days=2)
    assert await told(scene) == ["soon", "soon"]


async def test_entries_stop_an_hour_before_the_end_and_say_why(scene):
    account = await signed_in(scene)
    await jump(scene, LIFE - timedelta(minutes=59))
    await scene.say("buy msft")
    view = await scene.state(ANN, "denied")
    assert view.trade.code == "sign_in_ending"
    assert "/broker relink" in view.trade.reason
    assert account.id == view.trade.ref.account
