"""Hold the house to its own rules, and prove that each rule can catch what it forbids."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.house import ROOMS, ROOT, dotted, modules, oversized

BIN = Path(sys.executable).parent
SDKS = ("alpaca", "ib_insync", "ib_async", "schwab", "moomoo", "ccxt", "boto3", "pandas")


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_module_and_its_functions_stay_small(path):
    assert oversized(path.read_text()) == []


def test_the_size_rule_catches_a_long_module_and_a_long_function():
    assert oversized("x = 1\n" * 401) == ["401 lines"]
    assert oversized("def f():\n" + "    x = 1\n" * 40) == ["f: 41 lines"]


def test_every_module_can_be_imported_alone_and_brings_no_broker_sdk_along():
    """One fork a module: a cycle that only bites in one order is found, whatever was imported before."""
    names = [dotted(path) for path in modules() if not path.name.startswith("__main__")]
    script = (
        "import importlib, os, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "import discord, aiohttp.web, beanie, pydantic_settings, structlog, rich\n"
        f"for name in {names!r}:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        status = 0\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except BaseException as error:\n"
        "            print(name, 'cannot be imported alone:', repr(error)); status = 1\n"
        f"        loaded = sorted({set(SDKS)!r} & set(sys.modules))\n"
        "        if loaded:\n"
        "            print(name, 'imports', loaded); status = 1\n"
        "        sys.stdout.flush(); os._exit(status)\n"
        "    os.waitpid(child, 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_importing_the_bot_imports_no_broker_sdk():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import bot, bot.compose"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "discord" in imported
    assert imported.isdisjoint(SDKS)


def copy_of_the_house(to: Path) -> Path:
    """Copy the rooms and the rules, so that violations can be planted."""
    for name in (*ROOMS,):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


def run(tool: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / tool, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


PLANTED = {
    "Arrows point down": ("domain/money.py", "from trading import risk"),
    "sim knows only domain and the matching engine": ("sim/market.py", "from trading import risk"),
    "discord only in bot, cogs and the wizard's view": ("trading/risk.py", "import discord"),
    "databases only in store": ("trading/risk.py", "import sqlite3"),
    "broker SDKs only in their own adapter": ("bot/client.py", "import alpaca"),
    "adapters: registry, then brokers apart from each other, then kit": (
        "adapters/kit/retry.py",
        "from adapters import paper",
    ),
    "domain imports the standard library only": ("domain/money.py", "import structlog"),
}


def test_a_violation_of_each_import_rule_is_caught(tmp_path):
    house = copy_of_the_house(tmp_path)
    rules = {
        c["name"]
        for c in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    }
    assert rules == set(PLANTED)
    for path, line in set(PLANTED.values()):
        planted = house / path
        planted.write_text(planted.read_text() + f"\n{line}\n")
    done = run("lint-imports", "--no-cache", cwd=house)
    broken = set(re.findall(r"^(.*) BROKEN", done.stdout, re.MULTILINE))
    assert done.returncode != 0
    assert broken == rules


def test_lint_and_types_catch_what_they_should(tmp_path):
    house = copy_of_the_house(tmp_path)
    module = house / "domain" / "money.py"
    module.write_text(module.read_text() + "\n\ndef wrong(x) -> str:\n    print(x)\n    return 1\n")
    lint = run("ruff", "check", "--no-cache", "domain/money.py", cwd=house)
    assert lint.returncode == 1
    assert {"T201", "D103"} <= set(re.findall(r"[A-Z]+\d{3}", lint.stdout))
    types = run("mypy", "--cache-dir", str(tmp_path / "cache"), "-p", "domain", cwd=house)
    assert types.returncode == 1
    assert "no-untyped-def" in types.stdout
    assert "return-value" in types.stdout


def test_the_wheel_holds_the_rooms_and_nothing_else():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    assert {pattern.rstrip("*") for pattern in listed} == set(ROOMS)


def test_nothing_reads_the_environment_outside_bot():
    for path in modules(*(room for room in ROOMS if room != "bot")):
        assert "os.environ" not in path.read_text(), path
        assert "getenv" not in path.read_text(), path


def test_no_file_names_where_packages_come_from():
    """Constraints pin versions; where packages are fetched from is each machine's own affair."""
    for name in ("constraints.txt", "pyproject.toml", "Makefile", ".ci/run"):
        assert "://" not in (ROOT / name).read_text().replace("https://discord", ""), name


def test_prices_and_quantities_are_never_annotated_as_floats():
    words = re.compile(r"\b(price|quantity|notional|stop_price|limit_price|cash|equity)\s*:\s*float\b")
    for path in modules("domain", "trading", "adapters", "signals"):
        assert not words.search(path.read_text()), path
