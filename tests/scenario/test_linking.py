"""Every broker linked start to finish by a person, through real discord.py and the real bot process."""

import asyncio
import os

import pytest

from tests.scenario.linking import Street, aims, step_of, street
from tests.scenario.logins import LOGINS
from tests.support import eventually

SOAK = bool(os.environ.get("SOAK"))
KILLED = tuple(LOGINS) if SOAK else ("paper", "alpaca")
TAPS = {
    "paper": 3,
    "alpaca": 5,
    "alpaca live": 5,
    "ibkr": 6,  # there are two accounts to choose from
    "schwab": 7,  # likewise, and its form has no room for the typed confirmation
    "moomoo": 5,
    "kraken": 4,
    "coinbasepro": 4,
}
"""Interactions from the command to saved, the command counted; opening and sending a form are two."""
pytestmark = pytest.mark.timeout(900 if SOAK else 180)


@pytest.mark.parametrize("name", LOGINS)
async def test_a_broker_is_linked_by_clicks_and_forms_alone(name: str):
    async with street(name) as s:
        person = s.person()
        await person.begin()
        ended = await person.to_the_end()
        assert "is linked" in ended.text, f"{ended.text}\n{s.stage.log_end()}"
        assert person.taps == TAPS[name], person.seen
        listed = await s.accounts(person)
        assert "ready" in listed, listed
        secrets_are_nowhere(s)


def secrets_are_nowhere(s: Street) -> None:
    """Look for what was typed in everything Discord was sent, all that was logged, and all that is kept."""
    said = "".join(f"{request!r}" for request in s.stage.discord.requests) + s.stage.bot.log.read_text()
    kept = b"".join(p.read_bytes() for p in (s.stage.directory / "data").rglob("*") if p.is_file())
    for secret in s.login.secrets:
        assert secret not in said
        assert secret.encode() not in kept


@pytest.mark.parametrize("name", [name for name in LOGINS if name not in {"paper", "alpaca live"}])
async def test_what_is_wrong_is_told_and_what_is_right_then_works(name: str):
    async with street(name) as s:
        person = s.person(wrong=s.login.wrong)
        await person.begin()
        while (step := step_of(await person.waiting())) not in person.seen:
            assert step, f"{(await person.waiting()).text}"
            await person.act()
        panel = await person.waiting()
        assert "⚠️" in panel.text
        ended = await person.to_the_end()
        assert "is linked" in ended.text, f"{ended.text}\n{s.stage.log_end()}"
        secrets_are_nowhere(s)


async def test_where_direct_messages_are_closed_it_goes_on_in_the_channel_seen_by_them_alone():
    async with street("kraken") as s:
        person = s.person(shy=True)
        await person.begin()
        panel = await person.waiting()
        assert panel.ephemeral
        assert "cannot send you direct messages" in panel.text
        await person.act()
        await person.waiting()
        await s.die()
        ended = await person.to_the_end()
        assert "is linked" in ended.text
        assert person.taps == TAPS["kraken"]
        secrets_are_nowhere(s)


async def test_two_people_link_at_once_and_neither_touches_the_others_panel():
    async with street("alpaca") as s:
        ann, ben = s.person(), s.person()
        await asyncio.gather(ann.begin(), ben.begin())
        await asyncio.gather(ann.act(), ben.act())
        panel = await ann.waiting()
        foreign = next(aim for aim in aims(panel) if aim.action == "cancel")
        with pytest.raises(ValueError, match="is not in this direct message"):
            await s.stage.discord.click(ben.user, panel, foreign.custom_id)
        ended = await asyncio.gather(ann.to_the_end(), ben.to_the_end())
        assert all("is linked" in one.text for one in ended)
        assert ann.seen == ben.seen


@pytest.mark.parametrize("name", KILLED)
async def test_a_bot_killed_at_any_step_goes_on_where_it_was(name: str):
    async with street(name) as s:
        first = s.person()
        await first.begin()
        await first.to_the_end()
        for cut in range(len(first.seen)):
            person = s.person()
            await person.begin()
            for _ in range(cut):
                await person.act()
            await person.waiting()
            await s.die()
            ended = await person.to_the_end()
            assert "is linked" in ended.text, f"killed before {first.seen[cut]}: {ended.text}"
            assert (await s.accounts(person)).count("ready") == 1


@pytest.mark.parametrize("name", [name for name in KILLED if name != "paper"])
async def test_a_form_left_open_over_a_kill_can_still_be_sent(name: str):
    async with street(name) as s:
        person = s.person()
        await person.begin()
        while step_of(await person.waiting()) != "credentials":
            await person.act()
        panel = await person.waiting()
        opened = await person.open_form(panel, next(aim for aim in aims(panel) if aim.action == "form"))
        await s.die()
        await person.send_form(opened)
        await eventually(lambda: step_of(panel) not in {"credentials", "test"}, 30)
        assert "is linked" in (await person.to_the_end()).text


async def test_a_bot_killed_while_it_tests_offers_to_test_again():
    async with street("alpaca") as s:
        person = s.person()
        await person.begin()
        await person.act()
        panel = await person.waiting()
        s.login.slow()
        opened = await person.open_form(panel, next(aim for aim in aims(panel) if aim.action == "form"))
        await person.send_form(opened)
        await eventually(lambda: step_of(panel) == "test", 10)
        await s.die()
        assert "Try again" in panel.buttons
        await s.stage.discord.click(person.user, panel, "Try again")
        await eventually(lambda: step_of(panel) == "review", 30)
        assert "is linked" in (await person.to_the_end()).text
