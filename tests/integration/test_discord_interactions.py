"""Interactions on the local Discord: answers, defers, follow-ups, and how long each may take."""

import pytest

from sim.clock import DrivenClock
from sim.discord import DiscordSim
from tests.discord_bodies import a_member, button, command, label, row, select, text, typed, v2
from tests.discord_raw import RawBot

PANEL = {"content": "panel", "components": [row(button("go", label="Go"))]}


@pytest.fixture
def clock():
    return DrivenClock()


@pytest.fixture
async def sim(clock):
    async with DiscordSim(clock=clock) as running_sim:
        yield running_sim


@pytest.fixture
async def raw(sim):
    async with RawBot(sim, sim.add_application().token) as bot:
        yield bot


async def registered(raw, *commands):
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    assert (await raw.rest("PUT", f"/applications/{app}/commands", list(commands)))[0] == 200
    await raw.identify()


async def asked(sim, raw):
    _, user, channel = a_member(sim)
    await registered(raw, command())
    return user, channel, await sim.slash(user, channel, "buy")


async def pressed(sim, raw, body=PANEL):
    _, user, channel = a_member(sim)
    await raw.identify()
    _, sent = await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    message = await sim.wait_message(channel, "panel")
    assert sent["id"] == str(message.id)
    return user, channel, message, await sim.click(user, message, "Go")


# --- the two windows --------------------------------------------------------------------------------


async def test_an_answer_after_three_seconds_comes_too_late(sim, raw, clock):
    _, channel, ix = await asked(sim, raw)
    await clock.advance(3.1)
    status, answer = await raw.callback(ix, 4, {"content": "late"})
    assert (status, answer["code"]) == (404, 10062)
    assert sim.messages(channel, viewer=ix.record.user) == []


async def test_an_answer_just_within_three_seconds_counts(sim, raw, clock):
    _, _, ix = await asked(sim, raw)
    await clock.advance(2.9)
    assert (await raw.callback(ix, 4, {"content": "in time"}))[0] == 200


async def test_a_second_answer_is_refused(sim, raw):
    _, _, ix = await asked(sim, raw)
    await raw.callback(ix, 4, {"content": "one"})
    status, answer = await raw.callback(ix, 4, {"content": "two"})
    assert (status, answer["code"]) == (400, 40060)
    assert (await ix.wait()).text == "one"


async def test_the_token_works_for_fifteen_minutes_and_no_longer(sim, raw, clock):
    _, _, ix = await asked(sim, raw)
    await raw.callback(ix, 5)
    await clock.advance(14 * 60 + 59)
    assert (await raw.edit_original(ix, {"content": "still here"}))[0] == 200
    await clock.advance(2)
    for status, answer in (
        await raw.edit_original(ix, {"content": "too late"}),
        await raw.follow_up(ix, {"content": "too late"}),
    ):
        assert (status, answer["code"]) == (401, 50027)
    assert (await ix.wait()).text == "still here"


async def test_following_up_before_answering_is_refused(sim, raw):
    _, _, ix = await asked(sim, raw)
    status, answer = await raw.follow_up(ix, {"content": "hello"})
    assert (status, answer["code"]) == (404, 10015)


async def test_a_wrong_interaction_token_is_refused(sim, raw):
    _, _, ix = await asked(sim, raw)
    place = f"/interactions/{ix.id}/made-up/callback"
    status, answer = await raw.rest("POST", place, {"type": 4, "data": {"content": "x"}})
    assert (status, answer["code"]) == (404, 10062)
    place = f"/webhooks/{ix.record.app.id}/made-up/messages/@original"
    assert (await raw.rest("PATCH", place, {"content": "x"}))[1]["code"] == 50027


async def test_no_answer_at_all_fails_where_it_is_waited_for(sim, raw):
    _, _, ix = await asked(sim, raw)
    with pytest.raises(AssertionError, match="did not answer 'buy'"):
        await ix.wait(timeout=0.05)


# --- answers ----------------------------------------------------------------------------------------


async def test_a_private_answer_reaches_one_person_and_no_gateway(sim, raw):
    user, channel, ix = await asked(sim, raw)
    status, answer = await raw.callback(ix, 4, {"content": "psst", "flags": 64})
    assert status == 200
    assert answer["resource"]["message"]["flags"] & 64
    assert (await ix.wait()).ephemeral
    assert sim.messages(channel) == []
    assert [message.text for message in sim.messages(channel, viewer=user)] == ["psst"]
    marker = await sim.say(user, channel, "marker")
    assert (await raw.event("MESSAGE_CREATE"))["id"] == str(marker.id)
    hidden = answer["resource"]["message"]["id"]
    assert (await raw.rest("GET", f"/channels/{channel.id}/messages/{hidden}"))[0] == 404


async def test_the_callback_answers_with_a_body_only_when_asked(sim, raw):
    _, _, ix = await asked(sim, raw)
    place = f"/interactions/{ix.id}/{ix.record.token}/callback"
    assert await raw.rest("POST", place, {"type": 4, "data": {"content": "x"}}) == (204, None)


async def test_the_first_follow_up_after_a_private_defer_fills_it_in_privately(sim, raw):
    _, channel, ix = await asked(sim, raw)
    _, answer = await raw.callback(ix, 5, {"flags": 64})
    thinking = answer["resource"]["message"]
    assert thinking["flags"] == 64 | 128
    _, first = await raw.follow_up(ix, {"content": "done"})
    assert (first["id"], first["flags"]) == (thinking["id"], 64)
    _, second = await raw.follow_up(ix, {"content": "and more"})
    assert second["id"] != first["id"]
    reply = await ix.wait()
    assert (reply.text, reply.ephemeral, [m.text for m in ix.messages]) == (
        "done",
        True,
        ["done", "and more"],
    )
    assert [message.text for message in sim.messages(channel)] == ["and more"]


async def test_a_defer_that_is_never_filled_says_so(sim, raw):
    _, channel, ix = await asked(sim, raw)
    await raw.callback(ix, 5)
    assert (await ix.wait(timeout=0.05)).kind == "deferred"
    assert sim.messages(channel) == []


async def test_editing_and_deleting_the_original(sim, raw):
    _, channel, ix = await asked(sim, raw)
    await raw.callback(ix, 4, {"content": "one"})
    await raw.edit_original(ix, {"content": "two"})
    message = (await ix.wait()).message
    assert (message.text, message.edits) == ("two", 1)
    place = f"/webhooks/{ix.record.app.id}/{ix.record.token}/messages/@original"
    assert (await raw.rest("GET", place))[1]["content"] == "two"
    assert (await raw.rest("DELETE", place))[0] == 204
    assert (await raw.rest("GET", place))[1]["code"] == 10008
    assert sim.messages(channel) == []


async def test_a_button_may_change_its_own_message(sim, raw):
    user, channel, message, ix = await pressed(sim, raw)
    data = await raw.event("INTERACTION_CREATE")
    assert (data["type"], data["data"]["custom_id"], data["message"]["id"]) == (3, "go", str(message.id))
    await raw.callback(ix, 7, {"content": "changed", "components": []})
    assert (message.text, message.buttons, message.edits) == ("changed", [], 1)
    assert (await ix.wait()).message is message
    with pytest.raises(ValueError, match="no 'Go' on the message"):
        await sim.click(user, message, "Go")
    assert len(sim.messages(channel)) == 1


async def test_a_press_can_arrive_after_its_button_is_gone(sim, raw):
    user, _, message, ix = await pressed(sim, raw)
    await raw.callback(ix, 7, {"content": "done", "components": []})
    late = await sim.press_late(user, message, "go")
    data = await raw.event("INTERACTION_CREATE")
    while data["id"] != str(late.id):
        data = await raw.event("INTERACTION_CREATE")
    assert (data["data"]["custom_id"], data["message"]["components"]) == ("go", [])


async def test_a_silent_defer_then_an_edit_shows_the_edit(sim, raw):
    _, _, message, ix = await pressed(sim, raw)
    await raw.callback(ix, 6)
    assert (await ix.wait(timeout=0.05)).kind == "deferred"
    await raw.edit_original(ix, {"content": "panel, refreshed"})
    assert (await ix.wait()).message is message


@pytest.mark.parametrize(
    ("what", "kind"), [("slash", 6), ("slash", 7), ("slash", 8), ("click", 8), ("click", 3)]
)
async def test_an_answer_of_the_wrong_kind_is_refused(sim, raw, what, kind):
    ix = (await asked(sim, raw))[2] if what == "slash" else (await pressed(sim, raw))[3]
    status, answer = await raw.callback(ix, kind, {"content": "x"})
    assert (status, list(answer["errors"])) == (400, ["type"])


async def test_a_modal_cannot_answer_a_modal_nor_come_after_a_defer(sim, raw):
    form = {"title": "T", "custom_id": "m", "components": [label(typed())]}
    user, _, ix = await asked(sim, raw)
    await raw.callback(ix, 9, form)
    sent = await sim.submit(user, ix, A="text")
    status, answer = await raw.callback(sent, 9, form)
    assert (status, list(answer["errors"])) == (400, ["type"])
    assert (await raw.callback(sent, 5))[0] == 200
    assert (await raw.callback(sent, 9, form))[1]["code"] == 40060


async def test_a_message_that_answers_a_modal_names_the_whole_chain(sim, raw):
    user, _, _, ix = await pressed(sim, raw)
    await raw.callback(ix, 9, {"title": "T", "custom_id": "m", "components": [label(typed())]})
    sent = await sim.submit(user, ix, A="text")
    _, answer = await raw.callback(sent, 4, {"content": "thanks"})
    metadata = answer["resource"]["message"]["interaction_metadata"]
    assert (metadata["type"], metadata["triggering_interaction_metadata"]["type"]) == (5, 3)


async def test_a_person_cannot_press_what_they_cannot_see_or_what_is_dead(sim, raw):
    user, _, ix = await asked(sim, raw)
    dead = button("off", label="Off", disabled=True)
    link = {"type": 2, "style": 5, "label": "Web", "url": "https://e.example"}
    await raw.callback(
        ix, 4, {"content": "yours", "flags": 64, "components": [row(button(label="Mine"), dead, link)]}
    )
    message = (await ix.wait()).message
    other = sim.add_user("ben")
    with pytest.raises(ValueError, match="cannot see this message"):
        await sim.click(other, message, "Mine")
    with pytest.raises(ValueError, match="disabled"):
        await sim.click(user, message, "Off")
    with pytest.raises(ValueError, match="sends nothing to the bot"):
        await sim.click(user, message, "Web")
    assert (await sim.click(user, message, "Mine")).answered is None


async def test_selects_give_values_or_people_within_their_bounds(sim, raw):
    guild, user, channel = a_member(sim)
    await raw.identify()
    menus = [
        row(select(3, custom_id="pick", max_values=2)),
        row({"type": 5, "custom_id": "who"}),
        row({"type": 6, "custom_id": "role"}),
        row({"type": 8, "custom_id": "where"}),
        row({"type": 7, "custom_id": "any"}),
    ]
    await raw.rest("POST", f"/channels/{channel.id}/messages", {"content": "choose", "components": menus})
    message = await sim.wait_message(channel, "choose")
    role = sim.add_role(guild, "premium")
    for custom_id, chosen, kind in (
        ("pick", ["o1", "o2"], None),
        ("who", user, "users"),
        ("role", role, "roles"),
        ("where", channel, "channels"),
        ("any", role, "roles"),
    ):
        await sim.select(user, message, custom_id, chosen)
        data = (await raw.event("INTERACTION_CREATE"))["data"]
        assert data["values"] == (["1", "2"] if kind is None else [str(chosen.id)])
        assert kind is None or str(chosen.id) in data["resolved"][kind]
    with pytest.raises(ValueError, match="takes 1 to 2 values, not 3"):
        await sim.select(user, message, "pick", ["0", "1", "2"])
    with pytest.raises(ValueError, match="not offered"):
        await sim.select(user, message, "pick", ["9"])


async def test_a_v2_panel_reads_as_a_person_reads_it(sim, raw):
    _, user, channel = a_member(sim)
    await raw.identify()
    section = {"type": 9, "components": [text("**Alpaca** paper")], "accessory": button("test", label="Test")}
    body = v2(
        {
            "type": 17,
            "components": [text("# Brokers"), section, {"type": 14}, row(button("add", label="Add"))],
        }
    )
    await raw.rest("POST", f"/channels/{channel.id}/messages", body)
    message = await sim.wait_message(channel, "Brokers")
    assert message.text == "# Brokers\n**Alpaca** paper"
    assert message.buttons == ["Test", "Add"]
    await sim.click(user, message, "Test")
    assert (await raw.event("INTERACTION_CREATE"))["data"]["custom_id"] == "test"
