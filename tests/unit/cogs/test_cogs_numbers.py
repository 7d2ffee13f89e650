"""What people type as numbers and symbols is read exactly, or refused with one clear sentence."""

from decimal import Decimal

import pytest

from cogs import numbers
from cogs.errors import sentence
from domain.errors import InvalidValue


@pytest.mark.parametrize(("typed", "value"), [("12", "12"), (" 12.50 ", "12.50"), ("0.00001", "0.00001")])
def test_a_plain_number_is_read_exactly(typed, value):
    assert numbers.number(typed, "size") == Decimal(value)


@pytest.mark.parametrize(
    "typed", ["1e5", "abc", "1,000", "$500", "", "NaN", "inf", "١٢", "1_000", "0x10", "5 6"]
)
def test_anything_but_a_plain_number_is_refused_with_its_name_and_an_example(typed):
    with pytest.raises(InvalidValue) as refused:
        numbers.number(typed, "size")
    said = sentence(refused.value)
    assert said.startswith("The size ")
    assert "12.50" in said


@pytest.mark.parametrize("typed", ["0", "-5", "0.00", "-0.1"])
def test_zero_and_less_are_refused_with_what_was_written(typed):
    with pytest.raises(InvalidValue, match=r"^The quantity must be above zero; you wrote "):
        numbers.number(typed, "quantity")


@pytest.mark.parametrize(
    ("typed", "value"), [("50", 50), ("50%", 50), ("100", 100), ("12.5 %", Decimal("12.5"))]
)
def test_a_percentage_may_carry_its_sign(typed, value):
    assert numbers.percentage(typed, "percent") == value


@pytest.mark.parametrize("typed", ["101", "250%", "0", "-1", "all", "%"])
def test_a_percentage_outside_its_range_is_refused(typed):
    with pytest.raises(InvalidValue):
        numbers.percentage(typed, "percent")


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("aapl", "AAPL"),
        (" $tsla ", "TSLA"),
        ("brk.b", "BRK.B"),
        ("btc/usd", "BTC/USD"),
        ("AAPL  250321C00150000", "AAPL250321C00150000"),
        ("/es", "/ES"),
    ],
)
def test_symbols_are_read_as_people_write_them(typed, symbol):
    assert numbers.symbol(typed) == symbol


@pytest.mark.parametrize(
    "typed", ["", "$", "a@b", "AAPL;DROP", "**", "\uff21\uff21\uff30\uff2c", "x" * 60, "A/B/C"]
)
def test_what_cannot_be_a_symbol_is_refused_with_examples(typed):
    with pytest.raises(InvalidValue, match="BTC/USD"):
        numbers.symbol(typed)


@pytest.mark.parametrize("typed", ["123", "abc", "<@1>", "https://discord.com/api/webhooks/1"])
def test_what_cannot_be_a_discord_id_is_refused(typed):
    with pytest.raises(InvalidValue, match="is not a Discord id"):
        numbers.snowflake(typed)
