"""Context settles which position is meant; guessing never does."""

from datetime import UTC, datetime

import pytest

from domain.signals import ReadingKind
from signals import read
from signals.context import Context

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)


def reading(text, *opens, **more):
    return read(text, as_of=AS_OF, context=Context(open_positions=opens, **more))


@pytest.mark.parametrize(
    "text", ["all out", "cutting here", "selling half here", "moving my stop to 188", "SL to BE"]
)
def test_a_message_without_a_symbol_means_the_only_open_position_or_asks_or_is_nothing(text):
    assert reading(text, "TSLA").symbol == "TSLA"
    asked = reading(text, "TSLA", "NVDA")
    assert (asked.kind, asked.candidates, asked.reason) == (
        ReadingKind.ASK,
        ("TSLA", "NVDA"),
        "which_position",
    )
    assert (reading(text).kind, reading(text).reason) == (ReadingKind.NONE, "nothing_open")


def test_a_reply_settles_it_among_many_and_not_when_that_one_is_closed():
    assert reading("cutting here", "TSLA", "NVDA", reply_to_symbol="NVDA").symbol == "NVDA"
    assert reading("cutting here", "TSLA", "AMD", reply_to_symbol="NVDA").reason == "not_open"


def test_an_exit_of_what_is_not_open_is_nothing_and_stands_where_nothing_is_known():
    assert reading("Closed AAPL", "MSFT").reason == "not_open"
    assert read("Closed AAPL", as_of=AS_OF).kind is ReadingKind.EXIT


def test_a_coin_without_its_quote_is_the_pair_that_is_held():
    assert reading("all out of BTC", "ETHUSDT", "BTCUSDT").symbol == "BTCUSDT"
    assert reading("closing BTCUSDT", "BTCUSDC").reason == "not_open"


def test_an_add_to_what_is_not_held_is_an_entry():
    assert reading("Adding 50 AMD @ 160", "AMD").kind is ReadingKind.ADD
    assert reading("Adding 50 AMD @ 160", "MSFT").kind is ReadingKind.ENTRY


def test_a_cancel_takes_its_symbol_from_the_message_before():
    assert reading("cancel that", previous_text="BTO AMD 160c 3/20 @ 1.10").symbol == "AMD"
    assert reading("cancel that", previous_text="good morning").reason == "no_symbol"
