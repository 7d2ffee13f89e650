"""Read option spreads: which strikes, which is bought and which is sold."""

from domain.instruments import OptionRight
from domain.signals import Leg
from signals import lexicon as lex
from signals.build import Draft
from signals.contracts import Strike
from signals.facts import Facts

_TWO, _THREE, _FOUR = 2, 3, 4
_VERTICAL = frozenset(("spread", "spread_C", "spread_P"))
_JARGON = {"bto": "BTO", "sto": "STO", "long_now": "BTO", "long_past": "BTO", "short_now": "STO"}
_CALL, _PUT = OptionRight.CALL, OptionRight.PUT
Legs = tuple[Leg, ...]


def put_legs(draft: Draft, facts: Facts, side: str) -> str | None:
    """Set the legs of a spread; give the reason where several strikes are none that is known."""
    strikes = facts.contract.strikes
    kinds = {t.details[lex.STRUCT] for t in facts.piece.tokens if t.roles & lex.STRUCT}
    if len(strikes) < _TWO and not kinds - _VERTICAL:
        return None
    found = _written(facts) or _legs(strikes, kinds - _VERTICAL, side, linked=bool(kinds))
    if isinstance(found, str):
        return found
    draft.put("legs", found, (strikes[0].start, strikes[-1].end))
    if len({leg.right for leg in found}) > 1:
        draft.fields.pop("right", None)
    if len(strikes) == 1:
        draft.fields.pop("strike", None)
    return None


def _written(facts: Facts) -> Legs | None:
    """Read legs that each have their own verb (``BTO SPY 510c, STO SPY 515c``)."""
    tokens, strikes = facts.piece.tokens, facts.contract.strikes
    verbs = [at for at, t in enumerate(tokens) if _action(t.details.get(lex.OPEN)) or t.roles & lex.SELL]
    if len(strikes) < _TWO or len(verbs) != len(strikes) or any(s.right is None for s in strikes):
        return None
    found = []
    for place, (verb, strike) in enumerate(zip(verbs, strikes, strict=True)):
        last = strikes[place - 1].at if place else -1
        if not last < verb < strike.at:
            return None
        action = _action(tokens[verb].details.get(lex.OPEN)) or "STO"
        found.append(_leg(action, strike, strike.right))
    return tuple(found) if len({leg.action for leg in found}) == _TWO else None


def _action(detail: str | None) -> str | None:
    return _JARGON.get(detail or "")


def _legs(strikes: list[Strike], kinds: set[str], side: str, *, linked: bool) -> Legs | str:
    if not kinds:
        return _vertical(strikes, side, linked=linked)
    if len(kinds) > 1:
        return "unsupported"
    kind = kinds.pop()
    bought, sold = ("BTO", "STO") if side == "long" else ("STO", "BTO")
    if kind == "straddle" and len(strikes) == 1:
        return tuple(_leg(bought, strikes[0], right) for right in (_CALL, _PUT))
    if kind == "strangle" and len(strikes) == _TWO and strikes[0].price != strikes[1].price:
        return _strangle(strikes, bought)
    if kind in {"condor", "fly"} and len(strikes) == _FOUR:
        return _condor(strikes, bought, sold)
    if kind == "fly" and len(strikes) == _THREE:
        return _butterfly(strikes, bought, sold)
    return "unsupported"


def _vertical(strikes: list[Strike], side: str, *, linked: bool) -> Legs | str:
    """Give the legs of a vertical in the order written: the second does the opposite of the first."""
    same_right = len({s.right for s in strikes}) == 1
    if len(strikes) != _TWO or not same_right or strikes[0].right is None:
        return "unsupported"
    if (not linked and strikes[0].at != strikes[1].at) or strikes[0].price == strikes[1].price:
        return "contract_incomplete"
    actions = ("STO", "BTO") if side == "short" else ("BTO", "STO")
    return tuple(_leg(action, s, s.right) for action, s in zip(actions, strikes, strict=True))


def _strangle(strikes: list[Strike], bought: str) -> Legs:
    """Give a put below and a call above, as written or as the prices say."""
    low = min(s.price for s in strikes)
    given = len({s.right for s in strikes} - {None}) == _TWO
    return tuple(_leg(bought, s, s.right if given else _PUT if s.price == low else _CALL) for s in strikes)


def _condor(strikes: list[Strike], bought: str, sold: str) -> Legs | str:
    """Give two puts below two calls: short wings bought and body sold, or the opposite where it is bought."""
    if (
        sorted(s.price for s in strikes) != [s.price for s in strikes]
        or len({s.price for s in strikes}) < _THREE
    ):
        return "unsupported"
    rights: tuple[OptionRight, ...] = (_PUT, _PUT, _CALL, _CALL)
    if {s.right for s in strikes} not in ({None}, {_PUT, _CALL}):
        rights = (strikes[0].right or _CALL,) * _FOUR
    actions = (sold, bought, bought, sold)
    return tuple(_leg(a, s, r) for a, s, r in zip(actions, strikes, rights, strict=True))


def _butterfly(strikes: list[Strike], bought: str, sold: str) -> Legs | str:
    """Give the wings and the body, which is written twice because it trades twice."""
    right = strikes[0].right
    prices = [s.price for s in strikes]
    if right is None or len({s.right for s in strikes}) > 1 or not prices[0] < prices[1] < prices[2]:
        return "unsupported"
    order = ((bought, 0), (sold, 1), (sold, 1), (bought, 2))
    return tuple(_leg(action, strikes[at], right) for action, at in order)


def _leg(action: str, strike: Strike, right: OptionRight | None) -> Leg:
    assert right is not None
    return Leg(action=action, strike=strike.price, right=right)
