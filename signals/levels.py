"""Bind every price to its role. A label takes the numbers after it, or the one before."""

from dataclasses import dataclass, field
from decimal import Decimal

from signals import lexicon as lex
from signals.annotate import Piece
from signals.lexicon import spelled
from signals.tokens import LINE, NUMBER, PUNCT, SLASH, WORD, Token

_SKIPPED = frozenset(("x", "x100", "span", "clock", "dte", "st", "units", "c", "p"))
_COUNTED = spelled(
    "weeks week days day minutes minute months month years year hours hour times people members min mins tf "
    "candle candles trades wins losses percent ema sma ma dma"
)
_PARTS = frozenset(",;.|&/!")
_SEPARATORS = frozenset("-_/~,&|+")
_ORDER_WORDS = frozenset(("stop", "limit", "buylimit", "selllimit", "buystop", "sellstop"))
_DISTANCES = frozenset(("pips", "points", "ticks"))
_MOST_TARGETS = 10
_HOPES = frozenset(("looking for", "aiming for", "shooting for", "looking for a move to"))
_PATIENCE = 3
"""How many unknown words may stand between a label and its number."""


@dataclass(slots=True)
class Level:
    """Be one number with its place; ``separator`` is what stood between it and the number before."""

    value: Decimal
    start: int
    end: int
    at: int
    unit: str = ""
    listed: bool = False
    separator: str = ""
    strong: bool = False


@dataclass(slots=True)
class Levels:
    """Hold the prices of a piece by role. ``loose`` are numbers no label claims."""

    entry: list[Level] = field(default_factory=list)
    stop: list[Level] = field(default_factory=list)
    target: list[Level] = field(default_factory=list)
    trail: list[Level] = field(default_factory=list)
    loose: list[Level] = field(default_factory=list)
    zone: bool = False
    condition: str | None = None
    entry_label: bool = False
    first_label: int | None = None

    @property
    def structured(self) -> int:
        """Count how many of entry, stop and target the text gives."""
        return bool(self.entry) + bool(self.stop) + bool(self.target)


def find_levels(piece: Piece) -> Levels:
    """Read every labelled price of ``piece``."""
    scanner = _Scanner(piece.tokens)
    for at, token in enumerate(piece.tokens):
        scanner.take(at, token)
    return scanner.levels


class _Scanner:
    """Walk the tokens once, knowing the last label and how many numbers it has had."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.levels = Levels()
        self.label: str | None = None
        self.strong = False
        self.taken = 0
        self.patience = _PATIENCE
        self.separator = ""
        self.listed = self.new_line = False
        self.last: tuple[int, list[Level]] | None = None

    def take(self, at: int, token: Token) -> None:
        """Take the next token into account."""
        if token.kind == NUMBER:
            self._number(at, token)
        elif token.kind == WORD:
            self._word(at, token)
        elif token.kind == SLASH:
            self._slash(at, token)
        elif token.kind == LINE:
            self.new_line, self.separator, self.patience = True, "", _PATIENCE
            if self.label == "ignore":
                self.label = None
        elif token.roles & lex.AT:
            self._at("at")
        elif token.kind == PUNCT and token.text in _SEPARATORS:
            self.separator = self.separator or token.text

    def _word(self, at: int, token: Token) -> None:
        self._hoped(at, token)
        roles = token.roles
        if roles & (lex.STOP | lex.TARGET | lex.ENTRY) or token.text == "ts":
            self._labelled(at, token)
        elif roles & lex.AT:
            self._at(token.details[lex.AT])
        elif roles & lex.TYPE and token.details[lex.TYPE] in _ORDER_WORDS:
            self._set("entry", strong=True)
        elif roles & lex.VERB and not roles & (lex.MOVE | lex.SYMBOL):
            self._set(None if self.levels.entry else "entry", strong=False)
        elif roles & (lex.IGNORE | lex.LEVERAGE):
            self._set("ignore", strong=False)
        elif token.text in {"to", "and", "then", "or"}:
            self.separator = "to" if token.text == "to" else ","
        elif not roles:
            self.patience -= 1
            if self.patience < 0:
                self.label = None

    def _hoped(self, at: int, token: Token) -> None:
        """Read ``Buy: 0.40 Sell: 0.42`` and ``in at 2.35, looking for 3.50`` as a target after an entry."""
        meant = token.roles & lex.SELL or token.text in _HOPES or token.details.get(lex.CLOSE) == "cover"
        if meant and self.levels.entry and self._value_follows(at):
            token.roles, token.details = lex.TARGET, {lex.TARGET: "sell"}

    def _set(self, label: str | None, *, strong: bool) -> None:
        self.label, self.strong, self.taken, self.patience = label, strong, 0, _PATIENCE
        self.separator, self.listed, self.new_line = "", False, False

    def _at(self, detail: str) -> None:
        if self.label == "ignore" or (self.label in {"stop", "target"} and self.taken == 0):
            return
        if self._entered():
            self._set("ignore", strong=False)
            return
        self._set("entry", strong=True)
        if detail in {"above", "below"}:
            self.levels.condition = self.levels.condition or detail

    def _entered(self) -> bool:
        """Tell whether an entry was already read; one bound only by its verb gives way to an @."""
        entry = self.levels.entry
        if entry and not entry[0].strong and not self.levels.stop and not self.levels.target:
            self.levels.loose += entry
            entry.clear()
        return bool(entry)

    def _labelled(self, at: int, token: Token) -> None:
        label = "stop" if token.roles & lex.STOP else "target" if token.roles & lex.TARGET else "entry"
        label = "trail" if token.text == "ts" else label
        if self.levels.first_label is None:
            self.levels.first_label = at
        if self._postfix(at, label):
            self._set(None, strong=False)
            return
        if label == "entry":
            self.levels.entry_label = True
            self.levels.zone |= token.details[lex.ENTRY] == "zone"
        self._set(label, strong=True)

    def _postfix(self, at: int, label: str) -> bool:
        """Bind the number right before the label (``405 stop, 425 target``) when none follows it."""
        if self.last is None or self.last[0] != at - 1 or self._value_follows(at):
            return False
        home = self.last[1]
        level = home[-1]
        if level.strong and home is not self.levels.loose and (len(home) < 2 or level.separator):
            return False
        home.pop()
        level.strong = True
        self._home(label).append(level)
        self.levels.entry_label |= label == "entry"
        return True

    def _value_follows(self, at: int) -> bool:
        for token in self.tokens[at + 1 : at + 3]:
            if token.kind in {NUMBER, SLASH} or token.roles & lex.AT:
                return True
            if token.kind == PUNCT and token.text not in _PARTS:
                continue
            return token.text in {"is", "to", "of"}
        return False

    def _home(self, label: str) -> list[Level]:
        levels = self.levels
        return {"entry": levels.entry, "stop": levels.stop, "target": levels.target, "trail": levels.trail}[
            label
        ]

    def _number(self, at: int, token: Token) -> None:
        if token.roles & lex.LIST_NUMBER:
            self.listed = True
            return
        unit = self._unit(at, token)
        if unit is None or token.value is None or self._distance(at, token, unit):
            return
        if self.label == "ignore":
            return
        if self._is_index(at, token):
            self.listed = True
            return
        if self.label is None or (unit == "" and self._out_of_reach(at)):
            if unit == "":
                self._put(at, token.value, token.start, token.end, self.levels.loose)
            return
        self._claim(at, token, unit)

    def _distance(self, at: int, token: Token, unit: str) -> bool:
        """Bind ``4pt stop`` and ``30 pip target`` to the label after them."""
        labelled = self.label in {"stop", "target"} and not self._home(self.label or "stop")
        if unit not in _DISTANCES or labelled or token.value is None:
            return False
        label = next((t for t in self.tokens[at + 1 : at + 3] if t.roles & (lex.STOP | lex.TARGET)), None)
        if label is None:
            return False
        home = self.levels.stop if label.roles & lex.STOP else self.levels.target
        home.append(Level(token.value, token.start, token.end, at, unit))
        return True

    def _claim(self, at: int, token: Token, unit: str) -> None:
        assert self.label is not None
        assert token.value is not None
        home = self._home(self.label)
        if unit == "%" and home and home[-1].unit == "":
            return  # the share of a target, as Cornix writes it: 1) 0.63 - 25%
        if unit and (self.label == "entry" or (unit in _DISTANCES and self.taken)):
            return
        if self.label in {"stop", "trail"} and (self.taken or (home and self.label == "stop")):
            return
        if token.sign and self.taken:
            if self.label == "stop" or not home or not home[-1].value / 2 < token.value < home[-1].value * 2:
                return
            self.separator = "-"
        self._put(at, self._full(at, token, home) or token.value, token.start, token.end, home, unit)
        self.taken += 1

    def _full(self, at: int, token: Token, home: list[Level]) -> Decimal | None:
        """Give 2043 for the 43 of ``2040-43``; None where the number is written in full."""
        if not (home and self.taken and self.separator == "-" and token.raw.isdigit() and at > 1):
            return None
        first = self.tokens[at - 2].raw
        if not first.isdigit() or len(first) <= len(token.raw) or home[-1].at != at - 2:
            return None
        return Decimal(first[: -len(token.raw)] + token.raw)

    def _put(self, at: int, value: Decimal, start: int, end: int, home: list[Level], unit: str = "") -> None:
        home.append(Level(value, start, end, at, unit, self.listed, self.separator, self.strong))
        self.last = (at, home)
        self.separator, self.listed, self.new_line, self.patience = "", False, False, _PATIENCE

    def _unit(self, at: int, token: Token) -> str | None:
        """Give "", "%", "pips" or "points"; None where the number is no price at all."""
        if token.roles & (lex.STRIKE | lex.QUANTITY) or token.suffix in _SKIPPED:
            return None
        if token.sign == "+" and not (token.suffix == "%" and self.label == "target" and not self.taken):
            return None
        if token.suffix == "%" or token.suffix in _DISTANCES:
            return token.suffix
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        if following is None or following.kind != WORD:
            return ""
        if following.text in _COUNTED:
            return None
        if following.roles & lex.UNIT:
            return following.details[lex.UNIT] if following.details[lex.UNIT] in _DISTANCES else None
        return ""

    def _out_of_reach(self, at: int) -> bool:
        """Tell whether a number on a later line is no more of the label's: no list number, not alone."""
        if not (self.new_line and self.taken) or self.listed:
            return False
        after = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        bullet = at > 1 and self.tokens[at - 1].text in {"-", ","} and self.tokens[at - 1].kind == PUNCT
        before = self.tokens[at - 1 - bullet] if at else None
        return not (before is not None and before.kind == LINE and (after is None or after.kind == LINE))

    def _is_index(self, at: int, token: Token) -> bool:
        """Tell the 1 of ``TP1``, ``TP 1: 43000`` and ``target 1 hit`` from a price."""
        plain = len(token.raw) <= 2 and not token.money and not token.suffix
        if not plain or self.label not in {"target", "entry", "stop"} or self.taken:
            return False
        before = self.tokens[at - 1]
        if token.glued and before.kind == WORD and before.roles & lex.LABEL:
            return token.value is not None and token.value <= _MOST_TARGETS
        return self._index_by_what_follows(at, token)

    def _index_by_what_follows(self, at: int, token: Token) -> bool:
        counted = token.value == len(self._home(self.label or "target")) + 1
        if token.value is None or token.value > _MOST_TARGETS:
            return False
        dashed = False
        for step, following in enumerate(self.tokens[at + 1 : at + 4]):
            if following.kind == NUMBER:
                return counted or (step > 0 and not dashed)
            if following.roles & lex.RECAP and step == 0:
                return True
            marks = following.kind == LINE or following.roles & lex.AT
            spaced_dash = following.text == "-" and not following.glued
            dashed = dashed or spaced_dash
            if not (marks or spaced_dash or (following.kind == PUNCT and following.text in ":=)].#")):
                return False
        return False

    def _slash(self, at: int, token: Token) -> None:
        if token.roles & (lex.STRIKE | lex.QUANTITY) or self.label in {None, "ignore"}:
            return
        first, second = token.parts
        if not ("." in first or len(first) > 2) or second.startswith("."):
            return
        if "." in first and "." not in second and len(second) < len(first):
            second = first[: -len(second)] + second
        middle = token.start + len(token.parts[0])
        assert self.label is not None
        home = self._home(self.label)
        if self.label == "stop" and home:
            return
        self._put(at, Decimal(first.replace(",", "")), token.start, middle, home)
        self.separator = "/"
        if self.label != "stop":
            self._put(at, Decimal(second), middle + 1, token.end, home)
        self.taken += 2
