"""Numbers, dates, signs and labels are cut right once, so that no rule has to guess again."""

from datetime import date
from decimal import Decimal

import pytest

from signals.tokens import DATE, NUMBER, SLASH, WORD, tokenise


def one(text):
    (token,) = tokenise(text)
    return token


@pytest.mark.parametrize(
    ("text", "value", "suffix"),
    [
        ("1,234.5", "1234.5", ""), ("0.05100", "0.05100", ""), (".85", "0.85", ""), ("150c", "150", "c"),
        ("282.5C", "282.5", "c"), ("400put", "400", "p"), ("5x", "5", "x"), ("50%", "50", "%"), ("10k",
        "10000", ""),
        ("30pips", "30", "pips"), ("3cons", "3", "units"), ("0dte", "0", "dte"), ("4h", "4", "span"),
        ("1st", "1", "st"), ("68,500", "68500", ""),
    ],
)  # fmt: skip
def test_a_number_keeps_its_value_and_what_is_glued_to_it(text, value, suffix):
    token = one(text)
    assert (token.kind, token.value, token.suffix) == (NUMBER, Decimal(value), suffix)


def test_two_numbers_with_a_comma_and_a_space_are_two():
    assert [t.value for t in tokenise("68000, 69000") if t.kind == NUMBER] == [68000, 69000]


def test_the_scale_of_a_price_is_kept():
    assert str(one("0.05100").value) == "0.05100"


@pytest.mark.parametrize(
    ("text", "parts"),
    [("3/21", ("3", "21")), ("134.30/35", ("134.30", "35")), ("540/545", ("540", "545")), ("½", ("1", "2"))],
)
def test_a_slash_joins_two_numbers_whose_role_is_settled_later(text, parts):
    assert (one(text).kind, one(text).parts) == (SLASH, parts)


@pytest.mark.parametrize(
    "text", ["3/21/2026", "2026-03-21", "03-21-2026", "2026/03/21", "21.03.2026", "3/21/26"]
)
def test_a_date_with_its_year_is_a_date(text):
    assert (one(text).kind, one(text).day) == (DATE, date(2026, 3, 21))


def test_an_impossible_date_is_a_date_without_a_day():
    assert (one("2/30/2026").kind, one("2/30/2026").day) == (DATE, None)


def test_a_label_with_its_number_is_cut_in_two():
    assert [t.text for t in tokenise("TP1:138 SL1.5 T2 44")] == [
        "tp",
        "1",
        ":",
        "138",
        "sl",
        "1.5",
        "tp",
        "2",
        "44",
    ]


def test_a_time_of_day_is_no_price_and_a_target_of_38_is_no_time():
    assert one("10:30").suffix == "clock"
    assert [t.value for t in tokenise("TP1:38") if t.kind == NUMBER] == [1, 38]


def test_half_a_pip_after_a_price_is_layout():
    assert [str(t.value) for t in tokenise("81.139½")] == ["81.139"]


@pytest.mark.parametrize(("text", "tag"), [("$AAPL", "$"), ("#BTCUSDT", "#"), ("#1000LUNCUSDT", "#")])
def test_a_tag_marks_its_word(text, tag):
    assert (one(text).kind, one(text).tagged, one(text).raw) == (WORD, tag, text[1:])


def test_signs_before_numbers_are_kept_and_dashes_between_numbers_are_not_signs():
    assert one("+300").sign == "+"
    assert [t.sign for t in tokenise("0.97-0.98") if t.kind == NUMBER] == ["", ""]


def test_a_number_too_long_to_be_money_has_no_value():
    assert one("9" * 40).value is None


def test_offsets_point_into_the_text():
    text = "BTO 5 $AAPL 150c 3/21 @ $2.35"
    assert all(text[t.start : t.end] == t.raw for t in tokenise(text))
