"""What is posted, edited and deleted in a server reaches the verbs as it is; nothing else does."""

import logging
from datetime import UTC, datetime

import discord
import pytest

from domain.errors import StoreUnavailable
from tests.support import eventually
from tests.unit.cogs.stage import on_stage


@pytest.fixture
async def stage(tmp_path):
    async with on_stage(tmp_path) as made:
        yield made


async def heard(stage, count):
    await eventually(lambda: len(stage.trading.messages) >= count)
    return stage.trading.messages


async def test_a_post_arrives_with_its_own_time_and_text_ids(stage):
    said = await stage.sim.say(stage.ana, stage.signals, "BTO AAPL 150 stop 145")
    (raw,) = await heard(stage, 1)
    assert (raw.guild, raw.channel, raw.message, raw.author) == tuple(
        str(one) for one in (stage.guild.id, stage.signals.id, said.id, stage.ana.id)
    )
    assert raw.content == "BTO AAPL 150 stop 145"
    assert raw.posted_at == discord.utils.snowflake_time(said.id)
    assert raw.posted_at.tzinfo is UTC
    assert (raw.revision, raw.webhook, raw.reply_to, raw.author_is_bot) == (0, None, None, False)


async def test_a_webhooks_card_arrives_with_its_embed_and_webhook_id(stage):
    card = {"title": "NEW TRADE", "description": "Buy TSLA", "fields": [{"name": "SL", "value": "200"}]}
    said = await stage.sim.say(None, stage.signals, "", embeds=[card], webhook="Alerts")
    (raw,) = await heard(stage, 1)
    assert raw.webhook == raw.author == str(said.webhook_id)
    assert raw.author_is_bot
    (embed,) = raw.embeds
    assert embed["title"] == "NEW TRADE"
    assert embed["fields"][0]["value"] == "200"


async def test_a_reply_names_what_it_replies_to(stage):
    first = await stage.sim.say(stage.ana, stage.signals, "BTO AAPL")
    await stage.sim.say(stage.ana, stage.signals, "out", reply_to=first)
    assert (await heard(stage, 2))[1].reply_to == str(first.id)


async def test_an_edit_is_a_revision_named_by_its_time(stage):
    said = await stage.sim.say(stage.ana, stage.signals, "stop 145")
    await stage.sim.edit(said, "stop 144")
    await eventually(lambda: stage.trading.edits)
    (raw,) = stage.trading.edits
    assert raw.content == "stop 144"
    assert raw.revision == int(said.edited_at.timestamp() * 1000)
    assert raw.message == str(said.id)


async def test_a_link_that_unfurls_is_no_edit(stage, caplog):
    said = await stage.sim.say(stage.ana, stage.signals, "https://chart.example/AAPL")
    await heard(stage, 1)
    update(stage, said, embeds=[{"title": "Chart", "type": "link"}])
    await stage.sim.say(stage.ana, stage.signals, "after")
    await heard(stage, 2)
    assert stage.trading.edits == []
    assert complaints(caplog) == []


async def test_an_unfurl_after_an_edit_is_the_same_revision(stage):
    said = await stage.sim.say(stage.ana, stage.signals, "AAPL")
    await stage.sim.edit(said, "AAPL https://chart.example")
    await eventually(lambda: stage.trading.edits)
    update(stage, said, edited_timestamp=said.edited_at.isoformat(), embeds=[{"title": "Chart"}])
    await stage.sim.say(stage.ana, stage.signals, "after")
    await heard(stage, 2)
    assert len({raw.revision for raw in stage.trading.edits}) == 1


async def test_deletes_single_and_in_bulk_are_told(stage):
    said = [await stage.sim.say(stage.ana, stage.signals, f"m{i}") for i in range(3)]
    await stage.sim.delete(said[0])
    parse(
        stage,
        "MESSAGE_DELETE_BULK",
        {
            "ids": [str(m.id) for m in said[1:]],
            "channel_id": str(stage.signals.id),
            "guild_id": str(stage.guild.id),
        },
    )
    await eventually(lambda: len(stage.trading.deletes) == 3)
    assert {deleted[2] for deleted in stage.trading.deletes} == {str(m.id) for m in said}
    assert {deleted[:2] for deleted in stage.trading.deletes} == {
        (str(stage.guild.id), str(stage.signals.id))
    }


@pytest.mark.parametrize(
    "oddity",
    [
        {"type": 21},
        {"type": 18},
        {"type": 6},
        {"type": 7},
        {
            "message_reference": {"type": 1, "channel_id": "1", "message_id": "2"},
            "message_snapshots": [
                {
                    "message": {
                        "type": 0,
                        "content": "BTO X",
                        "embeds": [],
                        "attachments": [],
                        "timestamp": "2026-01-01T00:00:00+00:00",
                        "edited_timestamp": None,
                        "flags": 0,
                        "mentions": [],
                        "mention_roles": [],
                    }
                }
            ],
        },
    ],
)
async def test_forwards_thread_starters_pins_and_joins_are_passed_over(stage, oddity):
    said = await stage.sim.say(stage.ana, stage.signals, "plain")
    await heard(stage, 1)
    parse(stage, "MESSAGE_CREATE", payload(stage, said) | {"id": str(said.id + 1)} | oddity)
    await stage.sim.say(stage.ana, stage.signals, "after")
    assert [raw.content for raw in await heard(stage, 2)] == ["plain", "after"]


async def test_direct_messages_are_never_signals(stage, caplog):
    dm = stage.sim.dm(stage.ana)
    said = await stage.sim.say(stage.ana, dm, "BTO AAPL")
    body = {k: v for k, v in payload(stage, said).items() if k != "guild_id"}
    for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        parse(
            stage, event, body | {"channel_id": str(dm.id), "edited_timestamp": "2026-01-01T00:00:00+00:00"}
        )
    parse(stage, "MESSAGE_DELETE", {"id": str(said.id), "channel_id": str(dm.id)})
    await stage.sim.say(stage.ana, stage.signals, "after")
    await heard(stage, 1)
    assert [raw.content for raw in stage.trading.messages] == ["after"]
    assert (stage.trading.edits, stage.trading.deletes) == ([], [])
    assert complaints(caplog) == []


async def test_the_bots_own_words_are_not_signals(stage):
    await stage.bot.get_channel(stage.signals.id).send("BTO AAPL 150")
    await stage.sim.say(stage.ana, stage.signals, "after")
    assert [raw.content for raw in await heard(stage, 1)] == ["after"]


@pytest.mark.parametrize("error", [StoreUnavailable("disk"), RuntimeError("bug")])
async def test_a_failing_verb_never_stops_the_listener(stage, error, caplog):
    caplog.set_level(logging.CRITICAL)
    stage.trading.error = error
    said = await stage.sim.say(stage.ana, stage.signals, "first")
    await heard(stage, 1)
    stage.trading.error = error
    await stage.sim.edit(said, "second")
    await eventually(lambda: stage.trading.edits)
    stage.trading.error = error
    await stage.sim.delete(said)
    await eventually(lambda: stage.trading.deletes)
    await stage.sim.say(stage.ana, stage.signals, "after")
    assert len(await heard(stage, 2)) == 2


def complaints(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def payload(stage, said):
    return {
        "id": str(said.id),
        "channel_id": str(said.channel_id),
        "guild_id": str(stage.guild.id),
        "type": 0,
        "content": said.content,
        "author": {"id": str(stage.ana.id), "username": "ana", "discriminator": "0", "avatar": None},
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
    }


def parse(stage, event, body):
    """Hand the bot one gateway event that the local Discord has no person for."""
    stage.bot._connection.parsers[event](body)


def update(stage, said, **changes):
    parse(stage, "MESSAGE_UPDATE", payload(stage, said) | changes)


async def test_what_was_posted_while_nobody_listened_is_read_when_the_session_is_new(stage):
    await stage.trading.add_source(
        str(stage.guild.id), str(stage.signals.id), authors=[str(stage.ana.id)], webhooks=[], by="1"
    )
    first = await stage.sim.say(stage.ana, stage.signals, "BTO AAPL 150")
    await heard(stage, 1)
    stage.sim.refuse_gateway(1)
    stage.sim.invalidate(resumable=False)
    stage.sim.drop()
    missed = await stage.sim.say(stage.ana, stage.signals, "out of AAPL")
    await eventually(
        lambda: [m.message for m in stage.trading.messages].count(str(missed.id)) >= 1, timeout=20
    )
    assert str(first.id) in [m.message for m in stage.trading.messages]
