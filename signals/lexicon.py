"""Know what words mean in a trade message. The words themselves are data/lexicon.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

_NAMES: Final = (
    "OPEN", "SELL", "CLOSE", "TRIM", "ADD", "MOVE", "CANCEL", "ORDERWORD", "STOP", "TARGET", "ENTRY", "AT",
    "TYPE", "LEVERAGE", "RIGHT", "UNIT",
    "EXPIRY", "SHARE", "EVEN", "STRUCT", "LEAD", "FILLER", "IGNORE", "NEG",
    "COND", "PLAN", "WATCH", "BEFORE", "RECAP", "NEWS",
    "OTHERS", "ASKING", "ALERTWORD", "IDIOM", "TAG", "MONTH",
)  # fmt: skip
_BITS: Final = {name: 1 << place for place, name in enumerate(_NAMES)}

OPEN, SELL, CLOSE, TRIM, ADD, MOVE, CANCEL, ORDERWORD = (_BITS[n] for n in _NAMES[:8])
STOP, TARGET, ENTRY, AT, TYPE, LEVERAGE, RIGHT, UNIT = (_BITS[n] for n in _NAMES[8:16])
EXPIRY, SHARE, EVEN, STRUCT, LEAD, FILLER, IGNORE, NEG = (_BITS[n] for n in _NAMES[16:24])
COND, PLAN, WATCH, BEFORE, RECAP, NEWS, OTHERS, ASKING = (_BITS[n] for n in _NAMES[24:32])
ALERTWORD, IDIOM, TAG, MONTH = (_BITS[n] for n in _NAMES[32:])
SYMBOL: Final = 1 << len(_NAMES)
"""An instrument stands here."""
STRIKE: Final = 1 << (len(_NAMES) + 1)
"""A strike price stands here."""
QUANTITY: Final = 1 << (len(_NAMES) + 2)
"""A number that was read as something other than a price stands here."""
LIST_NUMBER: Final = 1 << (len(_NAMES) + 3)

VERB: Final = OPEN | SELL | CLOSE | TRIM | ADD | MOVE | CANCEL
LABEL: Final = STOP | TARGET | ENTRY | AT | LEVERAGE


def spelled(words: str) -> frozenset[str]:
    """Give the set of the words written in ``words``."""
    return frozenset(words.split())


class Sense:
    """Hold the roles of one spelling and, for each role, its detail; ``longer`` are phrases it begins."""

    __slots__ = ("details", "longer", "roles")

    def __init__(self) -> None:
        self.roles = 0
        self.details: dict[int, str] = {}
        self.longer: dict[str, Sense] = {}


@cache
def words() -> dict[str, Sense]:
    """Give the tree of spellings: first word → sense, and in it the next words of longer phrases."""
    root: dict[str, Sense] = {}
    with (Path(__file__).parent / "data" / "lexicon.toml").open("rb") as file:
        table = tomllib.load(file)
    for role, details in table.items():
        for detail, spellings in details.items():
            for spelling in spellings:
                _plant(root, spelling, _BITS[role], detail)
    return root


def _plant(root: dict[str, Sense], spelling: str, role: int, detail: str) -> None:
    level, sense = root, Sense()
    for part in spelling.replace("-", " ").replace("/", " ").split():
        sense = level.setdefault(part, Sense())
        level = sense.longer
    sense.roles |= role
    sense.details.setdefault(role, detail)
