import asyncio

from bot.roles import RoleCache
from sim.clock import DrivenClock
from tests.support import eventually


class Server:
    def __init__(self) -> None:
        self.answer: frozenset[str] | None = frozenset({"1"})
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, guild: str, user: str) -> frozenset[str] | None:
        self.asked.append((guild, user))
        await asyncio.sleep(0)
        return self.answer


async def test_an_answer_is_asked_for_once_and_kept_for_ten_minutes():
    clock, server = DrivenClock(), Server()
    cache = RoleCache(server, clock)
    answers = await asyncio.gather(*(cache.roles("g", "u") for _ in range(20)))
    assert set(answers) == {frozenset({"1"})}
    await clock.advance(599)
    await cache.roles("g", "u")
    assert len(server.asked) == 1


async def test_between_ten_and_fifteen_minutes_the_old_answer_is_given_while_a_new_one_is_fetched():
    clock, server = DrivenClock(), Server()
    cache = RoleCache(server, clock)
    await cache.roles("g", "u")
    server.answer = frozenset()
    await clock.advance(700)
    assert await cache.roles("g", "u") == frozenset({"1"})
    await eventually(lambda: len(server.asked) == 2)
    await asyncio.sleep(0)
    assert await cache.roles("g", "u") == frozenset()


async def test_after_fifteen_minutes_nobody_is_trusted_without_asking():
    clock, server = DrivenClock(), Server()
    cache = RoleCache(server, clock)
    await cache.roles("g", "u")
    await clock.advance(901)
    server.answer = None
    assert await cache.roles("g", "u") is None


async def test_servers_do_not_share_answers():
    server = Server()
    cache = RoleCache(server, DrivenClock())
    cache.observe("g1", "u", frozenset({"premium"}))
    server.answer = frozenset()
    assert await cache.roles("g2", "u") == frozenset()
    assert await cache.roles("g1", "u") == frozenset({"premium"})


async def test_a_role_change_heard_of_counts_at_once():
    server = Server()
    cache = RoleCache(server, DrivenClock())
    await cache.roles("g", "u")
    cache.observe("g", "u", frozenset())
    assert await cache.roles("g", "u") == frozenset()


async def test_members_asked_about_lately_are_kept_warm_and_others_are_not():
    clock, server = DrivenClock(), Server()
    cache = RoleCache(server, clock)
    await cache.roles("g", "u")
    task = asyncio.create_task(cache.keep_warm())
    await asyncio.sleep(0)
    for _ in range(120):
        await clock.advance(60)
    assert len(server.asked) > 10
    calls = len(server.asked)
    await cache.roles("g", "u")
    assert len(server.asked) == calls
    await clock.advance(86_400)
    quiet = len(server.asked)
    await clock.advance(3600)
    assert len(server.asked) <= quiet + 1
    task.cancel()
