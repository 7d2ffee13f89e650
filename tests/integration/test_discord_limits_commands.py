"""What Discord refuses in a command, the local Discord refuses."""

import asyncio

import pytest

from sim.discord import DiscordSim
from tests.discord_bodies import a_member, command, option, the_problem_at
from tests.discord_raw import RawBot

COMMANDS = {
    "an upper-case name": ([command(name="Buy")], "0.name"),
    "a name with a space": ([command(name="buy now")], "0.name"),
    "a name over 32": ([command(name="x" * 33)], "0.name"),
    "no description": ([{"name": "buy", "type": 1}], "0.description"),
    "an empty description": ([command(description="")], "0.description"),
    "a description over 100": ([command(description="x" * 101)], "0.description"),
    "the same name twice": ([command(), command()], "1.name"),
    "26 options": ([command(options=[option(name=f"o{n}") for n in range(26)])], "0.options"),
    "an option without description": (
        [command(options=[{"type": 3, "name": "a"}])],
        "0.options.0.description",
    ),
    "an upper-case option": ([command(options=[option(name="Symbol")])], "0.options.0.name"),
    "the same option twice": ([command(options=[option(), option()])], "0.options.1.name"),
    "a required option after an optional one": (
        [command(options=[option(name="a"), option(name="b", required=True)])],
        "0.options.1",
    ),
    "26 choices": (
        [command(options=[option(choices=[{"name": str(n), "value": str(n)} for n in range(26)])])],
        "0.options.0.choices",
    ),
    "a choice name over 100": (
        [command(options=[option(choices=[{"name": "x" * 101, "value": "x"}])])],
        "0.options.0.choices.0.name",
    ),
    "choices and autocomplete": (
        [command(options=[option(choices=[{"name": "x", "value": "x"}], autocomplete=True)])],
        "0.options.0.autocomplete",
    ),
    "a subcommand beside an option": (
        [command(options=[{"type": 1, "name": "a", "description": "a"}, option()])],
        "0.options",
    ),
    "groups within groups": (
        [
            command(
                options=[
                    {
                        "type": 2,
                        "name": "a",
                        "description": "a",
                        "options": [{"type": 2, "name": "b", "description": "b"}],
                    }
                ]
            )
        ],
        "0.options.0.options.0.type",
    ),
    "more than 8000 characters": (
        [
            command(
                options=[
                    option(
                        name=f"o{n}",
                        description="d" * 100,
                        choices=[{"name": "n" * 99, "value": f"{k}" + "v" * 98} for k in range(3)],
                    )
                    for n in range(14)
                ]
            )
        ],
        "0",
    ),
    "a context menu with description": ([{"name": "Look", "type": 3, "description": "x"}], "0.description"),
    "an unknown kind": ([command(type=9)], "0.type"),
}


@pytest.fixture
async def sim():
    async with DiscordSim() as running:
        yield running


@pytest.fixture
async def raw(sim):
    app = sim.add_application()
    async with RawBot(sim, app.token) as bot:
        yield bot


@pytest.mark.parametrize(("body", "where"), COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("scope", ["global", "guild"])
async def test_a_sync_is_refused_for(sim, raw, body, where, scope):
    guild = sim.add_guild("g")
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    place = f"/applications/{app}" + (f"/guilds/{guild.id}" if scope == "guild" else "") + "/commands"
    status, answer = await raw.rest("PUT", place, body)
    assert (status, answer["code"]) == (400, 50035)
    assert the_problem_at(answer["errors"], where)
    assert (await raw.rest("GET", place))[1] == []


@pytest.mark.parametrize(("kind", "count", "limit"), [(1, 101, 100), (2, 16, 15), (3, 16, 15)])
async def test_too_many_commands_of_a_kind_are_refused(sim, raw, kind, count, limit):
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    named = [{"name": f"c{n}", "type": kind, "description": "d" if kind == 1 else ""} for n in range(count)]
    assert (await raw.rest("PUT", f"/applications/{app}/commands", named))[0] == 400
    assert (await raw.rest("PUT", f"/applications/{app}/commands", named[:limit]))[0] == 200


async def test_26_autocomplete_choices_are_refused(sim, raw):
    _, user, channel = a_member(sim)
    autocompleting = command(options=[option(autocomplete=True)])
    await raw.rest(
        "POST",
        f"/applications/{(await raw.rest('GET', '/applications/@me'))[1]['id']}/commands",
        autocompleting,
    )
    await raw.identify()
    asking = asyncio.create_task(sim.autocomplete(user, channel, "buy", focused="symbol", timeout=0.3))
    data = await raw.event("INTERACTION_CREATE")
    place = f"/interactions/{data['id']}/{data['token']}/callback"
    choices = [{"name": str(n), "value": str(n)} for n in range(26)]
    status, answer = await raw.rest("POST", place, {"type": 8, "data": {"choices": choices}})
    assert (status, answer["code"]) == (400, 50035)
    assert the_problem_at(answer["errors"], "data.choices")
    with pytest.raises(AssertionError, match="no choices"):
        await asking
