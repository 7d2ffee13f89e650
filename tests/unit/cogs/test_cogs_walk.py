"""All cogs together: names do not clash, everything is described, every text is used."""

import ast
import pkgutil
from pathlib import Path

import discord
import pytest
from discord import app_commands
from discord.ext import commands

import cogs
from bot.extensions import EXTENSIONS
from cogs import texts
from cogs.base import ServiceBot
from cogs.panels.confirm import AnswerButton
from cogs.panels.doubt import DoubtButton
from cogs.panels.manage import AccountButton

ROOM = Path(cogs.__file__).parent
OWNERS = {"channel", "halt", "resume"}


def cog_modules():
    return sorted(
        f"cogs.{m.name}"
        for m in pkgutil.iter_modules([str(ROOM)])
        if not m.ispkg and "async def setup(" in (ROOM / f"{m.name}.py").read_text()
    )


@pytest.fixture
async def bot():
    made = ServiceBot(command_prefix=commands.when_mentioned, intents=discord.Intents.none())
    for module in cog_modules():
        await made.load_extension(module)
    return made  # never connected, so there is nothing to close


def test_the_bot_loads_every_cog():
    assert sorted(EXTENSIONS) == cog_modules()


async def test_every_promised_command_is_there_once(bot):
    names = [c.qualified_name for c in bot.tree.walk_commands() if isinstance(c, app_commands.Command)]
    assert len(names) == len(set(names))
    assert set(names) >= {
        *("channel add", "channel remove", "channel list", "follow", "unfollow", "following"),
        *("buy", "sell", "close", "cancel", "orders", "positions", "balance"),
        *("broker list", "broker add", "broker test", "broker remove"),
        *("broker default", "broker rename"),
        *("broker pause", "broker resume", "broker relink"),
        *("premium roles", "premium tiers", "premium check", "halt", "resume", "api token", "api revoke"),
    }


async def test_every_command_and_option_is_described_within_discords_limits(bot):
    for command in bot.tree.walk_commands():
        assert 8 <= len(command.description) <= 100, command.qualified_name
        for option in getattr(command, "parameters", []):
            assert 4 <= len(str(option.description)) <= 100, (command.qualified_name, option.name)
            assert str(option.description) != "…", (command.qualified_name, option.name)
            assert len(option.choices) <= 25
            assert all(len(choice.name) <= 100 for choice in option.choices)


async def test_numbers_are_never_discords_floats(bot):
    for command in bot.tree.walk_commands():
        for option in getattr(command, "parameters", []):
            assert option.type is not discord.AppCommandOptionType.number, command.qualified_name


async def test_commands_of_the_owner_are_hidden_from_others_and_kept_to_servers(bot):
    for command in bot.tree.get_commands():
        payload = command.to_dict(bot.tree)
        owner = command.name in OWNERS
        assert (payload["default_member_permissions"] is not None) is owner, command.name
        assert payload["contexts"] == ([0] if owner or command.name in {"follow", "premium"} else [0, 1]), (
            command.name
        )


async def test_buttons_are_known_before_any_is_sent(bot):
    known = set(bot._connection._view_store._dynamic_items.values())
    assert known == {AccountButton, AnswerButton, DoubtButton}


def test_every_text_is_used():
    defined = {name for name in vars(texts) if name.isupper()}
    used = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "texts"
            ):
                used.add(node.attr)
            elif path.name == "texts.py" and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used.add(node.id)
    assert defined - used == set()
    assert used - set(vars(texts)) - {"Mapping", "str"} == set()
