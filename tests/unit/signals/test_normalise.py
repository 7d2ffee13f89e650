"""Folding keeps every character in its place and denies what hides letters."""
# ruff: noqa: RUF001 (look-alike characters are what is tested)

import pytest

from signals.normalise import MAX_LENGTH, normalise


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＡＰＬ １５０", "AAPL 150"),
        ("𝐁𝐔𝐘 𝟏𝟓𝟎", "BUY 150"),
        ("a – b — c", "a - b - c"),
        ("“buy”", '"buy"'),
        ("BUY🚀TSLA", "BUY TSLA"),
        ("5️⃣ TSLA", "    TSLA"),
        ("<@&123> BUY", "        BUY"),
        ("<:up:12> BUY", "         BUY"),
        (":small_blue_diamond:x", "                    x"),
        ("see https://a.b/BTO-AAPL now", "see                      now"),
        ("@everyone BUY @ 2.35", "          BUY @ 2.35"),
        ("> quoted\nmine", "        \nmine"),
        ("~~BTO~~ x", "        x"),
        ("a\u00a0b", "a b"),
        ("café", "café"),
    ],
)
def test_layout_becomes_space_and_offsets_stay(text, folded):
    normal = normalise(text)
    assert normal.text == folded
    assert len(normal.text) == len(text)
    assert normal.denied is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("B\u0422O AAPL", "lookalike_letters"),
        ("AA\u200bPL", "hidden_characters"),
        ("\u202eLPAA", "hidden_characters"),
        ("A\u0336A\u0336PL", "hidden_characters"),
        ("AAPL ٢.٣٥", "lookalike_digits"),
        ("x" * (MAX_LENGTH + 1), "too_long"),
        ("Ａ\u0410PL", "lookalike_letters"),
    ],
)
def test_hidden_and_look_alike_characters_deny_the_message(text, reason):
    assert normalise(text).denied == reason


@pytest.mark.parametrize(
    "text", ["Привет всем", "👨\u200d👩\u200d👧 hi", "naïve café", "你好 BTC", "γεια σου"]
)
def test_other_languages_and_joined_emoji_are_no_tricks(text):
    assert normalise(text).denied is None
