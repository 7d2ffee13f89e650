"""The documents tell the truth about what can be looked up: commands, settings, files, figures."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import discord
import pytest
import yaml
from discord import app_commands
from discord.ext import commands

from adapters.registry import adapters
from bot.__main__ import _COMMANDS
from bot.extensions import EXTENSIONS
from cogs.base import ServiceBot
from domain.accounts import RiskLimits
from scripts import capabilities_table, demo_picture, secret_scan, settings_table, wizard_page
from tests.architecture.house import ROOMS
from tests.contract import test_contract
from tests.contract.cards import CARDS
from wizard.texts import TEXTS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
EVERYTHING = "\n".join(page.read_text() for page in PAGES)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_inside_the_project_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_is_named_exists(page):
    for path in re.findall(r"`((?:[a-z_]+/)+[a-z_A-Z0-9-]+\.[a-z]+)`", page.read_text()):
        assert (ROOT / path).exists(), path


async def test_every_slash_command_that_is_named_exists():
    bot = ServiceBot(command_prefix=commands.when_mentioned, intents=discord.Intents.none())
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    groups = [c for c in bot.tree.get_commands() if isinstance(c, app_commands.Group)]
    there = {f"{group.name} {c.name}" for group in groups for c in group.commands}
    there |= {c.name for c in bot.tree.get_commands() if not isinstance(c, app_commands.Group)}
    spoken = set(re.findall(r"`/([a-z]+(?: [a-z]+)?)`", EVERYTHING))
    addresses = {"livez", "readyz", "health", "metrics", "ws"}
    assert spoken - addresses <= there
    assert set(re.findall(r"`/([a-z]+(?: [a-z]+)?)`", README)) - addresses == there


def test_every_make_target_and_program_command_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b(?= |`|\n)", "\n".join(_code(EVERYTHING)))) <= targets
    assert set(re.findall(r"discord-trade-exec ([a-z]+)", EVERYTHING)) <= set(_COMMANDS)


def _code(text: str) -> list[str]:
    return re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)


def test_the_procfile_starts_a_command_there_is():
    (line,) = (ROOT / "Procfile").read_text().splitlines()
    kind, _, command = line.partition(": ")
    assert kind == "web"
    program, verb = command.split()
    assert program in PROJECT["project"]["scripts"]
    assert verb in _COMMANDS


def test_the_invite_asks_for_exactly_what_the_readme_says():
    asked = discord.Permissions(view_channel=True, read_message_history=True)
    (link,) = re.findall(r"https://discord\.com/oauth2/authorize\S+", README)
    assert f"permissions={asked.value}" in link.split("?")[1].split("&")
    assert "scope=bot+applications.commands" in link
    assert f"{asked.value} is *View Channels* and *Read Message History*" in README


def test_the_readme_names_the_limits_that_hold():
    limits = RiskLimits(id="default")
    assert (limits.max_order_notional, limits.max_open_positions) == (1000, 10)
    assert (limits.entry_max_age, limits.duplicate_window) == (30, 60)
    assert "at most 1,000 in its currency for an entry, ten open trades" in README


def test_the_readme_names_the_pythons_that_are_declared():
    words = "Programming Language :: Python :: "
    declared = [c.removeprefix(words) for c in PROJECT["project"]["classifiers"] if c.startswith(words)]
    assert f"tested on {' and '.join(declared)}" in README
    assert PROJECT["project"]["requires-python"] == f">={declared[0]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == declared[0]


BROKER_NAMES = {
    "paper": "paper broker",
    "alpaca": "Alpaca",
    "coinbasepro": "Coinbase",
    "ibkr": "IBKR",
    "kraken": "Kraken",
    "moomoo": "Moomoo",
    "schwab": "Schwab",
}


def test_the_readme_names_the_brokers_there_are():
    (row,) = (line for line in README.splitlines() if line.startswith("| brokers |"))
    now, later = row.split("|")[2:4]
    there = adapters()
    assert there.keys() <= BROKER_NAMES.keys()
    for slug, name in BROKER_NAMES.items():
        assert (name in now) is (slug in there)
        assert name in (now if slug in there else later)


def test_the_house_is_drawn_with_all_its_rooms():
    (drawing,) = (block for block in _code(README) if "cogs   |" in block)
    assert set(ROOMS) <= set(re.findall(r"[a-z]+", drawing))


def test_the_settings_page_is_current():
    assert settings_table.PAGE.read_text() == settings_table.page(), "run python scripts/settings_table.py"


def test_the_settings_page_wants_every_setting_explained():
    said = settings_table.explanations('class Settings:\n    a: int\n    """Words."""\n    b: int\n')
    assert said == {"a": "Words."}


def test_the_capabilities_page_is_current():
    there = capabilities_table.PAGE.read_text()
    assert there == capabilities_table.page(), "run python scripts/capabilities_table.py"


def test_the_wizards_page_is_current_and_tells_of_every_flow_and_sentence():
    there = wizard_page.PAGE.read_text()
    assert there == wizard_page.page(), "run python scripts/wizard_page.py"
    assert {flow.name for flow in wizard_page.flows()} == wizard_page.ABOUT.keys()
    told = " ".join(there.split())
    for key, text in TEXTS.items():
        pieces = [piece.strip() for piece in re.split(r"\{\w+\}|\n", text)]
        assert key.endswith(".pick") or all(piece in told for piece in pieces), key


def test_the_capabilities_page_says_passes_of_each_case_of_the_suite_and_of_nothing_else():
    cases = next(m.args[1] for m in test_contract.test_the_broker_keeps.pytestmark if m.name == "parametrize")
    run = {(spec.manifest.title, card.id) for spec, card in (case.values for case in cases)}
    lines = [row.strip("| \n").split(" | ") for row in capabilities_table.PAGE.read_text().splitlines()]
    titles = next(row[2:] for row in lines if row[0] == "card")
    cards = [row for row in lines if row[0].startswith("AX-")]
    cells = {(title, row[0]): cell for row in cards for title, cell in zip(titles, row[2:], strict=True)}
    assert {at for at, cell in cells.items() if cell == "passes"} == run
    assert all(cell == "passes" or cell.startswith(("no ", "nothing ")) for cell in cells.values())
    assert len(cards) == len(CARDS)
    assert set(titles) == {adapter.manifest.title for adapter in adapters().values()}


def test_a_card_that_applies_and_is_not_run_can_not_be_said_to_pass():
    spec, card = test_contract.HARNESSES[0], CARDS["AX-01"]
    with pytest.raises(LookupError):
        capabilities_table.said(card, spec, {})


def test_every_decision_is_listed():
    listed = (ROOT / "docs/adr/README.md").read_text()
    for page in (ROOT / "docs/adr").glob("0*.md"):
        assert f"({page.name})" in listed
        assert page.read_text().startswith(f"# {int(page.name[:4])}. ")


def test_the_changelog_knows_the_version_of_the_project():
    assert PROJECT["project"]["version"] in (ROOT / "CHANGELOG.md").read_text()


def test_the_picture_shows_a_clean_receipt_and_fetches_nothing():
    picture = demo_picture.PICTURE.read_text().replace("&#160;", " ")
    assert "0 missing, 0 duplicate" in picture
    assert set(re.findall(r"https?://[^\s\"']+", picture)) == {"http://www.w3.org/2000/svg"}


def test_the_picture_keeps_what_was_done_and_how_each_message_ended():
    lines = [demo_picture.Text(line) for line in SHOWN.splitlines()]
    text = "\n".join(line.plain for line in demo_picture.chosen(lines))
    assert "first" not in text
    assert text.count("how it ended") == 1
    assert "later" not in text
    assert "0 missing" in text


SHOWN = """1 · A trade ──
  1.00s  Casey Buying
  1.01s  bot → Ben first
  1.02s  bot → Ben how it ended
  1.03s  bot → Ann first

7 · A crash ──
  2.00s  restart back
  2.01s  Casey edits the message
  2.02s  bot → Ben later

Final positions and P&L
none

Receipt
0 missing, 0 duplicate"""

LEAKS = {
    "a Discord bot token": "MTU3NDExMjQ0Mzk1NTY3NTEzNg"
    + ".D8cIDx."
    + "JME-ZSzBqrc4um96BcWxXHj8gGIsJIWghvdOfD",
    "a live Alpaca key": "AK" + "J3K2N9S8D7F6G5H4Q1",
    "an AWS access key": "AKIA" + "J3K2N9S8D7F6G5H4",
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a database address with a password": "mongodb+srv://bot:" + "sup3rS3cretPw" + "@db.example.org/",
    "a personal token of this bot": "dte_" + "dc3a6389d4f524b8332a89055c7f2c87707d9f6904bfd43c",
}


@pytest.mark.parametrize(("what", "secret"), LEAKS.items(), ids=LEAKS)
def test_a_secret_is_found_and_not_repeated(tmp_path, what, secret):
    leak = tmp_path / "notes.txt"
    leak.write_text(f"first line\nvalue = '{secret}'\n")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "secret_scan.py", leak],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == f"{leak}:2: {what}\n"


def test_pretend_secrets_and_ordinary_words_are_let_through():
    for line in (
        "AKLIVELIVELIVELIVE01",
        "mongodb://localhost/",
        "redis://user:${PASSWORD}@host",
        "x = AKJ3K2",
    ):
        assert list(secret_scan.findings("notes.txt", line)) == []
    assert list(secret_scan.findings("deploy/.env", "")) != []
    assert list(secret_scan.findings(".env.example", "")) == []


def test_the_commit_hooks_are_local_and_run_what_make_test_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = " ".join(hook["entry"] for hook in hooks[0]["hooks"])
    for tool in ("ruff format", "ruff check", "mypy", "lint-imports", "scripts/secret_scan.py"):
        assert tool in entries
