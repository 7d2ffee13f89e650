"""A format is data: what it may say, what it reads, what its errors tell the owner."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain.signals import ReadingKind
from signals import read
from signals.context import Context
from signals.formats import Format, FormatRefused, from_plain, revised
from signals.induction import Example, Mark, induce, marked
from signals.texts import format_codes
from signals.trial import Effect, Stored, trial

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)
PLAIN = Format(name="desk", template="{action} {symbol} {strike}{right} {expiry} @ {price}")
BARE = Format(
    name="bare",
    template="{expiry} {symbol} {strike}{right} [@] {price}[ SL {stop}] {note}",
    action="BTO",
)


def by(bound, text, **context):
    return read(text, as_of=AS_OF, formats=(bound,), context=Context(**context) if context else None)


@pytest.mark.parametrize(
    "text",
    [
        "BTO AAPL 150c 3/21 @ 2.35",
        "**BTO** $AAPL 150C 3/21 @2.35 ✅",
        "bought to open aapl 150 call 3/21 @ $2.35",
    ],
)
def test_a_format_reads_its_message_whatever_the_layout(text):
    reading = by(PLAIN, text)
    assert (reading.kind, reading.action, reading.symbol) == (ReadingKind.ENTRY, "BTO", "AAPL")
    assert (reading.strike, reading.right, reading.price) == (Decimal(150), "C", Decimal("2.35"))
    assert reading.expiry == date(2026, 3, 21)
    assert text[slice(*reading.spans["price"])].strip("$") == "2.35"


def test_what_a_format_does_not_fit_goes_to_the_common_grammar():
    assert by(PLAIN, "Buying 100 MSFT at 412.50").symbol == "MSFT"
    assert by(PLAIN, "good morning").kind is ReadingKind.NONE


def test_a_format_gives_meaning_to_a_message_that_has_no_verb():
    assert read("03/15 AMD 210C 2.35", as_of=AS_OF).kind is not ReadingKind.TRIM
    reading = by(BARE, "03/15 AMD 210C 2.35 SL 1.80 small size")
    assert (reading.kind, reading.action, reading.stop) == (ReadingKind.ENTRY, "BTO", Decimal("1.80"))


@pytest.mark.parametrize(
    "note", ["maybe?", "if it holds", "not yet", "closed yesterday for a win", "on watch"]
)
def test_a_note_that_takes_the_order_back_is_believed(note):
    assert by(BARE, f"03/15 AMD 210C 2.35 {note}").kind is ReadingKind.NONE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3/45 AMD 210C 2.35", "impossible_date"),
        ("3/15 AMD 210C 0", "bad_price"),
        ("3/15 AMD 210C 2.35 SL 2.80", "stop_side"),
        ("2/27/2026 AMD 210C 2.35", "expired"),
    ],
)
def test_a_message_that_fits_and_cannot_be_an_order_says_why(text, reason):
    assert by(BARE, text).reason == reason


def test_an_exit_by_a_format_needs_the_position():
    text = "STC AAPL 150c 3/21 @ 3.10"
    assert by(PLAIN, text).kind is ReadingKind.EXIT
    assert by(PLAIN, text, open_positions=("AAPL",)).kind is ReadingKind.EXIT
    assert by(PLAIN, text, open_positions=("TSLA",)).reason == "not_open"
    assert by(PLAIN, text, open_positions=()).reason == "nothing_open"


def test_every_field_of_the_language_is_read():
    card = Format(
        name="card",
        template="{symbol} {side} {skip} entry {range} tp {targets} sl {stop} lev {leverage} x{quantity}",
    )
    reading = by(
        card, "#BTC/USDT short now guys entry 42000-42500 tp 41000, 40000 / 39000 sl 43000 lev 5x x2"
    )
    assert (reading.side, reading.symbol) == ("short", "BTCUSDT")
    assert reading.entry_range == (Decimal(42000), Decimal(42500))
    assert reading.targets == (Decimal(41000), Decimal(40000), Decimal(39000))
    assert (reading.stop, reading.leverage, reading.quantity) == (
        Decimal(43000), (Decimal(5), Decimal(5)), Decimal(2),
    )  # fmt: skip
    occ = Format(name="occ", template="{action} {occ} {price} tp {target_pct} sl {stop_pct}")
    reading = by(occ, "BTO AAPL260321C00150000 2.35 tp 50% sl 30%")
    assert (reading.strike, reading.targets_pct, reading.stop_pct) == (Decimal(150), (50,), 30)
    part = Format(name="part", template="out {fraction} {symbol} {price}", action="EXIT")
    assert (by(part, "out half AAPL 180").kind, by(part, "out 1/3 AAPL 180").fraction) == (
        ReadingKind.TRIM, Decimal("0.333333"),
    )  # fmt: skip


def test_sell_shorts_a_pair_and_closes_a_stock():
    both = Format(name="x", template="{action} {symbol} {price}")
    assert by(both, "sell EURUSD 1.0850").side == "short"
    assert by(both, "sell AAPL 180").kind is ReadingKind.EXIT
    assert by(both, "add AAPL 180", open_positions=("AAPL",)).kind is ReadingKind.ADD
    assert by(both, "add AAPL 180", open_positions=()).kind is ReadingKind.ENTRY


def test_a_format_survives_being_stored_as_json():
    made = Format(name="x", template="{symbol} {price}", action="BUY", words={"loaded": "BTO"}, revision=3)
    assert from_plain(json.loads(json.dumps(made.plain()))) == made
    assert revised(made, "{symbol} in {price}").revision == 4


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": ""}, "format_empty"),
        ({"template": "{symbol" * 60}, "format_too_long"),
        ({"template": "{symbol} [{price}"}, "format_open_bracket"),
        ({"template": "{symbol}] {price}"}, "format_stray_bracket"),
        ({"template": "[a [b]] {symbol}"}, "format_nested"),
        ({"template": "{symbol} [ ]"}, "format_empty_bracket"),
        ({"template": "{symbol} }"}, "format_brace"),
        ({"template": "{symbol} {colour}"}, "format_unknown_field"),
        ({"template": "{symbol} {price} {price}"}, "format_twice"),
        ({"template": "{note} {symbol}"}, "format_note_last"),
        ({"template": "{symbol} {skip} {price}"}, "format_skip_open"),
        ({"template": "{action} {price}"}, "format_no_symbol"),
        ({"action": None}, "format_no_action"),
        ({"template": "{symbol} {strike}"}, "format_half_contract"),
        ({"name": " "}, "format_name"),
        ({"revision": 0}, "format_revision"),
        ({"action": "HODL"}, "format_action"),
        ({"words": {"x y!": "BTO"}}, "format_word"),
        ({"words": dict.fromkeys(map(str, range(50)), "BTO")}, "format_words"),
        ({"schema": 2}, "format_schema"),
        ({"colour": "red"}, "format_unknown_key"),
        ({"name": None}, "format_missing"),
        ({"words": ["a"]}, "format_words"),
        ({"revision": "1"}, "format_revision"),
    ],
)
def test_every_error_of_a_format_says_where_and_what_to_do(changes, code):
    raw = {"name": "x", "template": "{symbol} {price}", "action": "BUY", **changes}
    with pytest.raises(FormatRefused) as refused:
        from_plain(raw)
    found = next(e for e in refused.value.errors if e.code == code)
    assert code in format_codes()
    assert found.where
    assert found.sentence.startswith(found.where)
    assert "{" not in found.sentence.replace("{symbol}", "").replace("{occ}", "").replace(
        "{name}", ""
    ).replace("{action}", "").replace("{side}", "")


def test_what_is_no_object_is_no_format():
    with pytest.raises(FormatRefused):
        from_plain("BTO {symbol}")


FIRST = Mark(name="action", start=0, end=3)
EXAMPLES = [
    marked(
        "🚨 LOADED AAPL 150c 3/21 at 2.35 (SL 1.80)",
        {"action": "LOADED", "symbol": "AAPL", "strike": "150", "right": "c", "expiry": "3/21",
         "price": "2.35", "stop": "1.80"},
    ),
    marked(
        "🚨 LOADED SPY 500p 3/6 at 1.20 🔥",
        {"action": "LOADED", "symbol": "SPY", "strike": "500", "right": "p", "expiry": "3/6",
         "price": "1.20"},
    ),
    marked(
        "LOADED $TSLA 250C 3/13 at 4.1 small size",
        {"action": "LOADED", "symbol": "$TSLA", "strike": "250", "right": "C", "expiry": "3/13",
         "price": "4.1"},
    ),
]  # fmt: skip


def test_three_marked_examples_make_a_format_that_reads_a_fourth():
    made = induce("room", EXAMPLES, words={"loaded": "BTO"})
    reading = by(made, "LOADED AMD 165c 3/20 at 1.05 (SL .70)")
    assert (reading.symbol, reading.strike, reading.stop) == ("AMD", Decimal(165), Decimal("0.70"))


@pytest.mark.parametrize(
    ("examples", "code"),
    [
        ([], "examples_none"),
        ([Example(text="BTO AAPL 2", marks=(Mark(name="colour", start=0, end=3),))], "mark_field"),
        ([Example(text="BTO AAPL 2", marks=(Mark(name="action", start=0, end=30),))], "mark_missing"),
        (
            [Example(text="BTO AAPL", marks=(FIRST, Mark(name="symbol", start=2, end=8)))],
            "mark_overlap",
        ),
        (
            [marked("BTO AAPL at 2", {"action": "BTO", "symbol": "AAPL", "price": "2"}),
             marked("AAPL BTO at 2", {"action": "BTO", "symbol": "AAPL", "price": "2"})],
            "examples_order",
        ),
        (
            [marked("BTO AAPL at 2", {"action": "BTO", "symbol": "AAPL", "price": "2"}),
             marked("BTO AAPL around 2", {"action": "BTO", "symbol": "AAPL", "price": "2"})],
            "examples_words",
        ),
        ([marked("BTO AAPL at 27", {"action": "BTO", "symbol": "AAPL", "price": "2"})], "examples_unread"),
    ],
)  # fmt: skip
def test_examples_that_make_no_format_say_which_and_why(examples, code):
    with pytest.raises(FormatRefused) as refused:
        induce("x", examples)
    assert code in {e.code for e in refused.value.errors}
    assert all(e.sentence for e in refused.value.errors)


def test_marks_must_point_at_words_that_stand_once():
    with pytest.raises(FormatRefused) as refused:
        marked("BTO 2 AAPL 2", {"price": "2", "symbol": "TSLA"})
    assert {e.code for e in refused.value.errors} == {"mark_twice", "mark_missing"}


def test_a_trial_says_what_a_format_would_change():
    made = Format(name="x", template="{expiry} {symbol} {strike}{right} {price}", action="STO")
    stored = [
        Stored(id="1", text="03/20 AMD 210C 2.35", posted_at=AS_OF),
        Stored(id="2", text="good morning", posted_at=AS_OF),
        Stored(id="3", text="03/20 ZZZZ 210C 2.35", posted_at=AS_OF),
    ]
    tried = trial(made, stored)
    assert tried.counts[Effect.UNREAD] == 1
    assert tried.counts[Effect.CHANGED] + tried.counts[Effect.NEW] == 2
    assert {t.message.id for t in tried.shown} == {"1", "3"}
    same = trial(PLAIN, [Stored(id="1", text="BTO AAPL 150c 3/21 @ 2.35", posted_at=AS_OF)])
    assert same.counts[Effect.SAME] == 1
    refused = trial(BARE, [Stored(id="1", text="3/21 AAPL 150c @ 2.35 SL 2.80", posted_at=AS_OF)])
    assert sum(refused.counts.values()) == 1
