"""The command answers every line, in order, whatever stands on it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(lines, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "signals", *arguments],
        input=b"\n".join(lines),
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_that_cannot_be_read_is_answered_as_bad_input_and_the_next_one_is_read():
    rows = run(
        [
            b"not json",
            b'{"id": 7}',
            b"[1]",
            b"\xff\xfe",
            b'{"id": "a", "text": "BUY TSLA", "as_of": "2026-03-02"}',
        ]
    )
    assert [row["id"] for row in rows] == [None, 7, None, None, "a"]
    assert [row.get("reason") for row in rows[:4]] == ["bad_input"] * 4
    assert (rows[4]["kind"], rows[4]["symbol"], rows[4]["order_type"]) == ("entry", "TSLA", "market")


def test_explain_gives_the_place_of_every_field():
    text = "BTO 5 AAPL 150c 3/21 @ 2.35"
    (row,) = run([json.dumps({"id": 1, "text": text, "as_of": "2026-03-02"}).encode()], "--explain")
    cut = {name: text[start:end] for name, (start, end) in row["spans"].items()}
    assert cut == {
        "symbol": "AAPL", "strike": "150c", "right": "150c", "expiry": "3/21", "price": "2.35",
        "quantity": "5",
    }  # fmt: skip


def test_numbers_are_json_numbers_and_dates_are_iso():
    (row,) = run(
        [json.dumps({"id": 1, "text": "BTO AAPL 150c 3/21 @ 2.35", "as_of": "2026-03-02T15:00:00Z"}).encode()]
    )
    assert (row["price"], row["strike"], row["expiry"]) == (2.35, 150, "2026-03-21")
    assert "spans" not in row


def test_strange_context_is_ignored():
    context = {"open_positions": [1, None, "SPY"]}
    (row,) = run([json.dumps({"id": 1, "text": "all out", "as_of": 5, "context": context, "x": {}}).encode()])
    assert (row["kind"], row["symbol"]) == ("exit", "SPY")
