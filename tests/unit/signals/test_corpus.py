"""Our own corpus reads as it should, through the same code the command runs."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from signals.__main__ import answer
from signals.texts import codes

LINES = (Path(__file__).parents[2] / "fixtures" / "messages.jsonl").read_text("utf-8").splitlines()
ROWS = [json.loads(line) for line in LINES]
ORDER_LIKE = {"entry", "exit", "trim", "add", "update", "cancel", "multi"}


def agrees(want, got):
    if isinstance(want, dict):
        return isinstance(got, dict) and all(agrees(value, got.get(key)) for key, value in want.items())
    if isinstance(want, list):
        return isinstance(got, list) and len(want) == len(got) and all(map(agrees, want, got))
    if isinstance(want, int | float) and not isinstance(want, bool):
        return isinstance(got, int | float) and Decimal(str(want)) == Decimal(str(got))
    return want == got


def read_line(row):
    return json.loads(answer(json.dumps(row).encode()))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_message_of_the_corpus_reads_as_expected(row):
    got = read_line(row)
    assert got["id"] == row["id"]
    for key, want in row["expected"].items():
        assert agrees(want, got.get(key)), f"{key}: {want!r} but {got.get(key)!r} for {row['text']!r}"


def test_the_corpus_is_large_and_a_third_of_it_is_talk():
    assert len(ROWS) >= 1200
    assert sum(row["expected"]["kind"] == "none" for row in ROWS) * 3 >= len(ROWS)
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_every_refusal_has_a_code_with_a_sentence():
    for row in ROWS:
        got = read_line(row)
        if got["kind"] in {"none", "ask"}:
            assert got["reason"] in codes(), row["text"]
