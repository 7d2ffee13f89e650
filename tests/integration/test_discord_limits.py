"""What Discord refuses in a message, the local Discord refuses: same status, code and place in the body."""

import pytest

from sim.discord import DiscordSim
from tests import openapi
from tests.discord_bodies import button, embed, row, select, text, the_problem_at, v2
from tests.discord_raw import RawBot

MESSAGES = {
    "content over 2000": ({"content": "x" * 2001}, 50035, "content"),
    "nothing at all": ({}, 50006, None),
    "an empty string": ({"content": ""}, 50006, None),
    "eleven embeds": ({"embeds": [{"title": "x"}] * 11}, 50035, "embeds"),
    "an embed title over 256": (embed(title="x" * 257), 50035, "embeds.0.title"),
    "an embed description over 4096": (embed(description="x" * 4097), 50035, "embeds.0.description"),
    "26 embed fields": (embed(fields=[{"name": "n", "value": "v"}] * 26), 50035, "embeds.0.fields"),
    "an embed field name over 256": (
        embed(fields=[{"name": "n" * 257, "value": "v"}]),
        50035,
        "embeds.0.fields.0.name",
    ),
    "an embed field value over 1024": (
        embed(fields=[{"name": "n", "value": "v" * 1025}]),
        50035,
        "embeds.0.fields.0.value",
    ),
    "an embed field without value": (embed(fields=[{"name": "n"}]), 50035, "embeds.0.fields.0.value"),
    "an embed footer over 2048": (embed(footer={"text": "x" * 2049}), 50035, "embeds.0.footer.text"),
    "an embed author over 256": (embed(author={"name": "x" * 257}), 50035, "embeds.0.author.name"),
    "embeds over 6000 together": (
        {"embeds": [{"description": "x" * 3001}, {"description": "y" * 3000}]},
        50035,
        "embeds",
    ),
    "six rows": (
        {"content": "x", "components": [row(button(f"b{n}")) for n in range(6)]},
        50035,
        "components",
    ),
    "six buttons in a row": (
        {"content": "x", "components": [row(*[button(f"b{n}") for n in range(6)])]},
        50035,
        "components.0.components",
    ),
    "a button without a row": ({"content": "x", "components": [button()]}, 50035, "components.0.type"),
    "an empty row": ({"content": "x", "components": [row()]}, 50035, "components.0.components"),
    "a label over 80": (
        {"content": "x", "components": [row(button(label="x" * 81))]},
        50035,
        "components.0.components.0.label",
    ),
    "a custom id over 100": (
        {"content": "x", "components": [row(button("x" * 101))]},
        50035,
        "components.0.components.0.custom_id",
    ),
    "a button without custom id": (
        {"content": "x", "components": [row({"type": 2, "style": 1, "label": "x"})]},
        50035,
        "components.0.components.0.custom_id",
    ),
    "a button without label or emoji": (
        {"content": "x", "components": [row({"type": 2, "style": 1, "custom_id": "x"})]},
        50035,
        "components.0.components.0",
    ),
    "a link button without url": (
        {"content": "x", "components": [row({"type": 2, "style": 5, "label": "x"})]},
        50035,
        "components.0.components.0.url",
    ),
    "an unknown button style": (
        {"content": "x", "components": [row(button(style=9))]},
        50035,
        "components.0.components.0.style",
    ),
    "the same custom id twice": (
        {"content": "x", "components": [row(button(), button())]},
        50035,
        "components",
    ),
    "26 options": (
        {"content": "x", "components": [row(select(26))]},
        50035,
        "components.0.components.0.options",
    ),
    "no options": (
        {"content": "x", "components": [row(select(0))]},
        50035,
        "components.0.components.0.options",
    ),
    "a placeholder over 150": (
        {"content": "x", "components": [row(select(placeholder="x" * 151))]},
        50035,
        "components.0.components.0.placeholder",
    ),
    "an option label over 100": (
        {"content": "x", "components": [row(select(options=[{"label": "x" * 101, "value": "v"}]))]},
        50035,
        "components.0.components.0.options.0.label",
    ),
    "the same option value twice": (
        {"content": "x", "components": [row(select(options=[{"label": "a", "value": "v"}] * 2))]},
        50035,
        "components.0.components.0.options.1.value",
    ),
    "more values than options": (
        {"content": "x", "components": [row(select(2, max_values=3))]},
        50035,
        "components.0.components.0.max_values",
    ),
    "a select beside a button": (
        {"content": "x", "components": [row(select(), button())]},
        50035,
        "components.0.components",
    ),
    "v2 components without the flag": (
        {"content": "x", "components": [text("hi")]},
        50035,
        "components.0.type",
    ),
    "v2 with content": (v2(text("hi"), content="x"), 50035, "content"),
    "v2 with embeds": (v2(text("hi"), embeds=[{"title": "x"}]), 50035, "embeds"),
    "v2 text over 4000 together": (v2(text("x" * 2001), text("y" * 2000)), 50035, "components"),
    "41 components nested": (
        v2({"type": 17, "components": [text("x")] * 39}, text("y")),
        50035,
        "components",
    ),
    "an empty text display": (v2(text("")), 50035, "components.0.content"),
    "a section with four texts": (
        v2({"type": 9, "components": [text("x")] * 4, "accessory": button()}),
        50035,
        "components.0.components",
    ),
    "a section without accessory": (
        v2({"type": 9, "components": [text("x")]}),
        50035,
        "components.0.accessory",
    ),
    "eleven pictures": (
        v2({"type": 12, "items": [{"media": {"url": "https://e.example/x.png"}}] * 11}),
        50035,
        "components.0.items",
    ),
    "a container in a container": (
        v2({"type": 17, "components": [{"type": 17, "components": [text("x")]}]}),
        50035,
        "components.0.components.0.type",
    ),
    "a private message in a channel": ({"content": "x", "flags": 64}, 50035, "flags"),
    "a reply to nothing": (
        {"content": "x", "message_reference": {"message_id": "1"}},
        50035,
        "message_reference",
    ),
    "everyone and users mentioned by two rules": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        50035,
        "allowed_mentions",
    ),
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


@pytest.mark.parametrize(("body", "code", "where"), MESSAGES.values(), ids=MESSAGES)
async def test_a_message_is_refused_for(sim, raw, body, code, where):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    status, answer = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    assert (status, answer["code"]) == (400, code)
    if where:
        assert the_problem_at(answer["errors"], where)
    assert sim.messages(channel) == []
    assert [broken.path for broken in sim.violations] == [f"/channels/{channel.id}/messages"]


async def test_legal_messages_pass_at_their_very_limits(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    legal = [
        {"content": "x" * 2000},
        embed(title="x" * 256, description="x" * 4096, footer={"text": "x" * 1648}),
        {"content": "x", "components": [row(*[button(f"{r}{n}") for n in range(5)]) for r in range(5)]},
        {"content": "x", "components": [row(select(25, placeholder="p" * 150, max_values=25))]},
        v2({"type": 17, "components": [text("x" * 99)] * 39}),
        v2(text("x" * 4000)),
        v2(
            {
                "type": 9,
                "components": [text("x")] * 3,
                "accessory": button(label="l" * 80, custom_id="c" * 100),
            }
        ),
    ]
    for body in legal:
        status, answer = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
        assert status == 200, answer
    assert sim.violations == []
    assert [bad for request in sim.requests for bad in openapi.violations(request)] == []


async def test_the_flag_of_components_v2_cannot_be_taken_off_again(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    _, sent = await raw.rest("POST", f"/channels/{channel.id}/messages", v2(text("hello")))
    place = f"/channels/{channel.id}/messages/{sent['id']}"
    assert (await raw.rest("PATCH", place, {"content": "plain"}))[0] == 400
    assert (await raw.rest("PATCH", place, {"flags": 0, "components": []}))[0] == 400
    assert (await raw.rest("PATCH", place, {"components": [text("changed")]}))[0] == 200


async def test_an_edit_may_not_leave_an_empty_message(sim, raw):
    channel = sim.add_channel(sim.add_guild("g"), "c")
    _, sent = await raw.rest("POST", f"/channels/{channel.id}/messages", {"content": "hello"})
    status, answer = await raw.rest("PATCH", f"/channels/{channel.id}/messages/{sent['id']}", {"content": ""})
    assert (status, answer["code"]) == (400, 50006)
