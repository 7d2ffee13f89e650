"""From a panel in Discord to a page and back: real discord.py against the local Discord."""

import contextlib

import discord
import pytest

from tests.discord_bot import running
from tests.integration.web_house import web_house
from tests.support import eventually
from tests.unit.wizard.linker import BAD, GOOD
from wizard.discord_view import WizardView

INTENTS = discord.Intents(guilds=True, guild_messages=True, message_content=True)


@contextlib.asynccontextmanager
async def on_discord(house):
    """Run a bot whose only command is the wizard, with the pages behind its panels."""
    sim = house.discord
    guild = sim.add_guild("Traders")
    house.channel = sim.add_channel(guild, "general")
    house.shy = sim.add_user("shy", dms_closed=True)
    for person in (house.ana, house.ben, house.shy):
        sim.join(guild, person)
    wizard = WizardView(house.flows)
    object.__setattr__(house.pages, "face", wizard)

    def prepare(bot) -> None:
        wizard.register(bot)

        @bot.tree.command(name="link", description="Link an account")
        async def link(interaction: discord.Interaction) -> None:
            await wizard.start(interaction, "link_account", {"broker": "alpaca"})

    options = {"intents": INTENTS, "member_cache_flags": discord.MemberCacheFlags.none()}
    async with running(sim, house.app.token, prepare, **options):
        await sim.ready(house.app)
        yield house


async def to_keys(house, person):
    """Click to the step that asks for keys; give the panel and the flow's id."""
    sim = house.discord
    answer = await (await sim.slash(person, house.channel, "link")).wait()
    if person is house.shy:
        panel = answer.message
    else:
        panel = await sim.wait_message(sim.dm(person), "paper or live")
    (menu,) = panel.selects
    await sim.select(person, panel, menu["custom_id"], "paper")
    await eventually_says(panel, "your keys")
    return panel, panel.find("Cancel")["custom_id"].split(":")[1]


async def eventually_says(panel, words: str) -> None:
    await eventually(lambda: words in panel.text, 10)


@pytest.fixture
async def house(tmp_path):
    async with web_house(tmp_path) as house, on_discord(house):
        yield house


@pytest.mark.parametrize("who", ["ana", "shy"])
async def test_the_panel_follows_the_page_in_direct_messages_and_where_those_are_closed(house, who):
    person = getattr(house, who)
    panel, flow = await to_keys(house, person)
    browser = await house.browser().get(await house.form_link(flow, person))
    await browser.sign_in(person)
    await browser.send(**{f"field-{key}": value for key, value in BAD.items()})
    assert browser.title == "That did not work yet"
    await eventually_says(panel, "does not know these keys")
    await browser.send("/done/")
    await browser.send(**{f"field-{key}": value for key, value in GOOD.items()})
    assert browser.title == "Done here. It goes on in Discord"
    await eventually_says(panel, "It works")
    await house.discord.click(person, panel, "Save")
    await eventually_says(panel, "is linked")
    ((account, credentials),) = house.linker.saved
    assert account.user == str(person.id)
    assert credentials["api_secret"] == GOOD["api_secret"]
    told = "".join(f"{request!r}" for request in house.discord.requests)
    for secret in (*GOOD.values(), *BAD.values()):
        assert secret not in told, "Discord never sees what was typed on the page"


async def test_a_panel_that_is_gone_does_not_keep_the_page_from_going_on(house):
    _, flow = await to_keys(house, house.ana)
    browser = await house.browser().get(await house.form_link(flow))
    await browser.sign_in(house.ana)
    house.discord.fault("PATCH /channels/*", status=404, times=9)
    await browser.send(**{f"field-{key}": value for key, value in GOOD.items()})
    assert browser.title == "Done here. It goes on in Discord"


async def test_a_step_answered_in_discord_while_the_page_was_open_is_said_on_the_page(house):
    sim = house.discord
    panel, flow = await to_keys(house, house.ana)
    browser = await house.browser().get(await house.form_link(flow))
    await browser.sign_in(house.ana)
    action, form = browser.form()
    opened = await sim.click(house.ana, panel, "Enter keys")
    await opened.wait()
    await sim.submit(house.ana, opened, **GOOD)
    await eventually_says(panel, "It works")
    await browser.post(action, {**form, "field-api_key": "x"})
    assert browser.title == "That step is behind you"
    assert len(house.linker.tested) == 1
