"""What is typed into a form is heard of before discord.py reads the event."""

import discord

from bot.parsers import guard


def test_what_is_typed_is_heard_first_even_when_the_event_cannot_be_read():
    heard: list[tuple[str, str]] = []
    client = discord.Client(intents=discord.Intents.none())
    guard(client, lambda *_: None, lambda name, value: heard.append((name, value)))
    sent = {
        "type": 5,
        "data": {
            "components": [
                {
                    "type": 18,
                    "component": {"type": 4, "custom_id": "secret_key", "value": "typed in a label"},
                },
                {"type": 1, "components": [{"type": 4, "custom_id": "old", "value": "typed in a row"}]},
                {"type": 18, "component": {"type": 3, "custom_id": "feed", "values": ["sip"]}},
            ]
        },
    }
    client._connection.parsers["INTERACTION_CREATE"](sent)
    assert heard == [("secret_key", "typed in a label"), ("old", "typed in a row")]


def test_other_interactions_are_left_alone():
    heard: list[tuple[str, str]] = []
    client = discord.Client(intents=discord.Intents.none())
    guard(client, lambda *_: None, lambda name, value: heard.append((name, value)))
    client._connection.parsers["INTERACTION_CREATE"]({"type": 3, "data": {"custom_id": "x"}})
    assert heard == []
