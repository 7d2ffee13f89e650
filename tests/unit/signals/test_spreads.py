"""Legs of spreads, and the levels around an option."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.signals import ReadingKind
from signals import read

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)


def legs(text):
    reading = read(text, as_of=AS_OF)
    assert reading.kind is ReadingKind.ENTRY, reading.reason
    return [(leg.action, int(leg.strike), str(leg.right)) for leg in reading.legs]


def test_a_sold_condor_buys_its_wings():
    assert legs("STO SPY 495/500/530/535 iron condor 3/20 @ 1.20") == [
        ("BTO", 495, "P"), ("STO", 500, "P"), ("STO", 530, "C"), ("BTO", 535, "C"),
    ]  # fmt: skip


def test_a_bought_condor_does_the_opposite():
    assert [action for action, _, _ in legs("BTO SPY 495/500/530/535 iron condor 3/20 @ 1.20")] == [
        "STO", "BTO", "BTO", "STO",
    ]  # fmt: skip


def test_the_body_of_a_butterfly_trades_twice():
    assert legs("BTO SPY 500/510/520 call butterfly 3/20 @ 1.5") == [
        ("BTO", 500, "C"), ("STO", 510, "C"), ("STO", 510, "C"), ("BTO", 520, "C"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BTO SPY 510c / STO SPY 515c 3/20 @ 1.25", [("BTO", 510, "C"), ("STO", 515, "C")]),
        ("STO SPY 540/545 call credit spread 6/20 @ .80", [("STO", 540, "C"), ("BTO", 545, "C")]),
        ("Sold SPY 540/545 call credit spread 6/20 @ .80", [("STO", 540, "C"), ("BTO", 545, "C")]),
        ("BTO SPY 500 straddle 3/20 @ 5", [("BTO", 500, "C"), ("BTO", 500, "P")]),
        ("BTO SPY 495p/505c strangle 3/20 @ 2", [("BTO", 495, "P"), ("BTO", 505, "C")]),
    ],
)
def test_each_leg_says_what_it_does(text, found):
    assert legs(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "STO SPY 535/530/500/495 iron condor 3/20 @ 1.20",
        "BTO SPY 500/510 butterfly 3/20 @ 1",
        "BTO SPY 500/510/520 butterfly 3/20 @ 1",
        "BTO SPY 500/510/520/530/540 iron condor 3/20 @ 1",
    ],
)
def test_strikes_that_make_no_such_spread_are_refused(text):
    assert read(text, as_of=AS_OF).kind is ReadingKind.NONE


@pytest.mark.parametrize(
    "text", ["BTO AAPL 180c 3/20 @ 2.2, SL AAPL below 178", "BTO AAPL 180c 3/20 @ 2.2 PT 190"]
)
def test_a_level_of_the_stock_is_not_one_of_the_option(text):
    assert read(text, as_of=AS_OF).reason == "underlying_level"


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("XAUUSD buy 2030 sl 50 pips", "2025.0"),
        ("XAGUSD buy 23 sl 30 pips", "22.70"),
        ("EURUSD buy 1.0850 sl 30 pips", "1.0820"),
        ("USDJPY buy 150.20 sl 30 pips", "149.90"),
        ("Long MES 5100.50 4pt stop", "5096.50"),
    ],
)
def test_a_distance_becomes_a_price_where_its_step_is_agreed(text, stop):
    assert read(text, as_of=AS_OF).stop == Decimal(stop)


@pytest.mark.parametrize(
    "text", ["EURUSD buy 1.0850 sl 30 points", "XAUUSD buy 2030 sl 50 points", "Long MES 5100 sl 8 ticks"]
)
def test_a_distance_without_an_agreed_step_is_refused(text):
    assert read(text, as_of=AS_OF).reason == "unsupported"


def test_a_plain_word_that_is_a_stock_and_a_future_is_asked_about():
    reading = read("Short 1 CL 78.20 stop 78.70 target 77", as_of=AS_OF)
    assert (reading.kind, reading.candidates) == (ReadingKind.ASK, ("CL", "/CL"))
    assert read("Short 1 /CL 78.20 stop 78.70 target 77", as_of=AS_OF).asset_class == "future"
