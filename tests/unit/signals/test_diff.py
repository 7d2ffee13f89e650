"""An edit says what changes for the orders, and asks where it speaks of another trade."""

from datetime import UTC, datetime

import pytest

from signals import read
from signals.diff import ChangeKind, diff

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)
FIRST = "Buying MSFT at 412.50, stop 405, targets 425 and 440"


def changes(old, new):
    return [c.kind for c in diff(read(old, as_of=AS_OF), read(new, as_of=AS_OF))]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (FIRST, []),
        ("🚀 " + FIRST + " 🚀", []),
        ("Buying MSFT at 412.50, stop 407, targets 425 and 440", [ChangeKind.STOP_MOVED]),
        ("Buying MSFT at 412.50, targets 425 and 440", [ChangeKind.STOP_REMOVED]),
        ("Buying MSFT at 412.50, stop 405, targets 425, 440 and 455", [ChangeKind.TARGETS_CHANGED]),
        ("Buying MSFT at 411, stop 405, targets 425 and 440", [ChangeKind.PRICE_CHANGED]),
        ("Buying 50 MSFT at 412.50, stop 405, targets 425 and 440", [ChangeKind.SIZE_CHANGED]),
        ("Buying AAPL at 412.50, stop 405, targets 425 and 440", [ChangeKind.ASK]),
        ("MSFT hit target 1 ✅ +3%", [ChangeKind.WITHDRAWN]),
    ],
)
def test_an_edit_says_what_it_changes(edit, expected):
    assert changes(FIRST, edit) == expected


def test_talk_edited_into_an_order_becomes_one_and_talk_into_talk_changes_nothing():
    assert changes("watching MSFT", FIRST) == [ChangeKind.BECAME_ORDER]
    assert changes("watching MSFT", "watching AAPL") == []


def test_a_new_symbol_names_the_field_that_makes_it_a_question():
    (change,) = diff(read(FIRST, as_of=AS_OF), read(FIRST.replace("MSFT", "AAPL"), as_of=AS_OF))
    assert change.field == "symbol"
