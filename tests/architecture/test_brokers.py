"""Each broker keeps the tests of its own that were promised, over sockets and beside the cards."""

import ast

import pytest

from adapters.registry import adapters
from tests.architecture.house import ROOT

# What the system before this one had for each of its four, and thirty for those it did not have.
AT_LEAST = {"moomoo": 31, "ibkr": 33, "schwab": 42, "coinbasepro": 70, "alpaca": 30, "kraken": 30}


def over_sockets(source: str) -> list[str]:
    """Name the tests of a module that await something and are not skipped. Many cases count once."""
    tests = (n for n in ast.parse(source).body if isinstance(n, ast.AsyncFunctionDef))
    return [n.name for n in tests if n.name.startswith("test_") and "skip" not in ast.dump(n)]


@pytest.mark.parametrize("slug", AT_LEAST)
def test_a_broker_has_its_own_tests_beside_the_cards(slug):
    files = (ROOT / "tests" / "integration").glob(f"test_{slug}_*.py")
    names = [name for path in files for name in over_sockets(path.read_text())]
    assert len(names) >= AT_LEAST[slug]


def test_every_broker_but_paper_is_counted():
    assert adapters().keys() - {"paper"} <= AT_LEAST.keys()


def test_only_tests_that_run_and_reach_out_are_counted():
    source = "async def test_a(): ...\ndef test_b(): ...\nasync def help(): ...\n"
    assert over_sockets(source + "@pytest.mark.skip\nasync def test_c(): ...\n") == ["test_a"]
