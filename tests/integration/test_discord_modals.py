"""Forms: every kind of field goes to the bot and comes back as the person filled it in."""

import discord
import pytest
from discord import ui

from sim.discord import DiscordSim
from tests import openapi
from tests.discord_bodies import a_member
from tests.discord_bot import running

OPTIONS = [discord.SelectOption(label=name, value=name.lower()) for name in ("Paper", "Live", "Both")]


class Texts(ui.Modal, title="Texts"):
    intro = ui.TextDisplay("Type what you like.")
    short = ui.Label(text="Key", component=ui.TextInput(custom_id="key", min_length=3, max_length=10))
    long = ui.Label(
        text="Notes", component=ui.TextInput(style=discord.TextStyle.long, required=False, default="none")
    )

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"{self.short.component.value}|{self.long.component.value}")


class Legacy(ui.Modal, title="Legacy"):
    amount = ui.TextInput(label="Amount")

    async def on_submit(self, interaction):
        await interaction.response.send_message(self.amount.value)


class Choosing(ui.Modal, title="Choosing"):
    mode = ui.Label(text="Mode", component=ui.Select(options=OPTIONS, max_values=2))
    person = ui.Label(text="Person", component=ui.UserSelect())
    role = ui.Label(text="Role", component=ui.RoleSelect())
    place = ui.Label(text="Channel", component=ui.ChannelSelect())
    anyone = ui.Label(text="Anyone", component=ui.MentionableSelect())

    async def on_submit(self, interaction):
        values = [self.mode.component.values]
        values += [
            [one.name for one in item.component.values]
            for item in (self.person, self.role, self.place, self.anyone)
        ]
        await interaction.response.send_message(repr(values), ephemeral=True)


def boxes(kind, option, **more):
    return kind(
        options=[option(label=name, value=name.lower()) for name in ("Paper", "Live", "Both")], **more
    )


class Ticking(ui.Modal, title="Ticking"):
    one = ui.Label(text="One", component=boxes(ui.RadioGroup, discord.RadioGroupOption))
    some = ui.Label(
        text="Some", component=boxes(ui.CheckboxGroup, discord.CheckboxGroupOption, required=False)
    )
    agree = ui.Label(text="Agree", component=ui.Checkbox())
    file = ui.Label(text="File", component=ui.FileUpload(required=False, max_values=2))

    async def on_submit(self, interaction):
        files = [(one.filename, (await one.read()).decode()) for one in self.file.component.values]
        values = (self.one.component.value, self.some.component.values, self.agree.component.value, files)
        await interaction.response.send_message(repr(values), ephemeral=True)


FORMS = {"texts": Texts, "legacy": Legacy, "choosing": Choosing, "ticking": Ticking}


@pytest.fixture
async def scene():
    async with DiscordSim() as sim:
        app = sim.add_application()
        guild, user, channel = a_member(sim)
        async with running(sim, app.token, prepare):
            yield sim, guild, user, channel
        assert sim.violations == []
        assert [bad for request in sim.requests for bad in openapi.violations(request)] == []


def prepare(bot):
    def command(name, form):
        async def show(interaction: discord.Interaction):
            await interaction.response.send_modal(form())

        bot.tree.add_command(discord.app_commands.Command(name=name, description="Open it", callback=show))

    for name, form in FORMS.items():
        command(name, form)


async def opened(sim, user, channel, name):
    ix = await sim.slash(user, channel, name)
    reply = await ix.wait()
    assert reply.kind == "modal"
    return ix, reply.modal


async def test_texts_come_back_and_defaults_stay(scene):
    sim, _, user, channel = scene
    ix, modal = await opened(sim, user, channel, "texts")
    assert "Type what you like." in modal.text
    assert [(field["label"], field["required"]) for field in modal.fields] == [
        ("Key", True),
        ("Notes", False),
    ]
    assert (await (await sim.submit(user, ix, Key="abc")).wait()).text == "abc|none"
    ix, _ = await opened(sim, user, channel, "texts")
    assert (await (await sim.submit(user, ix, key="abcd", Notes="")).wait()).text == "abcd|"


async def test_an_old_style_row_comes_back(scene):
    sim, _, user, channel = scene
    ix, _ = await opened(sim, user, channel, "legacy")
    assert (await (await sim.submit(user, ix, Amount="12")).wait()).text == "12"


async def test_every_select_comes_back(scene):
    sim, guild, user, channel = scene
    role = sim.add_role(guild, "premium")
    ix, _ = await opened(sim, user, channel, "choosing")
    filled = {"Mode": ["Live", "Paper"], "Person": user, "Role": role, "Channel": channel, "Anyone": role}
    reply = await (await sim.submit(user, ix, **filled)).wait()
    assert reply.text == repr([["live", "paper"], ["ana"], ["premium"], ["c"], ["premium"]])


async def test_groups_boxes_and_uploads_come_back(scene):
    sim, _, user, channel = scene
    ix, _ = await opened(sim, user, channel, "ticking")
    filled = {"One": "Live", "Some": ["paper", "both"], "Agree": True, "File": ("keys.txt", b"hello")}
    reply = await (await sim.submit(user, ix, **filled)).wait()
    assert reply.text == repr(("live", ["paper", "both"], True, [("keys.txt", "hello")]))


async def test_what_may_be_left_empty_may(scene):
    sim, _, user, channel = scene
    ix, _ = await opened(sim, user, channel, "ticking")
    reply = await (await sim.submit(user, ix, One="paper")).wait()
    assert reply.text == repr(("paper", [], False, []))


REFUSED = {
    "a required field left empty": ("texts", {}, "'key' must be filled in"),
    "a text too short": ("texts", {"Key": "ab"}, "3 to 10 characters, not 2"),
    "a text too long": ("texts", {"Key": "a" * 11}, "3 to 10 characters, not 11"),
    "a field that is not there": ("texts", {"Secret": "x"}, r"no field 'Secret' in the modal; .*'Key'"),
    "an option not offered": ("ticking", {"One": "Never"}, "'Never' is not offered"),
    "no choice": ("ticking", {}, "needs a choice"),
    "too many files": ("ticking", {"One": "paper", "File": [("a", b"")] * 3}, "takes 1 to 2 values"),
}


@pytest.mark.parametrize(("form", "values", "why"), REFUSED.values(), ids=REFUSED)
async def test_a_form_does_not_take(scene, form, values, why):
    sim, _, user, channel = scene
    ix, _ = await opened(sim, user, channel, form)
    with pytest.raises(ValueError, match=why):
        await sim.submit(user, ix, **values)


async def test_a_form_is_on_one_screen_only(scene):
    sim, _, user, channel = scene
    ix, _ = await opened(sim, user, channel, "texts")
    with pytest.raises(ValueError, match="on ana's screen"):
        await sim.submit(sim.add_user("ben"), ix, Key="abc")
