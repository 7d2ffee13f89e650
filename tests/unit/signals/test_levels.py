"""A number gets its role from the words around it, whatever the order."""

import pytest

from signals.amounts import find_amounts
from signals.annotate import annotate
from signals.levels import find_levels
from signals.tokens import tokenise


def levels(text):
    piece = annotate(tokenise(text))
    find_amounts(piece, option=False, pair=True)
    found = find_levels(piece)
    return [[float(x.value) for x in group] for group in (found.entry, found.stop, found.target)]


@pytest.mark.parametrize(
    ("text", "entry", "stop", "target"),
    [
        ("Entry: 412.5 SL: 405 TP: 425", [412.5], [405], [425]),
        ("TP 425 SL 405 entry 412.5", [412.5], [405], [425]),
        ("412.5, 405 stop, 425 target", [], [405], [425]),
        ("TP1: 43000 TP2: 44000", [], [], [43000, 44000]),
        ("TP 1 43000 TP 2 44000", [], [], [43000, 44000]),
        ("Targets: 1) 39000 2) 39500", [], [], [39000, 39500]),
        ("Targets:\n1) 68000\n2) 69000", [], [], [68000, 69000]),
        ("T.P 1\n1.68321\nS.L\n1.67432", [], [1.67432], [1.68321]),
        ("1st target @ 1.08400\n2nd target @ 1.07150", [], [], [1.084, 1.0715]),
        ("Entry: 42000-42500", [42000, 42500], [], []),
        ("SL@142.00    - 150     -3%", [], [142], []),
        ("TP : 1.8001 - 1.7970 - 1.7930", [], [], [1.8001, 1.797, 1.793]),
        ("TP : 1.2921 - Reward 206 pip", [], [], [1.2921]),
        ("TP1: 1.6990 (35pips)", [], [], [1.699]),
        ("@ 134.30/35", [134.30, 134.35], [], []),
        ("stop loss at 405 on a close", [], [405], []),
        ("Stop: 65000\nLeverage: 20", [], [65000], []),
        ("Risk: 2\nAccount size 500", [], [], []),
    ],
)
def test_prices_go_to_their_roles(text, entry, stop, target):
    assert levels(text) == [entry, stop, target]


@pytest.mark.parametrize(
    ("text", "quantity", "fraction", "leverage"),
    [
        ("BTO 5 AAPL", 5, None, None), ("3 cons", 3, None, None), ("sold 100 shares", 100, None, None),
        ("took 2 of my 8 SPY", 2, 0.25, None), ("took 1/3 off", None, 0.333333, None),
        ("close 25% of position", None, 0.25, None), ("sold half", None, 0.5, None),
        ("Cross x20", None, None, 20),
        ("Leverage: 5-10x", None, None, 10), ("Lev: 5x", None, None, 5), ("Isolated (5X)", None, None, 5),
    ],
)  # fmt: skip
def test_amounts_go_to_their_roles(text, quantity, fraction, leverage):
    found = find_amounts(annotate(tokenise(text)), option=False, pair=True)
    got = (found.quantity, found.fraction, found.leverage[1] if found.leverage else None)
    assert tuple(None if x is None else float(x) for x in got) == (quantity, fraction, leverage)
