"""A second, stricter client than discord.py meets the local Discord: hikari, unmodified."""

import hikari
import pytest

from sim.discord import DiscordSim
from tests import openapi
from tests.discord_bodies import a_member
from tests.support import eventually


@pytest.fixture
async def sim():
    async with DiscordSim() as running_sim:
        yield running_sim


async def answer(event: hikari.InteractionCreateEvent) -> None:
    ix = event.interaction
    if isinstance(ix, hikari.CommandInteraction):
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "open", label="Open")
        await ix.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, f"hello {ix.options[0].value}", component=row
        )
    elif isinstance(ix, hikari.ComponentInteraction):
        row = hikari.impl.ModalActionRowBuilder()
        row.add_text_input("size", "Size")
        await ix.create_modal_response("How many", "form", component=row)
    elif isinstance(ix, hikari.ModalInteraction):
        await ix.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        typed = ix.components[0].components[0].value
        await ix.edit_initial_response(f"taken {typed}")


async def register(bot):
    size = hikari.CommandOption(
        type=hikari.OptionType.STRING, name="name", description="who", is_required=True
    )
    hello = bot.rest.slash_command_builder("hello", "Say hello").add_option(size)
    await bot.rest.set_application_commands(await bot.rest.fetch_application(), [hello])


async def test_hikari_talks_presses_fills_in_and_resumes(sim):
    app = sim.add_application()
    _, user, channel = a_member(sim)
    bot = hikari.GatewayBot(
        app.token, rest_url=f"{sim.url}/v10", intents=hikari.Intents.ALL, banner=None, logs=None
    )
    heard, troubles = [], []
    bot.subscribe(hikari.InteractionCreateEvent, answer)
    bot.subscribe(hikari.ExceptionEvent, note(troubles))
    bot.subscribe(hikari.MessageCreateEvent, note(heard))
    await bot.start(check_for_updates=False)
    try:
        await register(bot)
        await sim.ready(app)
        ix = await sim.slash(user, channel, "hello", name="ana")
        reply = await ix.wait()
        assert (reply.text, reply.buttons) == ("hello ana", ["Open"])
        form = await sim.click(user, reply.message, "Open")
        assert (await form.wait()).modal.title == "How many"
        done = await sim.submit(user, form, Size="7")
        assert (await done.wait()).text == "taken 7"
        sim.drop()
        await sim.say(user, channel, "while you were away")
        await eventually(lambda: "while you were away" in [event.content for event in heard], timeout=20)
        assert sim.sessions[0].resumes == 1
    finally:
        await bot.close()
    assert troubles == []
    assert sim.violations == []
    assert [bad for request in sim.requests for bad in openapi.violations(request)] == []


def note(seen):
    async def listen(event):
        seen.append(event)

    return listen
