"""Values read as a trader writes them, and other people's text is harmless."""

from datetime import date
from decimal import Decimal

import pytest

from cogs import wording
from domain.instruments import AssetClass, Instrument, OptionContract, OptionRight


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234.5", "$1,234.50"),
        ("0", "$0.00"),
        ("-12.345", "-$12.34"),
        ("-0.001", "$0.00"),
        ("1E+3", "$1,000.00"),
    ],
)
def test_money_is_written_to_the_cent(amount, text):
    assert wording.money(Decimal(amount)) == text


def test_another_currency_is_named():
    assert wording.money(Decimal("1234.5"), "EUR") == "1,234.50 EUR"


@pytest.mark.parametrize(("amount", "text"), [("45", "+$45.00"), ("-45", "-$45.00"), ("0", "$0.00")])
def test_a_result_carries_its_sign(amount, text):
    assert wording.gain(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("150", "150.00"), ("150.5", "150.50"), ("0.00001234", "0.00001234"), ("64000.125", "64,000.125")],
)
def test_prices_keep_every_digit_that_matters(value, text):
    assert wording.price(Decimal(value)) == text


def test_a_quantity_has_no_trailing_zeros():
    assert wording.amount(Decimal("10.500")) == "10.5"


@pytest.mark.parametrize(
    "text",
    [
        "**bold**",
        "_x_",
        "`code`",
        "||spoiler||",
        "# title",
        "> quote",
        "[a](http://evil)",
        "<@1>",
        "@everyone",
    ],
)
def test_foreign_text_cannot_format_link_or_mention(text):
    escaped = wording.escape(text)
    assert escaped != text
    assert "@everyone" not in escaped


def test_foreign_text_stays_on_one_line_and_keeps_its_direction():
    assert wording.escape("a\nb\u202ec\x00d") == "a b c d"


def test_long_foreign_text_is_cut():
    assert wording.escape("x" * 500, 10) == "xxxxxxxxx…"


def test_an_option_is_named_in_words():
    contract = OptionContract(
        underlying="AAPL", expiry=date(2027, 1, 15), strike=Decimal("150.00"), right=OptionRight.CALL
    )
    instrument = Instrument(
        symbol=contract.occ, asset_class=AssetClass.OPTION, broker_symbol=contract.occ, option=contract
    )
    assert wording.name(contract.occ, instrument) == "AAPL 15 Jan 2027 150 call"


def test_ids_that_are_none_are_not_mentioned():
    assert wording.channel("") == "" == wording.user("manual")
